"""Drop reasons as the places that give them say them: a few words and a sentence.

    PROMPTS["too_short"]      # Reason(words="too short", sentence="The question has too few characters.")

A filter's stand in its docstring, which is no part of its stage's rerun key; those of other reasons are the attributes of an
enumeration's docstring. The rule `page` has the text of these docstrings among its parameters.
"""

import inspect
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from koreason.curate.deciding import filters as prompts
from koreason.curate.making.reasons import Unmade
from koreason.curate.reasons import Unused
from koreason.select import filters as traces


class Reason(NamedTuple):
    """What a reason is called beside a bar, and what it means."""

    words: str
    sentence: str


def said(text: str) -> Reason:
    """A reason from the text `Few words. A sentence.`; what follows in further paragraphs is for readers of the code."""
    words, _, sentence = " ".join(text.split("\n\n")[0].split()).partition(". ")
    if not words or not sentence:
        raise ValueError(f"{text!r} is not a few words, a full stop and a sentence")
    return Reason(words[:1].lower() + words[1:], sentence)


def of_functions(functions: tuple[Callable[..., Any], ...]) -> dict[str, Reason]:
    """Reasons that are named and said by functions."""
    return {function.__name__: said(inspect.getdoc(function) or "") for function in functions}


def of_names(names: type[StrEnum]) -> dict[str, Reason]:
    """Reasons that are members of an enumeration, said under `Attributes:`; each member needs a line there."""
    text = (inspect.getdoc(names) or "").partition("Attributes:\n")[2]
    lines = {match[1]: match[2] for match in re.finditer(r"^ +(\w+): (.+)$", text, re.MULTILINE)}
    return {name.value: said(lines.get(name.value, "")) for name in names}


PROMPTS = of_names(Unused) | of_names(Unmade) | of_functions(prompts.FILTERS) | of_names(prompts.Beside)
TRACES = of_functions(traces.FILTERS) | of_names(traces.Undrawn)


def say(reason: str) -> str:
    """A reason in a few words; the tables beside the page keep the stages' own names."""
    found = PROMPTS.get(reason) or TRACES.get(reason)
    return found.words if found else reason.replace("_", " ").replace(":", ": ")


def explain(reasons: list[str], table: dict[str, Reason]) -> list[Reason]:
    """Words and sentence of each of some reasons that have one."""
    return [table[reason] for reason in reasons if reason in table]
