"""How many characters of a text are in the target language's scripts, are white space, are letters.

target, space, letters = counts(texts, ("Hangul",))

They are counted over the bytes of UTF-8. A table of 256 tells what most characters are by their first byte; for the first bytes that
begin characters of several kinds a second table knows the first two, and where these do not decide either, the character is decoded.
"""

import functools
import sys
import unicodedata

import numpy
import polars as pl

from koreason.arrays import Bytes, Places, buffers, pieces, sums_before
from koreason.languages import SCRIPTS, WHITE_SPACE, Script, code_points

TARGET, SPACE, LETTER, LOOK = 1, 2, 4, 128
BLOCK_BYTES = 1 << 20  # of text counted at once: few enough to stay in the cache
# Letters of Hangul by name that nobody sees.
FILLERS = "\u115f\u1160\u3164\uffa0"


@functools.cache
def kinds(scripts: tuple[Script, ...]) -> Bytes:
    """For each code point what it counts as, a bit for each: `TARGET`, `SPACE`, `LETTER` (of any script, with its marks)."""
    found = numpy.zeros(sys.maxunicode + 1, numpy.uint8)
    found[[code for code in range(0x323B0) if unicodedata.category(chr(code))[0] in "LM"]] = LETTER
    for ranges, kind in [(WHITE_SPACE, SPACE), *((SCRIPTS[script], TARGET) for script in scripts)]:
        found[code_points(ranges)] |= kind
    found[[ord(filler) for filler in FILLERS]] = SPACE  # they count for nothing
    return found


class Table:
    """What each character is, told by its first byte, by its first two (the first as the high one), or by itself.

    `of` has a kind below `LOOK` for each code point; `first` and `second` say `LOOK` where the bytes do not decide.
    """

    def __init__(self, of: Bytes) -> None:
        second = numpy.zeros(1 << 16, numpy.uint8)
        for lead, start, end, size in ((0xC2, 0x80, 0x800, 1), (0xE0, 0x800, 0x10000, 64), (0xF0, 0x10000, 0x110000, 4096)):
            blocks = of[start:end].reshape(-1, size)
            values = numpy.where((blocks == blocks[:, :1]).all(1), blocks[:, 0], LOOK)
            for place, value in enumerate(values, start // size % 64 if size > 1 else 0):
                second[(lead + place // 64) << 8 | 0x80 | place % 64] = value
        first = numpy.zeros(256, numpy.uint8)
        first[:0x80] = of[:0x80]
        for lead in range(0xC2, 0xF5):
            values = second[(lead << 8) + 0x80 : (lead << 8) + 0xC0]
            first[lead] = values[0] if (values == values[0]).all() else LOOK
        self.of, self.first, self.second = of, first.tobytes(), second

    def marks(self, data: bytes) -> Bytes:
        """What the character is that begins at each byte; 0 where none does, and behind the end up to a whole word of eight."""
        raw = numpy.frombuffer(data, numpy.uint8)
        marks = numpy.frombuffer(bytearray(data.translate(self.first)) + bytes(8 + -len(data) % 8), numpy.uint8)
        look = numpy.flatnonzero(marks >= LOOK)
        if look.size:
            values = self.second[raw[look].astype(numpy.intp) << 8 | raw[look + 1]]
            mixed = look[values == LOOK]
            marks[look] = values
            marks[mixed] = self.of[_decoded(raw, mixed)]
        return marks


@functools.cache
def _table(scripts: tuple[Script, ...]) -> Table:
    return Table(kinds(scripts))


def counts(texts: pl.Series, scripts: tuple[Script, ...], bits: tuple[int, ...] = (TARGET, SPACE, LETTER)) -> Places:
    """Characters of the target scripts, of white space, and letters of any script in each text, a row for each; a null is empty."""
    data, offsets = buffers(texts)
    found = numpy.zeros((len(bits), len(texts)), numpy.int64)
    if len(data):
        for first, last in pieces(offsets, BLOCK_BYTES):
            marks = _table(scripts).marks(data[offsets[first] : offsets[last]].tobytes())
            edges = offsets[first : last + 1] - offsets[first]
            for row, bit in enumerate(bits):
                found[row, first:last] = numpy.diff(before(marks, bit, edges))
    return found


def before(marks: Bytes, bit: int, edges: Places) -> Places:
    """How many of the marks before each edge have a bit: whole words of eight by their sum, the rest by a mask."""
    words = numpy.bitwise_count(marks.view("<u8") & numpy.uint64(bit * 0x0101010101010101))
    sums = sums_before(words)
    place, rest = edges >> 3, (edges & 7).astype(numpy.uint64) << numpy.uint64(3)
    cut = marks.view("<u8")[place] & ((numpy.uint64(1) << rest) - numpy.uint64(1)) & numpy.uint64(bit * 0x0101010101010101)
    found: Places = sums[place] + numpy.bitwise_count(cut)
    return found


def _decoded(data: Bytes, places: Places) -> Places:
    """Code points of the characters of three or four bytes that begin at `places`."""
    head, second, third = (data[places + step].astype(numpy.int64) for step in range(3))
    last = data[numpy.minimum(places + 3, len(data) - 1)].astype(numpy.int64) & 0x3F
    three = (head & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
    return numpy.where(head >= 0xF0, (head & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | last, three)
