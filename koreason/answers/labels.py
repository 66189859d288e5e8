r"""Which option an answer names: by its label, its text, or its value.

    named("3번입니다", ["부산", "서울", "대전"])          # Named("C", "label")
    named(r"\sqrt{8}", ["2", r"2\sqrt{2}"]).values        # ("2", "2\\sqrt{2}"): what has to be compared

A lone letter is a label, since options are shown with letters, and a lone number an option's text before it is a place; a number
that is marked (`3번`, `③`, `(3)`) is a place. Where a letter is a label and another option's text, or a number where options are
numbered in the question, it names none. A label with text behind it counts when the two agree.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from koreason.answers.exact import fast, normal
from koreason.answers.plain import BLANKS, HANGUL, JAMO, SYLLABLES, marked, plain, undress
from koreason.answers.quantities import Quantity, read
from koreason.answers.units import agree

LONGEST_LABEL = 4_000  # characters; more is no answer to a choice, and undressing it takes quadratic time
LONGEST_VALUE = 300  # characters of an option that is compared as a value
LABELS_UNKNOWN = 10  # A to J, where options stand in the question and were not found
LEAD = re.compile(
    r"^(?:(?:따라서|그러므로)\s*,?\s*)?(?:최종\s*)?(?:정답|답안|답|해답|선택지|선지|보기|선택|the answer|answer|option|choice|final answer)"
    r"\s*(?:은|는|이|:|=|→|is)?\s*:?\s*(?=[A-Za-z0-9(\[<ㄱ-ㅎ가-힣\"'])",
    re.IGNORECASE,
)
TOKEN = re.compile(
    r"(?P<open>[(\[<「『\"'‘“]*)\s*(?:(?P<letter>[A-Za-z])(?![A-Za-z0-9])|(?P<number>\d{1,2})(?![\d/^_])|(?P<jamo>[ㄱ-ㅎ])(?![ㄱ-ㅎ])"
    r"|(?P<syllable>(?<=\()[가나다라마바사아자차](?=\))))\s*(?P<close>[)\]>」』\"'’”]*)\s*"
    r"(?P<mark>번(?:째)?|[.:](?!\d))?\s*(?P<rest>.*)",
    re.DOTALL,
)
# What may stand behind a label and says no more than that it is the answer.
ENDING = re.compile(
    r"(?:번)?\s*(?:(?:이|가|은|는|을|를|로|으로)?\s*(?:\s*(?:바로\s*)?(?:정답|답|맞|옳|선택|고른다|고르|적절|알맞))?"
    r"(?:\s*(?:(?:라고|이라고|로|으로)\s*(?:판단|생각|보|결론)[가-힣]*(?:\s*(?:수\s*있다|수\s*있습니다))?|하겠습니다|하겠다"
    r"|입니다|이다|이에요|예요|이라고\s*할\s*수\s*있다|합니다|한다|됩니다|된다|다|습니다|임|음|해야\s*한다|하다|니다))?)?"
    r"(?:\s*is\s+(?:the\s+)?(?:correct|right|answer|correct answer|right answer))?\s*[\s.。!)\]>」』\"'’”*]*",
    re.IGNORECASE,
)
BEHIND = re.compile(r"([^()]{2,200}?)\s*\(\s*([A-Za-z]|\d)\s*번?\s*\)")  # 대전 (C)
AHEAD = re.compile(r"[(\[]?([A-Za-z]|\d{1,2}\s*번)[)\]]?\s*\(\s*([^()]{2,200}?)\s*\)")  # C (대전)
ORDINALS = {"첫": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "둘": 2, "셋": 3, "넷": 4}
ORDINAL = re.compile(rf"({'|'.join(ORDINALS)})\s*(?:번\s*)?째")  # 세 번째
MEASURED = re.compile(r"([\d.]+)(?:[가-힣]+|\^?°|\^?circ|%|℃)")
LONE_LABEL = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]|\d)(?![A-Za-z0-9])")
NEGATED = re.compile(r"아니|아닌|아님|않|오답|틀리|틀린|틀렸|제외|없다|없음|안\s*[되된됨돼]|지\s*(?:말|마)|\bnot\b|n't\b|incorrect|wrong")
DENIED = re.compile(NEGATED.pattern + r"|또는|혹은|이나|이거나|\bor\b|\band\b|외에|빼고")
ITEM = re.compile(
    r"\(?\s*([ㄱ-ㅎ]|(?<=\()\s*[가나다라마바사아자차](?=\s*\))|(?<![가-힣])[가나다라마바사아자차](?![가-힣])|(?<![a-zA-Z])[a-z](?![a-zA-Z]))\s*\)?"
)
BETWEEN = re.compile(r"(?:[\s,·ㆍ、&+/.]|과|와|및|그리고|모두|입니다|이다)*")


@dataclass(frozen=True)
class Named:
    """What an answer to a choice names.

    Attributes:
        label: of the option, None for none.
        rule: that said so.
        values: the options' texts that the answer is to be compared with as a value, where nothing else said which is meant.
    """

    label: str | None
    rule: str
    values: tuple[str, ...] = ()


def label(box: str, options: list[str], numbered: bool = False) -> str | None:
    """The label (A, B, ...) that a box's content means; None for none, or more than one; values are compared as far as is fast."""
    found = named(box, options, numbered)
    if found.label is not None or not found.values:
        return found.label
    agreeing = [index for index, option in enumerate(found.values) if equal_at_once(option, box) == "correct"]
    return chr(ord("A") + agreeing[0]) if len(agreeing) == 1 else None


