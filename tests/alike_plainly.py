"""The slow reference: plain Python, a text at a time, all pairs."""

import itertools
import unicodedata

MARKS, QUOTES = ".,?!~…;", "\"'“”‘’"
CURLY = {"“": '"', "”": '"', "‘": "'", "’": "'"}


def form(text: str) -> str:
    """The form of a `text`: white space only where it separates two ASCII letters or digits, but for a letter after a digit; no marks
    behind letters without case, no quotes before them."""
    words = text.split()
    kept = words[:1]
    for word in words[1:]:
        before, behind = kept[-1][-1], word[0]
        ascii_ = before.isascii() and before.isalnum() and behind.isascii() and behind.isalnum()
        kept += [" " + word if ascii_ and not (before.isdigit() and behind.isalpha()) else word]
    text, found, loose = "".join(kept), "", False
    for place, character in enumerate(text):
        before, behind = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        closes = loose and character in MARKS + QUOTES
        solid = before.isascii() and (before.isalnum() or before in list(")]}"))
        opens = character in QUOTES and caseless(behind) and not solid
        loose = closes or caseless(character)
        found += "" if closes or opens else CURLY.get(character, character)
    return found


def caseless(character: str) -> bool:
    """Whether it is a letter without case."""
    return character != "" and unicodedata.category(character) == "Lo"


def grams(text: str) -> set[str]:
    """The character 5-grams."""
    return {text[place : place + 5] for place in range(len(text) - 4)}


def jaccard(one: set[str], other: set[str]) -> float:
    """Size of the intersection over that of the union."""
    either = len(one | other)
    return len(one & other) / either if either else 0.0


def near_pairs(forms: list[str], least: float) -> set[tuple[int, int]]:
    """Numbers of the texts that are as similar as that: all pairs."""
    sets = [grams(text) for text in forms]
    return {
        (one, other)
        for one, other in itertools.combinations(range(len(sets)), 2)
        if min(len(sets[one]), len(sets[other])) >= least * max(len(sets[one]), len(sets[other]))
        and sets[one]
        and jaccard(sets[one], sets[other]) >= least
    }


def groups(count: int, pairs: set[tuple[int, int]]) -> list[set[int]]:
    """What is connected by pairs, without what stands alone."""
    of = {number: {number} for number in range(count)}
    for one, other in pairs:
        if of[one] is not of[other]:
            of[one] |= of[other]
            for number in of[other]:
                of[number] = of[one]
    return sorted({id(group): group for group in of.values() if len(group) > 1}.values(), key=min)
