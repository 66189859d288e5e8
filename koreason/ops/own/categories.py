"""What category a dump's questions are of, as far as their look tells: Exams, Code, Science, else Daily.

category_of(found)      # "Exams": its questions have options

A guess to start from: masks, twins and quotas go by it, and only a person knows.
"""

import itertools
import re
from collections.abc import Iterator

from koreason.curate.guessing.guess import Guess
from koreason.curate.prompts.of_records import joined
from koreason.curate.reading.readers import READERS, WHOLE
from koreason.curate.reading.streamed.streams import opened
from koreason.curate.reading.wanted import Wanted

RECORDS = 100
SOME = 0.3  # share of the questions that have to look so
CODE = re.compile(r"```|^\s*(?:def|class|import|from|#include|public|SELECT|function|const|let|var)\b|[;{]\s*$", re.MULTILINE)
FORMULA = re.compile(r"\$[^$\n]+\$|\\(?:frac|sqrt|sum|int|text|left)\b|[=^]\s*\d|\d\s*[+×÷=]\s*[\dx]")
CHOICES = re.compile(r"①|②|(?:^|\s)\(?[1A가]\)?[.)]\s.*(?:^|\s)\(?[2B나]\)?[.)]\s", re.DOTALL)


def category_of(found: Guess) -> str:
    """The category."""
    texts = list(itertools.islice(_questions(found), RECORDS))
    if "options" in found.columns or _share(CHOICES, texts) > SOME:
        return "Exams"
    if _share(CODE, texts) > SOME:
        return "Code"
    return "Science" if _share(FORMULA, texts) > SOME else "Daily"


def _share(pattern: re.Pattern[str], texts: list[str]) -> float:
    return sum(1 for text in texts if pattern.search(text[:4000])) / max(1, len(texts))


def _questions(found: Guess) -> Iterator[str]:
    source, path = found.source({"question": found.columns["question"]}), found.root / found.files[0]
    wanted = Wanted(source)
    for stream in opened(path, path.name, None, whole=source.format in WHOLE):
        for record in READERS[source.format](stream, source, wanted):
            if record.values is not None:
                yield joined(list(record.values))
