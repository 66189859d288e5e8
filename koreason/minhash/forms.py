"""Texts as they are compared: their code points, without white space and marks that change nothing.

    forms_of(pl.Series(["두 수의 합은 ?"]))         # the form `두수의합은`
    read(texts, alphabet(lower=True, dropped=r"\\p{Cf}", told=r"\\p{Nl}"))      # forms, and which rows hold `Ⅷ`

One blank stays where white space separates two ASCII letters or digits: `1 23` is not `12 3`, `x 2` not `x2`; `12 cm` is `12cm`, since no
letter continues a number.
"""

import functools
import itertools
import sys
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b

import numpy
import numpy.typing
import polars as pl

from koreason.columns.arrays import Flags, Places, kept, set_before, steps, sums_before
from koreason.columns.suspects import members
from koreason.languages import WHITE_SPACE, code_points

Points = numpy.typing.NDArray[numpy.uint32]
Kinds = numpy.typing.NDArray[numpy.uint8]

# Blocks of letters without case only, and of others among them.
IDEOGRAPHS = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x323B0))
SCRIPTS = ((0x80, 0x3400), (0xA000, 0xAC00), (0xF900, 0x10000))
CASED = ((0, 0x3000), (0xA000, 0xAC00), (0xFF00, 0x11000))
# Marks of a sentence, and those that quote.
MARKS, QUOTES = ".,?!~…;", "\"'“”‘’"
CURLY = {"“": '"', "”": '"', "‘": "'", "’": "'"}
WHITE, LO, MARK, QUOTE, CLOSING, DIGIT, LETTER = 1, 2, 3, 4, 5, 6, 7
TOLD, DROPPED = 8, 16  # bits of a kind
POINT, BITS = numpy.uint32(2**21 - 1), numpy.uint32(21)  # of what an alphabet says: a code point, and above it a kind
BLOCK_ROWS = 1024
WIDE = (b"", b"utf-32")  # what BLAKE2b is told of how characters are written


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
        """BLAKE2b of each form, salted with its guard, 16 bytes; shapes (n,) to (n, 16) of uint8.

        Hashed are two bytes a character, or four where a form has one beyond U+FFFF.
        """
        salts, ends = guards.astype("<u8").tobytes(), self.ends
        beyond = self.points > 0xFFFF
        narrow, wide = self.points.astype("<u2").data, self.points.astype("<u4").data if beyond.any() else b""
        long = numpy.diff(sums_before(beyond)[numpy.append(0, ends)]) > 0 if wide else numpy.zeros(len(ends), bool)
        places = zip(range(0, len(salts), 8), [0, *ends.tolist()], ends.tolist(), long.tolist(), strict=False)
        digests = [
            blake2b((wide if astral else narrow)[first:end], digest_size=16, salt=salts[salt : salt + 8], person=WIDE[astral]).digest()
            for salt, first, end, astral in places
        ]
        return numpy.frombuffer(b"".join(digests), numpy.uint8).reshape(-1, 16)

    def take(self, rows: Places) -> "Forms":
        """The forms of some prompts, in the order of `rows`."""
        lengths = self.lengths[rows]
        return Forms(self.points[ranges(self.ends[rows] - lengths, lengths)], lengths)

    def replaced(self, rows: Places, others: "Forms") -> "Forms":
        """The same with others in place of some."""
        order = numpy.arange(len(self.lengths))
        order[rows] = len(order) + numpy.arange(len(rows))
        return joined([self, others]).take(order)


def ranges(firsts: Places, lengths: Places) -> Places:
    """The numbers from each of `firsts`, as many as `lengths` says, one range after the other."""
    starts = numpy.cumsum(lengths) - lengths
    found: Places = numpy.arange(int(lengths.sum())) + numpy.repeat(firsts - starts, lengths)
    return found


def forms_of(texts: pl.Series, white: bool = False) -> Forms:
    """Texts without white space and case kept, or as they are with `white`."""
    return read(texts, None if white else alphabet())[0]


