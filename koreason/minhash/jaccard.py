"""Exact Jaccard similarity of the sets of character 5-grams of pairs of forms.

    similarities(forms, firsts, seconds)      # shape (n,), of n pairs of forms by their numbers

5-grams are compared by 55 bits of their hash: among two thousand of them that differ two are taken for one once in 10^10 pairs.
"""

import numpy
import numpy.typing

from koreason.columns.arrays import Places, in_order, kept
from koreason.minhash.forms import Forms, ranges
from koreason.minhash.sketches import GRAM, Hashes, draws, mixed, reaching

Similarities = numpy.typing.NDArray[numpy.float64]

PLACE, BITS = draws(2, 1), numpy.uint64(21)  # of a code point
PAIRS = 256  # compared at once; eight bits of a key
PAIR, SIDE, CUT, CELL = numpy.uint64(56), numpy.uint64(1), numpy.uint64(9), numpy.uint64(44)
CELLS = 1 << 12  # by the first bits of 56


def similarities(forms: Forms, firsts: Places, seconds: Places, least: float = 0.0) -> Similarities:
    """Size of the intersection over size of the union, 0 where neither has a 5-gram; shapes (n,) to (n,).

    Of pairs that cannot be as similar as `least`, most of which cost a tenth of the time, it may be 0 as well.
    """
    hashes, counts = grams(forms)
    hashes >>= CUT
    hashes <<= SIDE
    starts, found = numpy.cumsum(counts) - counts, numpy.zeros(len(firsts))
    for first in range(0, len(firsts), PAIRS):
        sides = firsts[first : first + PAIRS], seconds[first : first + PAIRS]
        chosen = numpy.flatnonzero(_bounds(hashes, counts, starts, sides) >= least) if least else numpy.arange(len(sides[0]))
        found[first + chosen] = _similarities(hashes, counts, starts, (sides[0][chosen], sides[1][chosen]))
    return found


def grams(forms: Forms) -> tuple[Hashes, Places]:
    """Hashes of the 5-grams of each form in their order, and how many each has; shapes (m,) and (n,)."""
    counts = numpy.maximum(forms.lengths - GRAM + 1, 0)
    points = forms.points.astype(numpy.uint64)
    many = len(points) - GRAM + 1
    if many < 1:
        return numpy.empty(0, numpy.uint64), counts
    two = points[:-1] << BITS
    two |= points[1:]
    hashes = two[:many] << BITS  # of three characters, with the next two
    hashes |= points[2 : many + 2]
    hashes *= PLACE[0]
    hashes += two[3:] * PLACE[1]
    inside = numpy.ones(many, bool)
    inside[reaching(forms)] = False
    (hashes,) = kept(inside, hashes)
    return mixed(hashes), counts


def _bounds(hashes: Hashes, counts: Places, starts: Places, sides: tuple[Places, Places]) -> Similarities:
    """What the similarities are at most: 5-grams of one text alone stand in each cell, of `CELLS`, in which the other has none."""
    cells, rows = numpy.zeros((2, len(sides[0]), CELLS), bool), numpy.arange(0, len(sides[0]) * CELLS, CELLS)
    for side, chosen in enumerate(sides):
        part = (hashes[ranges(starts[chosen], counts[chosen])] >> CELL).view(numpy.int64)
        cells[side].reshape(-1)[part + numpy.repeat(rows, counts[chosen])] = True
    one, other = numpy.packbits(cells, axis=-1).view(numpy.uint64)
    ones, others = (numpy.bitwise_count(alone).sum(axis=1, dtype=numpy.int64) for alone in (one & ~other, other & ~one))
    both = numpy.minimum(counts[sides[0]] - ones, counts[sides[1]] - others)
    either = both + ones + others
    found: Similarities = numpy.divide(both, either, out=numpy.zeros(len(both)), where=either > 0)
    return found


def _similarities(hashes: Hashes, counts: Places, starts: Places, sides: tuple[Places, Places]) -> Similarities:
    pairs = len(sides[0])
    numbers, parts = numpy.arange(pairs, dtype=numpy.uint64) << PAIR, []
    for side, chosen in enumerate(sides):
        part = hashes[ranges(starts[chosen], counts[chosen])]
        part |= numpy.repeat(numbers | numpy.uint64(side), counts[chosen])
        parts.append(part)
    keys = in_order(numpy.concatenate(parts))  # pair, 5-gram, side
    (keys,) = kept(numpy.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)], keys)
    ends = numpy.searchsorted(keys, numbers[1:])
    same = numpy.flatnonzero((keys[1:] ^ keys[:-1]) == SIDE)
    both = numpy.diff(numpy.searchsorted(same, ends), prepend=0, append=len(same))
    either = numpy.diff(ends, prepend=0, append=len(keys)) - both
    found: Similarities = numpy.divide(both, either, out=numpy.zeros(pairs), where=either > 0)
    return found
