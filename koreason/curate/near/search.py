"""The search for twins among all prompts of some sources: equal ones, then near ones, each verified.

search = Search(prompts)
search.exact()
with Scratch(folder) as scratch:
    search.near(0.8, scratch)
search.groups, search.counts
"""

import numpy
import numpy.typing

from koreason.columns.arrays import Flags, Places
from koreason.curate.near.parts import Prompts
from koreason.curate.near.words import replaced
from koreason.minhash.candidates import shared
from koreason.minhash.forms import Forms
from koreason.minhash.groups import Groups
from koreason.minhash.scratch import Scratch
from koreason.minhash.search import join_alike, put_buckets
from koreason.minhash.sketches import BANDS


class Search:
    """Twins among prompts; see the module's docstring.

    Attributes:
        groups: of the prompts' places.
        counts: candidates, verified (those that are twins) and left (members of overfull buckets that were not all compared).
    """

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self.groups = Groups(len(prompts))
        self.counts = {"candidates": 0, "verified": 0, "left": 0}
        places = self._places()
        self._digests = numpy.empty((len(prompts), 2), numpy.uint64)
        self._guards = numpy.empty(len(prompts), numpy.uint64)
        row = 0
        for part in prompts.parts:
            for frame in part.sketches("exact", "guard"):
                here = places[row : row + frame.height]
                once = here >= 0
                digests = numpy.frombuffer(b"".join(frame["exact"].to_list()), numpy.uint64).reshape(-1, 2)
                self._digests[here[once]] = digests[once]
                self._guards[here[once]] = frame["guard"].to_numpy()[once]
                row += frame.height
        self._part_of = numpy.repeat(numpy.arange(len(prompts.parts)), [part.rows for part in prompts.parts])[prompts.rows]

    def _places(self) -> numpy.typing.NDArray[numpy.int32]:
        """The place of each sketch; -1 where its prompt came before."""
        rows = self._prompts.rows
        places = numpy.full(len(rows) + self._prompts.repeated, -1, numpy.int32)
        places[rows] = numpy.arange(len(rows), dtype=numpy.int32)
        return places

    def exact(self) -> None:
        """Find equal prompts."""
        found = shared(self._digests[:, 0].copy(), numpy.arange(len(self._digests))).members
        first, second = self._digests[found].T
        found = found[numpy.lexsort((found, second, first))]
        fresh = numpy.ones(len(found), bool)
        fresh[1:] = (self._digests[found[1:]] != self._digests[found[:-1]]).any(axis=1)
        heads = numpy.repeat(found[fresh], numpy.diff(numpy.append(numpy.flatnonzero(fresh), len(found))))
        self.groups.join(heads[~fresh], found[~fresh], numpy.ones(int((~fresh).sum())))

    def equal(self, places: Places, others: Places) -> Flags:
        """Whether prompts are equal."""
        same: Flags = (self._digests[places] == self._digests[others]).all(axis=1)
        return same

    def near(self, least: float, scratch: Scratch) -> None:
        """Find near twins among those prompts of which no equal one stands before them."""
        slots = self._prepare(scratch)
        self.counts = join_alike(self.groups, scratch, slots, least, self._may, self._but)

    def _prepare(self, scratch: Scratch) -> numpy.typing.NDArray[numpy.int32]:
        """Write the buckets of all bands and the forms of their members to disk; where each member's form lies there."""
        bands = (frame["bands"] for part in self._prompts.parts for frame in part.sketches("bands"))
        some = []
        for lists in bands:
            there = lists.list.len().to_numpy() > 0
            keys = numpy.zeros((len(lists), BANDS), numpy.uint64)
            keys[there] = lists.explode(empty_as_null=False).to_numpy().reshape(-1, BANDS)
            scratch.add_bands(keys)
            some.append(there)
        rows = self._prompts.rows
        alone = self.groups.roots() == numpy.arange(len(rows))
        searched = numpy.flatnonzero(alone & numpy.concatenate([numpy.empty(0, bool), *some])[rows])
        members = numpy.flatnonzero(put_buckets(scratch, searched, rows[searched]))
        slots, slot = numpy.full(len(rows), -1, numpy.int32), 0
        for part, places, numbers in self._prompts.numbers(members):
            for found, forms in part.forms(numbers) if len(numbers) else ():
                slots[places[numpy.searchsorted(numbers, found)]] = numpy.arange(slot, slot + len(found))
                slot += len(found)
                scratch.add_forms(forms)
        return slots

    def _may(self, first: Places, second: Places) -> Flags:
        same: Flags = self._guards[first] == self._guards[second]
        return same

    def _but(self, first: Places, forms: Forms, firsts: Places, seconds: Places) -> Flags:
        """Which alike prompts are two questions after all, by a word."""
        found = numpy.zeros(len(first), bool)
        for number, part in enumerate(self._prompts.parts):
            mine = numpy.flatnonzero(self._part_of[first] == number)
            found[mine] = replaced(forms, firsts[mine], seconds[mine], part.kind, part.language.interchangeable)
        return found
