r"""Mathematical values as models write them, held against the gold.

    compare(gold="5000", answer="5,000원")   # "correct"

Most is settled by equal text and by exact numbers; the rest by math-verify, which may run for ever or take all memory on
hostile input: `judge.py` calls `slow` in a process it can kill.
"""

import re
from dataclasses import replace
from math import log10
from typing import Any, Literal

from koreason.answers.exact import compact, fast, normal
from koreason.answers.exact import number as fast_number
from koreason.answers.plain import BLANKS, HANGUL, undress, visible
from koreason.answers.quantities import COPULA, LEAD, Quantity, date, read, translated
from koreason.answers.units import SECONDS, SPAN, agree

Outcome = Literal["correct", "wrong", "unreadable"]
LONGEST_VALUE = 1_500  # characters that are handed to SymPy; more is no value
DIGITS_OF_A_POWER = 100_000  # more is not computed
DECIMAL_COMMA = re.compile(r"-?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+)")
DECIMAL = re.compile(r"-?\d*\.\d+")
CHAIN = re.compile(
    r"(?P<low>[^<>\\]+?|\\?[^<>]*?)\s*(?P<left><|\\le)\s*(?P<name>[a-zA-Z](?:\([a-zA-Z]\))?)\s*(?P<right><|\\le)\s*(?P<high>[^<>]+)"
)
RAY = re.compile(r"(?P<name>[a-zA-Z])\s*(?P<sign><|>|\\le|\\ge)(?![a-zA-Z])\s*(?P<bound>[^<>=]+)")
YAR = re.compile(r"(?P<bound>[^<>=a-zA-Z]+)\s*(?P<sign><|>|\\le|\\ge)(?![a-zA-Z])\s*(?P<name>[a-zA-Z])")
INTERVAL = re.compile(r"^[\[(].*,.*[\])]$", re.DOTALL)
TUPLE = re.compile(r"\s*\([^()]*,[^()]*\)\s*")
COLUMN = re.compile(r"\\begin\{(?P<kind>[pb]matrix)\}(?P<entries>[^&{}]*(?:\{[^{}]*\}[^&{}]*)*)\\end\{(?P=kind)\}")
BREAK = r"\\"
# A subscripted name or a function before its value, which a gold value leaves out: `a_{10} = 29`, `f'(x) = 6x^2`.
REVERSED = re.compile(r"(?P<value>[^=]+)=\s*[a-zA-Z]")  # 7 = x
SET = re.compile(r"\\\{.*,.*\\\}", re.DOTALL)
NAMED = re.compile(r"^\s*\$*\s*[a-zA-Z](?:_\{?\w+\}?|'?\([a-z]\))\s*=\s*(?=[^=]+$)")
RESIDUE = re.compile(r"[a-zA-Z]\s*\\equiv\s*(?P<value>-?\d+)\s*(?:\\pmod\s*\{?\d+\}?|\(\s*(?:\\bmod|\\mathrm\{mod\}|mod)\s*\d+\))")
WITHIN = re.compile(r"^[a-zA-Z]\s*\\in\s*")
AND = re.compile(r"\s*(?:,|과|와|및|그리고|또는|혹은|이고)\s*")
TOWER = re.compile(r"\d+(?:\s*\^\s*[{(]?\s*\d+){2,}")
ELLIPSIS = re.compile(r"\\[lc]?dots(?![a-zA-Z])|…|\.\.\.")
POWERS = re.compile(r"(?:\d\s*|[)}]\s*)\^\s*[{(]?\s*(\d+)")


def settled(gold: str, answer: str) -> Outcome | Literal["timeout"] | None:
    """Outcome of holding an answer against the gold value as far as no SymPy is needed, None where it is."""
    prepared = _prepared(gold, answer)
    if isinstance(prepared, str):
        return prepared
    return fast(*prepared) or ("timeout" if costly(prepared[1]) else None)


def compare(gold: str, answer: str) -> Outcome | Literal["timeout"]:
    """Hold an answer against the gold value, to the end; what it takes is not bounded here."""
    return settled(gold, answer) or slow(gold, answer)


