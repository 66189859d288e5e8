"""Searches that take little time and rule most texts out before a pattern is searched for.

    gates = gates_of((r"(?i:kakao|카톡)[: ]+[a-z]+", r"[0-9]+"))
    gates.rows(frame["text"])    # [the texts in which "kakao" or "카톡" stands, None: any may match the second]
    anchored(r"^이 (?:꽃|새)")   # True: needs no gate

Words that stand in whatever a pattern matches are read out of it (`needed.py`), and those of all patterns looked for in one pass.
"""

import functools
import re
from collections.abc import Container, Mapping, Sequence
from re import _constants as code  # type: ignore[attr-defined]
from typing import Any

import numpy
import polars as pl

from koreason.columns.arrays import Flags, Places
from koreason.curate.text.search.digits import alternatives
from koreason.curate.text.search.literals import Literals
from koreason.curate.text.search.needed import FOLDED, FOLDING, Words, by_rarity, least, parse, word_sets

MANY_LINES = re.compile(r"\(\?[a-zA-Z]*[mR]")
FOLDS = frozenset("\u017f\u212a")  # what folds to letters of ASCII
COMMON = 0.2  # by the estimate of `by_rarity`
SAMPLE = 500  # texts
OFTEN, RARE = 0.5, 0.02  # of these, where looking for words rules too few out; and for those of patterns that need it least


@functools.cache
def sets_of(pattern: str) -> list[list[Words]]:
    """Of each alternative of a pattern the sets of words of which each match holds one, whatever its letters' case.

    What seems rarest comes first, what seems to stand in most texts is left out.
    """
    flags, parts = alternatives(pattern)
    every = ([least(words) for words in word_sets(flags + part)] for part in parts)
    return [sorted({words for words in sets if by_rarity(words)[0] < COMMON}, key=by_rarity) for sets in every]


class Gates:
    """The words of some patterns; of several sets those are looked for that are rarest in the first texts of which there are enough.

    What is chosen changes which texts are searched for a pattern, and no match.
    """

    def __init__(self, patterns: Sequence[str], lists: Sequence[Words], known: Container[str]) -> None:
        """Take what `gates_of` takes."""
        self._patterns, self._lists, self._known = patterns, lists, known
        seeming = ([sets[0] for sets in every] if all(every) else None for every in map(sets_of, patterns))
        self._search, self._told = self._of([None if pattern in known else best for pattern, best in zip(patterns, seeming, strict=True)])
        self._chosen = False

    def rows(self, texts: pl.Series) -> list[Places | None]:
        """Rising rows of the texts with a word of each further list, then of those that each pattern may match; None: of all."""
        if not self._chosen and len(texts) >= SAMPLE:
            self._search, self._told = self._of(self._rarest(texts.gather_every(len(texts) // SAMPLE)))
            self._chosen = True
        found = self._search.held(texts)
        return [numpy.flatnonzero(flags) if told else None for flags, told in zip(found, self._told, strict=True)]

    def _rarest(self, sample: pl.Series) -> list[list[Words] | None]:
        """Of each pattern the rarest set of words of each alternative; None where most texts hold one."""
        every = sorted({words for pattern in self._patterns for sets in sets_of(pattern) for words in sets}, key=by_rarity)
        held = dict(zip(every, Literals((), every).held(sample), strict=True))
        return [self._best(pattern, held) for pattern in self._patterns]

    def _best(self, pattern: str, held: Mapping[Words, Flags]) -> list[Words] | None:
        if not all(sets_of(pattern)):
            return None
        best = [min(sets, key=lambda words: held[words].sum()) for sets in sets_of(pattern)]
        share = numpy.any([held[words] for words in best], axis=0).mean()
        return best if share < (RARE if pattern in self._known else OFTEN) else None

    def _of(self, best: Sequence[Sequence[Words] | None]) -> tuple[Literals, list[bool]]:
        """The search for one set of words for each alternative of each pattern, and whether there are any."""
        words = [_with_folds(pattern, sets or ()) for pattern, sets in zip(self._patterns, best, strict=True)]
        return Literals(self._lists, words), [*([True] * len(self._lists)), *(sets is not None for sets in best)]


@functools.lru_cache(maxsize=32)
def gates_of(patterns: tuple[str, ...], lists: tuple[Words, ...] = (), known: frozenset[str] = frozenset()) -> Gates:
    """The gates of some patterns, made once.

    Args:
        patterns: of these the words are looked for, whatever their letters' case,
        lists: and further words, as they are.
        known: patterns of which it is known otherwise which texts they may match: their words are looked for where they are rare.
    """
    return Gates(patterns, lists, known)


def _with_folds(pattern: str, sets: Sequence[Words]) -> Words:
    """All words of some sets, and what folds to their letters."""
    words = frozenset().union(*sets)
    return words | FOLDS if FOLDED.search(pattern) and any(map(FOLDING.search, words)) else words


def both(one: Places | None, other: Places | None) -> Places | None:
    """The rows that are among both; None: all."""
    if one is None or other is None:
        return other if one is None else one
    found: Places = numpy.intersect1d(one, other, assume_unique=True)
    return found


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
