r"""Options that stand in a question's text, in every usual form, on one line or on several.

    options_in("수도는?\n1. 부산\n2. 서울")     # Options("1", ["부산", "서울"])
    options_in("값은? ① 1 ② 2 ③ 3")             # Options("①", ["1", "2", "3"])

Options are the last run of marks that begins with the first mark of its kind and counts up without a gap: numbered sentences of
a passage come before it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from koreason.answers.plain import CIRCLED, FOLDED, JAMO, SYLLABLES, visible

MOST = 15  # options; longer runs are lists of other things
LONGEST_QUESTION = 60_000  # characters
_EDGE = r"(?:(?<=\s)|(?<=^)|(?<=[.?!:)\]\"'”’,;/|]))"
# A kind of mark: how it is found, and the mark of each place; its first group is what counts.
KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], int]]] = {
    "①": (re.compile(r"([①-⑳❶-❿➀-➉➊-➓⓵-⓾])"), lambda mark: CIRCLED.get(mark, 0)),
    "1": (re.compile(_EDGE + r"(\d{1,2})\s*\.(?!\d)", re.MULTILINE), int),
    "1)": (re.compile(_EDGE + r"(\d{1,2})\s*\)", re.MULTILINE), int),
    "(1)": (re.compile(_EDGE + r"[(\[](\d{1,2})[)\]]", re.MULTILINE), int),
    "⑴": (re.compile(r"([⑴-⒇])"), lambda mark: ord(mark) - 0x2473),
    "1번": (re.compile(_EDGE + r"(\d{1,2})\s*번\s*[.:)]?(?=\s)", re.MULTILINE), int),
    "1:": (re.compile(r"^\s*(\d{1,2})\s*:(?!\d)", re.MULTILINE), int),
    "A": (re.compile(_EDGE + r"([A-Oa-o])\s*\.(?=[\s가-힣$\\(\d-])", re.MULTILINE), lambda mark: ord(mark.upper()) - 64),
    "A)": (re.compile(_EDGE + r"([A-Oa-o])\s*\)", re.MULTILINE), lambda mark: ord(mark.upper()) - 64),
    "(A)": (re.compile(_EDGE + r"[(\[]([A-Oa-o])[)\]]", re.MULTILINE), lambda mark: ord(mark.upper()) - 64),
    "A:": (re.compile(r"^\s*([A-Oa-o])\s*:", re.MULTILINE), lambda mark: ord(mark.upper()) - 64),
    "ⓐ": (re.compile(r"([ⓐ-ⓞⒶ-Ⓞ])"), lambda mark: (ord(mark) - 0x24B6) % 26 + 1),
    "ㄱ": (re.compile(_EDGE + r"([ㄱ-ㅎ])\s*[.)](?=\s)", re.MULTILINE), lambda mark: JAMO.find(mark) + 1),
    "㉠": (re.compile(r"([㉠-㉭])"), lambda mark: JAMO.find(FOLDED[mark]) + 1),
    "가": (re.compile(_EDGE + r"([가나다라마바사아자차])\s*[.)](?=\s)", re.MULTILINE), lambda mark: SYLLABLES.find(mark) + 1),
    "(가)": (re.compile(_EDGE + r"[(\[]([가나다라마바사아자차])[)\]]", re.MULTILINE), lambda mark: SYLLABLES.find(mark) + 1),
}


@dataclass(frozen=True)
class Options:
    """Options of a question: the kind of their marks, and their texts in their order."""

    kind: str
    texts: list[str]
    start: int = 0

    @property
    def numbered(self) -> bool:
        """Whether the marks are numbers, so that a lone number names an option."""
        return self.kind[0] in "①1(⑴" and self.kind not in ("(A)", "(가)")


def options_in(question: str) -> Options | None:
    """The options that a question's text holds; None where there is no run of marks to its end."""
    text = visible(question[-LONGEST_QUESTION:])
    best: tuple[tuple[bool, int, int], Options] | None = None
    for kind, (pattern, place) in KINDS.items():
        marks = [(place(mark[1]), mark.start(), mark.end()) for mark in pattern.finditer(text)]
        run = _last_run(marks)
        if len(run) < 2 or len(run) > MOST:
            continue
        texts = _texts(text, run)
        lines = all(not text[:start].rpartition("\n")[2].strip() for _, start, _ in run)
        if not all(re.search(r"\w", one) for one in texts) or (len(run) == 2 and not lines and kind != "①"):
            continue  # f(1) + (2), or two parts of a question
        # lists in a passage, as (가) and ㄱ., come before the options; options that are themselves in letters or numbers stand later
        rank = (kind not in ("ㄱ", "㉠", "가", "(가)", "ⓐ"), run[0][1], len(run))
        if best is None or rank > best[0]:
            best = rank, Options(kind, texts, run[0][1])
    return best[1] if best else None


def _last_run(marks: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The marks from the last first one that counts up: 1, 2, 3."""
    for index in range(len(marks) - 1, -1, -1):
        if marks[index][0] != 1:
            continue
        run = [marks[index]]
        for mark in marks[index + 1 :]:
            if mark[0] == run[-1][0] + 1:
                run.append(mark)
        if len(run) > 1:
            return run
    return []


def _texts(text: str, run: list[tuple[int, int, int]]) -> list[str]:
    """What stands behind each mark up to the next; behind the last up to an empty line, where no other option holds one."""
    ends = [start for _, start, _ in run[1:]] + [len(text)]
    found = [text[last:end] for (_, _, last), end in zip(run, ends, strict=True)]
    if not any("\n\n" in one.strip() for one in found[:-1]):
        found[-1] = found[-1].lstrip().split("\n\n")[0]
    if not any("\n" in one.strip() for one in found[:-1]):
        found[-1] = found[-1].strip().split("\n")[0]
    return [re.sub(r"[,;/|(\[]\s*$", "", one.strip()).strip() for one in found]