def named(box: str, options: Sequence[str], numbered: bool = False) -> Named:
    """The option that a box's content names.

    `numbered`: the question shows its options with numbers. Without `options`, which then stand in the question's text and were not
    found, labels go from A to J.
    """
    if len(box) > LONGEST_LABEL:
        return Named(None, "too long")
    return _named(BLANKS.sub(" ", box), tuple(options), numbered)


@functools.lru_cache(maxsize=1 << 14)
def _spelt(options: tuple[str, ...]) -> dict[str, set[str]]:
    """The labels that each spelling of an option means."""
    meant: dict[str, set[str]] = {}
    for index, option in enumerate(options):
        for spelling in _spellings(option):
            meant.setdefault(spelling, set()).add(chr(ord("A") + index))
    return meant


@functools.lru_cache(maxsize=1 << 14)
def _named(box: str, options: tuple[str, ...], numbered: bool) -> Named:
    text = LEAD.sub("", marked(box), count=1).strip()
    if behind := BEHIND.fullmatch(text):
        text = f"{behind[2]}. {behind[1]}"
    elif ahead := AHEAD.fullmatch(text):
        text = f"{ahead[1]}. {ahead[2]}"
    if ordinal := ORDINAL.match(text):
        text = f"{ORDINALS[ordinal[1]]}번{text[ordinal.end() :]}"
    names = [chr(ord("A") + index) for index in range(len(options) or LABELS_UNKNOWN)]
    meant = _spelt(options)
    by_text = next((meant[spelling] for spelling in (plain(box), plain(text), _ended(text)) if spelling in meant), None)
    token = TOKEN.fullmatch(text)
    if (
        token
        and (token["jamo"] or token["syllable"])
        and any(_marks_of(marked(option)) for option in options if len(option) <= LONGEST_VALUE)
    ):
        token = None  # options are in such marks themselves
    by_label, bare, marks = _by_label(token, names, meant) if token else (None, False, False)
    if by_text is not None:
        clear = next(iter(by_text)) if len(by_text) == 1 else None
        if by_label is None or by_label == clear or (marks and token and token["number"]):
            return Named(by_label if marks and by_label else clear, "label" if marks and by_label else "option's text")
        contested = bare and token is not None and (token["letter"] or (token["number"] and numbered))
        return Named(None, "two readings") if contested else Named(clear, "option's text")
    if by_label is not None:
        return Named(by_label, "label")
    listed = _by_list(text, options)
    if listed is not None:
        return Named(names[listed], "list of marks")
    if token and (token["mark"] or token["close"] or bare):
        return Named(None, "no option")
    return _by_value(box, text, options)


