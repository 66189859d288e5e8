"""Letters of texts by language: of the target, of those beside it, and leaked.

    found = letters(texts, Scripts(("Hangul",), ("Latin",)))
    found.target / found.letters

A letter is a character of one of the catalogue's scripts whose Unicode category is letter or mark, but Hangul's fillers, which nobody
sees. Greek is no such script: in a trace it is mathematics. Digits, marks and symbols are no letters.
"""

import functools
import sys
import unicodedata
from dataclasses import dataclass

import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Places, buffers, pieces
from koreason.columns.utf8 import Table, between
from koreason.languages import SCRIPTS, WHITE_SPACE, Language, Script, code_points
from koreason.switching.characters import FILLERS
from koreason.switching.spans import outside
from koreason.switching.spec import Beside

NAMES: tuple[Script, ...] = tuple(SCRIPTS)  # type: ignore[arg-type]
# What a character is: the number of its script from 1, or one of these.
SPACE, APOSTROPHE = 16, 32
# What a letter is to a recipe, a bit for each.
TARGET, OTHER, LEAKED = 1, 2, 4
BLOCK_BYTES = 1 << 20  # of text looked at together
DECOMPOSED = "[\u0300-\u036f\u1100-\u11ff]"  # in letters that are not composed


@functools.cache
def table() -> Table:
    """What each character is."""
    of = numpy.zeros(sys.maxunicode + 1, numpy.uint8)
    for number, name in enumerate(NAMES, 1):
        for code in code_points(SCRIPTS[name]).tolist():
            if unicodedata.category(chr(code))[0] in "LM":
                of[code] = number
    of[[*code_points(WHITE_SPACE), *map(ord, FILLERS)]] = SPACE
    of[[ord("'"), ord("’")]] = APOSTROPHE
    return Table(of, range(1, len(NAMES) + 1))


@dataclass(frozen=True)
class Scripts:
    """The target language's scripts, and those of the languages beside it."""

    target: tuple[Script, ...]
    beside: tuple[Script, ...]

    @classmethod
    def of(cls, language: Language, beside: Beside) -> "Scripts":
        """Those of a language, and what a recipe has beside it."""
        return cls(tuple(language.scripts), tuple(beside.scripts))

    def kinds(self) -> bytes:
        """For each value of a mark the kind of letter; 0 for what is none."""
        kinds = [0, *(TARGET if name in self.target else OTHER if name in self.beside else LEAKED for name in NAMES)]
        return bytes(kinds + [0] * (256 - len(kinds)))


@dataclass(frozen=True)
class Block:
    """Some texts in one piece.

    Attributes:
        raw: their bytes.
        edges: where in them each text begins, with the end of the last.
        marks: what the character is that begins at each byte, up to a whole word of eight.
        kinds: the same as kinds of letters.
        rows: the place of the first text among all, and of the one behind the last.
    """

    raw: Bytes
    edges: Places
    marks: Bytes
    kinds: Bytes
    rows: tuple[int, int]


def cut(texts: pl.Series, scripts: Scripts) -> list[Block]:
    """Texts in blocks that fit into the cache, one at least; nulls are empty."""
    data, offsets = buffers(texts)
    kinds, found = scripts.kinds(), []
    for first, last in list(pieces(offsets, BLOCK_BYTES)) or [(0, 0)]:
        raw = data[offsets[first] : offsets[last]]
        marks = table().marks(raw.tobytes())
        of_letters = numpy.frombuffer(marks.tobytes().translate(kinds), numpy.uint8)
        found.append(Block(raw, offsets[first : last + 1] - offsets[first], marks, of_letters, (first, last)))
    return found


@dataclass(frozen=True)
class Letters:
    """Counts for each text: its letters, those of the target, those that leaked, and its characters but white space."""

    letters: Places
    target: Places
    leaked: Places
    visible: Places


def letters(texts: pl.Series, cuts: list[Block]) -> Letters:
    """The letters of texts and their blocks."""
    found = numpy.zeros((4, len(texts)), numpy.int64)
    for block in cuts:
        rows = slice(*block.rows)
        for place, kind in enumerate((TARGET, OTHER, LEAKED)):
            found[place, rows] = between(block.kinds, kind, block.edges)
        found[3, rows] = between(block.marks, SPACE, block.edges)
    target, other, leaked, space = found
    characters = texts.str.len_chars().fill_null(0).to_numpy().astype(numpy.int64)
    return Letters(target + other + leaked, target, leaked, characters - space)


def by_script(cuts: list[Block]) -> dict[str, int]:
    """Letters of each script that occurs."""
    counts = {name: sum(int(numpy.count_nonzero(block.marks == number)) for block in cuts) for number, name in enumerate(NAMES, 1)}
    return {name: count for name, count in counts.items() if count}


def prose(texts: pl.Series) -> pl.Series:
    """Texts without formulas, code and addresses, for each of which a space stands, and in Unicode NFC; nulls are empty."""
    texts = texts.fill_null("")
    bare = outside(texts)
    if bare.height:
        texts = texts.clone().scatter(bare["row"], bare["text"])
    data = buffers(texts)[0]
    if not ((data >> 1 == 0xCC >> 1) | (data == 0xE1)).any():  # no such character: their first bytes are CC, CD and E1
        return texts
    rows = texts.str.contains(DECOMPOSED).arg_true()
    return texts.clone().scatter(rows, texts.gather(rows).str.normalize("NFC")) if len(rows) else texts
