"""Long items by their characters: 30 in a row, folded.

index, without = long_index(items)

An item of at least `LONG` folded characters is looked for by its windows of 30. Those that more than max(8, 1 %) of its benchmark's
items share tell nothing and are left out. A text holds an item where it has 37 characters in a row of it and 0.3 of its windows.
"""

from collections import Counter

import numpy

from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.block import Block
from koreason.curate.overlap.evidence import Evidence
from koreason.curate.overlap.fold import folded, stretch
from koreason.curate.overlap.hashed.grams import Hashes, Index, Places, hashes_of
from koreason.curate.overlap.items import Item

LEAST = 0.3
WIDTH, RUN = 30, 8  # characters of a window; windows in a row, of which one in `RUN` is looked up
LONG = 60


def long_windows(items: list[Item]) -> dict[int, Hashes]:
    """The windows that tell long items, by the item's number."""
    windows = {
        number: numpy.unique(numpy.concatenate([hashes_of(part, WIDTH) for part in (item.letters, *map(folded, item.options))]))
        for number, item in enumerate(items)
        if len(item.letters) >= LONG
    }
    told = {}
    for bench, size in Counter(item.bench for item in items).items():
        mine = [number for number in windows if items[number].bench == bench]
        together = numpy.concatenate([numpy.empty(0, numpy.uint64), *(windows[number] for number in mine)])
        every, counts = numpy.unique(together, return_counts=True)
        shared = every[counts > max(8, size // 100)]
        for number in mine:
            own = windows[number][~numpy.isin(windows[number], shared)]
            if len(own) >= RUN:
                told[number] = own
    return told


def long_index(items: list[Item]) -> tuple[Index, set[int]]:
    """The index of long items' windows, and the items that it holds."""
    windows = long_windows(items)
    return Index.by_owner(windows, len(items)), set(windows)


def long_hits(block: Block, index: Index) -> tuple[Places, Places, Places]:
    """Texts, grams and places of a block's windows that are in the index, in runs of at least `RUN` in a row."""
    none = numpy.empty(0, numpy.int64)
    coarse, _ = index.find(block.sums.windows(WIDTH, RUN))
    if not len(coarse):
        return none, none, none
    # each run holds a place that was looked up, so what lies around those is all
    around = numpy.unique((coarse[:, None] * RUN + numpy.arange(1 - RUN, RUN)).reshape(-1))
    around = around[(around >= 0) & (around <= len(block.letters) - WIDTH)]
    places, grams = index.find(block.sums.between(around, around + WIDTH))
    return in_runs(block, around[places], grams)


def in_runs(block: Block, places: Places, grams: Places) -> tuple[Places, Places, Places]:
    """Texts, grams and places of those windows that lie inside of a text in runs of at least `RUN` in a row."""
    inside = block.inside(places, WIDTH)
    places, grams = places[inside], grams[inside]
    texts = block.text_at(places)
    heads = numpy.flatnonzero(numpy.append(True, (numpy.diff(places) != 1) | (numpy.diff(texts) != 0)))
    lengths = numpy.diff(numpy.append(heads, len(places)))
    long = numpy.repeat(lengths >= RUN, lengths)
    return texts[long], grams[long], places[long]


class Characters:
    """Looks for long items by their windows."""

    method = "characters"
    without = 0  # what it does not look for, `Whole` or `Parts` may

    def __init__(self, items: list[Item]) -> None:
        self._names = [(item.bench, item.id) for item in items]
        self._index, self.held = long_index(items)
        self._evidence = Evidence(self._index, LEAST)

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        texts, grams, places = long_hits(batch.block, self._index)
        for candidate in self._evidence.weighed(texts, grams, batch.sources):
            own = slice(*numpy.searchsorted(texts, [candidate.text, candidate.text + 1]))
            start, end = longest(places[own][numpy.isin(grams[own], candidate.grams)])
            letters = batch.block.letters[start : end + WIDTH].tobytes().decode("utf-16-le", "replace")
            span = stretch(batch.block.texts[candidate.text], letters) or letters[:200]
            self._evidence.keep(candidate, int(batch.sources[candidate.text]), (*batch.keys[candidate.text], span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found, once all sources were read and have so many texts."""
        return self._evidence.rows(texts, self._names, self.method)


def longest(places: Places) -> tuple[int, int]:
    """First and last place of the first longest run of places."""
    heads = numpy.flatnonzero(numpy.append(True, numpy.diff(places) != 1))
    lengths = numpy.diff(numpy.append(heads, len(places)))
    best = int(lengths.argmax())
    return int(places[heads[best]]), int(places[heads[best]] + lengths[best] - 1)
