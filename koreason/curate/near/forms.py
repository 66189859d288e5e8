"""What of a prompt is compared with others, by its kind: the form. Prompts of equal form and guard are equal.

    forms(frame, "stem", Talk()).digests(guards)      # 16 bytes a prompt

text  all that is asked (passage, question, options) without white space, but for one blank where it separates two ASCII letters or digits:
      `1 23` is not `12 3`, `x 2` not `x2`; `12 cm` is `12cm`, since no letter continues a number. Case matters.
stem  the same; near twins need the same guard (`guards.py`).
code  lines and their indentation stay, white space at the ends of lines and of the text does not count; guarded.
exam  question and options, each as `text`, without the passage. Where there are no options the passage belongs to it, and so does the gold
      or, without one, the answer: `Which is right?` is asked a thousand times. Guarded.
talk  as `text` without invisible marks and without what `Talk.talk` matches, in lower case. A prompt that is nothing else keeps it.
"""

import functools
import hashlib
import sys
import unicodedata
from dataclasses import dataclass

import numpy
import numpy.typing
import polars as pl

from koreason.arrays import Flags, Places, kept, set_before, steps
from koreason.curate.spec import Talk, TwinKind
from koreason.languages import WHITE_SPACE, code_points
from koreason.suspects import holding

Points = numpy.typing.NDArray[numpy.uint32]

OPTION = "\x1f"  # stands before each option; clean leaves no such character in a text
# Format characters, variation selectors and Hangul fillers.
INVISIBLE = r"[\p{Cf}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}\x{115F}\x{1160}\x{3164}\x{FFA0}\p{Extended_Pictographic}&&[^\x00-\x7F]]+"
# Blocks of letters without case only, and of others among them.
IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x323B0))
SCRIPTS = ((0x80, 0x3400), (0xA000, 0xAC00), (0xF900, 0x10000))
CASED = ((0, 0x3000), (0xA000, 0xAC00), (0xFF00, 0x11000))
# Marks of a sentence, and those that quote.
MARKS, QUOTES = ".,?!~…;", "\"'“”‘’"
CURLY = {"“": '"', "”": '"', "‘": "'", "’": "'"}
WHITE, LO, MARK, QUOTE, CLOSING, DIGIT, LETTER = 1, 2, 3, 4, 5, 6, 7
BLOCK_ROWS = 512


@dataclass(frozen=True)
class Forms:
    """The forms of n prompts, one after the other.

    Attributes:
        points: code points of all of them.
        lengths: of each in code points; shape (n,).
    """

    points: Points
    lengths: Places

    @property
    def ends(self) -> Places:
        """Where each ends; shape (n,)."""
        return numpy.cumsum(self.lengths)

    def digests(self, guards: numpy.typing.NDArray[numpy.uint64]) -> numpy.typing.NDArray[numpy.uint8]:
        """BLAKE2b of each form, salted with its guard, 16 bytes; shapes (n,) to (n, 16) of uint8."""
        data, salts, ends = self.points.view(numpy.uint8).data, guards.astype("<u8").tobytes(), (4 * self.ends).tolist()
        places = zip(range(0, len(salts), 8), [0, *ends], ends, strict=False)
        digests = [hashlib.blake2b(data[first:end], digest_size=16, salt=salts[salt : salt + 8]).digest() for salt, first, end in places]
        return numpy.frombuffer(b"".join(digests), numpy.uint8).reshape(-1, 16)

    def take(self, rows: Places) -> "Forms":
        """The forms of some prompts, in the order of `rows`."""
        lengths = self.lengths[rows]
        return Forms(self.points[ranges(self.ends[rows] - lengths, lengths)], lengths)


def ranges(firsts: Places, lengths: Places) -> Places:
    """The numbers from each of `firsts`, as many as `lengths` says, one range after the other."""
    starts = numpy.cumsum(lengths) - lengths
    found: Places = numpy.arange(int(lengths.sum())) + numpy.repeat(firsts - starts, lengths)
    return found


def forms(frame: pl.DataFrame, kind: TwinKind, language: Talk) -> Forms:
    """The forms of prompts with the columns of `CLEANED`."""
    texts = frame.select(compared(kind)).to_series()
    if kind == "code":
        return _forms(texts.str.replace_all(r"[^\S\n]+(\n|$)", "$1").str.strip_chars("\n"))
    if kind == "talk":
        if len(rows := holding(texts, INVISIBLE)[0]):
            texts = texts.clone().scatter(rows, texts.gather(rows).str.replace_all(INVISIBLE, ""))
        if language.talk:
            plain = texts.str.replace_all(language.talk, " ")
            texts = plain.zip_with(plain.str.contains(r"\S"), texts)
        return _forms(texts, white=False, lower=True)
    return _forms(texts, white=False)


def compared(kind: TwinKind) -> pl.Expr:
    """All of a prompt's words that are compared, as they are."""
    options = pl.lit(OPTION) + pl.col("options").list.join(OPTION)
    passage, question = pl.col("passage") + "\n", pl.col("question").fill_null("")
    if kind != "exam":
        return pl.concat_str(passage.fill_null(""), question, options.fill_null(""))
    alone = pl.concat_str(passage.fill_null(""), question, (pl.lit(OPTION) + pl.coalesce("gold", "answer")).fill_null(""))
    return pl.when(pl.col("options").list.len() > 0).then(question + options).otherwise(alone)


