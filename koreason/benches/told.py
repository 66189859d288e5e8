"""What kind an item is that does not say it: told from its options, its gold and its question.

    told("2", [], "값은? ① 3 ② 5", "items.jsonl:7")     # "choice"

Apart from the kinds, which whoever asks a model imports. Nothing of how answers are read is imported here: what benchmarks hold, and all
that is traced and trained beside them, must not be planned again because the scorer learns another spelling.
"""

import re
import unicodedata
from typing import Any

from koreason.benches.kinds import written

MARK = re.compile(r"(?:(?<=\s)|(?<=^)|(?<=[.?!:,;]))(?:([①-⑮])|[(\[]?(\d{1,2}|[A-Ja-j])(?:[.)\]:]|번[.:)]?)(?!\d))", re.MULTILINE)
LONGEST = 60_000  # characters of a question that are looked at


def told(gold: Any, options: list[str], question: str, where: str) -> str:
    """What an item is that does not say it: a choice where it has options, or its question has and the gold names one of them."""
    text = written(gold, where)
    if options or re.fullmatch(r"\(?[A-J]\)?|[①-⑩]", text):
        return "choice"
    listed = _listed(question[-LONGEST:])
    numbers = {str(index + 1) for index in range(len(listed))}
    return "choice" if text in numbers or _plain(text) in map(_plain, listed) else "math"


def _listed(question: str) -> list[str]:
    """The texts of the last run of marks that counts up from the first of its kind; none where there is no run."""
    marks = [(_place(mark), mark.start(), mark.end()) for mark in MARK.finditer(question)]
    first = max((index for index, mark in enumerate(marks) if mark[0] == 1), default=len(marks))
    run = [mark for count, mark in enumerate(marks[first:], 1) if mark[0] == count]
    if len(run) < 2:
        return []
    ends = [start for _, start, _ in run[1:]] + [len(question)]
    texts = [question[last:end].strip(" \t\n,;/|") for (_, _, last), end in zip(run, ends, strict=True)]
    return texts if all(re.search(r"\w", text) for text in texts) else []


def _place(mark: re.Match[str]) -> int:
    """The place of a mark in its list, from 1."""
    if mark[1]:
        return ord(mark[1]) - ord("①") + 1
    return int(mark[2]) if mark[2].isdigit() else ord(mark[2].upper()) - 64


def _plain(text: str) -> str:
    return re.sub(r"[\s.。$\\{}]", "", unicodedata.normalize("NFKC", text)).casefold()
