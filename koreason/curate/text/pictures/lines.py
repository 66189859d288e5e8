"""The lines of texts that may match some patterns, each searched only for what it holds the words of.

    lines = Lines(frame["text"], phrases, exceptions)
    lines.remove(exceptions[0])
    found = lines.first(phrases)     # with `lines.rows`

A pattern is taken as its alternatives, each with up to three sets of words, of each of which one stands in what it matches. Which set
is rare in the texts at hand is told by some of their lines; most lines hold no word of these, and are done with.
"""

import functools
from dataclasses import dataclass

import numpy
import numpy.typing
import polars as pl

from koreason.columns.arrays import Flags, Places
from koreason.curate.text.search.digits import alternatives
from koreason.curate.text.search.needed import LOWER, Words, clauses, needed

ODD = r"[[\s--\x20]\x{17F}\x{212A}]"  # what a pattern may match and a word does not hold
SAMPLE = 500  # lines
SETS, OFTEN = 3, 0.05  # of words that an alternative is known by; of lines that hold a word of a further set
Bits = numpy.typing.NDArray[numpy.uint64]


@dataclass(frozen=True, slots=True)
class Choice:
    """By which sets of words alternatives are known.

    Attributes:
        rare: words of which a line holds one where a phrase matches; none: any line may match.
        words: the number of each word that is looked for.
        serves: of shape (SETS, numbers of 64 bits, words): a bit for each alternative, set where a word is of its set.
        free: of shape (SETS, numbers of 64 bits): where an alternative has no such set.
    """

    rare: list[str] | None
    words: dict[str, int]
    serves: Bits
    free: Bits


@dataclass(frozen=True, slots=True)
class Plan:
    """Alternatives of patterns and their words.

    Attributes:
        places: the number of each word.
        parts: of each pattern, the numbers of its alternatives.
        masks: of each pattern, their bits: the first 64, the last, and which of them.
        texts: the alternatives.
        sets: the sets of words that each needs, as numbers; none: it may match any line.
        wanted: the alternatives of phrases: an exception alone makes none.
        chosen: by which sets they are known, from the first texts of which there are enough: it changes no result.
    """

    places: dict[str, int]
    parts: dict[str, list[int]]
    masks: dict[str, tuple[int, int, Bits]]
    texts: list[str]
    sets: list[list[Places]]
    wanted: list[int]
    chosen: list[Choice]


