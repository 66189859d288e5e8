"""Which texts hold a character of a rare class: found over the bytes of UTF-8, in a third of the time that a search takes.

odd, lost = holding(frame["question"], r"[\\p{Cf}\\x{FE00}-\\x{FE0F}]", r"\\x{FFFD}")     # their rows
"""

import functools

import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Flags, Places
from koreason.columns.utf8 import Table, counted

SIZE = 64  # code points that are looked up together


def holding(texts: pl.Series, *patterns: str) -> list[Places]:
    """For each of some patterns the rising rows of the texts that hold a character of its class.

    Each character of a class is a match by itself, so that these are the rows in which the pattern matches.
    """
    return [numpy.flatnonzero(row) for row in counted(texts, _table(patterns), [1 << place for place in range(len(patterns))])]


@functools.cache
def _table(patterns: tuple[str, ...]) -> Table:
    return Table(members(*patterns))


def members(*patterns: str) -> Bytes:
    """For each code point a bit for each pattern, set where it matches it."""
    found, blocks = numpy.zeros(0x110000, numpy.uint8), _blocks()
    for place, pattern in enumerate(patterns):
        found |= _members(pattern, blocks).astype(numpy.uint8) << place
    return found


def _blocks() -> pl.Series:
    """All characters, 64 a text."""
    points = numpy.arange(0x110000, dtype=numpy.uint32)
    points[0xD800:0xE000] = 0x20000  # surrogates stand in no text
    text = points.tobytes().decode("utf-32-le")
    return pl.Series([text[first : first + SIZE] for first in range(0, len(text), SIZE)])


def _members(pattern: str, blocks: pl.Series) -> Flags:
    """For each code point whether a pattern matches it."""
    some = blocks.str.contains(pattern).to_numpy()
    members, mixed = numpy.repeat(some, SIZE), numpy.flatnonzero(some)[blocks.filter(some).str.count_matches(pattern).to_numpy() < SIZE]
    for block in mixed.tolist():
        members[block * SIZE : (block + 1) * SIZE] = pl.Series(list(blocks[block])).str.contains(pattern).to_numpy()
    return members
