"""Some texts side by side as arrays, which all searches share.

for block in blocks(texts): block.sums.windows(30)
"""

import unicodedata
from collections.abc import Iterator
from functools import cached_property

import numpy
import polars as pl

from koreason.curate.overlap.fold import LAYOUT, Bytes, class_table, fold_table
from koreason.curate.overlap.hashed.grams import CODES, Flags, Places, Sums

BYTES = 1 << 19  # of text a block: its arrays stay in the cache


class Block:
    """Consecutive texts of a chunk; `raw` leaves layout commands in.

    Attributes:
        texts: as they came; null is empty.
        units: UTF-16 code units of all, composed and without layout commands, a 0 after each text.
        ends: where each text's 0 is, shape (texts,).
    """

    def __init__(self, texts: pl.Series, raw: bool = False) -> None:
        self.texts = texts
        self.units, self.ends = _units(texts if raw else texts.str.replace_all(LAYOUT, ""))

    @cached_property
    def _folded(self) -> tuple[numpy.ndarray, Places]:
        units = fold_table()[self.units]
        keep = units != 0
        return units[keep], numpy.flatnonzero(keep)

    @cached_property
    def sums(self) -> Sums:
        """Of the folded text."""
        return Sums(CODES[self._folded[0]])

    @cached_property
    def starts(self) -> Places:
        """Where each text's folded units begin, and where the last ones end; shape (texts + 1,)."""
        return numpy.append(0, numpy.searchsorted(self._folded[1], self.ends))

    @cached_property
    def places(self) -> Places:
        """Where among `units` each folded unit is."""
        return self._folded[1]

    @property
    def letters(self) -> numpy.ndarray:
        """The folded units."""
        return self._folded[0]

    @cached_property
    def classes(self) -> Bytes:
        """ASCII class of each unit."""
        classes: Bytes = class_table()[self.units]
        return classes

    def text_at(self, places: Places) -> Places:
        """Which text each place among the folded units belongs to."""
        found: Places = numpy.searchsorted(self.starts, places, side="right") - 1
        return found

    def inside(self, places: Places, width: int) -> Flags:
        """Which windows of `width` folded units lie inside of one text."""
        found: Flags = places + width <= self.starts[self.text_at(places) + 1]
        return found

    def text_between(self, start: int, end: int, most: int = 200) -> str:
        """What the units from `start` to before `end` say, on one line, at most `most` characters."""
        text = self.units[start : min(end, start + 2 * most)].tobytes().decode("utf-16-le", "replace")
        return " ".join(text.split())[:most]

    def letters_of(self, text: int) -> str:
        """One text, folded."""
        return str(self._folded[0][self.starts[text] : self.starts[text + 1]].tobytes().decode("utf-16-le", "surrogatepass"))


def blocks(texts: pl.Series) -> Iterator[tuple[int, Block]]:
    """Blocks of about `BYTES` bytes, in order, each with the number of its first text."""
    sizes = numpy.cumsum(texts.str.len_bytes().fill_null(0).to_numpy().astype(numpy.int64) + 1)
    first = 0
    while first < len(texts):
        base = int(sizes[first - 1]) if first else 0
        last = max(int(numpy.searchsorted(sizes, base + BYTES)), first + 1)
        yield first, Block(texts.slice(first, last - first).fill_null(""))
        first = last


def _units(texts: pl.Series) -> tuple[numpy.ndarray, Places]:
    joined = (texts.str.join("\0").item() or "") + "\0"
    units = numpy.frombuffer(joined.encode("utf-16-le", "surrogatepass"), numpy.uint16)
    ends = numpy.flatnonzero(units == 0)
    # combining marks and Hangul in parts are rare and composed where they are; a zero inside of a text would end it
    parts = ((units >= 0x0300) & (units < 0x0370)) | ((units >= 0x1100) & (units < 0x1200)) | ((units >= 0x3099) & (units < 0x309B))
    if len(ends) == len(texts) and not parts.any():
        return units, ends
    joined = "".join(unicodedata.normalize("NFC", text.replace("\0", "")) + "\0" for text in texts)
    units = numpy.frombuffer(joined.encode("utf-16-le", "surrogatepass"), numpy.uint16)
    return units, numpy.flatnonzero(units == 0)
