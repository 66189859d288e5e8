"""Personal data found by the language's patterns and replaced by values of the same class that belong to nobody.

texts, found = masked(frame["question"], language.personal_data)
"""

import functools
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy
import polars as pl

from koreason.arrays import Flags, Places
from koreason.curate.spec import PersonalData
from koreason.curate.text.digits import Digits, bounds, branches
from koreason.curate.text.gates import gate
from koreason.suspects import suspects

# Forms of the same character, each one character long, so that a place in the folded text is the place in the text.
WIDE, NARROW = "".join(chr(code) for code in range(0xFF01, 0xFF5F)), "".join(chr(code) for code in range(0x21, 0x7F))
ODD_DIGITS, DASHES = r"\x{FF10}-\x{FF19}\x{FF20}", "‐‑‒–—―−﹣"
JOINTS = f"{DASHES}．／～－"
ODD_DIGIT, JOINED = f"[{ODD_DIGITS}]", f"[0-9] ?[{JOINTS}]"
FOLDED = str.maketrans(WIDE + DASHES + "\u3000\u00a0", NARROW + "-" * len(DASHES) + "  ")

# A letter before a number makes it part of a code, but for the words that announce a telephone.
BEFORE = re.compile(r"[0-9]\Z|[0-9][.,-]\Z|(?<![A-Za-z])(?!(?i:tel|hp|ph|phone|fax|mobile|t|m)\Z)[A-Za-z]+\Z")
AFTER = re.compile(r"[0-9A-Za-z]|[.,][0-9]|-[0-9A-Za-z]")


def masked(texts: pl.Series, kinds: dict[str, PersonalData]) -> tuple[pl.Series, dict[str, pl.Series]]:
    """The texts without personal data, and for each kind how often it stood in each text (Int64); nulls stay null.

    Kinds are masked one after the other, so that a number is of the first kind that it matches.
    """
    counts = {kind: numpy.zeros(len(texts), numpy.int64) for kind in kinds}
    rows = candidates(texts, kinds)
    if len(rows):
        found = [Masked(text, text if text.isascii() else text.translate(FOLDED)) for text in texts.gather(rows)]
        for kind, personal in kinds.items():
            for place, count in _replaced(found, personal):
                counts[kind][rows[place]] = count
        texts = texts.clone().scatter(rows, [each.text for each in found])
    return texts, {kind: pl.Series(f"masked_{kind}", count) for kind, count in counts.items()}


@dataclass(slots=True)
class Masked:
    """A text, the same with one form for each character, and the placeholders that were put into both."""

    text: str
    folded: str
    placed: set[str] = field(default_factory=set)


def candidates(texts: pl.Series, kinds: dict[str, PersonalData]) -> pl.Series:
    """Places of the texts that may hold personal data. One search an alternative, where there are digits enough: all in one take long."""
    found, digits = numpy.zeros(len(texts), bool), Digits(texts)
    for pattern in {branch: None for kind in kinds.values() for branch in branches(_bare(kind.pattern))}:
        limits = bounds(pattern)
        _search(texts, pattern, _gated(texts, gate(pattern)) if limits is None else digits.rows(*limits), found)
    if kinds:
        _search(texts, f"{ODD_DIGIT}|{JOINED}", suspects(texts, f"[{ODD_DIGITS}{JOINTS}]"), found)
    return pl.Series(numpy.flatnonzero(found).astype(numpy.uint32))


def _gated(texts: pl.Series, patterns: tuple[str, ...]) -> Places | None:
    """Rising rows of texts in which one of some patterns matches; None, those of all, where there are no patterns."""
    if not patterns:
        return None
    some = functools.reduce(operator.or_, (texts.str.contains(pattern) for pattern in patterns))
    return some.fill_null(False).arg_true().to_numpy().astype(numpy.int64)


def _search(texts: pl.Series, pattern: str, rows: Places | None, found: Flags) -> None:
    """Set the flags of those texts, or of those of some rows, in which a pattern matches."""
    if rows is None:
        found |= texts.str.contains(pattern).fill_null(False).to_numpy()
    elif len(rows):
        found[rows] |= texts.gather(rows).str.contains(pattern).to_numpy()


def _bare(pattern: str) -> str:
    """A pattern whose groups have no names."""
    return re.sub(r"\(\?P?<\w+>", "(?:", pattern)


def _replaced(texts: list[Masked], personal: PersonalData) -> Iterator[tuple[int, int]]:
    """Replace one kind in the texts; yields the places of those in which it stood, and how often."""
    bare, text = _bare(personal.pattern), pl.col("text")
    frame = pl.DataFrame({"text": [each.folded for each in texts]}).with_row_index()
    for pattern in (personal.context, bare):  # one after the other: where no context is, nothing more is searched
        frame = frame if pattern is None else frame.filter(text.str.contains(pattern))
    if not frame.height:
        return
    # The engine gives matches without their places; it never goes back, so that each is the next of its kind in the text.
    whole = f"(?:{personal.unless})|(?:{bare})" if personal.unless else bare
    matches = frame.select("index", text.str.extract_all(whole))
    groups, exempt = _values(matches["text"], personal)
    for place, found in matches.iter_rows():
        if count := _spliced(texts[place], found, groups, exempt, personal.alone):
            yield place, count


def _values(matches: pl.Series, personal: PersonalData) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """For each distinct match the part that is replaced and what replaces it, and which matches mean something else."""
    frame = pl.DataFrame({"match": matches.explode().drop_nulls().unique()}, schema={"match": pl.String})
    text = pl.col("match")
    names = re.findall(r"\(\?P<(value\w*)>", personal.pattern)
    groups = text.str.extract_groups(personal.pattern) if names else None
    value = text if groups is None else pl.coalesce(*(groups.struct.field(name) for name in names), text)
    frame = frame.with_columns(value=value, new=text.str.replace(personal.pattern, personal.placeholder))
    exempt = set()
    if personal.unless:
        exempt = set(frame.filter(text.str.contains(f"^(?:{personal.unless})$"))["match"])
    return {match: (value, new) for match, value, new in frame.iter_rows() if value is not None}, exempt


def _spliced(masked: Masked, found: list[str], groups: dict[str, tuple[str, str]], exempt: set[str], alone: bool) -> int:
    """Replace the matches in one text that stand alone, are not exempt and no placeholders themselves; gives their number."""
    plain, places, place = masked.folded, [], 0
    for match in found:
        start = plain.find(match, place)
        place = start + len(match)
        if match in exempt or match not in groups or groups[match][0] in masked.placed:
            continue
        value, new = groups[match]
        start += match.rfind(value)
        end = start + len(value)
        if alone and (BEFORE.search(plain[max(0, start - 8) : start]) or AFTER.match(plain, end)):
            continue
        places.append((start, end, new))
    if places:
        masked.text, masked.folded = _with(masked.text, places), _with(plain, places)
    masked.placed.update(new for _, _, new in places)
    return len(places)


def _with(text: str, places: list[tuple[int, int, str]]) -> str:
    """The text with other words at some places, which are in order."""
    starts, ends = [0, *(end for _, end, _ in places)], [*(start for start, _, _ in places), len(text)]
    parts = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return "".join(part + new for part, new in zip(parts, [*(new for *_, new in places), ""], strict=True))