def slow(gold: str, answer: str) -> Outcome:
    """The same by math-verify alone, after both sides were read.

    As LaTeX only: math-verify's other parser evaluates the text it is given as Python. Its own time limits are off because a signal
    of its kind cannot stop every power.
    """
    prepared = _prepared(gold, answer)
    if isinstance(prepared, str):
        return prepared
    right, given = prepared
    parsed = sympified(given)
    if all(isinstance(form, str) for form in parsed):
        return "unreadable"
    from math_verify import verify  # a second to import; only workers come here

    return "correct" if verify(sympified(right), parsed, timeout_seconds=None) else "wrong"


def sympified(latex: str) -> list[Any]:
    """What math-verify reads of a LaTeX expression: SymPy's objects, and the text."""
    from math_verify import LatexExtractionConfig, parse

    configuration = (LatexExtractionConfig(boxed_match_priority=0),)
    found: list[Any] = parse(rf"\boxed{{{latex}}}", configuration, parsing_timeout=None, raise_on_error=False)
    return found


def _prepared(gold: str, answer: str) -> Outcome | tuple[str, str]:
    """Both sides as LaTeX to be held against each other, or the outcome where there is nothing to hold."""
    if not answer.strip():
        return "unreadable"
    gold, answer = (BLANKS.sub(" ", side) for side in (gold, answer))
    if ELLIPSIS.search(answer) and not ELLIPSIS.search(gold):
        return "unreadable"  # 3.14\ldots goes on, and nobody says how
    if len(answer) > LONGEST_VALUE:
        return "correct" if _text(gold) == _text(answer) else "unreadable"
    if _text(gold) == _text(answer):
        return "correct"
    if "=" not in gold and (bare := NAMED.sub("", answer, count=1)).strip():
        answer = bare
    if "=" not in gold and (reverse := REVERSED.fullmatch(answer.strip(" $"))):
        answer = reverse["value"]
    if "mod" not in gold and (residue := RESIDUE.fullmatch(answer.strip(" $"))):
        answer = residue["value"]
    right, given = read(gold), read(answer)
    if right is not None and given is not None and "date" in (right.unit, given.unit):
        return _dates(date(gold) or right, date(answer) or given)
    if given is None and right is not None:
        given = _several(right, answer)
    if given is None:
        return "wrong" if right is None and re.search(HANGUL, answer) else "unreadable"
    if right is None:
        right = _several(given, gold)
    if right is None:
        return "wrong"
    right, given = in_seconds(right, given.unit), in_seconds(given, right.unit)
    for special in ("clock", SPAN):
        if special in (right.unit, given.unit) and right.unit != given.unit:
            return "correct" if compact(right.latex) == compact(given.latex) and special == "clock" else "unreadable"
    if not agree(right.unit, given.unit):
        return "wrong"
    if not given.latex:
        return "unreadable"
    if "!" in given.latex and "!" not in right.latex:
        return "unreadable"  # 4! is not computed yet
    one, other = (normal(side.latex) for side in (right, given))
    if (TUPLE.fullmatch(one) and SET.fullmatch(other)) or (SET.fullmatch(one) and TUPLE.fullmatch(other)):
        return "wrong"  # what has an order, and what has none
    return _alike(one, other)


def in_seconds(value: Quantity, beside: str) -> Quantity:
    """Minutes or hours beside a span of several units, as that is counted."""
    scale = SECONDS.get(value.unit) if beside == SPAN else None
    number = fast_number(value.latex) if scale else None
    if scale is None or number is None:
        return value
    seconds = number * scale
    return replace(value, latex=f"\\frac{{{seconds.numerator}}}{{{seconds.denominator}}}", unit=SPAN)


def _dates(right: Quantity, given: Quantity) -> Outcome:
    """Two dates; a year that one of them leaves out is not held against it."""
    if right.unit != given.unit:
        return "unreadable"
    same = right.latex == given.latex or (right.latex.endswith(given.latex) or given.latex.endswith(right.latex))
    return "correct" if same else "wrong"


