"""What kind an item is that does not say it: told from its options, its gold and its question.

    told("2", [], "값은? ① 3 ② 5", "items.jsonl:7")     # "choice"

Apart from the kinds, which whoever asks a model imports: how answers are read is nothing that asking depends on.
"""

import re
from typing import Any

from koreason.answers.labels import named
from koreason.answers.options import options_in
from koreason.benches.kinds import written


def told(gold: Any, options: list[str], question: str, where: str) -> str:
    """What an item is that does not say it: a choice where it has options, or its question has and the gold names one of them."""
    text = written(gold, where)
    if options or re.fullmatch(r"\(?[A-J]\)?|[①-⑩]", text):
        return "choice"
    found = options_in(question) if question else None
    if found is None:
        return "math"
    numbers = {str(index + 1) for index in range(len(found.texts))}
    return "choice" if text in numbers or named(text, found.texts, found.numbered).label else "math"
