r"""Ours: what a careful reader takes for the answer, and no more.

    read(Answer("따라서 정답은 ③입니다.", ((0, 0),)), asked)       # "C", by the rule "stated answer"

The last box that is no placeholder, no quotation of the question and not denied counts, boxes that only `and` joins as one list;
without a box, the stated answer, if all statements agree. A value that is an unevaluated copy of the question is none, and
approximations are none.
"""

import functools
import re

from koreason.answers.boxes import Answer, Box, boxes
from koreason.answers.exact import compact, is_number, normal
from koreason.answers.labels import LONGEST_LABEL, NEGATED, named, quantity
from koreason.answers.plain import undress, visible
from koreason.answers.quantities import rooted, translated
from koreason.answers.stated.sentences import Statement
from koreason.answers.stated.statements import stated_label, stated_value
from koreason.answers.units import agree, unit
from koreason.evaluate.profiles.readings import Asked, Reading, located, of_label

PLACEHOLDERS = {
    "",
    "N",
    "n",
    "정답",
    "답",
    "최종정답",
    "최종답",
    "최종답안",
    "숫자",
    "번호",
    "정답번호",
    "값",
    "선택지",
    "...",
    "…",
    "\\ldots",
    "\\dots",
}
PLACEHOLDERS |= {
    "answer",
    "Answer",
    "youranswer",
    "finalanswer",
    "letter",
    "여기에정답",
    "정답을여기에",
    "_",
    "__",
    "?",
    "□",
    "\\cdots",
    "\\square",
}
JOINT = re.compile(
    r"(?:\s|\$|\\[,;:()\[\] ]|\\q?quad|\\text\s*\{|\}|,|;|\*|and|or|와|과|및|또는|그리고|이고|입니다|이며|[a-zA-Z](?:_\{?\w+\}?)?\s*=)*"
)
BEHIND = re.compile(r"[\s$*}\])\\]{0,6}(?P<word>[가-힣][^\n.,]{0,12})")
BOUNDS = re.compile(r"(?:보다|이상|이하|미만|초과|의\s*(?:배수|약수|배)|배(?![가-힣])|(?:또는|혹은)\s*[$\\(]*-?\d)")
# Signs beside a box that make it part of a formula: what is boxed is not all of the value.
SIGNED = re.compile(r"(?:[$=(]|\\\(|\\\[)[ \t]*-$")
RELATED = re.compile(r"(?P<sign>[≤≥≠]|\\(?:le|ge|leq|geq|lt|gt|neq|ne|leqslant|geqslant)(?![a-zA-Z])|(?<![\w<>/\\-])[a-zA-Z\d]\s?[<>])\s*$")
FACTOR = re.compile(r"(?:[A-Za-z\d]\s*[+*/×÷]|\\(?:times|cdot|div|pm))\s*$")
OPERATED = re.compile(r"\s*(?:\^(?!\s*\{?\s*\\circ)|(?:[+*/×÷]|\\(?:times|cdot|div)(?![a-z]))\s*(?:[A-Za-z\d(]|\\(?!f?box)))")
THOUSANDS = re.compile(
    r"(?:[십백천]{0,2}[만억조]|[백천])(?:\s*\d+[십백천]{0,2}만?)?(?=\s*(?:원|명|개|달러|톤|년|대|권|마리|그루|표|위안|엔|유로)|이다|입니다|\.?\s*$)"
)
NOT_IT = re.compile(
    r"(?:번\s*+)?(?:은|는|이|가|도)?\s*+(?:정답|답)?\s*+(?:이|은|는|가)?\s*+(?:아니|아닌|아님|오답|틀렸|틀린|될 수 없|일 수 없)"
)
MEASURE = r"[A-Za-z%°㎜-㎥]{1,5}[²³]?(?:/[A-Za-z]{1,2})?|[가-힣]{1,6}?"
UNIT_ASKED = re.compile(
    rf"몇\s*({MEASURE})(?=\s*(?:인|이|입|일|가|을|를|는|은|로|예|\?|$)|\s)|단위\s*(?:는|:|：)\s*({MEASURE})(?=[\s)\].,]|$)"
    rf"|(?<![A-Za-z])({MEASURE})\s*(?:으로|로|단위로)\s*(?:바꾸|바꿔|나타내|나타낸|구하|고치|고쳐|환산|답하)"
)
NAME = re.compile(r"(?<![a-zA-Z\\])[a-zA-Z]\s*(?==)")  # of one of several unknowns
SYLLABLE = re.compile(r"^([가나다라마바사아자차])(?:\s*[.):]\s*|$)")  # that marks an option
TIMES_ASKED = re.compile(r"몇\s*배")
ROOT = re.compile(r"-?\\sqrt\{(?:2|3|5|6|7|10|11|13|14|15|17|19)\}")  # is worked out, as a number is
OPERATORS = re.compile(r"[-+*/^!=]|\\(?:frac|sqrt|times|cdot|div|binom|log|ln|sum|int|sin|cos|tan)")


