"""What a profile makes of an answer: what it read, where, by which rule, and what is still to be compared.

reading = robust.read(answer, asked)
settle(reading, asked, outcomes)       # "correct"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from koreason.answers.boxes import Answer
from koreason.answers.judge import Task, Verdict
from koreason.answers.labels import named
from koreason.answers.options import Options, options_in

Outcomes = Mapping[Task, tuple[Verdict, str | None]]


@dataclass(frozen=True)
class Asked:
    """An item as scorers see it.

    Attributes:
        kind: `choice` or `math`.
        question: as it was asked; empty where nobody knows.
        given: the options that stand apart from it.
        gold: a label or what names an option for a choice, else a value.
    """

    kind: str
    question: str
    given: tuple[str, ...]
    gold: str

    @cached_property
    def parsed(self) -> Options | None:
        """The options that stand in the question's text, where none stand apart."""
        return None if self.given else options_in(self.question)

    @cached_property
    def options(self) -> list[str]:
        """The options, wherever they stand."""
        return list(self.given) or (self.parsed.texts if self.parsed else [])

    @property
    def numbered(self) -> bool:
        """Whether the question shows its options with numbers."""
        return bool(self.parsed and self.parsed.numbered)

    @cached_property
    def right(self) -> str:
        """The right option's label, or the gold value; empty where the gold names no option."""
        if self.kind != "choice":
            return self.gold
        if len(self.gold) == 1 and "A" <= self.gold <= "Z":
            return self.gold
        return named(self.gold, self.options, self.numbered).label or ""


class Reading(NamedTuple):
    """What was read of an answer.

    Attributes:
        extracted: the label that was understood, else the text; None where there is none.
        verdict: None where `tasks` decide.
        rule: that read it, in a few words.
        start, end: the characters of the response that it was read from.
        tasks: comparisons to make: one, or one for each option of a choice, None for options that are no values.
    """

    extracted: str | None
    verdict: str | None
    rule: str
    start: int | None = None
    end: int | None = None
    tasks: tuple[Task | None, ...] = ()


def located(reading: Reading, answer: Answer, start: int, end: int) -> Reading:
    """The reading with the place of characters of the answer's text."""
    first, last = answer.place(start), answer.place(max(end - 1, start)) + (end > start)
    return Reading(reading.extracted, reading.verdict, reading.rule, first, last, reading.tasks)


def of_label(label: str | None, shown: str, asked: Asked, rule: str) -> Reading:
    """The reading of an answer to a choice that names an option, or none."""
    if label is None:
        return Reading(shown, "unreadable", rule)
    return Reading(label, "correct" if label == asked.right else "wrong", rule)


def settle(reading: Reading, asked: Asked, outcomes: Outcomes) -> Reading:
    """The reading with its verdict, once its tasks are done."""
    if reading.verdict is not None:
        return reading
    if asked.kind != "choice" or (len(reading.tasks) == 1 and reading.tasks[0] and reading.tasks[0][0] == "code"):
        verdict, read = outcomes[reading.tasks[0]] if reading.tasks[0] else ("unreadable", None)
        return reading._replace(verdict=verdict, extracted=reading.extracted if read is None else read)
    found = [outcomes[task][0] if task else "wrong" for task in reading.tasks]
    agreeing = [index for index, outcome in enumerate(found) if outcome == "correct"]
    if len(agreeing) == 1:
        return of_label(chr(ord("A") + agreeing[0]), "", asked, reading.rule)._replace(start=reading.start, end=reading.end)
    cut = next((outcome for outcome in found if outcome in ("timeout", "crash")), None)
    return reading._replace(verdict=cut or "unreadable", rule=reading.rule if cut else "no option")
