"""Rolling hashes of all windows of a text at once, and an index of the windows that are looked for.

    sums = Sums(CODES[folded])           # one addition a unit
    sums.windows(30)                     # hash of each window of 30, in three array operations
    Index.of(hashes, owners).find(sums.windows(30))

A window's hash is a polynomial over random 64-bit codes of its units modulo 2**64 in an odd, hence invertible, base: a difference of
two prefix sums times a power of the inverse. Equal windows have equal hashes wherever they lie; unequal ones differ but for one
in 2**64 or so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy
import numpy.typing

Hashes = numpy.typing.NDArray[numpy.uint64]
Places = numpy.typing.NDArray[numpy.int64]
Floats = numpy.typing.NDArray[numpy.float64]
Flags = numpy.typing.NDArray[numpy.bool_]

BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 2**64)
MOST_BITS = 26  # of the table that says which hashes are worth a search: 64 MiB


def scrambled(values: Hashes) -> Hashes:
    """Values spread over 64 bits (the finaliser of SplitMix64)."""
    values = values + numpy.uint64(BASE)
    values = (values ^ (values >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return values ^ (values >> numpy.uint64(31))


CODES: Hashes = scrambled(numpy.arange(65_536, dtype=numpy.uint64))


class Powers:
    """Powers of the base and of its inverse, as many as were ever needed."""

    def __init__(self) -> None:
        self.up = self.down = numpy.ones(1, numpy.uint64)

    def grow(self, length: int) -> None:
        """Have at least `length` of them."""
        if len(self.up) < length:
            steps = numpy.full(2 * length, BASE, numpy.uint64)
            steps[0] = 1
            self.up = numpy.cumprod(steps)
            steps[1:] = INVERSE
            self.down = numpy.cumprod(steps)


POWERS = Powers()


class Sums:
    """Prefix sums of a sequence of codes."""

    def __init__(self, codes: Hashes) -> None:
        POWERS.grow(len(codes) + 1)
        self._sums = numpy.zeros(len(codes) + 1, numpy.uint64)
        numpy.cumsum(codes * POWERS.up[: len(codes)], out=self._sums[1:])

    def windows(self, width: int, step: int = 1) -> Hashes:
        """Hash of each window of `width` that starts at a multiple of `step`; shape (ceil((n - width + 1) / step),)."""
        found: Hashes = self._sums[width::step] - self._sums[: max(len(self._sums) - width, 0) : step]
        found *= POWERS.down[: len(self._sums) - width : step] if len(found) else found
        return found

    def between(self, starts: Places, ends: Places) -> Hashes:
        """Hash of each stretch from a start up to its end."""
        found: Hashes = (self._sums[ends] - self._sums[starts]) * POWERS.down[starts]
        return found


def hashes_of(letters: str, width: int) -> Hashes:
    """Hashes of all windows of a folded text."""
    return Sums(CODES[numpy.frombuffer(letters.encode("utf-16-le", "surrogatepass"), numpy.uint16)]).windows(width)


@dataclass(frozen=True)
class Index:
    """Grams that are looked for, each with the items that hold it.

    Attributes:
        hashes: sorted, each once, shape (grams,).
        starts: where a gram's owners begin in `owners`, shape (grams + 1,).
        owners: numbers of items, ascending within a gram.
        sizes: how many grams an item has, shape (items,).
    """

    hashes: Hashes
    starts: Places
    owners: Places
    sizes: Places
    _worth: Flags
    _shift: numpy.uint64

    @classmethod
    def of(cls, hashes: Hashes, owners: Places, items: int) -> "Index":
        """An index of grams given with one owner each, in any order, repeats allowed; `items` of them in all."""
        order = numpy.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        new = numpy.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        hashes, owners = hashes[new], owners[new]
        unique, firsts = numpy.unique(hashes, return_index=True)
        bits = min(max(16, len(unique).bit_length() + 4), MOST_BITS)
        shift = numpy.uint64(64 - bits)
        worth = numpy.zeros(1 << bits, bool)
        worth[unique >> shift] = True
        starts = numpy.append(firsts, len(hashes)).astype(numpy.int64)
        return cls(unique, starts, owners, numpy.bincount(owners, minlength=items).astype(numpy.int64), worth, shift)

    @classmethod
    def by_owner(cls, grams: Mapping[int, Hashes], items: int) -> "Index":
        """An index of the grams of some of `items`, by their numbers."""
        hashes = numpy.concatenate([numpy.empty(0, numpy.uint64), *grams.values()])
        return cls.of(hashes, numpy.repeat(numpy.array(list(grams), numpy.int64), [len(own) for own in grams.values()]), items)

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """Where the indexed grams are: places in `hashes`, ascending, and each one's number."""
        places = numpy.flatnonzero(self._worth[hashes >> self._shift])
        if not len(places):
            return places, places
        grams = numpy.searchsorted(self.hashes, hashes[places])
        grams[grams == len(self.hashes)] = 0
        right = self.hashes[grams] == hashes[places]
        return places[right], grams[right]

    def owned(self, grams: Places) -> tuple[Places, Places]:
        """Each gram's items: which of `grams` it is, and the item."""
        counts = self.starts[grams + 1] - self.starts[grams]
        which = numpy.repeat(numpy.arange(len(grams)), counts)
        offsets = numpy.arange(len(which)) - numpy.repeat(numpy.cumsum(counts) - counts, counts)
        return which, self.owners[self.starts[grams][which] + offsets]
