"""The kinds of benchmarks: what they are called, and what the gold of an item has to be.

    KINDS["choice"].gold("②", ["부산", "서울"], "", "items.jsonl:7")    # "B"

This is the one table of them: the configuration accepts these names, an item may name one of its own, every profile of
`koreason/evaluate/profiles` reads each, and the report takes its words from here.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from koreason.errors import UserError

MIXED = "mixed"  # a benchmark whose items are of several kinds; no item is
LABELS_UNKNOWN = 10  # A to J: the most options that any benchmark of the paper has


@dataclass(frozen=True)
class Kind:
    """A kind of benchmark.

    Attributes:
        words: what readers of the report call it.
        guessable: whether guessing among the options can be right.
        gold: from the gold as the source has it, the options (none: they stand in the question), the question and the place to what it
            is compared with; raises a `UserError` where it cannot be.
    """

    words: str
    guessable: bool
    gold: Callable[[Any, list[str], str, str], str]


def written(gold: Any, where: str) -> str:
    """A gold as text: a number without needless decimals, a list of one as its one.

    Raises:
        UserError: it is missing, empty, NaN or infinite, true or false, or an object.
    """
    if isinstance(gold, list) and len(gold) == 1:
        gold = gold[0]
    if gold is None:
        raise UserError("its gold is missing", where, "complete the item")
    if isinstance(gold, bool):
        raise UserError(f"its gold is {str(gold).lower()}, no answer", where, "write the answer itself: a number, a letter or a text")
    if isinstance(gold, float):
        if not math.isfinite(gold):
            raise UserError(f"its gold is {gold}", where, "complete the item")
        return str(int(gold)) if gold.is_integer() and abs(gold) < 1e15 else repr(gold)
    if isinstance(gold, list):
        return ", ".join(written(one, where) for one in gold)
    if isinstance(gold, dict):
        raise UserError("its gold is an object", where, "name the field with the answer in 'columns', or write the answer itself")
    text = unicodedata.normalize("NFC", str(gold)).strip()
    if text.casefold() in ("", "nan"):
        raise UserError(f"its gold is {text or 'empty'}", where, "complete the item")
    return text


def label(gold: Any, options: list[str], question: str, where: str) -> str:
    """Label A, B, ... of the right option, which the source names by a letter, a number from 1, a circled one, or its text.

    Where the question's text holds the options, a text that stands there is left as it is: the scorer finds the option.
    """
    if isinstance(gold, list) and len(gold) > 1:
        raise UserError(f"its gold names {len(gold)} options", where, "leave the item out: an answer names one")
    text = written(gold, where)
    same = [index for index, option in enumerate(options) if _folded(option) == _folded(text)]
    bare = re.sub(r"^[(\[<]|[)\]>.]$|\s*번$", "", unicodedata.normalize("NFKC", text)).strip("()[]<>. ")
    position = -1
    if re.fullmatch(r"[0-9]{1,2}", bare):
        position = int(bare) - 1
    elif re.fullmatch(r"[A-Za-z]", bare):
        position = ord(bare.upper()) - ord("A")
    elif re.fullmatch(r"[❶-❿]", bare):
        position = ord(bare) - ord("❶")
    count = len(options) or LABELS_UNKNOWN
    if 0 <= position < count:
        return chr(ord("A") + position)
    if len(same) == 1:
        return chr(ord("A") + same[0])
    if not options and position < 0 and _folded(text) in _folded(question):
        return text
    raise UserError(
        f"its gold {text[:40]!r} is no label of {count} options", where, "give a letter from A, a number from 1, or the text of one option"
    )


def _folded(text: str) -> str:
    return re.sub(r"\s|[.。]$", "", unicodedata.normalize("NFKC", text)).casefold()


def value(gold: Any, options: list[str], question: str, where: str) -> str:
    """A value as LaTeX, taken as it is; several as a list."""
    return written(gold, where)


KINDS = {
    "choice": Kind("Multiple choice", True, label),
    "math": Kind("Mathematics", False, value),
}


def words(kind: str) -> str:
    """What readers of the report call a benchmark's kind."""
    return KINDS[kind].words if kind in KINDS else " and ".join(each.words for each in KINDS.values()).capitalize()
