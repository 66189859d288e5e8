r"""Which option an answer's last sentence concludes on, where none is stated by name: `그래서 1번을 고르시면 됩니다!`.

    concluded_label("부산도 대전도 아니므로, 서울입니다.", cities)     # Statement of "B" and the place of "서울"

A sentence that is not finished concludes nothing, nor does one that leaves two options standing. Where a question asks for what is not
so, the option that is denied is the answer.
"""

import functools
import re
from dataclasses import dataclass

from koreason.answers.labels import label
from koreason.answers.numerals import ONES
from koreason.answers.plain import CIRCLED, JAMO, SYLLABLES
from koreason.answers.stated.amounts import concluded_values
from koreason.answers.stated.sentences import ASIDE, BREAK, DENIAL, FINISHED, LONGEST, RULE, TAIL, Statement, last_sentences, refuses

LONGEST_OPTION = 200  # characters of an option that is looked for in a sentence
LONE_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-Z](?![A-Za-z0-9])")
ORDINALS = ONES | {"첫": 1}
PARTICLE = r"(?=[이가을를은는로의에도과와만뿐,.!\s)\]*\"'”’번]|입|으로|라|$)"
MARK = re.compile(
    r"(?P<circle>[①-⑳❶-❿])|[(\[]?(?<![\d.,/])(?P<number>[1-9])(?:\s*번(?:째)?(?![가-힣]*\s*(?:나|더|중))|[)\]])"
    rf"|(?<![A-Za-z])[(\[]?(?P<letter>[A-J])[)\]]?(?:번)?(?![A-Za-z0-9\-]){PARTICLE}"
    r"|(?P<ordinal>첫|두|둘|세|셋|네|넷|다섯|여섯)\s*(?:번?째)(?=\s*(?:보기|선택지|선지|진술|항목|문장|것|옵션|답|이|입|,|\.|즉|를|을))"
    r"|[(\[](?P<syllable>[가나다라마바])[)\]]|\[?(?<![가-힣])(?P<jamo>[ㄱ-ㅂ㉠-㉥])(?![가-힣])"
)
ASKS_FOR_THE_WRONG = re.compile(r"않은|않는|아닌|틀린|잘못|거리가\s*먼|없는|어긋난|\bnot\b|except|false|incorrect", re.IGNORECASE)
NOT = re.compile(
    r"\b(?:not|neither|nor|never|except|excluding|cannot|can't|isn't)(?:\s+(?:be|is|option|choice|the|answer|necessarily))*[\s\"'(\[*$]*$",
    re.IGNORECASE,
)
TICK = re.compile("[✅✔☑]")
NOT_THE_ANSWER = re.compile(r"답이\s*아닌|답이\s*될\s*수\s*없는|답과\s*(?:거리|무관)")
LEADS = re.compile(
    r"따라서|그러므로|그래서|결국|[∴→⇒]|므로|니까|남는|남은|정답|답|고르|고른|골라|골랐|선택|가장|아니라|해당|여야|therefore|thus|hence|so\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Mention:
    """An option named in a sentence: where, which, and whether by its text."""

    start: int
    end: int
    label: str
    worded: bool


def concluded_label(text: str, options: list[str], question: str = "") -> Statement | None:
    """The one option that the last sentence which names any leaves standing; None where there is none, or two."""
    places = last_sentences(text)
    if refuses(text, places):
        return None
    if ticked := _ticked(text, options):
        return ticked
    asks_wrong = bool(ASKS_FOR_THE_WRONG.search(question[-LONGEST:]))
    hinted: set[str] = set()  # options of which a later sentence has a word
    for start, end in places:
        sentence = text[start:end]
        if not FINISHED.search(sentence):
            return None
        found = _mentions(sentence, options)
        if NOT_THE_ANSWER.search(sentence):
            return None
        if not found:
            for value in concluded_values(text) if end >= len(text.rstrip()) else ():
                if meant := label(value.said, options):
                    return Statement(meant, value.start, value.end, value.rule)
            hinted |= _hinted(sentence, options)
            continue
        one, denied = _standing(sentence, found, asks_wrong)
        if one is None and denied and not asks_wrong:
            continue  # it only says what is not the answer
        if one is None or hinted - {one.label}:
            return None
        return Statement(one.label, start + one.start, start + one.end, RULE)
    return None


def _ticked(text: str, options: list[str]) -> Statement | None:
    """The option of the one line that has a tick."""
    tail = max(0, len(text) - TAIL)
    ticks = [tick.start() for tick in TICK.finditer(text, tail)]
    lines = {text.rfind("\n", tail, place) + 1 for place in ticks}
    if len(lines) != 1:
        return None
    start, end = max(lines.pop(), tail), text.find("\n", ticks[-1])
    line = text[start : end if end >= 0 else len(text)]
    found = _mentions(line, options) if len(line) <= LONGEST else []
    if len({one.label for one in found}) != 1:
        return None
    return Statement(found[0].label, start + found[0].start, start + found[0].end, "ticked")


def _hinted(sentence: str, options: list[str]) -> set[str]:
    """The options of which a sentence has a word that the others have not."""
    words = [set(re.findall(r"[가-힣A-Za-z]+", option)) for option in options]
    own = [each - set().union(*(other for other in words if other is not each)) for each in words]
    said = re.findall(r"[가-힣A-Za-z]+", sentence)
    return {chr(ord("A") + index) for index, each in enumerate(own) if any(one.startswith(word) for word in each for one in said)}


def _mentions(sentence: str, options: list[str]) -> list[Mention]:
    """Options that a sentence names outside of brackets, in their order, none within another."""
    sentence = ASIDE.sub(lambda aside: " " * len(aside.group()), sentence)
    found: list[Mention] = []
    for index, option in enumerate(options):
        pattern = _pattern(option)
        if pattern is not None:
            found += [Mention(*match.span(), chr(ord("A") + index), True) for match in pattern.finditer(sentence)]
    lettered = any(LONE_LETTER.search(option) for option in options)
    for match in MARK.finditer(sentence):
        place = _place(match, lettered)
        if place and place <= (len(options) or 5):
            found.append(Mention(*match.span(), chr(ord("A") + place - 1), False))
    found.sort(key=lambda one: (one.start, -one.end, one.worded))
    kept: list[Mention] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


@functools.lru_cache(maxsize=1 << 14)
def _pattern(option: str) -> re.Pattern[str] | None:
    """How an option's text stands in a sentence: whole words, spaces as they come, with or without what it has in brackets."""
    words = re.sub(r"(?<=\S{2})\s*\([^()]*\)$", "", option.strip().rstrip(".")).split()
    if not words or len(option) > LONGEST_OPTION or re.search(r"[$\\]", option) or not re.search(r"\w", option):
        return None
    before = r"(?<![\w.,/])" if re.match(r"\w", words[0]) else ""
    behind = r"(?![A-Za-z0-9])(?![.,/]\d)" if re.search(r"[A-Za-z0-9]$", words[-1]) else ""
    if len("".join(words)) == 1:  # a letter or a digit is a mark, or part of a sum
        behind += r"(?=[이가을를은는로형]|입니다|이다|\s*(?:\.|$))"
    return re.compile(before + r"\s*".join(re.escape(word) for word in words) + behind)


def _place(match: re.Match[str], lettered: bool) -> int:
    """The place that a mark names, from 1; 0 for none."""
    if match["circle"]:
        return CIRCLED.get(match["circle"], 0)
    if match["number"]:
        return int(match["number"])
    if match["letter"]:
        return 0 if lettered else ord(match["letter"]) - 64
    if match["ordinal"]:
        return ORDINALS[match["ordinal"]]
    return SYLLABLES.find(match["syllable"]) + 1 if match["syllable"] else JAMO.find(match["jamo"]) + 1


def _standing(sentence: str, found: list[Mention], asks_wrong: bool) -> tuple[Mention | None, bool]:
    """The mention that a sentence leaves standing, and whether it denies all."""
    breaks = [0, *(match.end() for match in BREAK.finditer(sentence)), len(sentence)]
    left = [one for one in found if not _denied(sentence, one, breaks)]
    if asks_wrong and len({one.label for one in left}) != 1:
        left = [one for one in found if one not in left] or left
    if len({one.label for one in left}) > 1 and LEADS.search(sentence):
        last = max(cut for cut in breaks if cut <= left[-1].start)
        left = [one for one in left if one.start >= last]
    return (left[-1] if len({one.label for one in left}) == 1 else None), not left


def _denied(sentence: str, one: Mention, breaks: list[int]) -> bool:
    """Whether the words behind a mention, up to its clause's end, or those right before it say that it is not the answer."""
    return bool(NOT.search(sentence[: one.start]) or DENIAL.search(sentence[one.end : next(cut for cut in breaks if cut >= one.end)]))