def read(texts: pl.Series, letters: Points | None) -> tuple[Forms, Places]:
    """The forms of texts read by an `alphabet`, or of all their characters without one, and the rows of those with one that is told."""
    lengths = texts.str.len_chars().to_numpy().astype(numpy.int64)
    parts, rows = [], [numpy.empty(0, numpy.int64)]
    for first in range(0, len(texts), BLOCK_ROWS):  # which stay in the cache
        block = texts.slice(first, BLOCK_ROWS)
        points = numpy.frombuffer((block.str.join("").item() or "").encode("utf-32-le"), numpy.uint32)
        found = Forms(points, lengths[first : first + BLOCK_ROWS])
        if letters is not None:
            found, told = _read(found, letters)
            rows.append(told + first)
        parts.append(found)
    return joined(parts), numpy.concatenate(rows)


def _read(found: Forms, letters: Points) -> tuple[Forms, Places]:
    read_as, told = letters.take(found.points), numpy.empty(0, numpy.int64)
    points, kinds = read_as & POINT, (read_as >> BITS).astype(numpy.uint8)
    if kinds.max(initial=0) >= TOLD:
        told = numpy.unique(numpy.searchsorted(found.ends, numpy.flatnonzero(kinds & TOLD), side="right"))
        keep = kinds < DROPPED
        points, kinds = kept(keep, points, kinds & (TOLD - 1))
        found = Forms(points, steps(set_before(keep, found.ends)))
    return _without_white(Forms(points, found.lengths), kinds), told


def joined(parts: list[Forms]) -> Forms:
    """Several forms as one."""
    return Forms(
        numpy.concatenate([numpy.empty(0, numpy.uint32), *(part.points for part in parts)]),
        numpy.concatenate([numpy.empty(0, numpy.int64), *(part.lengths for part in parts)]),
    )


def _without_white(found: Forms, kinds: Kinds) -> Forms:
    """Drop white space but where it separates two ASCII letters or digits of one text, no digit from a letter: there one blank stays."""
    points, ends = found.points, found.ends
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


def _without_marks(found: Forms, kinds: Kinds) -> Forms:
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
    places = places[drop | opening]
    keep = numpy.ones(len(points), bool)
    keep[places] = False
    (points,) = kept(keep, points)
    return Forms(points, found.lengths - steps(numpy.searchsorted(places, ends)))


@functools.cache
def alphabet(lower: bool = False, dropped: str = "", told: str = "", white: str = "") -> Points:
    """What each code point is read as, with its kind: as it is or in lower case, quotes straight, or not at all, and told or not.

    `dropped`, `told` and what counts as `white` space are regular expressions of one character.
    """
    points = numpy.arange(sys.maxunicode + 1, dtype=numpy.uint32)
    for point in itertools.chain(*(range(*block) for block in CASED)) if lower else ():
        if len(small := chr(point).lower()) == 1:
            points[point] = ord(small)
    points[[ord(curly) for curly in CURLY]] = [ord(straight) for straight in CURLY.values()]
    kinds = _kinds()
    patterns = {kind: pattern for kind, pattern in ((WHITE, white), (TOLD, told), (DROPPED, dropped)) if pattern}
    found = members(*patterns.values())
    for place, kind in enumerate(patterns):
        mine = (found & 1 << place) > 0
        kinds[mine] = WHITE if kind == WHITE else kinds[mine] | kind
    return points | kinds.astype(numpy.uint32) << BITS


def _kinds() -> Kinds:
    """What each code point is: white space, an ASCII digit or letter, a letter without case, a mark, or none of these."""
    kinds = numpy.zeros(sys.maxunicode + 1, numpy.uint8)
    for first, last in IDEOGRAPHS:
        kinds[first:last] = LO
    kinds[[point for block in SCRIPTS for point in range(*block) if unicodedata.category(chr(point)) == "Lo"]] = LO
    for characters, kind in ((MARKS, MARK), (QUOTES, QUOTE), (")]}", CLOSING)):
        kinds[[ord(character) for character in characters]] = kind
    for ranges_, kind in ((WHITE_SPACE, WHITE), ("0-9", DIGIT), ("A-Za-z", LETTER)):
        kinds[code_points(ranges_)] = kind
    return kinds
