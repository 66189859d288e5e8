"""Whether two options of a question say the same.

alike(said_by("퇴계 이황"), said_by("이황"), 0.7)      # True

The rule: they are equal but for compatibility forms, case, white space and punctuation; or they are the same number, however it is
written; or the words of one are all among the words of the other; or they hold the same numbers and their pairs of characters
have the least Jaccard similarity that is asked for. Options that differ in a number or an operator differ.
"""

import re
import unicodedata
from collections import Counter
from fractions import Fraction
from typing import NamedTuple

NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
VALUE = re.compile(r"([-+−]?)(\d{1,18}(?:\.\d{1,18})?)(?:/(\d{1,18}(?:\.\d{1,18})?))?(%?)")
OPERATOR = re.compile(r"[^\w\s.,;:!?'\"()\[\]{}·。、「」『』《》〈〉“”‘’$\\]")
FRACTION = re.compile(r"\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?")


class Said(NamedTuple):
    """What an option says, in the forms that are compared."""

    key: str
    value: Fraction | None
    words: frozenset[str]
    numbers: tuple[str, ...]
    operators: str
    pairs: frozenset[str]


def numbers_of(text: str) -> Counter[str]:
    """The numbers without sign in a text, however long, with how often each stands there; `1,000` is `1000`, `10.0` is `10`."""
    found = (number.replace(",", "").partition(".") for number in NUMBER.findall(text))
    return Counter(f"{whole.lstrip('0') or '0'}.{part.rstrip('0')}".rstrip(".") for whole, _, part in found)


def value_of(text: str) -> Fraction | None:
    """The number that a whole text is; None for any other text."""
    plain = re.sub(r"[\s$,{}]|\\[()]", "", FRACTION.sub(r"\1/\2", text))
    match = VALUE.fullmatch(plain)
    if not match or (match[3] and not Fraction(match[3])):
        return None
    found = Fraction(match[2]) / Fraction(match[3] or 1) / (100 if match[4] else 1)
    return -found if match[1] in ("-", "−") else found


def said_by(option: str) -> Said:
    """The forms of an option."""
    text = unicodedata.normalize("NFKC", option).casefold()
    words = re.findall(r"\w+", text)
    letters = "".join(words)
    operators = "".join(sorted(OPERATOR.findall(text)))
    pairs = frozenset(letters[place : place + 2] for place in range(max(len(letters) - 1, 1)))
    numbers = tuple(sorted(numbers_of(text).elements()))
    key = "".join(re.findall(rf"\w|{OPERATOR.pattern}", text)) or text.strip()
    return Said(key, value_of(text), frozenset(words), numbers, operators, pairs)


def alike(one: Said, other: Said, least: float) -> bool:
    """Whether two options say the same; see the module's docstring."""
    if one.key == other.key:
        return True
    if one.value is not None and other.value is not None:
        return one.value == other.value
    if one.numbers != other.numbers or one.operators != other.operators:
        return False
    if one.words and other.words and (one.words <= other.words or other.words <= one.words):
        return True
    return len(one.pairs & other.pairs) >= least * len(one.pairs | other.pairs)