@functools.lru_cache(maxsize=8)
def plan(phrases: tuple[str, ...], exceptions: tuple[str, ...]) -> Plan:
    """What is to be known of some patterns, read out of them once."""
    parts: dict[str, list[int]] = {}
    texts: list[str] = []
    words: list[tuple[Words, ...]] = []
    for pattern in dict.fromkeys(phrases + exceptions):
        (flags, split), least = alternatives(pattern), needed(pattern)
        parts[pattern] = [*range(len(texts), len(texts) + len(split))]
        texts += split
        sets = [clauses(flags + part) if least else () for part in split]
        words += [(*some, least) if least and (len(split) == 1 or not some) else some for some in sets]
    masks = {pattern: (some[0] // 64, some[-1] // 64 + 1, _mask(some)) for pattern, some in parts.items()}
    places = {word: place for place, word in enumerate(sorted(frozenset().union(*(one for sets in words for one in sets))))}
    numbers = [[numpy.array(sorted(places[word] for word in one)) for one in sets] for sets in words]
    return Plan(places, parts, masks, texts, numbers, [part for phrase in phrases for part in parts[phrase]], [])


def choice(known: Plan, lines: pl.Series) -> Choice:
    """Of each alternative's sets those whose words stand in the fewest of some lines; further ones only where they are rare."""
    if known.chosen:
        return known.chosen[0]
    sample = lines.gather_every(max(1, len(lines) // SAMPLE))
    counts = numpy.bincount(_held(sample, known.places)[1], minlength=len(known.places))
    sets = []
    for some in known.sets:
        often = sorted(((int(counts[one].sum()), place) for place, one in enumerate(some)))
        sets.append([some[place] for rank, (count, place) in enumerate(often[:SETS]) if not rank or count < OFTEN * len(sample)])
    names = list(known.places)
    used = numpy.unique(numpy.concatenate([numpy.empty(0, numpy.int64), *(one for some in sets for one in some)]))
    serves, free = numpy.zeros((len(used), SETS, len(sets)), bool), numpy.ones((SETS, len(sets)), bool)
    for part, some in enumerate(sets):
        for number, one in enumerate(some):
            serves[numpy.searchsorted(used, one), number, part], free[number, part] = True, False
    first = [sets[part][0] if sets[part] else None for part in known.wanted]
    rare = None if any(one is None for one in first) else sorted({names[word] for one in first if one is not None for word in one.tolist()})
    bits = numpy.ascontiguousarray(_packed(serves).transpose(1, 2, 0))
    found = Choice(rare, {names[place]: number for number, place in enumerate(used.tolist())}, bits, _packed(free))
    known.chosen.extend([found] if len(lines) >= SAMPLE else [])
    return found


class Lines:
    """The lines that some phrases may match.

    Attributes:
        rows: the place of each line's text.
        texts: the lines.
    """

    def __init__(self, texts: pl.Series, phrases: list[str], exceptions: list[str]) -> None:
        """Take the lines that hold words enough for one of the phrases; all, where a phrase needs none."""
        self._plan = plan(tuple(phrases), tuple(exceptions))
        lines = texts.alias("line").to_frame().with_row_index("row").with_columns(pl.col("line").str.split("\n")).explode("line")
        words = choice(self._plan, lines["line"])
        lines = lines.filter(_hold(lines["line"], words.rare))
        bits = _served(lines["line"], words)
        may = (bits & _packed(numpy.isin(numpy.arange(len(self._plan.sets)), self._plan.wanted))[:, None]).any(axis=0)
        lines = lines.filter(pl.Series(may, dtype=pl.Boolean))
        self.rows, self.texts = lines["row"], lines["line"]
        self._whole, self._bits = self.texts.clone(), bits[:, may]
        self._odd = self.texts.str.contains(ODD).to_numpy()
        self._some = numpy.bitwise_or.reduce(self._bits, axis=1, keepdims=True)  # alternatives that any line may match

    def remove(self, pattern: str) -> None:
        """Put U+0000 in place of what matches, so that no other pattern matches across it."""
        places, search = self._matched(pattern)
        if len(places):
            self.texts = self.texts.scatter(places, self.texts.gather(places).str.replace_all(search, "\x00"))

    def first(self, patterns: list[str]) -> pl.Series:
        """What the first of the patterns that stands in a line matches; null where none does."""
        found = pl.repeat(None, len(self.texts), dtype=pl.String, eager=True)
        open_ = numpy.ones(len(self.texts), bool)
        for pattern in patterns:
            places, search = self._matched(pattern, open_)
            if len(places):
                open_[places] = False
                found = found.scatter(places, self.texts.gather(places).str.extract(search, 1))
        return found

    def _matched(self, pattern: str, open_: Flags | None = None) -> tuple[Places, str]:
        """The places of lines that match, in order, and a group of those alternatives that may: of a long pattern few do."""
        first, last, mask = self._plan.masks[pattern]
        if not (self._some[first:last] & mask).any():
            return numpy.empty(0, numpy.int64), ""
        bits = self._bits[first:last] & mask
        flags = (bits != 0).any(axis=0)
        places: Places = numpy.flatnonzero(flags if open_ is None else flags & open_)
        if not len(places):
            return places, ""
        some = numpy.unpackbits(numpy.bitwise_or.reduce(bits[:, places], axis=1).view(numpy.uint8), bitorder="little")
        parts = (self._plan.texts[part] for part in self._plan.parts[pattern] if some[part - 64 * first])
        search = f"({alternatives(pattern)[0]}{'|'.join(parts)})"
        places = places[self.texts.gather(places).str.contains(search).to_numpy()]
        return places[self._said(places, pattern)], search

    def _said(self, places: Places, pattern: str) -> Flags:
        """Which of some lines that a pattern matches hold its words as they are written, where a blank is a blank and a k is a k."""
        words, flags, odd = needed(pattern), numpy.ones(len(places), bool), numpy.flatnonzero(self._odd[places])
        if words and len(odd):
            flags[odd] = self._whole.gather(places[odd]).str.contains_any(sorted(words), ascii_case_insensitive=True).to_numpy()
        return flags


def _served(lines: pl.Series, words: Choice) -> Bits:
    """Of shape (numbers of 64 bits, lines): a bit for each alternative, set where a line holds a word of each of its sets."""
    rows, held = _held(lines, words.words)
    starts = numpy.flatnonzero(numpy.diff(rows, prepend=-1))
    places = rows[starts]
    found: Bits = numpy.empty((words.free.shape[1], len(lines)), numpy.uint64)
    for number, bits in enumerate(found):  # one by one: in a row NumPy takes them three times as fast
        bits[:] = words.free[0, number]
        bits[places] |= _or(words.serves[0, number, held], starts)
        for free, serves in zip(words.free[1:, number], words.serves[1:, number], strict=True):
            further = numpy.full(len(lines), free)
            further[places] |= _or(serves[held], starts)
            bits &= further
    return found


def _or(bits: Bits, starts: Places) -> Bits:
    """The bits of each run, from its start to the next."""
    found: Bits = numpy.bitwise_or.reduceat(bits, starts) if len(starts) else bits
    return found


def _mask(parts: list[int]) -> Bits:
    """The bits of some alternatives in a row, from the first 64 on, as a column."""
    places = numpy.arange(parts[0] // 64 * 64, (parts[-1] // 64 + 1) * 64)
    return _packed(numpy.isin(places, parts))[:, None]


def _packed(flags: Flags) -> Bits:
    """Flags as bits, along the last axis: of shape (…, numbers of 64 bits)."""
    many = -flags.shape[-1] % 64
    padded = numpy.concatenate([flags, numpy.zeros((*flags.shape[:-1], many), bool)], axis=-1)
    return numpy.packbits(padded, axis=-1, bitorder="little").view(numpy.uint64)


def _hold(lines: pl.Series, words: list[str] | None) -> pl.Series:
    """Which lines hold one of some words; all, where there are none to look for."""
    if words is None:
        return lines.is_not_null()
    return lines.str.contains_any(words, ascii_case_insensitive=True).fill_null(False) if words else lines.is_null()


def _held(lines: pl.Series, places: dict[str, int]) -> tuple[Places, Places]:
    """Each line's place with the number of each word that it holds, line by line."""
    if not places:
        return numpy.empty(0, numpy.int64), numpy.empty(0, numpy.int64)
    words = lines.str.extract_many(list(places), ascii_case_insensitive=True, overlapping=True)
    counts, flat = words.list.len().fill_null(0).to_numpy(), words.explode().drop_nulls()
    forms = flat.unique().to_list()
    known = [places[form.translate(LOWER)] for form in forms]
    numbers = flat.replace_strict(forms, known, return_dtype=pl.Int64).to_numpy() if forms else numpy.empty(0, numpy.int64)
    return numpy.repeat(numpy.arange(len(lines)), counts), numbers
