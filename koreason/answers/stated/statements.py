r"""Answers that are stated in words, without a box: `정답은 ③입니다.`, `따라서 답: 3번`, `**정답: C**`, `옳지 않은 것은 ②이다`.

    stated_label("정답은 ③입니다.", cities, False)      # Statement of "C" and the place of "③"
    next(stated_value("따라서 답은 12개이다."))         # Statement of "12개"

Statements that name different options are none, unless one is called final; a denied one (`A는 정답이 아니다`) is none.
"""

import itertools
import re
from collections.abc import Callable, Iterator

from koreason.answers.labels import DENIED, named
from koreason.answers.plain import visible
from koreason.answers.stated.amounts import concluded_values, exact
from koreason.answers.stated.concluded import concluded_label
from koreason.answers.stated.sentences import RULE, TAIL, TRAILING, Statement

LONGEST = 300  # characters of a statement
FINAL = re.compile(r"최종|final|결론", re.IGNORECASE)
SAYS = r"\s*+(?:\*\*|[\"'`])?\s*+(?:은|는|이|:|：|=|→|➔|⇒|->|=>|\bis\b|\bwould be\b)\s*+(?:바로\s+)?[:：→]?\s*+(?:\*\*|[\"'`])?\s*+"
ASKED = (
    r"(?:가장\s*+)?(?:옳은|옳지\s*+않은|맞는|맞지\s*+않는|틀린|적절한|적절하지\s*+않은|알맞은|알맞지\s*+않은|올바른|올바르지\s*+않은|잘못된|해당하는|해당하지\s*+않는"
    r"|바른|바르지\s*+않은|타당한|타당하지\s*+않은|일치하는|일치하지\s*+않는)\s*+(?:것|내용|설명|선지|선택지|보기|문장|단어|말)"
)
LEAD = re.compile(
    rf"(?P<lead>(?:최종\s*+)?(?:정답|답안|해답|(?<![가-힣])답변?|선택지|올바른\s*+답|맞는\s*+답|{ASKED}"
    r"|(?:the\s+)?(?:(?:final|correct|best|right)\s+)?(?:answer|option|choice)))" + SAYS,
    re.IGNORECASE,
)
# `③이 정답이다`, `C가 맞다`, `③번을 선택한다`
BEFORE = re.compile(
    r"(?P<said>[(\[]?(?:[①-⑳❶-❿]|\$[^$\n]{1,80}\$(?=\s*+(?:이|가)\s*+(?:정답|답))|"
    r"(?<![A-Za-z])[A-J](?![A-Za-z])|(?<![\d.])\d{1,2}(?=[)\]]?\s*+번)|ⓐ|ⓑ|ⓒ|ⓓ|ⓔ|[㉠-㉭])[)\]]?\s*+번?)\s*+"
    r"(?:이|가|을|를|은|는)?\s*+(?:바로\s*+)?(?:(?:최종\s*+|올바른\s*+)?(?P<lead>정답|답)(?=\s*+(?:입니다|이다|이에요|예요|임|으로|이라|이므로|이\s*+된다|이\s*+됩니다|\.|\n|$))"
    r"|(?:맞다|맞습니다|옳다|옳습니다|적절하다|적절합니다|선택한다|선택합니다|선택하겠습니다|선택하겠다|고른다|고르겠습니다|고릅니다))"
)
STOP = re.compile(
    r"(?<=[다요음임])[.。!](?=\s|$)|[.。!](?=\s|$|\*)|\*\*|[\"`]|\s+(?:왜냐하면|because|since|so)\b|(?<=[다요])\s+(?=[가-힣])|;\s",
    re.IGNORECASE,
)
HASHES = re.compile(r"^####\s*(?P<said>.+)$", re.MULTILINE)
TAGGED = re.compile(r"<answer>\s*(?P<said>[^<>]{1,300}?)\s*</answer>", re.IGNORECASE)
A_COLON = re.compile(r"^\s*A\s*[:：]\s*(?P<said>.+)$", re.MULTILINE)
DOLLARS = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(?<![\\\d])\$([^$\n]+)\$|\\\(([^\n]+?)\\\)", re.DOTALL)
IS = re.compile(r"(?:\b(?:is|are|equals|it's)|[:=]|[가-힣](?:은|는|이|가))$")
ENDS = re.compile(r"(?:이다|입니다|이에요|예요|임|다)?")
SENTENCE = re.compile(r"(?<=[.!?。])\s+|(?<=\$\$)\s+")
NUMERAL = re.compile(r"(?<![\w.,])[-−]?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?[%€]|\s?[가-힣]+|[A-Za-z]{1,4}[²³])?")
THUS = re.compile(r"[∴→⇒]|따라서|그러므로|결국|그래서|therefore|thus|hence|we find|so,|answer", re.IGNORECASE)


