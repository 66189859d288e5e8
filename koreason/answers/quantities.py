r"""A value as people write it, read as LaTeX and a unit: `총 5백만 원입니다.`, `8분의 3`, `10 \text{ cm}^2`, `₩1,500`, `12시 30분`.

    read("정답은 5천 원입니다.")    # Quantity("5000", "원", "Korean number")
    read("5 이상")                 # None: a bound is no value

What is understood is a list: units in `units.py`, numerals in `numerals.py`, words and endings here. Any other Hangul makes a text
no value. An approximation (`약 12`, `12 정도`, `\approx 12`) is no value, a total (`총 12개`) is.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from koreason.answers import english, numerals
from koreason.answers.plain import HANGUL, undress, visible
from koreason.answers.units import AMBIGUOUS, NAMES, SECONDS, SPAN, unit

LONGEST_KOREAN = 120  # characters of a value with Hangul in it
FORMS = {"−": "-", "–": "-", "×": r"\times ", "÷": r"\div ", "²": "^{2}", "³": "^{3}", "°": r"^\circ ", "∞": r"\infty ", "π": r"\pi "}
FORMS |= {"≤": r"\le ", "≥": r"\ge ", "≠": r"\neq ", "∅": r"\emptyset ", "∪": r"\cup ", "±": r"\pm ", "·": r"\cdot ", "≈": r"\approx "}
FORMS |= {"′": "'", "″": "''"}
FORMS |= {"½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}", "⅔": r"\frac{2}{3}", "：": ":", "∼": r"\sim "}
FORMS |= {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width to ASCII
FORMS |= {chr(0x2460 + index): str(index + 1) for index in range(20)}  # circled numbers
TRANSLATION = str.maketrans(FORMS)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", "0123456789-n")
EXPONENT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ]+")
SCIENTIFIC = re.compile(r"(?P<digits>[-+]?\d+(?:\.\d+)?)[eE](?P<exponent>[-+]?\d{1,3})")
# A function's name without its backslash, which LaTeX reads as a product of letters.
FUNCTION = re.compile(r"(?<![a-zA-Z\\])(?P<name>arcsin|arccos|arctan|sin|cos|tan|log|ln|pi|sqrt(?=\{))(?![a-zA-Z])")
SQRT = re.compile(r"(?<![a-zA-Z\\])sqrt\s*\(([^()]*)\)")
ROOT = re.compile(r"√\s*(?:(\d+)|\(([^()]*)\)|\{([^{}]*)\}|([a-zA-Z]))")
SPACING = re.compile(r"(?<=\d)\s*(?:\\[,!;:]|\{,\}|\{\s*\\[,!]\s*\}|,\\!)\s*(?=\d{3}(?!\d))")
GROUPS = re.compile(r"(?<![\d.,])(\d{1,3})((?:,\d{3})+)(?![\d,])|(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d ])")
WORDS = {"공집합": r"\emptyset", "무한대": r"\infty", "무한": r"\infty"}
LEAD = re.compile(
    r"^(?:따라서|그러므로|즉)?,?\s*(?:최종\s*)?(?:정답|답안|답|해답|결과|값|구하는 값|총합|합계|개수)\s*(?:은|는|이|:|=|→)\s*[:=]?\s*(?=.)"
    r"|^(?:정답|답)\s+(?=\S)"
)
TOTAL = re.compile(r"^(?:총|모두|전부|합계|합해서|합쳐서|전체)\s*(?=[\d-])")
COPULA = re.compile(
    r"(?<!\s)\s*+(?:(?:가|이)?(?:\s*+(?:정답|답))?\s*+(?:입니다|이다|이에요|예요|임|됩니다|된다|가 됩니다|이 됩니다)|(?<=[\d가-힣])다)$"
)
CURRENCY = re.compile(r"^(?:\\\$|\$|₩|￦|\\text\{₩\}|€|£|¥|\\)\s*(?=[\d.-])")
TAIL = re.compile(r"(?:\s|\\ |~)*(?:\\?%|\^\s*\{?\s*\\circ\s*\}?|\\degree|[℃℉㎜㎝㎞㎎㎏㎖ℓ㎠㎡㎢㎤㎥€])\s*[CF]?$")
LATIN = re.compile(
    r"(?P<number>.*[\d)}\]!])(?:\s|\\[ ,;]|~)*"
    r"(?P<unit>[A-Za-z]{1,12}(?:\s?units?)?(?:\s*/\s*[A-Za-z가-힣]{1,6})?(?:\s*\^\s*\{?\s*[23]\s*\}?)?)$",
    re.DOTALL,
)
CLOCK = re.compile(r"(?:(?P<half>오전|오후)\s*)?(?P<hour>\d{1,2})\s*(?:시\s*(?P<minute>\d{1,2})\s*분|:\s*(?P<after>\d{2}))")
RATIO = re.compile(r"(\d+)\s*대\s*(\d+)")
DATE = re.compile(r"(?:(\d{4})\s*년\s*)?(\d{1,2})\s*월\s*(\d{1,2})\s*일")
NUMBERED_DATE = re.compile(r"(\d{4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,2})\.?")
# What stands in brackets behind a value and says nothing about how large it is: `2 (중근)`, `72 (9×8)`.
REMARK = re.compile(
    r"(?<=[\w})²³])\s*(?:\\text\w*\s*\{\s*)?\((?P<said>[^()]*[가-힣][^()]*)\)\s*\}?$"
    r"|\s+\((?P<sum>=\s*\d[^(),가-힣]*|\d[\d.\s]*(?:\\times|\\div|[+*/=])[^(),가-힣]*)\)$"
)
OTHERWISE = re.compile(
    r"이상|이하|미만|초과|보다|배|약수|정도|쯤|가량|약\s*\d|아니|아님|않|또는|혹은|개당|당\b|^\s*약\s*$|대략|근사|근삿|어림|추정|추측|예상|오답|틀|"
    r"가능|아마|불확실|미정|모르|모름|제외|잘못"
)
HOURS = re.compile(r"(?:(\d+)\s*시간)?\s*(?:(\d+)\s*분)?\s*(?:(\d+(?:\.\d+)?)\s*초)?")
# English words behind or before a value that bound it, deny it or scale it; math-verify would leave them out.
NO_VALUE = re.compile(
    r"\b(?:at least|at most|or more|or less|more than|less than|greater|fewer|about|approximately|approx|roughly|around|nearly|not|"
    r"multiples?|divisors?|(?<!\\)times|above|below|between|maximum of|minimum of|incorrect|wrong)\b"
    r"|\\(?:approx|sim|simeq)(?![a-z])|≒|\\neg",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A value: as LaTeX, the name of its unit (empty for none, and for words that count), and the rule that read it."""

    latex: str
    unit: str = ""
    rule: str = "as written"


