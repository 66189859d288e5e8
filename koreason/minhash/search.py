"""The search for alike texts among those that share a band, each pair verified, and the groups that they make.

with Scratch(folder, bands=32) as scratch:
    ...                                             # add bands and forms
    put_buckets(scratch, places)
    counts = join_alike(groups, scratch, slots, 0.5)
"""

from collections.abc import Callable

import numpy
import numpy.typing

from koreason.columns.arrays import Flags, Places, in_order, pieces, sums_before
from koreason.minhash.candidates import Rounds, shared
from koreason.minhash.forms import Forms
from koreason.minhash.groups import Groups
from koreason.minhash.jaccard import similarities
from koreason.minhash.scratch import Scratch
from koreason.minhash.sketches import Hashes
from koreason.progress import bar

POINTS_PER_BATCH = 1 << 21  # code points that are compared at once
MOST_TRIED = 1 << 25  # pairs that are remembered, in eight bytes each; others may be compared once a band

Slots = numpy.typing.NDArray[numpy.int32]
# Of pairs, by their places: which may be alike at all.
May = Callable[[Places, Places], Flags]
# Of pairs that are, by their places, some forms and the numbers of theirs among them: which are none all the same.
But = Callable[[Places, Forms, Places, Places], Flags]


def put_buckets(scratch: Scratch, places: Places, rows: Places | Slots) -> Flags:
    """Write the buckets of all bands to disk; returns which of `places`, whose bands are those of `rows`, share one with another."""
    member = numpy.zeros(int(places.max(initial=-1)) + 1, bool)
    for number in bar(range(scratch.bands), what="sort", unit=" bands"):
        buckets = shared(scratch.band(number)[rows], places)
        member[buckets.members] = True
        scratch.put_buckets(number, buckets)
    return member


def join_alike(
    groups: Groups, scratch: Scratch, slots: Slots, least: float, may: May | None = None, but: But | None = None
) -> dict[str, int]:
    """Join texts whose forms, at `slots` of the scratch by their places, are as similar as `least`.

    Returns:
        `candidates` and `verified`, pairs, and `left`: the most members of one overfull bucket that were not all compared.
    """
    counts, known = {"candidates": 0, "verified": 0, "left": 0}, numpy.empty(0, numpy.uint64)

    def joined(first: Places, second: Places) -> Flags:
        roots = groups.roots()
        same: Flags = roots[first] == roots[second]
        return same

    for number in bar(range(scratch.bands), what="compare", unit=" bands"):
        rounds, tried = Rounds(scratch.buckets(number), joined), [known]
        for first, second in rounds:
            new = _new(known, first, second)
            if may is not None:
                new &= may(first, second)
            first, second = first[new], second[new]
            sizes = scratch.lengths()[slots[first]] + scratch.lengths()[slots[second]]
            for begin, end in pieces(sums_before(sizes), POINTS_PER_BATCH):
                counts["verified"] += _compare(groups, scratch, slots, least, first[begin:end], second[begin:end], but)
            counts["candidates"] += len(first)
            tried.append(_packed(first, second))
        known = in_order(numpy.concatenate(tried))[:MOST_TRIED]  # no pair comes twice in a band
        counts["left"] = max(counts["left"], rounds.left)
    return counts


def _compare(groups: Groups, scratch: Scratch, slots: Slots, least: float, first: Places, second: Places, but: But | None) -> int:
    wanted, where = numpy.unique(numpy.concatenate([slots[first], slots[second]]), return_inverse=True)
    forms, firsts, seconds = scratch.forms(wanted), where[: len(first)], where[len(first) :]
    found = similarities(forms, firsts, seconds, least)
    alike = found >= least
    if but is not None:
        mine = numpy.flatnonzero(alike)
        alike[mine] = ~but(first[mine], forms, firsts[mine], seconds[mine])
    groups.join(first[alike], second[alike], found[alike])
    return int(alike.sum())


def _new(known: Hashes, first: Places, second: Places) -> Flags:
    """Which pairs were not compared in an earlier band."""
    pairs = _packed(first, second)
    places = numpy.searchsorted(known, pairs)
    inside = places < len(known)
    new: Flags = numpy.ones(len(pairs), bool)
    new[inside] = known[places[inside]] != pairs[inside]
    return new


def _packed(first: Places, second: Places) -> Hashes:
    return first.astype(numpy.uint64) << numpy.uint64(32) | second.astype(numpy.uint64)