def stated_label(text: str, options: list[str], numbered: bool, question: str = "") -> Statement | None:
    """The one option that is stated, as its label; None where there is none, or two statements name different ones."""

    def meant(said: str) -> str | None:
        return named(said, options, numbered).label

    tail = max(0, len(text) - TAIL)
    found = [read for one in _statements(text, tail, (LEAD, BEFORE, TAGGED)) if (read := _shortened(one, meant))]
    final = [one for one in found if one.final]
    told = final or found
    if told:
        return told[-1] if len({one.said for one in told}) == 1 else None
    line = _last_line(text)
    label = meant(line.said) if line else None
    if line and label:
        return Statement(label, line.start, line.end, "last line")
    return concluded_label(text, options, question)


def _shortened(one: Statement, meant: Callable[[str], str | None]) -> Statement | None:
    """A statement that names an option: all that is said up to the line's end, else up to the end of its sentence."""
    cuts = [len(one.said), *(stop.start() for stop in STOP.finditer(one.said))]
    for cut in sorted(set(cuts), reverse=True):
        said = one.said[:cut].strip().strip("*\"'` ")
        label = meant(said) if said else None
        if label:
            rest = one.said[cut:]
            if DENIED.match(rest.lstrip(" *\"'`")):
                return None
            place = one.said.find(said)
            return Statement(label, one.start + place, one.start + place + len(said), one.rule, one.final)
    return None


def _statements(text: str, tail: int, patterns: tuple[re.Pattern[str], ...]) -> Iterator[Statement]:
    """Every statement in a text's end, in their order."""
    found = [
        (match.end() if pattern is LEAD else match.start("said"), match) for pattern in patterns for match in pattern.finditer(text, tail)
    ]
    found.sort(key=lambda pair: pair[0])
    for index, (start, match) in enumerate(found):
        said = match.groupdict().get("said")
        if match.re is LEAD:  # up to the line's end, or to the next statement
            line = text.find("\n", start)
            following = found[index + 1][1].start() if index + 1 < len(found) else len(text)
            said = text[start : min(line if line >= 0 else len(text), max(following, start) if following > start else len(text))]
        said = (said or "")[:LONGEST]
        if not said.strip(" *"):
            continue
        behind = text[match.end() : match.end() + 20]
        if match.re is BEFORE and DENIED.match(re.sub(r"^[은는이가도 ]+", "", behind)):
            continue
        lead = match["lead"] if "lead" in match.re.groupindex else ""
        ahead = text[max(0, match.start() - 8) : match.start()]
        final = bool(FINAL.search(lead or "") or FINAL.search(ahead))
        yield Statement(said, start, start + len(said), "stated answer", final)


def _last_line(text: str) -> Statement | None:
    """The last line that is not empty, where it is short."""
    end = len(text.rstrip())
    start = text.rfind("\n", 0, end) + 1
    line = visible(text[start:end]).strip().strip("*$ ").lstrip("∴→⇒➔").strip("*$ ")
    return Statement(line, start, end, "last line") if line and len(line) <= LONGEST else None


def stated_value(text: str) -> Iterator[Statement]:
    """What may be the stated value, the likeliest first: the caller takes the first that reads as one."""
    tail = max(0, len(text) - TAIL)
    told = list(_statements(text, tail, (LEAD, HASHES, A_COLON, TAGGED)))
    final = [one for one in told if one.final]
    for one in (final or told)[-1:]:
        cuts = sorted({len(one.said), *(stop.start() for stop in STOP.finditer(one.said))}, reverse=True)
        if several := _several(one):
            yield several
        mathematics = DOLLARS.match(one.said.lstrip("*\"' "))
        if mathematics:
            inner = _inner(mathematics)
            place = one.start + one.said.find(inner)
            yield Statement(inner.strip() + _word(one.said, mathematics), place, place + len(inner), one.rule, one.final)
        if ends := re.search(r"\bis\s+([^\s]+?)\.?\s*$", TRAILING.sub("", one.said)):
            yield Statement(ends[1], one.start + ends.start(1), one.start + ends.end(1), one.rule, one.final)
        for cut in cuts:
            said = one.said[:cut].strip().strip("*\"'` ")
            if said and not DENIED.search(one.said[cut : cut + 12]):
                yield Statement(said, one.start, one.start + cut, one.rule, one.final)
    paragraph = _last_paragraph(text)
    yield from _formula(*paragraph)
    yield from _whole(text, *paragraph)
    yield from concluded_values(text)
    yield from _numeral(*paragraph)


