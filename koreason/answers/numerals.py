"""Numbers as Korean writes them: `1만 2천`, `5백만`, `3백50`, `십오`, `열두`, `8분의 3`.

    number("1조 2천억")     # Decimal("1200000000000")
    fraction("8분의 3")     # (Decimal("8"), Decimal("3")), below and above the line

A text that is a number only in part is none: what stands behind it decides elsewhere whether it is a unit.
"""

import re
from decimal import Decimal, InvalidOperation

LONGEST = 60  # characters; the longest number below 10^20 in words has fewer
DIGITS = dict(zip("영공일이삼사오육칠팔구", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)) | {"륙": 6}
SMALL = {"십": 10, "백": 100, "천": 1000}
LARGE = {"만": 10**4, "억": 10**8, "조": 10**12, "경": 10**16}
ONES = {"하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "석": 3, "넷": 4, "네": 4, "넉": 4}
ONES |= {"다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9}
TENS = {"열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70, "여든": 80, "아흔": 90}
NATIVE = re.compile(rf"({'|'.join(TENS)})?({'|'.join(ONES)})?")
TOKEN = re.compile(r"\d+(?:\.\d+)?|[영공일이삼사오육륙칠팔구십백천만억조경]")
OVER = re.compile(r"(?:(.+?)\s*[과와]\s*)?(.+?)\s*분의\s*(.+)")


def number(text: str) -> Decimal | None:
    """The number that a text is, which has at least one word of a number in it; None for any other text."""
    compact = re.sub(r"\s|(?<=\d),(?=\d{3}(?!\d))", "", text)
    if not compact or len(compact) > LONGEST:
        return None
    sign, compact = (-1, compact[1:]) if compact[0] in "-−" else (1, compact)
    sign, compact = (-1, compact[4:]) if compact.startswith("마이너스") else (sign, compact)
    native = NATIVE.fullmatch(compact)
    if native and compact:
        return Decimal(sign * (TENS.get(native[1] or "", 0) + ONES.get(native[2] or "", 0)))
    found = _sino(compact)
    return None if found is None else sign * found


def _sino(text: str) -> Decimal | None:
    total = section = Decimal(0)
    current: Decimal | None = None
    small, large, place, words = 10**4, 10**20, 0, False
    for token in TOKEN.finditer(text):
        if token.start() != place:
            return None
        place, word = token.end(), token.group()
        words = words or not word[0].isdigit()
        if word[0].isdigit() or word in DIGITS:
            if current is not None:
                return None  # 일구팔오, 5일
            current = Decimal(word) if word[0].isdigit() else Decimal(DIGITS[word])
            if section and current >= small:
                return None  # 3백500
        elif word in SMALL:
            if SMALL[word] >= small or (current is not None and section and current >= 10):
                return None
            small = SMALL[word]
            section, current = section + (1 if current is None else current) * small, None
        else:
            whole = section + (current or 0)
            if LARGE[word] >= large or (current == 0 and not section) or (total and not whole):
                return None
            large, small = LARGE[word], 10**4
            total, section, current = total + (whole or 1) * large, Decimal(0), None
    return total + section + (current or 0) if words and place == len(text) else None


def value(text: str) -> Decimal | None:
    """A number in digits or in words."""
    try:
        return Decimal(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text.strip())) if re.fullmatch(r"\s*[-\d.,]+\s*", text) else number(text)
    except InvalidOperation:
        return None


def fraction(text: str) -> tuple[Decimal, Decimal] | None:
    """Denominator and numerator of `8분의 3`, `팔분의 삼` or `1과 2분의 1`."""
    parts = OVER.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if parts is None:
        return None
    whole, below, above = value(parts[1]) if parts[1] else Decimal(0), value(parts[2]), value(parts[3])
    return None if whole is None or below is None or above is None or not below else (below, above + whole * below)
