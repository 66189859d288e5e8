"""Configuration of the stage `report`."""

from dataclasses import dataclass
from typing import Annotated

from koreason.config.marks import Flow


@dataclass(frozen=True)
class Report:
    """What the page says of the run.

    Attributes:
        title: heading.
        note: one paragraph under it: what a reader must know before reading numbers.
        judged: have the teachers' answers judged where it is known what is right, and show their accuracy.
    """

    title: str
    note: str
    judged: Annotated[bool, Flow(makes=("judge",))] = False
