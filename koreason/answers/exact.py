r"""Numbers, and lists of them, that are compared exactly and at once, without SymPy.

    fast("5000", "5000.0")                 # "correct"
    fast(r"\frac12", "0.5")                # "correct"
    fast(r"\sqrt{8}", r"2\sqrt{2}")        # None: SymPy has to say

What is decided here SymPy decides in the same way, as far as it is decided: whatever might round to the other is left to it.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Decided = Literal["correct", "wrong"]
LONGEST_NUMBER = 300  # digits; more is left to the slow path and its limits
WHOLE = r"[-+]?\d+"
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
RATIO = re.compile(rf"({WHOLE})/({WHOLE})")
FRAC = re.compile(r"([-+]?)\\frac\{([-+]?\d+)\}\{([-+]?\d+)\}")
SHORT = re.compile(r"\\frac\s*(?:(\d)\s*(\d)|(\d)\s*\{([^{}]*)\}|\{([^{}]*)\}\s*(\d))(?![\d{])")
POWER = re.compile(r"([-+]?)(\d{1,6})\^\{?(\d{1,3})\}?")
REPEATING = re.compile(r"(\d+)\.(\d*)\\(?:overline|bar|dot)\{(\d+)\}")
NAMED = re.compile(r"^[A-Za-z](?:_\{?\w+\}?)?=(?=[-+\d.\\])")
TEN_TO = 5  # decimals within which SymPy's rounding might find two different numbers equal


def normal(latex: str) -> str:
    r"""One spelling of what is spelt in several ways: no sizes, `\frac{1}{2}` for `\dfrac12`, fractions for repeating decimals."""
    text = re.sub(r"\\[dtc]frac", r"\\frac", latex)
    text = re.sub(r"\\(?:left|right|displaystyle|big|Big|bigg|Bigg)(?![a-zA-Z])\.?", "", text)
    text = re.sub(r"(?<!\\)\\[,;:! ]|~", " ", text)  # and no row's end with white space behind it
    text = re.sub(r"\\(?:varnothing|empty)(?![a-zA-Z])|\\\{\s*\\\}", r"\\emptyset", text)
    text = re.sub(r"\\log_\{?e\}?(?![a-zA-Z])", r"\\ln ", SHORT.sub(_full, text))
    text = REPEATING.sub(_repeating, text)
    text = re.sub(r"\\(?:lt|gt)(?![a-zA-Z])", lambda sign: "<" if sign.group() == r"\lt" else ">", text)
    text = re.sub(r"\\(leq|geq|ne|to)(?![a-zA-Z])", lambda sign: {"leq": r"\le", "geq": r"\ge", "ne": r"\neq", "to": r"\to"}[sign[1]], text)
    return re.sub(r"\\(sqrt|log|ln)\s*(\d)(?!\d)", r"\\\1{\2}", text).strip()


def _full(short: re.Match[str]) -> str:
    above, below = short[1] or short[3] or short[5], short[2] or short[4] or short[6]
    return rf"\frac{{{above}}}{{{below}}}"


def _repeating(found: re.Match[str]) -> str:
    whole, before, again = found.groups()
    if len(whole + before + again) > LONGEST_NUMBER:
        return found.group()
    below = (10 ** len(again) - 1) * 10 ** len(before)
    above = int(whole + before + again) - int(whole + before)
    value = Fraction(above, below)
    return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def compact(latex: str) -> str:
    """A normal form without white space."""
    return re.sub(r"\s", "", latex)


def number(text: str) -> Fraction | None:
    """The number that a compact text is: whole, decimal, a simple fraction, a small power."""
    if not text or len(text) > LONGEST_NUMBER:
        return None
    if text[0] == "{" and text[-1] == "}" and text.count("{") == 1:
        text = text[1:-1]
    if NUMBER.fullmatch(text):
        return Fraction(Decimal(text))
    if ratio := RATIO.fullmatch(text):
        return Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    if frac := FRAC.fullmatch(text):
        return Fraction(int(frac[2]), int(frac[3])) * (-1 if frac[1] == "-" else 1) if int(frac[3]) else None
    if power := POWER.fullmatch(text):
        return Fraction(int(power[2]) ** int(power[3]) * (-1 if power[1] == "-" else 1))
    return None


def is_number(latex: str) -> bool:
    """Tell whether a text is a number written out: whole, decimal, or a fraction in lowest terms."""
    text = compact(normal(latex))
    if NUMBER.fullmatch(text):
        return True
    ratio = RATIO.fullmatch(text) or FRAC.fullmatch(text)
    if ratio is None or (value := number(text)) is None:
        return False
    return abs(int(ratio.groups()[-1])) == value.denominator > 1


def fast(right: str, given: str) -> Decided | None:
    """Outcome for two values as LaTeX, None where it takes SymPy to say."""
    one, other = (NAMED.sub("", compact(normal(text))) for text in (right, given))
    if one == other and one:
        return "correct"
    first, second = number(one), number(other)
    if first is not None and second is not None:
        return _held(first, second)
    shapes = _listed(one), _listed(other)
    if shapes[0] and shapes[1] and shapes[0][0] == shapes[1][0] == "(" and len(shapes[0][1]) == len(shapes[1][1]):
        each = [_held(mine, yours) for mine, yours in zip(shapes[0][1], shapes[1][1], strict=True)]
        return "wrong" if "wrong" in each else None if None in each else "correct"
    return None


def _held(first: Fraction, second: Fraction) -> Decided | None:
    if first == second:
        return "correct"
    return "wrong" if abs(first - second) > Fraction(1, 10**TEN_TO) else None


def _listed(text: str) -> tuple[str, list[Fraction]] | None:
    """The bracket and numbers of a tuple `(1,2)`."""
    if len(text) < 5 or text[0] != "(" or text[-1] != ")" or len(text) > LONGEST_NUMBER:
        return None
    parts = [number(part) for part in text[1:-1].split(",")]
    return ("(", [part for part in parts if part is not None]) if len(parts) > 1 and None not in parts else None
