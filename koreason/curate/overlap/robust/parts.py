"""Items of which no part is long: question and options, close together and in whatever order the options are.

search = Parts(items, held)
search.look(batch)
search.rows({})

`What is the capital? Seoul, Busan, Daegu` has no stretch that tells it, and all of its parts in one place do. The question has 6 folded
characters at least, the parts `SHORTEST` together; options stand behind the question, with no more between them than their marks. What
leads to an item is the rarest window of `WIDTH` in its parts; one of which all windows belong to more than `FAMILIAR` items, such as
`which of these is right`, is not looked for.
"""

from collections.abc import Iterator

import numpy

from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.fold import folded, stretch
from koreason.curate.overlap.hashed.grams import Hashes, Index
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.robust.characters import SHORTEST, hashes_of

WIDTH, STEP = 6, 4  # of what leads to an item, which must hold a window at any multiple of STEP
FAMILIAR = 8  # items
LEAST_QUESTION = 6
MARKS, SLACK = 4, 8  # folded characters beside each option, and beside all


class Parts:
    """Looks for items by all of their short parts."""

    method = "parts"

    def __init__(self, items: list[Item], but: set[int]) -> None:
        """`but` are those that another search holds."""
        self._items, self._rows = items, list[Row]()
        self._parts = {number: (item.letters, *map(folded, item.options)) for number, item in enumerate(items) if number not in but}
        self._parts = {number: parts for number, parts in self._parts.items() if _tells(parts)}
        windows = {
            number: [hashes_of(part, WIDTH) for part in parts if len(part) >= WIDTH + STEP - 1] for number, parts in self._parts.items()
        }
        every = [numpy.unique(numpy.concatenate(mine)) for mine in windows.values() if mine]
        known, counts = numpy.unique(numpy.concatenate([numpy.empty(0, numpy.uint64), *every]), return_counts=True)
        hashes, owners, self.held = [numpy.empty(0, numpy.uint64)], [numpy.empty(0, numpy.int64)], set[int]()
        for number, mine in windows.items():
            if len(rarest := _rarest(mine, known, counts)):
                hashes.append(rarest)
                owners.append(numpy.full(len(rarest), number))
                self.held.add(number)
        self.without = len(items) - len(but | self.held)
        self._index = Index.of(numpy.concatenate(hashes), numpy.concatenate(owners), len(items))

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        if not self.held:
            return
        places, grams = self._index.find(batch.block.sums.windows(WIDTH, STEP))
        which, owners = self._index.owned(grams)
        texts = batch.block.text_at(places * STEP)[which]
        letters: dict[int, str] = {}
        for key in numpy.unique((texts << 32) + owners).tolist():
            text, number = key >> 32, key & 0xFFFFFFFF
            if text not in letters:
                letters[text] = batch.block.letters_of(text)
            if any(_holds(window, self._parts[number][1:]) for window in _behind(letters[text], self._parts[number])):
                item = self._items[number]
                span = stretch(batch.block.texts[text], item.letters) or item.letters[:200]
                self._rows.append((*batch.keys[text], item.bench, item.id, self.method, 1.0, span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found."""
        return self._rows


def _tells(parts: tuple[str, ...]) -> bool:
    """Whether parts tell an item: none is empty, there are three options or more, and enough characters."""
    return len(parts) > 3 and all(parts) and len(parts[0]) >= LEAST_QUESTION and sum(map(len, parts)) >= SHORTEST


def _rarest(windows: list[Hashes], known: Hashes, counts: numpy.ndarray) -> Hashes:
    """`STEP` windows in a row of which the commonest belongs to the fewest items; none where that is too many."""
    best, least = numpy.empty(0, numpy.uint64), FAMILIAR + 1
    for mine in windows:
        shared = counts[numpy.searchsorted(known, mine)]
        most = numpy.lib.stride_tricks.sliding_window_view(shared, STEP).max(axis=1)
        if most.min() < least:
            place, least = int(most.argmin()), int(most.min())
            best = mine[place : place + STEP]
    return best


def _behind(letters: str, parts: tuple[str, ...]) -> Iterator[str]:
    """What stands behind the question, each time that it is asked, as far as its options reach."""
    reach = sum(map(len, parts[1:])) + MARKS * len(parts) + SLACK
    start = letters.find(parts[0])
    while start >= 0:
        end = start + len(parts[0])
        yield letters[end : end + reach]
        start = letters.find(parts[0], start + 1)


def _holds(window: str, options: tuple[str, ...]) -> bool:
    """Whether all options stand there, each in a place of its own."""
    for option in sorted(options, key=len, reverse=True):
        if option not in window:
            return False
        window = window.replace(option, "\0", 1)
    return True
