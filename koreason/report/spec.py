"""Configuration of the stage `report`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What the page says of the run.

    Attributes:
        title: heading.
        note: one paragraph under it: what a reader must know before reading numbers.
    """

    title: str
    note: str
