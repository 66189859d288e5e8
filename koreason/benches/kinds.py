"""The kinds of benchmarks: what they are called, and what the gold of an item has to be.

    KINDS["choice"].gold("2", 4, "items.jsonl:7")    # "B"

This is the one table of them: the configuration accepts these names, `koreason/evaluate/score.py` has a scorer for each, and the
report takes its words from here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from koreason.errors import UserError

LABELS_UNKNOWN = 10  # A to J: the most options that any benchmark of the paper has


@dataclass(frozen=True)
class Kind:
    """A kind of benchmark.

    Attributes:
        words: what readers of the report call it.
        gold: from the gold as the source has it, the number of options (0: they stand in the question) and the place to what it is
            compared with; raises a `UserError` where it cannot be.
    """

    words: str
    gold: Callable[[str, int, str], str]


def label(gold: str, options: int, where: str) -> str:
    """Label A, B, ... of the right option, which the source names by a letter or counts from 1."""
    position = -1
    if re.fullmatch(r"[0-9]{1,2}", gold):
        position = int(gold) - 1
    elif re.fullmatch(r"[A-Za-z]", gold):
        position = ord(gold.upper()) - ord("A")
    count = options or LABELS_UNKNOWN
    if not 0 <= position < count:
        raise UserError(f"its gold {gold[:40]!r} is no label of {count} options", where, "give a letter from A, or a number from 1")
    return chr(ord("A") + position)


def value(gold: str, options: int, where: str) -> str:
    """A value as LaTeX, taken as it is."""
    return gold


KINDS = {
    "choice": Kind("Multiple choice", label),
    "math": Kind("Mathematics", value),
}
