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

from koreason.columns.arrays import Flags, Places
from koreason.curate.spec import PersonalData
from koreason.curate.text.search.digits import Digits, bounds, branches
from koreason.curate.text.search.gates import both, gates_of, search

# Forms of the same character, each one character long, so that a place in the folded text is the place in the text.
WIDE, NARROW = "".join(chr(code) for code in range(0xFF01, 0xFF5F)), "".join(chr(code) for code in range(0x21, 0x7F))
DASHES = "‐‑‒–—―−﹣"
JOINTS = f"{DASHES}．／～－"
ODD_DIGIT, JOINED = r"[\x{FF10}-\x{FF19}\x{FF20}]", f"[0-9] ?[{JOINTS}]"
ODD = frozenset([*map(chr, range(0xFF10, 0xFF1A)), "\uff20", *JOINTS])  # of which either holds one
FOLDED = str.maketrans(WIDE + DASHES + "\u3000\u00a0", NARROW + "-" * len(DASHES) + "  ")
TO_FOLD = re.compile(f"[{WIDE[0]}-{WIDE[-1]}{DASHES}\u3000\u00a0]")

# A letter before a number makes it part of a code, but for the words that announce a telephone.
BEFORE = re.compile(r"[0-9]\Z|[0-9][.,-]\Z|(?<![A-Za-z])(?!(?i:tel|hp|ph|phone|fax|mobile|t|m)\Z)[A-Za-z]+\Z")
AFTER = re.compile(r"[0-9A-Za-z]|[.,][0-9]|-[0-9A-Za-z]")


def masked(texts: pl.Series, kinds: dict[str, PersonalData]) -> tuple[pl.Series, dict[str, pl.Series]]:
    """The texts without personal data, and for each kind how often it stood in each text (Int64); nulls stay null.

    Kinds are masked one after the other, so that a number is of the first kind that it matches.
    """
    counts = {kind: numpy.zeros(len(texts), numpy.int64) for kind in kinds}
    flags, odd = _flagged(texts, kinds)
    rows = numpy.flatnonzero(functools.reduce(operator.or_, flags.values(), odd))
    if len(rows):
        found = [Masked(text, text.translate(FOLDED) if TO_FOLD.search(text) else text) for text in texts.gather(rows)]
        # what is not as it was when it was searched may be of any kind
        changed = odd[rows] | numpy.array([each.folded is not each.text for each in found])
        for kind, personal in kinds.items():
            for place, count in _replaced(found, numpy.flatnonzero(flags[kind][rows] | changed), personal):
                counts[kind][rows[place]], changed[place] = count, True
        texts = texts.clone().scatter(rows, [each.text for each in found])
    return texts, {kind: pl.Series(f"masked_{kind}", count) for kind, count in counts.items()}


@dataclass(slots=True)
class Masked:
    """A text, the same with one form for each character, and the placeholders that were put into both."""

    text: str
    folded: str
    placed: set[str] = field(default_factory=set)


def candidates(texts: pl.Series, kinds: dict[str, PersonalData]) -> pl.Series:
    """Places of the texts that may hold personal data."""
    flags, odd = _flagged(texts, kinds)
    return pl.Series(numpy.flatnonzero(functools.reduce(operator.or_, flags.values(), odd)).astype(numpy.uint32))


def _flagged(texts: pl.Series, kinds: dict[str, PersonalData]) -> tuple[dict[str, Flags], Flags]:
    """Of each kind which texts its pattern matches; and which hold digits or joints of another form, and so may be of any.

    One search an alternative, where there are digits enough: all in one take long.
    """
    patterns = tuple({branch: None for kind in kinds.values() for branch in branches(_bare(kind.pattern))})
    digits, odd, known = Digits(texts), numpy.zeros(len(texts), bool), dict[str, Flags]()
    odd_rows, *gated = gates_of(patterns, (ODD,), frozenset(pattern for pattern in patterns if bounds(pattern))).rows(texts)
    for pattern, rows in zip(patterns, gated, strict=True):
        known[pattern], limits = numpy.zeros(len(texts), bool), bounds(pattern)
        search(texts, pattern, both(rows, limits and digits.rows(*limits)), known[pattern])
    if kinds:
        search(texts, f"{ODD_DIGIT}|{JOINED}", odd_rows, odd)
    of_kinds = {kind: [known[branch] for branch in branches(_bare(personal.pattern))] for kind, personal in kinds.items()}
    return {kind: functools.reduce(operator.or_, flags) for kind, flags in of_kinds.items()}, odd


def _bare(pattern: str) -> str:
    """A pattern whose groups have no names."""
    return re.sub(r"\(\?P?<\w+>", "(?:", pattern)


def _replaced(texts: list[Masked], places: Places, personal: PersonalData) -> Iterator[tuple[int, int]]:
    """Replace one kind in some of the texts; yields the places of those in which it stood, and how often."""
    if not len(places):
        return
    bare, text = _bare(personal.pattern), pl.col("text")
    frame = pl.DataFrame({"index": places, "text": [texts[place].folded for place in places]})
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
        alike, masked.text = masked.text is plain, _with(masked.text, places)
        masked.folded = masked.text if alike else _with(plain, places)
    masked.placed.update(new for _, _, new in places)
    return len(places)


def _with(text: str, places: list[tuple[int, int, str]]) -> str:
    """The text with other words at some places, which are in order."""
    starts, ends = [0, *(end for _, end, _ in places)], [*(start for start, _, _ in places), len(text)]
    parts = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return "".join(part + new for part, new in zip(parts, [*(new for *_, new in places), ""], strict=True))
