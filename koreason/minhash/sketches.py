"""Sketches of forms, by which candidates for near twins are found: one-permutation MinHash over character 5-grams, cut into bands.

    bands(forms, guards)      # shape (n, BANDS), and which of the texts have any

Each 5-gram is hashed once and thrown into one of `BANDS * ROWS` bins, of which each keeps its least value (Li, Owen and Zhang, NeurIPS
2012). Short texts that leave bins empty are thrown again, by further hashes, into those only (Dahlgaard, Knudsen and Thorup, FOCS 2017),
which keeps their bins independent; what stays empty is filled from the next bin that is not. Texts are candidates that share the `ROWS`
bins of one band, and the guard.

Two texts of Jaccard similarity s share a band with probability 1 - (1 - s^6)^16: 0.992 at 0.8, 0.9995 at 0.85, 0.22 at 0.5, 1e-8 at 0.03,
which is what two Korean texts have in common that have nothing in common. 128 permutations in 16 bands of 8 give 0.947 at 0.8, and in the
9 bands of 13 that datasketch chooses for a threshold of 0.8, 0.40. Candidates are verified, so that false ones only take time: bands are
cut for recall. Fewer rows a band, and so more bands of the same bins, find what is less similar: `rows_for` says how many.
"""

import itertools
from collections.abc import Iterator

import numpy
import numpy.typing

from koreason.arrays import Flags, Places, kept
from koreason.minhash.forms import Forms, ranges

Hashes = numpy.typing.NDArray[numpy.uint64]

GRAM = 5
BANDS, ROWS = 16, 6
BINS = BANDS * ROWS
RECALL = 0.98
THROWS = 12
ENOUGH = 3 * BINS // 2  # 5-grams that leave two bins in nine empty: not worth another throw, for recall does not fall
LONGEST = 1 << 20  # code points of a text that has bands: what takes part in comparisons is bounded
GROUP, BLOCK = 1 << 20, 1 << 16  # code points that are worked on together; at once, which fits the cache
FULL = numpy.uint64(2**32 - 1)
EMPTY = numpy.uint64(2**32)
HALF, BITS = numpy.uint64(32), numpy.uint64(21)  # of a hash; of a code point


def _draws(count: int, state: int) -> Hashes:
    """Odd numbers, always the same (splitmix64)."""
    drawn = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        drawn.append((value ^ (value >> 31)) | 1)
    return numpy.array(drawn, numpy.uint64)


PLACE, AGAIN, ROW, BAND = _draws(2, 1), _draws(THROWS, 2), _draws(ROWS, 3), _draws(BINS, 4)
MIX, GUARD = _draws(2, 5)


def mixed(values: Hashes) -> Hashes:
    """Spread what the values differ in over all bits; a bijection, in place."""
    values ^= values >> HALF
    values *= MIX
    values ^= values >> numpy.uint64(29)
    return values


def grams(forms: Forms) -> tuple[Hashes, Places]:
    """Hashes of the 5-grams of each form in their order, and how many each has; shapes (m,) and (n,)."""
    hashes, across = _hashed(forms)
    inside = numpy.ones(len(hashes), bool)
    inside[across] = False
    (hashes,) = kept(inside, hashes)
    return hashes, _counts(forms)


def _counts(forms: Forms) -> Places:
    counts: Places = numpy.maximum(forms.lengths - GRAM + 1, 0)
    return counts


def _hashed(forms: Forms) -> tuple[Hashes, Places]:
    """Hashes of all runs of five characters, and the places of those that reach from one form into the next."""
    points = forms.points.astype(numpy.uint64)
    many = len(points) - GRAM + 1
    if many < 1:
        return numpy.empty(0, numpy.uint64), numpy.empty(0, numpy.int64)
    two = points[:-1] << BITS
    two |= points[1:]
    hashes = two[:many] << BITS  # of three characters, with the next two
    hashes |= points[2 : many + 2]
    hashes *= PLACE[0]
    hashes += two[3:] * PLACE[1]
    ends = forms.ends
    across = numpy.concatenate([ends[forms.lengths > offset] - 1 - offset for offset in range(GRAM - 1)])
    return mixed(hashes), across[across < many]


