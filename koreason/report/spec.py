"""Configuration of the stage `report`."""

from dataclasses import dataclass, field
from typing import Annotated

from koreason.config.marks import Flow
from koreason.config.references import MixName
from koreason.report.recomputed.spec import Printed


@dataclass(frozen=True)
class Report:
    """What the page says of the run.

    Attributes:
        title: heading.
        note: one paragraph under it: what a reader must know before reading numbers.
        answers: give the answers behind each score to read, with their benchmark's questions, which not every licence lets be passed on.
        recomputed: tables that others published, recomputed from their rows: which of their conclusions these carry.
        against: mixes that each other mix is held against, on the items that the same model answered after both.
        judged: have the teachers' answers judged where it is known what is right, and show their accuracy.
        contamination: look for the benchmarks' items in each mix after which a model is scored, and show the scores without them, too.
    """

    title: str
    note: str
    contamination: Annotated[bool, Flow(makes=("decontaminate_mix",))] = True
    judged: Annotated[bool, Flow(makes=("judge",))] = False
    answers: bool = True
    recomputed: list[Printed] = field(default_factory=list)
    against: list[MixName] = field(default_factory=list)