def _forms(texts: pl.Series, white: bool = True, lower: bool = False) -> Forms:
    """The texts as they are, or without white space, or in lower case; in blocks, which stay in the cache."""
    lengths = texts.str.len_chars().to_numpy().astype(numpy.int64)
    parts = []
    for first in range(0, len(texts), BLOCK_ROWS):
        block = texts.slice(first, BLOCK_ROWS)
        points = numpy.frombuffer((block.str.join("").item() or "").encode("utf-32-le"), numpy.uint32)
        found = Forms(points, lengths[first : first + BLOCK_ROWS])
        found = found if white else _without_white(found)
        parts.append(Forms(_lower().take(found.points), found.lengths) if lower else found)
    return joined(parts)


def joined(parts: list[Forms]) -> Forms:
    """Several forms as one."""
    return Forms(
        numpy.concatenate([numpy.empty(0, numpy.uint32), *(part.points for part in parts)]),
        numpy.concatenate([numpy.empty(0, numpy.int64), *(part.lengths for part in parts)]),
    )


def _without_white(found: Forms) -> Forms:
    """Drop white space but where it separates two ASCII letters or digits of one text, no digit from a letter: there one blank stays."""
    points, ends = found.points, found.ends
    kinds = _marks().take(points)
    white = kinds == WHITE
    keep = ~white
    first = numpy.flatnonzero((kinds[:-1] >= DIGIT) & white[1:]) + 1
    if len(first):
        first, after = _runs(white, first)
        before, behind = kinds[first - 1], kinds[after]
        both = (behind >= DIGIT) & ((before == LETTER) | (behind == DIGIT))
        first, after = first[both], after[both]
        first = first[numpy.searchsorted(ends, first - 1, side="right") == numpy.searchsorted(ends, after, side="right")]
        keep[first] = True
        points = points.copy()
        points[first] = ord(" ")
    points, kinds = kept(keep, points, kinds)
    return _without_marks(Forms(points, steps(set_before(keep, ends))), kinds)


def _runs(white: Flags, firsts: Places) -> tuple[Places, Places]:
    """Runs of white space that something follows, by their first places: those, and the places behind them."""
    after = numpy.minimum(firsts + 1, len(white) - 1)
    if white[after].any():
        solid = numpy.append(numpy.flatnonzero(~white), len(white))
        after = solid[numpy.searchsorted(solid, firsts)]
        inner = after < len(white)
        firsts, after = firsts[inner], after[inner]
    return firsts, after


def _without_marks(found: Forms, kinds: numpy.typing.NDArray[numpy.uint8]) -> Forms:
    """Drop marks behind letters without case, and quotes before them that do not stand behind a digit or another letter."""
    points, ends = found.points, found.ends
    places = numpy.flatnonzero((kinds == MARK) | (kinds == QUOTE))
    if not len(places):
        return found
    starts = numpy.zeros(len(points) + 1, bool)
    starts[ends - found.lengths] = True
    head = numpy.ones(len(places), bool)
    head[1:] = (numpy.diff(places) != 1) | starts[places[1:]]
    before = numpy.where(starts[places], 0, kinds[places - 1])
    behind = numpy.where(starts[places + 1], 0, kinds[numpy.minimum(places + 1, len(points) - 1)])
    runs = numpy.flatnonzero(head)
    drop = numpy.repeat(before[runs] == LO, numpy.diff(numpy.append(runs, len(places))))
    opening = (kinds[places] == QUOTE) & (behind == LO) & (before < CLOSING)
    for curly, straight in CURLY.items():
        points[places[points[places] == ord(curly)]] = ord(straight)
    places = places[drop | opening]
    keep = numpy.ones(len(points), bool)
    keep[places] = False
    (points,) = kept(keep, points)
    return Forms(points, found.lengths - steps(numpy.searchsorted(places, ends)))


@functools.cache
def _lower() -> Points:
    """Each code point in lower case, where that is one."""
    points = numpy.arange(sys.maxunicode + 1, dtype=numpy.uint32)
    for block in CASED:
        for point in range(*block):
            if len(lower := chr(point).lower()) == 1:
                points[point] = ord(lower)
    return points


@functools.cache
def _marks() -> numpy.typing.NDArray[numpy.uint8]:
    """What each code point is: white space, an ASCII digit or letter, a letter without case, a mark, or none of these."""
    marks = numpy.zeros(sys.maxunicode + 1, numpy.uint8)
    for first, last in IDEOGRAPHS:
        marks[first:last] = LO
    marks[[point for block in SCRIPTS for point in range(*block) if unicodedata.category(chr(point)) == "Lo"]] = LO
    for characters, mark in ((MARKS, MARK), (QUOTES, QUOTE), (")]}", CLOSING)):
        marks[[ord(character) for character in characters]] = mark
    for ranges_, mark in ((WHITE_SPACE, WHITE), ("0-9", DIGIT), ("A-Za-z", LETTER)):
        marks[code_points(ranges_)] = mark
    return marks
