"""Words of which a text holds one wherever a pattern matches: texts without any need no search.

needed(r"(?:다음|아래) 그림(?:은|과)")  # {"다음 그림은", "다음 그림과", "아래 그림은", "아래 그림과"}

The way of RE2's FilteredRE2, which reads them out of the pattern, over the parser of Python's own `re`.
"""

import functools
import math
import re
import string
from collections.abc import Iterable
from itertools import product
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Words = frozenset[str]
PRODUCTS, OPTIONS = 400, 6000  # how many strings a run of parts, and how many alternatives may come to
EMPTY: Words = frozenset({""})
# What Rust's `regex` writes otherwise than Python: a border of ASCII words, the end of the text, characters by their number.
RUST = (("(?-u:\\b)", ""), ("\\z", "\\Z"))
LOWER = str.maketrans({letter: letter.lower() for letter in string.ascii_uppercase})
ESCAPE = re.compile(r"\\.", re.DOTALL)
FOLDING = re.compile("[ks]")  # letters to which others fold: U+212A and U+017F
FREQUENT = dict.fromkeys(map(ord, " .,:"))  # as common as blanks
FOLDED = re.compile(r"\(\?[a-z]*i")


@functools.cache
def needed(pattern: str) -> Words | None:
    """Words in lower case, one of which stands in each match, whatever the case of its ASCII letters.

    White space in a pattern is taken for a blank: within lines, clean texts hold little else.

    Returns:
        None: there are none; the pattern is written as Python's parser does not read it; or it folds the case of other letters.
    """
    parsed = parse(pattern)
    if parsed is None:
        return None
    words = _sequence(parsed)[1]
    return words and least(words)


@functools.cache
def clauses(pattern: str) -> tuple[Words, ...]:
    """Sets of words in lower case, of each of which one stands in each match, whatever white space is in it; the rarest first."""
    sets = word_sets(pattern)
    if FOLDED.search(pattern):  # what is left of a word without letters to which others fold
        sets = [frozenset(max(FOLDING.split(word), key=len) for word in words) for words in sets]
    reduced = {least(words) for words in sets if "" not in words}
    return tuple(sorted(reduced, key=by_rarity))


def word_sets(pattern: str) -> list[Words]:
    """Sets of words, of each of which one stands in each match, letters folded as the pattern does; in no order."""
    parsed = parse(ESCAPE.sub(lambda token: r"\W" if token[0] == r"\s" else token[0], pattern))  # of which nothing is known
    return [] if parsed is None else _clauses(parsed)


def least(words: Words) -> Words:
    """Those that hold no other."""
    return frozenset(word for word in words if not _ends(word) & words)


def by_rarity(words: Words) -> tuple[float, list[str]]:
    """An order of sets by the share of texts that hold a word of them, as if characters were drawn at random."""
    rare = ((len(word), len(word.translate(FREQUENT))) for word in words)
    return math.fsum(0.02**part * 0.7 ** (whole - part) for whole, part in rare), sorted(words)


def parse(pattern: str) -> Any | None:
    """A pattern as Python's parser reads it, if it does."""
    if FOLDED.search(pattern) and any(not letter.isascii() and letter.lower() != letter.upper() for letter in pattern):
        return None
    for theirs, ours in RUST:
        pattern = pattern.replace(theirs, ours)
    try:
        return _parser.parse(pattern)
    except re.error:
        return None


def _clauses(parts: Iterable[tuple[Any, Any]]) -> list[Words]:
    """All sets that are known of parts in a row."""
    run, found = EMPTY, list[Words | None]()
    for part in parts:
        exact, words = _part(*part)
        if exact is not None and len(run) * len(exact) <= PRODUCTS:
            run = frozenset(left + right for left, right in product(run, exact))
            continue
        if part[0] is code.SUBPATTERN:
            found += _clauses(part[1][-1])
        found += [run, words]
        run = exact or EMPTY
    return [words for words in [*found, run] if words and "" not in words]


def _ends(word: str) -> Words:
    """What a word begins and ends with: where one of these is needed, too, the word says nothing more."""
    return frozenset(part for end in range(1, len(word)) for part in (word[:end], word[-end:]))


def _better(one: Words | None, other: Words | None) -> Words | None:
    """Of two sets the one that fewer texts hold a word of, as if characters were drawn at random."""
    sets = [words for words in (one, other) if words and "" not in words]
    if len(sets) < 2:
        return sets[0] if sets else None
    return min(sets, key=_rarity)


def _rarity(words: Words) -> float:
    return math.fsum(0.02 ** (len(word) - word.count(" ")) * 0.7 ** word.count(" ") for word in words)


def _sequence(parts: Iterable[tuple[Any, Any]]) -> tuple[Words | None, Words | None]:
    """All that parts in a row match, where that is a small set of strings, and words of which each match holds one."""
    run, whole, best = EMPTY, True, None
    for part in parts:
        exact, words = _part(*part)
        if exact is not None and len(run) * len(exact) <= PRODUCTS:
            run = frozenset(left + right for left, right in product(run, exact))
            continue
        best = _better(_better(best, run), words)
        run, whole = (EMPTY, False) if exact is None else (exact, False)
    return run if whole else None, _better(best, run)


def _part(kind: Any, value: Any) -> tuple[Words | None, Words | None]:
    """The same of one part of a parsed pattern."""
    if kind is code.LITERAL:
        return _known(frozenset({chr(value).translate(LOWER)}))
    if kind is code.AT:
        return EMPTY, None
    if kind is code.IN:
        return _known(_characters(value))
    if kind is code.SUBPATTERN:
        return _sequence(value[-1])
    if kind is code.BRANCH:
        options = [_sequence(option) for option in value[1]]
        return _union((exact for exact, _ in options), PRODUCTS), _union((words for _, words in options), OPTIONS)
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        least, most, inner = value
        exact, words = _sequence(inner)
        if most == 1 and exact is not None:
            return _known(exact | EMPTY if least == 0 else exact)
        return None, words if least else None
    return None, None


def _union(sets: Iterable[Words | None], most: int) -> Words | None:
    """What stands in some of the sets; nothing where one is not known, or where it is too much."""
    found: set[str] = set()
    for words in sets:
        if words is None:
            return None
        found |= words
    return frozenset(found) if len(found) <= most else None


def _known(exact: Words | None) -> tuple[Words | None, Words | None]:
    return exact, _better(None, exact)


def _characters(parts: list[tuple[Any, Any]]) -> Words | None:
    """The characters of a small class."""
    found: set[str] = set()
    for kind, value in parts:
        if kind is code.LITERAL:
            found.add(chr(value).translate(LOWER))
        elif (kind, value) == (code.CATEGORY, code.CATEGORY_SPACE):
            found.add(" ")
        elif kind is code.RANGE and value[1] - value[0] < PRODUCTS:
            found |= {chr(point).translate(LOWER) for point in range(value[0], value[1] + 1)}
        else:
            return None
    return frozenset(found) if len(found) <= PRODUCTS else None
