"""Which of a question's options is right, however the dump says it, and the same said of another place.

gold = understood("③", options, around=[])      # Gold(place=2, form="①②③④⑤⑥⑦⑧⑨⑩")
said(gold.form, 4, options)                       # "⑤"
"""

import re
import unicodedata
from typing import NamedTuple

NUMBER, TEXT = "number", "text"
FIRST_IS_ZERO = "number from 0"
ALPHABETS = (
    "ABCDEFGHIJ",
    "abcdefghij",
    "①②③④⑤⑥⑦⑧⑨⑩",
    "❶❷❸❹❺❻❼❽❾❿",
    "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ",
    "가나다라마바사아자차",
    "㉠㉡㉢㉣㉤㉥㉦㉧㉨㉩",
    "㉮㉯㉰㉱㉲㉳㉴㉵㉶㉷",
    "ⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙ",
    "アイウエオカキクケコ",
    "กขคงจฉชซฌญ",
)
BRACKETED = re.compile(r"[(\[<{〈【]?\s*(\d{1,2}(?:\.0)?|\w|[^\w\s])\s*[)\]>}〉】.:]{0,2}")
LABELLED = re.compile(r"(?P<label>[(\[]?(?:\d{1,2}|\w)[)\]]|(?:\d{1,2}|\w)[.:](?=\s)|[①-⑩❶-❿㉠-㉩㉮-㉷ⓐ-ⓙ])\s*(?P<rest>\S.*)", re.DOTALL)


class Gold(NamedTuple):
    """The right option's place from 0, and the form in which the dump says it."""

    place: int
    form: str


def normal(text: str) -> str:
    """A text as options are compared: compatibility forms, case and white space do not count."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare(gold: str, around: list[str]) -> str:
    """What is said to be right without what stands around it."""
    for pattern in around:
        gold = re.sub(pattern, "", gold)
    return gold.strip()


def label(text: str) -> Gold | None:
    """The place that a label names, numbers from 1; None for what is no label."""
    match = BRACKETED.fullmatch(text)
    if not match:
        return None
    found = match[1].removesuffix(".0")
    if found.isdecimal():
        return Gold(int(found) - 1, NUMBER)
    return next((Gold(alphabet.index(found), alphabet) for alphabet in ALPHABETS if found in alphabet), None)


def is_zero(gold: str, options: list[str], around: list[str]) -> bool:
    """Whether a gold is the number 0 and no option says 0: then its source counts from there."""
    found = label(bare(gold, around))
    return found == Gold(-1, NUMBER) and "0" not in map(normal, options)


def understood(gold: str, options: list[str], around: list[str], from_zero: bool = False) -> Gold | None:
    """The right option; None where the gold names none, or may be read in two ways.

    A label counts within the options. A gold that is an option's text counts as that; where it is a label, too, both must agree.
    """
    text = bare(gold, around)
    places = [index for index, option in enumerate(options) if normal(option) in (normal(gold), normal(text))]
    named = label(text)
    if named and named.form == NUMBER and from_zero:
        named = Gold(named.place + 1, FIRST_IS_ZERO)
    if named and not 0 <= named.place < len(options):
        named = None
    if len(places) > 1 or (places and named and named.place != places[0]):
        return None
    if named:
        return named
    if places:
        return Gold(places[0], TEXT)
    match = LABELLED.fullmatch(text)
    inner = label(match["label"]) if match else None
    if match and inner and 0 <= inner.place < len(options) and normal(options[inner.place]) == normal(match["rest"]):
        return Gold(inner.place, TEXT)
    return None


def said(form: str, index: int, options: list[str]) -> str:
    """The option at `index` named in a form that golds have."""
    if form == TEXT:
        return options[index]
    if form in (NUMBER, FIRST_IS_ZERO):
        return str(index + (form == NUMBER))
    return form[index]


def unlabelled(options: list[str]) -> list[str]:
    """Options without the labels that all of them begin with, in order from the first; as they are where one has none."""
    matches = [LABELLED.fullmatch(option.strip()) for option in options]
    if not all(matches):
        return options
    labels = [label(match["label"]) for match in matches if match]
    if any(
        found is None or found.place != index or labels[0] is None or found.form != labels[0].form for index, found in enumerate(labels)
    ):
        return options
    return [match["rest"].strip() for match in matches if match]
