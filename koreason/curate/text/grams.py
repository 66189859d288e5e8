"""Sums of whole weights over the n-grams of many texts at once: what a linear model adds up, in whole numbers.

    weights = Grams({"그림": 40, "림을": -3}, orders=4)
    found = weights.sums(Codes(pl.Series(["그림을 보고", "글을 읽고"])))     # [37, 0]

Each n-gram has a key of 64 bits, so that one order's n-grams are made of the shorter ones' by one multiplication, and are looked up by
the first bits of theirs. An n-gram counts as often as it stands in a text.
"""

from dataclasses import dataclass, field

import numpy
import numpy.typing
import polars as pl

from koreason.arrays import Places

FACTOR, SHIFT = 0x9E3779B97F4A7C15, 29  # 2**64 by the golden ratio; mixes the high bits into the low ones
BITS = 20  # of a key, by which a gram is found: a million places, and few share one
FEW_BITS = 19  # of a key, by which most grams are known to have no weight: a table that stays next to the core
EDGE = "\x00"  # stands before the first text, between two, and behind the last
Keys = numpy.typing.NDArray[numpy.uint64]


@dataclass
class Codes:
    """The code points of texts in one piece, with U+0000 around each.

    Attributes:
        texts: none of them null, none with U+0000.
        points: of all texts, each behind one U+0000, and one more at the end.
        rows: of each code point, the text that it stands in, or before.
    """

    texts: pl.Series
    points: numpy.typing.NDArray[numpy.uint32] = field(init=False)
    rows: Places = field(init=False)

    def __post_init__(self) -> None:
        joined = f"{EDGE}{self.texts.str.join(EDGE).item() or ''}{EDGE}"
        self.points = numpy.frombuffer(joined.encode("utf-32-le"), numpy.uint32)
        self.rows = numpy.cumsum(self.points == 0) - 1

    def __len__(self) -> int:
        return len(self.texts)

    def kept(self, flags: numpy.typing.NDArray[numpy.bool_]) -> "Codes":
        """The same texts of those code points alone whose flag is set; U+0000 stays."""
        some = object.__new__(Codes)
        flags = flags | (self.points == 0)
        some.texts, some.points, some.rows = self.texts, self.points[flags], self.rows[flags]
        return some

    def lengths(self) -> Places:
        """How many code points each text has."""
        return numpy.bincount(self.rows[self.points != 0], minlength=len(self)).astype(numpy.int64)


class Grams:
    """Weights of n-grams."""

    def __init__(self, weights: dict[str, int], orders: int) -> None:
        """Take the weights of n-grams of 1 to `orders` characters, U+0000 for the edge of a text."""
        self.orders = orders
        keys = numpy.array([key(gram) for gram in weights], numpy.uint64)
        order = numpy.argsort(keys, kind="stable")
        self._keys, self._weights = keys[order], numpy.array([*weights.values()], numpy.int64)[order]
        places = (self._keys >> numpy.uint64(64 - BITS)).astype(numpy.int64)
        self._first = numpy.full(1 << BITS, -1, numpy.int32)
        self._first[places[::-1]] = numpy.arange(len(places), dtype=numpy.int32)[::-1]
        self._next = numpy.append(self._keys, numpy.uint64(0xFFFFFFFFFFFFFFFF))  # one more, so that there is a next one to each
        self._some = numpy.zeros(1 << FEW_BITS, bool)
        self._some[(self._keys >> numpy.uint64(64 - FEW_BITS)).view(numpy.int64)] = True

    def sums(self, codes: Codes) -> Places:
        """Of each text the weights of all n-grams that begin in it; one across an edge has none unless it is written with it."""
        found = numpy.zeros(len(codes), numpy.int64)
        points = codes.points.astype(numpy.uint64)
        keys = numpy.zeros(len(points), numpy.uint64)
        for order in range(1, self.orders + 1):
            many = len(points) - order + 1
            if many <= 0 or not len(self._keys):
                break
            keys = _mixed(keys[:many], points[order - 1 :])
            places, weights = self._looked_up(keys)
            rows = codes.rows[places]
            inside = rows < len(codes)  # the last edge begins no text, as no other's behind a text does
            found += numpy.bincount(rows[inside], weights[inside], len(codes)).astype(numpy.int64)
        return found

    def _looked_up(self, keys: Keys) -> tuple[Places, Places]:
        """The places of keys that have a weight, and the weights."""
        open_ = numpy.flatnonzero(self._some[(keys >> numpy.uint64(64 - FEW_BITS)).view(numpy.int64)])
        here = self._first[(keys[open_] >> numpy.uint64(64 - BITS)).view(numpy.int64)]
        open_, here = open_[here >= 0], here[here >= 0]
        wanted = keys[open_]
        places, weights = [], []
        while True:
            there = self._next[here]
            same = there == wanted
            places.append(open_[same])
            weights.append(self._weights[here[same]])
            further = there < wanted  # they stand in order
            if not further.any():
                return numpy.concatenate(places), numpy.concatenate(weights)
            open_, here, wanted = open_[further], here[further] + 1, wanted[further]


def key(gram: str) -> int:
    """An n-gram's key: of 64 bits, and another one for every gram in practice."""
    found = 0
    for letter in gram:
        found = ((found + ord(letter) + 1) * FACTOR) & 0xFFFFFFFFFFFFFFFF
        found ^= found >> SHIFT
    return found


def _mixed(keys: Keys, points: Keys) -> Keys:
    found = keys + points
    found += numpy.uint64(1)
    found *= numpy.uint64(FACTOR)
    found ^= found >> numpy.uint64(SHIFT)
    return found