def _last_paragraph(text: str) -> tuple[int, str]:
    """Where the last paragraph starts, and it, without what trails behind it."""
    end = len(TRAILING.sub("", text[-TAIL:].rstrip())) + max(0, len(text.rstrip()) - TAIL)
    start = max(text.rfind("\n\n", 0, end) + 1, end - 2_000, 0)
    return start, text[start:end]


def _inner(formula: re.Match[str]) -> str:
    """What stands between a formula's marks."""
    return next(group for group in formula.groups() if group is not None)


def _formula(start: int, said: str) -> list[Statement]:
    """The formula that a last paragraph concludes on."""
    spans = list(DOLLARS.finditer(said))
    if not spans:
        return []
    last = spans[-1]
    before, behind = said[: last.start()].rstrip(), said[last.end() :].strip(" .*\n")
    thus = len(spans) == 1 and (THUS.search(said) or last.group().strip() == said.strip())
    if not thus and not (IS.search(before) and ENDS.fullmatch(behind)):
        return []
    inner = _inner(last)
    word = behind if re.match(r"[가-힣%]", behind) and not ENDS.fullmatch(behind) else ""
    return [Statement(inner.strip() + word[:40], start + last.start(), start + last.end(), RULE)]


def _numeral(start: int, said: str) -> list[Statement]:
    """The number that a last paragraph concludes on."""
    stripped, found, end = said.strip(), [], start + len(said)
    sentence = SENTENCE.split(stripped.replace("\n", " "))[-1]
    numbers = [] if "$" in sentence or "\\(" in sentence else list(NUMERAL.finditer(sentence))
    numbers = numbers if numbers and exact(sentence, numbers[-1]) else []
    alone = len(numbers) == 1 and THUS.search(sentence)
    if numbers and (alone or (IS.search(sentence[: numbers[-1].start()].rstrip()) and not sentence[numbers[-1].end() :].strip(" ."))):
        number = numbers[-1].group().strip()
        place = start + said.rfind(number)
        found.append(Statement(number, place, place + len(number), RULE))
    line = stripped.rpartition("\n")[2]
    if NUMERAL.fullmatch(line.strip("*$ ")):
        found.insert(0, Statement(line.strip("*$ "), end - len(said) + len(said.rstrip()) - len(line), end, "last line"))
    return found


def _whole(text: str, start: int, said: str) -> list[Statement]:
    """A short answer that is nothing else."""
    stripped = said.strip()
    alone = stripped and stripped == text.strip() and len(stripped) <= LONGEST
    return [Statement(stripped, start, start + len(said), "whole answer")] if alone else []


def _several(one: Statement) -> Statement | None:
    """Formulas that only `or` joins, as one list: `$x=2$ 또는 $x=-2$`."""
    parts = list(DOLLARS.finditer(one.said))
    gaps = [one.said[first.end() : second.start()].strip() for first, second in itertools.pairwise(parts)]
    if (
        len(parts) < 2
        or one.said[: parts[0].start()].strip(" *")
        or not all(gap in ("또는", "혹은", ",", "or", "와", "과") for gap in gaps)
    ):
        return None
    inner = [_inner(part).strip() for part in parts]
    return Statement(", ".join(inner), one.start + parts[0].start(), one.start + parts[-1].end(), one.rule, one.final)


def _word(said: str, mathematics: re.Match[str]) -> str:
    """The word right behind a formula: its unit, or what bounds it."""
    lead = len(said) - len(said.lstrip("*\"' "))
    behind = re.match(r"\s*([가-힣%]+)", said[lead + mathematics.end() :])
    return behind[1] if behind else ""
