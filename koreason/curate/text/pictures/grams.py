"""Sums of whole weights over the n-grams of many texts at once: what a linear model adds up, in whole numbers.

    weights = Grams({"그림": 40, "림을": -3}, orders=4)
    found = weights.sums(Codes(pl.Series(["그림을 보고", "글을 읽고"])))     # [37, 0]

The n-grams are a tree of their beginnings: from each character on it is gone down as far as the text goes, and the place that is reached
knows what all n-grams on the way there weigh. The tree lies in two arrays (Aoe, "An efficient digital search algorithm by using a
double-array structure", 1989): a step is one addition and one comparison. An n-gram counts as often as it stands in a text.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy
import numpy.typing
import polars as pl

from koreason.columns.arrays import Places, pieces

AT_ONCE = 50_000  # characters: what is made of them fits the memory next to the core, in half the time
EDGE = "\x00"  # stands before the first text, between two, and behind the last


@dataclass
class Codes:
    """The code points of texts in one piece, with U+0000 around each.

    Attributes:
        texts: none of them null, none with U+0000.
        points: of all texts, each behind one U+0000, and one more at the end.
    """

    texts: pl.Series
    points: numpy.typing.NDArray[numpy.uint32] = field(init=False)

    def __post_init__(self) -> None:
        joined = f"{EDGE}{self.texts.str.join(EDGE).item() or ''}{EDGE}"
        self.points = numpy.frombuffer(joined.encode("utf-32-le"), numpy.uint32)

    def __len__(self) -> int:
        return len(self.texts)

    @functools.cached_property
    def edges(self) -> Places:
        """Where each U+0000 stands: one more than there are texts."""
        return numpy.flatnonzero(self.points == 0)

    def kept(self, flags: numpy.typing.NDArray[numpy.bool_]) -> "Codes":
        """The same texts of those code points alone whose flag is set, as it must be of U+0000."""
        some = object.__new__(Codes)
        some.texts, some.points = self.texts, self.points[flags]
        return some

    def rows(self) -> Places:
        """Of each code point, the text that it stands in, or before."""
        return numpy.cumsum(self.points == 0) - 1

    def lengths(self) -> Places:
        """How many code points each text has."""
        found: Places = numpy.diff(self.edges) - 1
        return found


class Grams:
    """Weights of n-grams.

    Its arrays: of each code point its number, 0 for one that is in no n-gram; of each place in the tree where the places behind it begin,
    to which a character's number is added; whose place each one is; what all n-grams on the way to it weigh; and which n-gram ends there.
    """

    def __init__(self, weights: dict[str, int], orders: int) -> None:
        """Take the weights of n-grams of 1 to `orders` characters, U+0000 for the edge of a text."""
        self.orders = orders
        sizes = numpy.array([*map(len, weights)], numpy.int64)
        points = numpy.frombuffer("".join(weights).encode("utf-32-le"), numpy.uint32)
        known, counts = numpy.unique(points, return_counts=True)
        self._numbers = numpy.zeros(0x110000, numpy.int64)  # of which hardly a page is ever touched
        self._numbers[known[numpy.argsort(-counts, kind="stable")]] = numpy.arange(1, len(known) + 1)  # small ones lie close together
        grams = numpy.zeros((len(sizes), orders), numpy.int64)
        grams[numpy.arange(orders) < sizes[:, None]] = self._numbers[points]
        self._lay_out(grams, sizes, numpy.array([*weights.values()], numpy.int64), len(known) + 1)

    def _lay_out(self, grams: Places, sizes: Places, weights: Places, many: int) -> None:
        """Make the tree of the n-grams' numbers, of shape (n-grams, orders) and each below `many`, level by level."""
        node = grams[:, 0].copy() if len(grams) else numpy.empty(0, numpy.int64)
        sums = numpy.zeros(many, numpy.int64)
        sums[node[sizes == 1]] = weights[sizes == 1]
        above, letters = numpy.empty(0, numpy.int64), numpy.empty(0, numpy.int64)
        for order in range(1, self.orders):
            longer = numpy.flatnonzero(sizes > order)
            keys, which = numpy.unique(node[longer] * many + grams[longer, order], return_inverse=True)
            node[longer] = len(sums) + which
            added = sums[keys // many]
            ending = sizes[longer] == order + 1
            added[which[ending]] += weights[longer[ending]]
            above, letters, sums = (numpy.concatenate(each) for each in ((above, keys // many), (letters, keys % many), (sums, added)))
        parents, starts, group = numpy.unique(above, return_index=True, return_inverse=True)
        begins, size = _begins(letters, numpy.append(starts, len(letters)), many)
        place = numpy.concatenate([numpy.arange(many), begins[group] + letters])  # a character is its own place on the first level
        self._named = numpy.full(size, -1)
        self._named[place[node]] = numpy.arange(len(node))
        self._begins, self._owners, self._weights = numpy.zeros(size, numpy.int64), numpy.full(size, -1), numpy.zeros(size, numpy.int64)
        self._begins[place[parents]], self._owners[place[many:]], self._weights[place] = begins, place[above], sums

    def sums(self, codes: Codes) -> Places:
        """Of each text the weights of all n-grams that begin in it; one across an edge has none unless it is written with it."""
        found = numpy.empty(len(codes), numpy.int64)
        for first, last in pieces(codes.edges, AT_ONCE):
            start, end = codes.edges[first], codes.edges[last]
            each = self._weights.take(self._reached(self._numbers.take(codes.points[start : end + 1]))[:-1])
            found[first:last] = numpy.add.reduceat(each, codes.edges[first:last] - start)
        return found

    def found(self, codes: Codes) -> tuple[Places, Places]:
        """All n-grams that stand in texts, in no order: the text of each, and which of the n-grams it is."""
        rows, named = [], []
        for heads, places in self._walked(self._numbers.take(codes.points)):
            numbers = self._named.take(places)
            hits = numpy.flatnonzero(numbers >= 0)
            rows.append(heads.take(hits))
            named.append(numbers.take(hits))
        return codes.rows().take(numpy.concatenate(rows)), numpy.concatenate(named)

    def _reached(self, numbers: Places) -> Places:
        """How far down the tree each place in a text leads."""
        reached = numbers.copy()
        for heads, places in self._walked(numbers):
            reached[heads] = places
        return reached

    def _walked(self, numbers: Places) -> Iterator[tuple[Places, Places]]:
        """Level by level the places in a text from which it is gone down so far, and where that leads in the tree."""
        places, heads = numbers, numpy.arange(len(numbers))
        yield heads, places
        for order in range(1, self.orders):
            fit = int(numpy.searchsorted(heads, len(numbers) - order))
            places, heads = places[:fit], heads[:fit]
            there = self._begins.take(places) + numbers.take(heads + order)
            further = numpy.flatnonzero(self._owners.take(there) == places)
            places, heads = there.take(further), heads.take(further)
            yield heads, places


def _begins(letters: Places, edges: Places, many: int) -> tuple[Places, int]:
    """Where the places begin of each run of rising letters, so that no two letters share one; and how many places there are.

    The longest runs come first, those of one letter fill the gaps; the first `many` places are taken.
    """
    taken = bytearray(b"\1" * many)
    sizes = numpy.diff(edges)
    found = numpy.zeros(len(sizes), numpy.int64)
    at = 0
    for run in numpy.argsort(-sizes, kind="stable")[: int((sizes > 1).sum())].tolist():
        first, *others = letters[edges[run] : edges[run + 1]].tolist()
        apart = [other - first for other in others]
        while True:
            at = taken.find(0, at)
            if at < 0 or at + apart[-1] >= len(taken):
                at = len(taken) if at < 0 else at
                taken += bytes(len(taken))
            for further in apart:  # an `any` of a generator takes five times as long
                if taken[at + further]:
                    break
            else:
                break
            at += 1
        found[run] = at - first
        for further in [0, *apart]:
            taken[at + further] = 1
    alone = sizes == 1
    taken += bytes(int(alone.sum()))
    free = numpy.flatnonzero(numpy.frombuffer(taken, numpy.uint8) == 0)[: int(alone.sum())]
    found[alone] = free - letters[edges[:-1][alone]]
    return found, len(taken) + many