def read(answer: Answer, asked: Asked) -> Reading:
    """The reading of an answer."""
    found = counted(boxes(answer.text), answer.text, asked)
    if asked.kind == "choice":
        return _choice(answer, asked, found)
    return _value(answer, asked, found)


def counted(found: list[Box], text: str, asked: Asked) -> list[Box]:
    """Boxes that hold an answer: no placeholders, quotations of the question, or denied ones."""
    kept = [box for box in found if (bare := _bare(box.content[:200])) not in PLACEHOLDERS or bare == visible(asked.gold).strip()]
    kept = [box for box in kept if not ((behind := text[box.outer[1] : box.outer[1] + 30]) and NOT_IT.match(behind.lstrip(" $*)\\")))]
    own = [box for box in kept if f"\\boxed{{{box.content}}}" not in asked.question] if "\\boxed" in asked.question else kept
    return own or kept


@functools.lru_cache(maxsize=1 << 12)
def _bare(content: str) -> str:
    return re.sub(r"\s", "", undress(visible(content)))


def _joined(found: list[Box], text: str) -> list[Box]:
    """The last box, and those before it that only `and` separates from it."""
    last = found[-1:]
    for box in reversed(found[:-1]):
        between = text[box.outer[1] : last[0].outer[0]]
        if len(between) > 40 or not JOINT.fullmatch(between) or ("\n" in between.strip() or not between.strip(" $\n")):
            break
        last.insert(0, box)
    return last


def _word_behind(box: Box, text: str) -> str:
    found = BEHIND.match(text, box.outer[1])
    return found["word"] if found else ""


def _choice(answer: Answer, asked: Asked, found: list[Box]) -> Reading:
    if not found:
        told = stated_label(answer.text, asked.options, asked.numbered, asked.question)
        if told is None:
            return Reading(None, "no_box", "no answer")
        return located(of_label(told.said, "", asked, told.rule), answer, told.start, told.end)
    last = _joined(found, answer.text)
    box = last[-1]
    content = box.content[: LONGEST_LABEL + 1]
    if _word_behind(box, answer.text).startswith("번") and re.fullmatch(r"[(\[]?\d{1,2}[)\]]?", undress(content)):
        content = f"{undress(content)}번"
    if asked.parsed and "가" in asked.parsed.kind:  # elsewhere a syllable by itself is a word
        content = SYLLABLE.sub(r"(\1) ", undress(content)).strip()
    meant = named(content, asked.options, asked.numbered)
    rule = f"{box.how}, {meant.rule}"
    if len({one.content for one in last}) > 1:
        reading = _several(last, asked)
    elif meant.label is None and meant.values:
        tasks = tuple(("values", option, content) if option else None for option in meant.values)
        reading = Reading(box.content, None, rule, tasks=tasks)
    else:
        reading = of_label(meant.label, box.content, asked, rule)
    return located(reading, answer, last[0].start, box.end)


def _several(last: list[Box], asked: Asked) -> Reading:
    """Boxes side by side name one option if together they are its list of marks."""
    together = ", ".join(box.content for box in last)
    meant = named(together, asked.options, asked.numbered)
    return of_label(meant.label, together, asked, f"boxes, {meant.rule}")


def _value(answer: Answer, asked: Asked, found: list[Box]) -> Reading:
    if not found:
        return _stated(answer, asked)
    last = _joined(found, answer.text)
    if len(last) == 1 and len(NAME.findall(asked.gold)) > 1:
        last = list({name[0]: box for box in found if (name := NAME.match(undress(box.content)))}.values()) or last
    box, content = last[-1], ", ".join(one.content for one in last)
    behind = _word_behind(box, answer.text)
    if BOUNDS.match(behind):
        content = f"{content} {behind}"
    elif len(last) == 1:
        content = _in_its_formula(content, box, answer.text, behind)
    reading = compared(content, asked, "boxes" if len(last) > 1 else box.how)
    return located(reading, answer, last[0].start, box.end)