def read(text: str) -> Quantity | None:
    """What a text says as a value; None where it holds Hangul that is none of ours, or words that bound the value."""
    text = translated(visible(text)).strip().strip("*`").strip()
    text = re.sub(r"\\text(?:bf|rm|normal)?\s*\{\s*\}", "", text)
    text = re.sub(r"\\mathrm\s*\{\s*([a-zA-Z])\s*\}", r"\1", text)
    text = re.sub(r"(?:\s|\\q?quad)*\\(?:blacksquare|square|Box|qed)\s*$", "", re.sub(r"\\mathbf\s*\{([^{}]*)\}", r"\1", text))
    remark = REMARK.search(text)
    if remark and not OTHERWISE.search(remark["said"] or "") and unit(remark["said"] or "?") is None:
        text = text[: remark.start()]
    if r"\begin" not in text:
        text = re.sub(r"\\\\(?=[a-zA-Z])", r"\\", text)  # escaped once too often
    money = CURRENCY.match(text)
    text = re.sub(r"(?<!\\)\$", "", text[money.end() :] if money else text).strip().replace("!=", r"\neq ")
    text = rooted(text)
    text = re.sub(r"[\s.。]+$", "", text)
    if re.search(f"{HANGUL}", text):
        return korean(text)
    text = numbers(text)
    if r"\approx" in text and ("=" in text or re.match(r"[^\\]*\\(?:pi|sqrt|frac|ln|log|e)", text)):
        text = text.split(r"\approx")[0].rstrip()  # x = 1/3 ≈ 0.333: exact first
    if scientific := SCIENTIFIC.fullmatch(text):
        text = rf"{scientific['digits']} \times 10^{{{int(scientific['exponent'])}}}"
    if NO_VALUE.search(text) or (words := english.read(text)) is None:
        return None
    if words.read:
        return Quantity(words.latex, words.unit, "English words")
    if r"\text" not in text:
        text = FUNCTION.sub(lambda found: "\\" + found["name"], SQRT.sub(r"\\sqrt{\1}", text))
    return _with_unit(text, "currency" if money else "as written")


def translated(text: str) -> str:
    """The text with signs of Unicode as LaTeX."""
    return EXPONENT.sub(lambda raised: f"^{{{raised.group().translate(RAISED)}}}", text).translate(TRANSLATION)


def rooted(text: str) -> str:
    """The text with the signs of roots as LaTeX."""
    return ROOT.sub(lambda root: rf"\sqrt{{{root[1] or root[2] or root[3] or root[4]}}}", text)