def _by_label(token: re.Match[str], names: list[str], meant: dict[str, set[str]]) -> tuple[str | None, bool, bool]:
    """The label that a text begins with, whether it stands alone, and whether it is marked as one."""
    if token["letter"]:
        position = ord(token["letter"].upper()) - ord("A")
    elif token["number"]:
        position = int(token["number"]) - 1
    else:
        position = JAMO.find(token["jamo"]) if token["jamo"] else SYLLABLES.find(token["syllable"])
    rest, mark = token["rest"], bool(token["mark"] or token["close"].strip("\"'’”"))
    if not 0 <= position < len(names):
        return None, not rest, mark
    if token["number"] and rest and not mark and token.start("rest") == token.end("number") and not re.match(HANGUL, rest):
        return None, False, False  # a factor: 2\\pi
    name = names[position]
    if DENIED.search(rest):
        return None, False, mark
    if not rest or ENDING.fullmatch(rest):
        return name, not rest or not mark, mark and not (token["mark"] in (".", ":") and token["number"])
    if rest[0] == ",":
        mark, rest = False, rest[1:]
    agreeing = meant.get(plain(rest)) or meant.get(_ended(rest))
    if agreeing is not None:
        return (name if name in agreeing else None), False, True
    return (name if mark and not LONE_LABEL.search(rest) and not _other(rest, name, meant) else None), False, True


def _other(rest: str, name: str, meant: dict[str, set[str]]) -> bool:
    """Whether another option's text begins what stands behind a label, and its own does not."""
    said = plain(rest)
    begins = {one for spelling, named_by in meant.items() if spelling and said.startswith(spelling) for one in named_by}
    return bool(begins) and name not in begins


def _spellings(option: str) -> set[str]:
    spelling = plain(option)
    measured = MEASURED.fullmatch(spelling)
    return {spelling, measured[1]} if measured else {spelling}


def _ended(text: str) -> str:
    return re.sub(r"(?:(?:이|가)정답)?(?:입니다|이다|이에요|예요)[.!]*$", "", plain(text))


def _marks_of(text: str) -> frozenset[str] | None:
    """The marks that a text lists, `ㄱ, ㄷ` or `(가), (나)` or `ⓐ, ⓒ`; None where other words stand in it."""
    found, place = [], 0
    for item in ITEM.finditer(text):
        if not BETWEEN.fullmatch(text[place : item.start()]):
            return None
        found.append(item[1].strip())
        place = item.end()
    return frozenset(found) if found and BETWEEN.fullmatch(text[place:].strip()) else None


def _by_list(text: str, options: Sequence[str]) -> int | None:
    said = _marks_of(text)
    if said is None or len(text) > LONGEST_VALUE:
        return None
    agreeing = [index for index, option in enumerate(options) if len(option) <= LONGEST_VALUE and _marks_of(marked(option)) == said]
    return agreeing[0] if len(agreeing) == 1 else None


def _by_value(box: str, text: str, options: Sequence[str]) -> Named:
    """Options and answer compared as values, where all that are compared read as one."""
    if not options or len(text) > LONGEST_VALUE or (given := quantity(box)) is None:
        return Named(None, "no option")
    values = tuple(option if len(option) <= LONGEST_VALUE and _comparable(quantity(option), given) else "" for option in options)
    return Named(None, "option's value", values) if any(values) else Named(None, "no option")


def _comparable(option: Quantity | None, given: Quantity) -> bool:
    return option is not None and agree(option.unit, given.unit)


def quantity(text: str) -> Quantity | None:
    """A text that is a value, and no word or sentence: it has a digit or a command of LaTeX."""
    found = read(text) if len(text) <= LONGEST_LABEL else None
    return found if found is not None and re.search(r"[\d\\∞]|^[a-zA-Z]([+\-*/^].*)?$", undress(found.latex)) else None


def equal_at_once(option: str, box: str) -> str | None:
    """Outcome of holding two values against each other as far as it needs no SymPy."""
    one, other = read(option), read(box)
    return fast(normal(one.latex), normal(other.latex)) if option and one and other else None