def rows_for(least: float) -> int:
    """The most rows of a band with which 98 % of the pairs that are so similar share one: 6 at 0.8, 3 at 0.5, 2 at 0.3."""
    return next((rows for rows in (6, 4, 3, 2) if 1 - (1 - least**rows) ** (BINS // rows) >= RECALL), 1)


def bands(forms: Forms, guards: Hashes, rows: int = ROWS) -> tuple[Hashes, Flags]:
    """The bands of each form, mixed with its guard, and whether its length lets it have any; shapes (n, BINS / rows) and (n,)."""
    found = numpy.zeros((len(guards), BINS // rows), numpy.uint64)
    some = (forms.lengths >= GRAM) & (forms.lengths <= LONGEST)
    if (forms.lengths > LONGEST).any():
        fit = numpy.flatnonzero(some)
        found[fit] = bands(forms.take(fit), guards[fit], rows)[0]
        return found, some
    for first, last, group in _cut(forms, GROUP):
        found[first:last] = _bands(group, guards[first:last], rows)
    return found, some


def _cut(forms: Forms, size: int) -> Iterator[tuple[int, int, Forms]]:
    """Forms in blocks of about as many code points, each with the numbers of its first and behind its last."""
    ends = forms.ends
    edges = numpy.unique(numpy.searchsorted(ends, numpy.arange(size, len(forms.points) + size, size), side="right")).tolist()
    cuts = [0, *(edge for edge in edges if 0 < edge < len(ends)), len(ends)]
    for first, last in itertools.pairwise(cuts):
        begins = int(ends[first - 1]) if first else 0
        yield first, last, Forms(forms.points[begins : int(ends[last - 1]) if last else 0], forms.lengths[first:last])


def _bands(forms: Forms, guards: Hashes, wide: int) -> Hashes:
    bins, some = numpy.empty((len(guards), BINS), numpy.uint64), forms.lengths >= GRAM
    left = [_first_throw(block, bins[first:last], first) for first, last, block in _cut(forms, BLOCK)]
    rows, counts, hashes = map(numpy.concatenate, zip(*left, strict=True))
    for throw in range(1, THROWS):
        mine = bins[rows]
        empty = mine == EMPTY
        lacking = empty.any(axis=1)
        if not lacking.any():
            break
        hashes = hashes[ranges((numpy.cumsum(counts) - counts)[lacking], counts[lacking])]
        rows, mine, empty, counts = rows[lacking], mine[lacking], empty[lacking], counts[lacking]
        again = mixed(hashes * AGAIN[throw])
        bins[rows] = numpy.where(empty, _thrown(again, counts, numpy.empty(0, numpy.int64)), mine)
    _fill(bins, some)
    keys: Hashes = numpy.dot(bins.reshape(-1, wide), ROW[:wide]).reshape(len(bins), -1)
    keys += BAND[: BINS // wide]
    keys += (guards * GUARD)[:, None]
    return mixed(keys)


def _first_throw(forms: Forms, bins: Hashes, first: int) -> tuple[Places, Places, Hashes]:
    """The first throw into `bins`; of short texts that lack some: their numbers, counted from `first`, how many 5-grams, and those."""
    (hashes, across), counts = _hashed(forms), _counts(forms)
    bins[:] = _thrown(hashes, forms.lengths, across)
    rows = numpy.flatnonzero((bins == EMPTY).any(axis=1) & (counts < ENOUGH) & (counts > 0))
    return rows + first, counts[rows], hashes[ranges((forms.ends - forms.lengths)[rows], counts[rows])]


def _thrown(hashes: Hashes, counts: Places, none: Places) -> Hashes:
    """The least lower half of the hashes in each bin, which the upper half chooses, EMPTY where there is none; shape (n, BINS).

    Args:
        hashes: of all texts, one after the other; there may be fewer at the end.
        counts: how many each text has.
        none: the places of those that are no text's.
    """
    bins = numpy.full(len(counts) * BINS + 1, EMPTY, numpy.uint64)  # the last is no text's
    places = hashes >> HALF
    places *= numpy.uint64(BINS)
    places >>= HALF
    places += numpy.repeat(numpy.arange(0, len(counts) * BINS, BINS, dtype=numpy.uint64), counts)[: len(hashes)]
    places[none] = len(counts) * BINS
    numpy.minimum.at(bins, places.view(numpy.int64), hashes & FULL)
    return bins[:-1].reshape(-1, BINS)


def _fill(bins: Hashes, some: Flags) -> None:
    """Fill empty bins from the next one that is not, with its distance, in texts that have some."""
    full = (bins != EMPTY).reshape(-1)
    places = numpy.flatnonzero(~full & numpy.repeat(some, BINS))
    flat, rows, columns = bins.reshape(-1), places // BINS * BINS, places % BINS
    for distance in range(1, BINS):
        sources = rows + (columns + distance) % BINS
        found = full[sources]
        flat[places[found]] = flat[sources[found]] + (numpy.uint64(distance) << HALF)
        places, rows, columns = places[~found], rows[~found], columns[~found]
        if not len(places):
            break
