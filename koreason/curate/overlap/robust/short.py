"""Short items: windows of theirs lead to texts that may hold them, and all of their parts decide.

search = Whole(items, but={3})
search.look(batch)
search.rows({})

An item that is too short for runs of windows, or shares all of its own, counts where the text has all of it, options too: one part has
15 folded characters at least. `parts.py` looks for those of which no part is so long.
"""

from collections.abc import Mapping, Sequence

import numpy

from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.fold import folded, stretch
from koreason.curate.overlap.hashed.grams import Hashes, Index, hashes_of
from koreason.curate.overlap.items import Item

ANCHOR, STEP, SHORTEST = 12, 4, 15  # of an item, which must hold a window of ANCHOR at any multiple of STEP


class Led:
    """Looks for items in the texts that a window leads to.

    Attributes:
        held: numbers of the items that are looked for.
    """

    method: str
    width: int  # of the windows

    def __init__(self, items: list[Item], parts: Mapping[int, Sequence[str]], windows: Mapping[int, Hashes]) -> None:
        """`windows` has `STEP` in a row of each item that is looked for; the first of its `parts` is shown where it is found."""
        self._items, self._parts, self._rows, self.held = items, parts, list[Row](), set(windows)
        self._index = Index.by_owner(windows, len(items))

    def holds(self, letters: str, parts: Sequence[str]) -> bool:
        """Whether a folded text has an item's parts."""
        raise NotImplementedError

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        if not self.held:
            return
        places, grams = self._index.find(batch.block.sums.windows(self.width, STEP))
        which, owners = self._index.owned(grams)
        texts = batch.block.text_at(places * STEP)[which]
        letters: dict[int, str] = {}
        for key in numpy.unique((texts << 32) + owners).tolist():
            text, number = key >> 32, key & 0xFFFFFFFF
            if text not in letters:
                letters[text] = batch.block.letters_of(text)
            if self.holds(letters[text], self._parts[number]):
                item, part = self._items[number], self._parts[number][0]
                span = stretch(batch.block.texts[text], part) or part[:200]
                self._rows.append((*batch.keys[text], item.bench, item.id, self.method, 1.0, span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found."""
        return self._rows


class Whole(Led):
    """Looks for items of which one part at least is long enough to lead to them."""

    method, width = "whole", ANCHOR
    without = 0  # what it does not look for, `Parts` may

    def __init__(self, items: list[Item], but: set[int]) -> None:
        """`but` are those that another search holds."""
        parts = {number: (item.letters, *map(folded, item.options)) for number, item in enumerate(items) if number not in but}
        longest = {number: max(mine, key=len) for number, mine in parts.items()}
        parts = {number: (longest[number], *mine) for number, mine in parts.items() if len(longest[number]) >= SHORTEST}
        super().__init__(items, parts, {number: hashes_of(mine[0], ANCHOR)[:STEP] for number, mine in parts.items()})

    def holds(self, letters: str, parts: Sequence[str]) -> bool:
        """Whether it has all of them, wherever."""
        return all(part in letters for part in parts)