def _in_its_formula(content: str, box: Box, text: str, behind: str) -> str:
    r"""What a box says with the signs beside it: `-\boxed{3}`, `x > \boxed{3}`, `\boxed{3}^2`, `\boxed{3}만 원`."""
    before, after = text[max(0, box.outer[0] - 20) : box.outer[0]], text[box.outer[1] : box.outer[1] + 20]
    if (scale := THOUSANDS.match(behind)) and re.fullmatch(r"[\d.,]+", undress(content)):
        return undress(content) + scale.group()
    if related := RELATED.search(before):
        return f"{related['sign']} {content}"
    if SIGNED.search(before):
        return f"-{content}"
    if factor := FACTOR.search(before):
        return factor.group().strip() + content
    if OPERATED.match(after):
        return content + after.split("$")[0].split("\n")[0]
    return content


def compared(content: str, asked: Asked, rule: str) -> Reading:
    """The reading of a value, which is to be held against the gold."""
    if echo(content, asked):
        return Reading(content, "unreadable", f"{rule}, echo of the question")
    if TIMES_ASKED.search(asked.question[-2_000:]):
        content = re.sub(r"(?<=[\d)}])\s*배$", "", content)
    value, wanted = quantity(content), asked_unit(asked.question)
    if value is not None and value.unit and wanted and not agree(value.unit, wanted) and not _unit_of(asked.gold):
        return Reading(content, "wrong", f"{rule}, another unit than was asked for")
    rule = f"{rule}, {value.rule}" if value is not None and value.rule != "as written" else rule
    return Reading(content, None, rule, tasks=(("values", asked.gold, content),))


@functools.lru_cache(maxsize=1 << 12)
def asked_unit(question: str) -> str:
    """The one unit of measure that a question asks for, `몇 km인가`, `cm로 나타내라`, `(단위: kg)`; empty where there is none."""
    named_units = {unit(next(filter(None, match.groups()))) or "" for match in UNIT_ASKED.finditer(question[-2_000:])} - {""}
    return next(iter(named_units)) if len(named_units) == 1 else ""


def _unit_of(gold: str) -> str:
    value = quantity(gold)
    return value.unit if value is not None else ""


def echo(content: str, asked: Asked) -> bool:
    """Whether a value is an expression that stands in the question, not worked out: right only as the gold itself, or as a number."""
    if len(content) > 300 or not asked.question:
        return False
    said = _spelt(content)
    if (
        len(said) < 2
        or not OPERATORS.search(said.removeprefix("-"))
        or is_number(said)
        or said == _spelt(asked.gold)
        or ROOT.fullmatch(said)
    ):
        return False
    place = (question := _spelt(asked.question[:20_000].replace("$", " "))).find(said)
    while place >= 0:
        before, after = question[place - 1 : place], question[place + len(said) : place + len(said) + 1]
        if not (before.isdigit() and said[0].isdigit()) and not (after.isdigit() and said[-1].isdigit()):
            return True
        place = question.find(said, place + 1)
    return False


def _spelt(text: str) -> str:
    """A formula in one spelling: `x²−1` and `x^{2} - 1` are `x^2-1`."""
    return re.sub(r"\^\{(\w)\}", r"^\1", compact(normal(undress(rooted(translated(text))))))


def _stated(answer: Answer, asked: Asked) -> Reading:
    for told in stated_value(answer.text):
        if not _reads(told, asked):
            continue
        reading = compared(told.said, asked, told.rule)
        return located(reading._replace(extracted=told.said), answer, told.start, told.end)
    return Reading(None, "no_box", "no answer")


def _reads(told: Statement, asked: Asked) -> bool:
    """Whether a statement is a value and no sentence; a word counts only if the gold is one."""
    if NEGATED.search(told.said):
        return False
    value = quantity(told.said)
    if value is None:
        return quantity(asked.gold) is None and compact(undress(told.said)).rstrip(".") == compact(undress(asked.gold))
    words = re.findall(
        r"(?<!\\)\b[A-Za-z]{3,}\b",
        re.sub(r"\\(?:begin|end)\{\w+\}(?:\{\w+\})?|\\[a-zA-Z]+", " ", re.sub(r"\\text\w*\{[^{}]*\}", "", value.latex)),
    )
    return not words
