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

from koreason.columns.arrays import Flags, Places
from koreason.minhash.forms import Forms, Points, ranges

Hashes = numpy.typing.NDArray[numpy.uint64]
Halves = numpy.typing.NDArray[numpy.uint32]

GRAM = 5
BANDS, ROWS = 16, 6
BINS = BANDS * ROWS
RECALL = 0.98
THROWS = 12
ENOUGH = 3 * BINS // 2  # 5-grams that leave two bins in nine empty: not worth another throw, for recall does not fall
LONGEST = 1 << 20  # code points of a text that has bands: what takes part in comparisons is bounded
GROUP, BLOCK = 1 << 20, 1 << 16  # code points that are worked on together; at once, which fits the cache
EMPTY = numpy.uint32(2**32 - 1)
HALF = numpy.uint64(32)  # of a hash


def draws(count: int, state: int) -> Hashes:
    """Odd numbers, always the same (splitmix64)."""
    drawn = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        drawn.append((value ^ (value >> 31)) | 1)
    return numpy.array(drawn, numpy.uint64)


STEPS, AGAIN, SPREAD = (draws(count, state).astype(numpy.uint32) for count, state in ((3, 1), (THROWS, 2), (2, 5)))
ROW, BAND, (MIX, GUARD) = draws(ROWS, 3), draws(BINS, 4), draws(2, 5)


def mixed(values: Hashes) -> Hashes:
    """Spread what the values differ in over all bits; a bijection, in place."""
    values ^= values >> HALF
    values *= MIX
    values ^= values >> numpy.uint64(29)
    return values


def _spread(values: Halves) -> Halves:
    """The same of 32 bits."""
    values ^= values >> numpy.uint32(16)
    values *= SPREAD[0]
    values ^= values >> numpy.uint32(15)
    values *= SPREAD[1]
    return values


def reaching(forms: Forms) -> Places:
    """Of all runs of `GRAM` characters the places of those that reach from one form into the next."""
    ends = forms.ends
    across = numpy.concatenate([ends[forms.lengths > offset] - 1 - offset for offset in range(GRAM - 1)])
    found: Places = across[across <= len(forms.points) - GRAM]
    return found


def _hashed(points: Points) -> Halves:
    """Hashes of all runs of five characters."""
    many = len(points) - GRAM + 1
    if many < 1:
        return numpy.empty(0, numpy.uint32)
    two = points[:-1] * STEPS[0]
    two += points[1:]
    hashes = two[:many] * STEPS[1]
    hashes += two[2 : many + 2]
    hashes += points[GRAM - 1 :] * STEPS[2]
    return _spread(hashes)


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
    thrown, some = numpy.empty((len(guards), BINS), numpy.uint32), forms.lengths >= GRAM
    left = [_first_throw(block, thrown[first:last], first) for first, last, block in _cut(forms, BLOCK)]
    rows, counts, hashes = map(numpy.concatenate, zip(*left, strict=True))
    for throw in range(1, THROWS):
        mine = thrown[rows]
        empty = mine == EMPTY
        lacking = empty.any(axis=1)
        if not lacking.any():
            break
        hashes = hashes[ranges((numpy.cumsum(counts) - counts)[lacking], counts[lacking])]
        rows, mine, empty, counts = rows[lacking], mine[lacking], empty[lacking], counts[lacking]
        again = _spread(hashes * AGAIN[throw])
        thrown[rows] = numpy.where(empty, _thrown(again, counts, numpy.empty(0, numpy.int64)), mine)
    bins = _filled(thrown, some)
    keys: Hashes = numpy.dot(bins.reshape(-1, wide), ROW[:wide]).reshape(len(bins), -1)
    keys += BAND[: BINS // wide]
    keys += (guards * GUARD)[:, None]
    return mixed(keys)


def _first_throw(forms: Forms, bins: Halves, first: int) -> tuple[Places, Places, Halves]:
    """The first throw into `bins`; of short texts that lack some: their numbers, counted from `first`, how many 5-grams, and those."""
    hashes, counts = _hashed(forms.points), numpy.maximum(forms.lengths - GRAM + 1, 0)
    bins[:] = _thrown(hashes, forms.lengths, reaching(forms))
    rows = numpy.flatnonzero((bins == EMPTY).any(axis=1) & (counts < ENOUGH) & (counts > 0))
    return rows + first, counts[rows], hashes[ranges((forms.ends - forms.lengths)[rows], counts[rows])]


def _thrown(hashes: Halves, counts: Places, none: Places) -> Halves:
    """The least hash in each bin, which the upper half of it chooses, EMPTY where there is none; shape (n, BINS).

    Args:
        hashes: of all texts, one after the other; there may be fewer at the end.
        counts: how many each text has.
        none: the places of those that are no text's.
    """
    bins = numpy.full(len(counts) * BINS + 1, EMPTY, numpy.uint32)  # the last is no text's
    places = hashes >> numpy.uint32(16)
    places *= numpy.uint32(BINS)
    places >>= numpy.uint32(16)
    places += numpy.repeat(numpy.arange(0, len(counts) * BINS, BINS, dtype=numpy.uint32), counts)[: len(hashes)]
    places[none] = len(counts) * BINS
    numpy.minimum.at(bins, places.astype(numpy.int64), hashes)
    return bins[:-1].reshape(-1, BINS)


def _filled(thrown: Halves, some: Flags) -> Hashes:
    """Bins, of texts that have some, of which empty ones are filled from the next that is not, with its distance."""
    bins, full = thrown.astype(numpy.uint64), (thrown != EMPTY).reshape(-1)
    places = numpy.flatnonzero(~full & numpy.repeat(some, BINS))
    flat, rows, columns = bins.reshape(-1), places // BINS * BINS, places % BINS
    for distance in range(1, BINS):
        sources = rows + (columns + distance) % BINS
        found = full[sources]
        flat[places[found]] = flat[sources[found]] + (numpy.uint64(distance) << HALF)
        places, rows, columns = places[~found], rows[~found], columns[~found]
        if not len(places):
            break
    return bins