def _text(value: str) -> str:
    text = translated(visible(value)).strip()
    if len(text) <= LONGEST_VALUE:
        text = undress(text)
        if re.search(HANGUL, text):
            text = COPULA.sub("", LEAD.sub("", text, count=1).rstrip(" .。"))
    return re.sub(r"[\s.]+$|\s", "", text)


def _several(other: Quantity, text: str) -> Quantity | None:
    """Values that Korean words join, where the other side is a list, too: `1과 2` beside `1, 2`."""
    if "," not in other.latex or len(text) > 200:
        return None
    parts = [read(part) for part in AND.split(undress(text)) if part.strip()]
    if len(parts) < 2 or any(part is None for part in parts):
        return None
    return replace(other, latex=", ".join(part.latex for part in parts if part), rule="list")


def _alike(right: str, given: str) -> tuple[str, str]:
    """Both sides in one form, where each has its own: decimal commas beside decimal points, inequalities beside intervals."""
    if DECIMAL_COMMA.fullmatch(given) and DECIMAL.fullmatch(right):
        given = given.replace(",", ".")
    elif DECIMAL_COMMA.fullmatch(right) and DECIMAL.fullmatch(given):
        right = right.replace(",", ".")
    if TUPLE.fullmatch(right) or TUPLE.fullmatch(given):
        right, given = COLUMN.sub(_row, right), COLUMN.sub(_row, given)
    right, given = (re.sub(r"\{[bB]matrix\}", "{pmatrix}", side) for side in (right, given))
    right, given = WITHIN.sub("", right), WITHIN.sub("", given)
    if INTERVAL.search(right):
        given = interval(given) or given
    elif INTERVAL.search(given):
        right = interval(right) or right
    return right, given


def _row(column: re.Match[str]) -> str:
    return f"({','.join(part.strip() for part in column['entries'].split(BREAK))})"


def interval(text: str) -> str | None:
    r"""`0 \le x < 1` as `[0,1)`, `x > 2` as `(2,\infty)`; None for what is neither."""
    chain = CHAIN.fullmatch(text.strip())
    if chain:
        left, right = "(" if chain["left"] == "<" else "[", ")" if chain["right"] == "<" else "]"
        return f"{left}{chain['low'].strip()},{chain['high'].strip()}{right}"
    ray = RAY.fullmatch(text.strip()) or YAR.fullmatch(text.strip())
    if not ray:
        return None
    bound, closed = ray["bound"].strip(), ray["sign"] in (r"\le", r"\ge")
    if (ray["sign"] in (">", r"\ge")) is (ray.re is RAY):
        return rf"{'[' if closed else '('}{bound},\infty)"
    return rf"(-\infty,{bound}{']' if closed else ')'}"


def costly(latex: str) -> bool:
    """Tell whether computing a value would take more work than any answer is worth: counted, not timed."""
    if any(_towers(re.findall(r"\d+", tower)) for tower in TOWER.findall(latex)):
        return True
    if any(len(exponent) > 5 for exponent in POWERS.findall(latex)):
        return True
    if re.search(r"!\s*[)}\]]*\s*(?:\\right)?[)}\]]*\s*!|\d{5,}\s*!|\\infty\s*!", latex):
        return True
    depth = deepest = 0
    for sign in latex:
        depth += (sign in "{([") - (sign in "})]")
        deepest = max(deepest, depth)
    return deepest > 60 or len(re.findall(r"\^", latex)) > 40


def _towers(numbers: list[str]) -> bool:
    """Tell whether a power of powers has too many digits: its numbers from the lowest base to the highest exponent."""
    if any(len(number) > 6 for number in numbers[1:]):
        return True
    exponent = int(numbers[-1])
    for number in reversed(numbers[1:-1]):
        if exponent * log10(max(int(number), 2)) > 6:
            return True
        exponent = int(number) ** exponent
    return exponent * log10(max(int(numbers[0][:300]), 2)) > DIGITS_OF_A_POWER
