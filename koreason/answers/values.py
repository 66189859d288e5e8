r"""Mathematical values as models write them, compared by math-verify.

    compare(gold="5000", answer="5,000원")   # "correct"

math-verify may run for ever or take all memory on hostile input: `judge.py` calls this in a process it can kill.
"""

import re
from decimal import Decimal
from typing import Any, Literal

from koreason.answers.extract import LEAD, undress

HANGUL = "[가-힣]"
FORMS = {"−": "-", "–": "-", "×": r"\times ", "÷": r"\div ", "²": "^{2}", "³": "^{3}", "°": r"^\circ "}
FORMS |= {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width to ASCII
FORMS |= {chr(0x2460 + index): str(index + 1) for index in range(20)}  # circled numbers
TRANSLATION = str.maketrans(FORMS)
ROOT = re.compile(r"√\s*(?:(\d+)|\(([^()]*)\))")
SYMBOL = re.compile(r"\s*[℃℉㎜㎝㎞㎎㎏㎖ℓ㎠㎡㎢㎤㎥]$")
SPACING = re.compile(r"(?<=\d)\\[,!;](?=\d)")
COPULA = re.compile(r"\s*(?:입니다|이다|이에요|예요)$")
# A value with a unit in Korean behind it; words that bound a value instead of measuring it are no units.
UNIT = re.compile(rf"([^가-힣]*[^\W가-힣]|[^가-힣]*[)\]}}%!])\s*(?!이상|이하|초과|미만){HANGUL}+(?:\s{HANGUL}+)*")
PART = r"\d+(?:\.\d+)?(?:천\d*)?"
AMOUNT = re.compile(rf"(?:({PART})억)?(?:({PART})만)?({PART})?{HANGUL}*")
Outcome = Literal["correct", "wrong", "unreadable"]


def amount(text: str) -> str | None:
    """Digits of a number spelt with 천, 만 or 억, such as `3만 5천원`; None for any other text."""
    compact = re.sub(r"[\s,]", "", text)
    match = AMOUNT.fullmatch(compact)
    if match is None or not any(part and (index < 2 or "천" in part) for index, part in enumerate(match.groups())):
        return None
    total = Decimal(0)
    for part, scale in zip(match.groups(), (10**8, 10**4, 1), strict=True):
        if part:
            thousands, _, rest = part.rpartition("천")
            total += (Decimal(thousands or 0) * 1000 + Decimal(rest or 0)) * scale
    return f"{total.normalize():f}"


def tidy(value: str) -> str:
    r"""The value as LaTeX that math-verify reads: no Korean unit or ending, ASCII digits and signs.

    `5000원`, `\text{5000 원}`, `５０００` and `5천 원입니다.` all give 5000. Units in Latin letters, percent and degrees
    are left to math-verify, which ignores them too.
    """
    text = value.translate(TRANSLATION).strip().strip("*$").strip()
    text = ROOT.sub(lambda root: rf"\sqrt{{{root[1] or root[2]}}}", text)
    if re.search(HANGUL, text):
        text = LEAD.sub("", undress(text), count=1)
    text = SYMBOL.sub("", COPULA.sub("", SPACING.sub("", text).rstrip(". ")))
    found = amount(text)
    if found is not None:
        return found
    unit = UNIT.fullmatch(text)
    return unit[1] if unit else text


def compare(gold: str, answer: str) -> Outcome:
    """Hold a box's content against the gold value.

    Equal text is correct without any mathematics. Otherwise both are parsed as LaTeX only: math-verify's other parser
    evaluates the text it is given as Python. Its own time limits are off because a signal cannot stop every power.
    """
    right, given = tidy(gold), tidy(answer)
    if given and re.sub(r"\s", "", right) == re.sub(r"\s", "", given):
        return "correct"
    if re.search(HANGUL, given):
        return "wrong" if re.search(HANGUL, right) else "unreadable"
    from math_verify import LatexExtractionConfig, parse, verify  # a second to import; only workers come here

    def read(text: str) -> list[Any]:
        found: list[Any] = parse(
            rf"\boxed{{{text}}}", (LatexExtractionConfig(boxed_match_priority=0),), parsing_timeout=None, raise_on_error=False
        )
        return found

    parsed = read(given)
    if all(isinstance(form, str) for form in parsed):
        return "unreadable"
    return "correct" if verify(read(right), parsed, timeout_seconds=None) else "wrong"