def numbers(text: str) -> str:
    """The text with the digits of each number in one piece: `1{,}000`, `1,500`, `1 000` and `1.000,5` are 1000, 1500, 1000 and 1000.5."""
    text = SPACING.sub("", text)
    if re.fullmatch(r"\s*-?\d{1,3}(?:\.\d{3})+,\d+\s*", text):
        text = text.replace(".", "").replace(",", ".")
    alone = re.fullmatch(r"[^\d]*[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?[^\d,]*(?:\^\{?[23]\}?)?", text)
    return (
        GROUPS.sub(lambda found: found.group().replace(",", "" if alone else ",").replace(" ", ""), text) if alone or " " in text else text
    )


def _with_unit(text: str, rule: str) -> Quantity:
    tail = TAIL.search(text)
    if tail and tail.start():
        name = re.sub(r"[\s\\{}^~]", "", tail.group()).replace("circ", "°").replace("degree", "°")
        return Quantity(text[: tail.start()].strip(), NAMES.get(name, NAMES.get(name[:1], "")), "unit")
    if len(text) <= LONGEST_KOREAN:
        bare = re.sub(r"\\(?:text|mathrm|mbox|textrm|textbf|rm|operatorname)\s*\{([^{}]*)\}", r" \1", text).strip()
        match = LATIN.fullmatch(bare)
        behind = unit(match["unit"]) if match else None
        if match and behind:
            pure = re.fullmatch(r"-?[\d.,]+|-?\\frac\{\d+\}\{\d+\}", match["number"].strip())
            if pure or re.sub(r"[^A-Za-z]", "", match["unit"]) not in AMBIGUOUS or bare != text:
                return Quantity(numbers(match["number"].strip()), behind, "unit")
    return Quantity(text, "", rule)


def korean(text: str) -> Quantity | None:
    """A value with Hangul in it: a number in words, or one with a unit of ours behind it."""
    if len(text) > LONGEST_KOREAN:
        return None
    text = re.sub(r"\s+", " ", undress(text.replace(r"\ ", " ")))
    text = WORDS.get(text.rstrip(" .").removesuffix("입니다").removesuffix("이다"), text)
    text = LEAD.sub("", text, count=1).strip()
    text = COPULA.sub("", text.rstrip(" .。!"))
    text = TOTAL.sub("", text).strip()
    text = re.sub(r"^[a-zA-Z]\s*=\s*(?=[\d-])", "", text)
    money = CURRENCY.match(text)
    text = re.sub(r"^(?:마이너스|음수)\s*(?=\d)", "-", numbers(text[money.end() :] if money else text).strip())
    if not text:
        return None
    if not re.search(HANGUL, text):
        return None if NO_VALUE.search(text) else _with_unit(text, "ending")
    parts = numerals.fraction(text)
    if parts:
        return Quantity(rf"\frac{{{_digits(parts[1])}}}{{{_digits(parts[0])}}}", "", "Korean number")
    if clock := CLOCK.fullmatch(text):
        hour = int(clock["hour"]) % 12 + 12 * (clock["half"] == "오후") if clock["half"] else int(clock["hour"])
        return Quantity(f"{hour}:{int(clock['minute'] or clock['after']):02d}", "clock", "time of day")
    if ratio := RATIO.fullmatch(text):
        return Quantity(f"{ratio[1]}:{ratio[2]}", "", "ratio")
    if date := DATE.fullmatch(text):
        return Quantity(_date(*date.groups()), "date", "date")
    span = HOURS.fullmatch(text)
    if span and sum(part is not None for part in span.groups()) > 1:
        seconds = sum((Decimal(part or 0) * scale for part, scale in zip(span.groups(), SECONDS.values(), strict=True)), Decimal(0))
        return Quantity(_digits(seconds), SPAN, "time span")
    return _counted(text)


def date(text: str) -> Quantity | None:
    """A date in figures, `2026-03-01`: read as one only beside a date in words, since it might be a difference."""
    found = NUMBERED_DATE.fullmatch(visible(text).strip(" *."))
    return Quantity(_date(*found.groups()), "date", "date") if found else None


def _date(year: str | None, month: str, day: str) -> str:
    return f"{year or ''}-{int(month):02d}-{int(day):02d}"


def _counted(text: str) -> Quantity | None:
    """A number, in words or not, and its unit: the longest beginning that is a number whose rest is a unit."""
    for end in range(len(text), 0, -1):
        name = unit(text[end:])
        if name is None:
            if len(text) - end > 24:
                return None
            continue
        head = text[:end].strip()
        if re.search(HANGUL, head):
            found = numerals.number(head)
            if found is not None:
                return Quantity(_digits(found), name, "Korean number")
        elif head and re.search(r"[\d)}\]%!a-z]$|\\pi$", head):
            inner = _with_unit(head, "unit")
            return Quantity(inner.latex, name or inner.unit, "unit")
    return None


def _digits(value: Decimal) -> str:
    return f"{value.normalize():f}"
