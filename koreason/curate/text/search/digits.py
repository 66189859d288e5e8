"""How many digits stand how close to each other wherever a pattern matches: most texts have fewer, and need no search.

    bounds(r"01[0-9] ?- ?[0-9]{4}")     # (7, 10): seven digits, within ten characters
    Digits(texts).rows(7, 10)           # the texts that hold so many, and few others

Read out of the pattern by the parser of Python's own `re`, most of whose syntax it shares with Rust's `regex`, which searches with it.
"""

import functools
import re
import warnings
from collections.abc import Iterable
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import numpy
import polars as pl

from koreason.columns.arrays import Places, buffers, set_before

Bounds = tuple[int, int]
DIGITS = range(ord("0"), ord("9") + 1)
FLAGS = re.compile(r"(?:\(\?[a-z]+\))?")
SET = re.compile(r"\(\?[a-zA-Z-]+\)")
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:|[^\]\\])*\]|[()|#]", re.DOTALL)
FEW, ENOUGH = 6, 4  # alternatives of a group that are looked at one by one; digits, of which fewer tell nothing
WIDEST = 1000  # characters: of what may be longer, digits tell nothing
BLOCK_BYTES = 1 << 18  # looked at together: few enough to stay in the cache


@functools.cache
def bounds(pattern: str) -> Bounds | None:
    """The fewest ASCII digits of a match and the most characters in which they stand, what stands around them without any left out;
    None where they tell nothing, or it is not Python's syntax."""
    parsed = _parsed(pattern)
    if parsed is None:
        return None
    counts = [_of(*part) for part in parsed]
    some = [place for place, count in enumerate(counts) if count]
    width = parsed[some[0] : some[-1] + 1].getwidth()[1] if some else 0
    return (sum(counts), width) if sum(counts) >= ENOUGH and width <= WIDEST else None


def _parsed(pattern: str) -> Any | None:
    try:
        with warnings.catch_warnings(action="error"):  # of what Rust reads otherwise
            return _parser.parse(pattern)
    except (re.error, OverflowError, Warning):
        return None


@functools.cache
def branches(pattern: str) -> list[str]:
    """Patterns of which one matches where a pattern does: its alternatives with digits enough, and all others as one."""
    found = FLAGS.match(pattern)
    flags = found[0] if found else ""
    few: list[str] = []
    many: list[str] = []
    if _parsed(pattern) is None:
        return [pattern]
    for part in _split(pattern[len(flags) :]):
        opened, whole = _opened(part), bounds(flags + part)
        for one in opened if (all if whole else any)(bounds(flags + one) for one in opened) else [part]:
            (many if bounds(flags + one) else few).append(one)
    return [*(flags + one for one in many), *([flags + "|".join(few)] if few else [])]


@functools.cache
def alternatives(pattern: str) -> tuple[str, list[str]]:
    """The flags at the beginning of a pattern, and its alternatives without them; one, where flags stand elsewhere, too."""
    found = FLAGS.match(pattern)
    flags = found[0] if found else ""
    bare = pattern[len(flags) :]
    return flags, [bare] if SET.search(bare) else _split(bare)


def _opened(part: str) -> list[str]:
    """An alternative as those of its first group of a few, if that is not repeated."""
    depth, start = 0, 0
    for token in TOKEN.finditer(part):
        start = token.start() if token[0] == "(" and not depth else start
        depth += (token[0] == "(") - (token[0] == ")")
        if token[0] == ")" and not depth and part.startswith("(?:", start) and part[token.end() :].lstrip()[:1] not in tuple("?*+{"):
            inside = _split(part[start + 3 : token.start()])
            if 1 < len(inside) <= FEW:
                return [f"{part[:start]}(?:{one}){part[token.end() :]}" for one in inside]
    return [part]


def _split(pattern: str) -> list[str]:
    """The alternatives of a pattern; itself where a comment may stand in it."""
    parts, depth, start = [], 0, 0
    for token in TOKEN.finditer(pattern):
        if token[0] == "#":
            return [pattern]
        depth += (token[0] == "(") - (token[0] == ")")
        if token[0] == "|" and not depth:
            parts.append(pattern[start : token.start()])
            start = token.end()
    return [*parts, pattern[start:]]


def _digits(parts: Iterable[tuple[Any, Any]]) -> int:
    return sum(_of(*part) for part in parts)


def _of(kind: Any, value: Any) -> int:
    """The fewest digits that a part of a pattern matches; 0 of what is not known."""
    if kind is code.LITERAL:
        return int(value in DIGITS)
    if kind is code.IN:
        inside = [range(what, what + 1) if item is code.LITERAL else what for item, what in value if item in (code.LITERAL, code.RANGE)]
        ends = [(part[0], part[-1]) for part in inside]
        return int(len(inside) == len(value) and all(first in DIGITS and last in DIGITS for first, last in ends))
    if kind is code.BRANCH:
        return min(_digits(branch) for branch in value[1])
    if kind is code.SUBPATTERN:
        return _digits(value[-1])
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        return int(value[0]) * _digits(value[2])
    return 0


class Digits:
    """Where the digits of some texts stand: the number of each one's character among those of all texts, and its text."""

    def __init__(self, texts: pl.Series) -> None:
        data, offsets = buffers(texts)
        begin, end, many = int(offsets[0]), int(offsets[-1]), 0
        found, places = [numpy.empty(0, numpy.int64)], [numpy.empty(0, numpy.int64)]
        for first in range(begin, end, BLOCK_BYTES):
            block = data[first : min(first + BLOCK_BYTES, end)]
            digits = numpy.flatnonzero((block - numpy.uint8(DIGITS[0])) < numpy.uint8(len(DIGITS)))
            counts = set_before((block & numpy.uint8(0xC0)) != 0x80, numpy.append(digits, len(block)))
            found.append(digits + first)
            places.append(counts[:-1] + many)
            many += int(counts[-1])
        self._places = numpy.concatenate(places)
        of_each = numpy.diff(numpy.searchsorted(numpy.concatenate(found), offsets))
        self._rows = numpy.repeat(numpy.arange(len(texts)), of_each)
        self._widths: dict[int, tuple[Places, Places]] = {}

    def rows(self, least: int, width: int) -> Places:
        """Rising rows of the texts with so many digits within so many characters."""
        if least not in self._widths:
            self._widths[least] = self._windows(least)
        rows, widths = self._widths[least]
        found = rows[widths < width]
        return found[numpy.diff(found, prepend=-1) > 0]

    def _windows(self, least: int) -> tuple[Places, Places]:
        """Of so many digits in a row of one text, the text, and how far the last is from the first."""
        last = max(0, len(self._places) - least + 1)
        same = numpy.flatnonzero(self._rows[least - 1 :] == self._rows[:last])
        return self._rows[same], self._places[same + least - 1] - self._places[same]
