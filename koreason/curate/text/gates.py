"""Searches that take little time and rule most texts out before a pattern is searched for.

    gate(r"(?i:kakao|카톡)[: ]+[a-z]+")     # (("카톡",), ("(?i-u)kak", "(?i-u)kakao"), …): where none of these is found, it is not
    anchored(r"^이 (?:꽃|새)")              # True: needs no gate

Rust's `regex` finds up to a few dozen words by SIMD, some ten times as fast as it goes through a pattern, as long as they are few, fold
no case beyond ASCII and are not single bytes among others of several.
"""

import functools
import re
import string
from collections.abc import Sequence
from re import _constants as code  # type: ignore[attr-defined]
from typing import Any

import numpy
import polars as pl

from koreason.arrays import Flags, Places
from koreason.curate.text.digits import alternatives
from koreason.curate.text.needed import FOLDED, FOLDING, Words, by_rarity, least, parse, word_sets

CASED, MARKS = re.compile("([A-Za-z]+)"), string.punctuation + " "
Chain = tuple[str, ...]  # patterns of which each is searched for where those before it match
MANY_LINES = re.compile(r"\(\?[a-zA-Z]*[mR]")
MANY = 40  # words of letters with case, of more of which a search takes as long as that for a pattern
LITERALS = 40  # words in either case that are searched for together: SIMD takes 64 at most
WHOLE, FINGERPRINT = 12, 3  # letters of a word that are searched for at most, and by which SIMD finds it
COMMON = 0.2  # by the estimate of `by_rarity`


@functools.cache
def gate(pattern: str) -> tuple[Chain, ...]:
    """Patterns of which one is found wherever another is, each in little time; none where they are found in most texts, too.

    Words without case are told from those of ASCII letters, whose case alone is folded: both are searched for as they are, the
    latter by their beginnings first.
    """
    flags, parts = alternatives(pattern)
    best = [min(map(least, word_sets(flags + part)), key=by_rarity, default=None) for part in parts]
    words = _bare(frozenset(map(_core, _bare(frozenset(word for some in best for word in some or ())))))
    cased = frozenset(word for word in words if word.isascii() and word.upper() != word)
    others = words - cased
    single = frozenset(word for word in others if len(word) == 1 and word.isascii())
    cased = next((some for size in range(WHOLE, 1, -1) if len(some := _cut(cased, size)) <= MANY), cased)
    if not all(best) or by_rarity(words)[0] >= COMMON or len(cased) > MANY:
        return ()
    found = [*([word] for word in sorted(single)), sorted(others - single)]
    folding = [("\u017f|\u212a",)] if FOLDED.search(pattern) and FOLDING.search("".join(cased)) else []
    plain = [("|".join(map(pl.escape_regex, some)),) for some in found if some]
    return (*plain, *map(_in_either_case, _together(sorted(cased))), *folding)


def _core(word: str) -> str:
    """Of a word of several scripts a part that is of one, without marks at its ends."""
    if word.isascii():
        return word
    return max((part.strip(MARKS) for part in CASED.split(word)), key=lambda part: (not part.isascii() and len(part) > 1, len(part)))


def _bare(words: Words) -> Words:
    """Those in which no other stands."""
    return frozenset(word for word in words if not any(other in word for other in words if other != word))


def _cut(words: Words, size: int) -> Words:
    """The beginnings of words."""
    return _bare(frozenset(word[:size] for word in words))


def _together(words: list[str]) -> list[list[str]]:
    """Words in groups that come to `LITERALS` at most."""
    found: list[list[str]] = []
    size = 0
    for word in words:
        cases = 2 ** sum(letter.isalpha() for letter in word[:FINGERPRINT])
        if not found or size + cases > LITERALS:
            found.append([])
            size = 0
        found[-1].append(word)
        size += cases
    return found


def _in_either_case(words: list[str]) -> Chain:
    beginnings = sorted(_cut(frozenset(words), FINGERPRINT))
    found = ["(?i-u)" + "|".join(map(pl.escape_regex, some)) for some in (beginnings, words)]
    return tuple(dict.fromkeys(found))


def passed(texts: pl.Series, chains: Sequence[Chain]) -> Places | None:
    """Rising rows of texts in which all patterns of one of some chains match; None, those of all, where there are no chains."""
    if not chains:
        return None
    found = numpy.zeros(len(texts), bool)
    for first, *others in chains:
        rows = texts.str.contains(first).fill_null(False).arg_true()
        for pattern in others if len(rows) else ():
            rows = rows.filter(texts.gather(rows).str.contains(pattern))
        found[rows.to_numpy()] = True
    return numpy.flatnonzero(found)


def spoken(texts: pl.Series, words: list[str]) -> pl.Series:
    """Whether one of some words stands in each text, whatever the case of ASCII letters."""
    if len(words) <= LITERALS and not CASED.search("".join(words)):
        return texts.str.contains("|".join(map(pl.escape_regex, words)))
    return texts.str.contains_any(words, ascii_case_insensitive=True)


def search(texts: pl.Series, pattern: str, rows: Places | None, found: Flags) -> None:
    """Set the flags of those texts, or of those of some rows, in which a pattern matches."""
    if rows is None:
        found |= texts.str.contains(pattern).fill_null(False).to_numpy()
    elif len(rows):
        found[rows] |= texts.gather(rows).str.contains(pattern).to_numpy()


@functools.cache
def anchored(pattern: str) -> bool:
    """Whether a pattern matches at the beginning of a text only, so that a search takes no time."""
    parsed = None if MANY_LINES.search(pattern) else parse(pattern)
    return parsed is not None and _begins(parsed)


def _begins(parts: Any) -> bool:
    if not len(parts):
        return False
    kind, value = parts[0]
    if kind is code.BRANCH:
        return all(_begins(option) for option in value[1])
    return _begins(value[-1]) if kind is code.SUBPATTERN else bool((kind, value) == (code.AT, code.AT_BEGINNING))
