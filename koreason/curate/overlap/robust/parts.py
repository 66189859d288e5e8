"""Items of which no part is long: question and options, close together and in whatever order the options are.

search = Parts(items, held)
search.look(batch)
search.rows({})

`What is the capital? Seoul, Busan, Daegu` has no stretch that tells it, and all of its parts in one place do. The question has 6 folded
characters at least, the parts `SHORTEST` together; options stand behind the question, with no more between them than their marks. What
leads to an item is the rarest window of `WIDTH` in its parts; one of which all windows belong to more than `FAMILIAR` items, such as
`which of these is right`, is not looked for.
"""

from collections.abc import Iterator, Sequence

import numpy

from koreason.curate.overlap.fold import folded
from koreason.curate.overlap.hashed.grams import Hashes, hashes_of
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.robust.short import SHORTEST, STEP, Led

WIDTH = 6  # of the windows that lead to an item
FAMILIAR = 8  # items
LEAST_QUESTION = 6
MARKS, SLACK = 4, 8  # folded characters beside each option, and beside all


class Parts(Led):
    """Looks for items by all of their short parts."""

    method, width = "parts", WIDTH

    def __init__(self, items: list[Item], but: set[int]) -> None:
        """`but` are those that another search holds."""
        parts = {number: (item.letters, *map(folded, item.options)) for number, item in enumerate(items) if number not in but}
        parts = {number: mine for number, mine in parts.items() if _tells(mine)}
        windows = {number: [hashes_of(part, WIDTH) for part in mine if len(part) >= WIDTH + STEP - 1] for number, mine in parts.items()}
        every = [numpy.unique(numpy.concatenate(mine)) for mine in windows.values() if mine]
        known, counts = numpy.unique(numpy.concatenate([numpy.empty(0, numpy.uint64), *every]), return_counts=True)
        rarest = {number: _rarest(mine, known, counts) for number, mine in windows.items()}
        super().__init__(items, parts, {number: mine for number, mine in rarest.items() if len(mine)})
        self.without = len(items) - len(but | self.held)

    def holds(self, letters: str, parts: Sequence[str]) -> bool:
        """Whether all options stand behind the question."""
        return any(_holds(window, parts[1:]) for window in _behind(letters, parts))


def _tells(parts: Sequence[str]) -> bool:
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


def _behind(letters: str, parts: Sequence[str]) -> Iterator[str]:
    """What stands behind the question, each time that it is asked, as far as its options reach."""
    reach = sum(map(len, parts[1:])) + MARKS * len(parts) + SLACK
    start = letters.find(parts[0])
    while start >= 0:
        end = start + len(parts[0])
        yield letters[end : end + reach]
        start = letters.find(parts[0], start + 1)


def _holds(window: str, options: Sequence[str]) -> bool:
    """Whether all options stand there, each in a place of its own."""
    for option in sorted(options, key=len, reverse=True):
        if option not in window:
            return False
        window = window.replace(option, "\0", 1)
    return True
