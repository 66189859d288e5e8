"""Configuration of the recomputed tables: what a paper printed, and what it concludes."""

from dataclasses import dataclass, field

from koreason.config.marks import Positive


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A table as a paper printed it, with what it concludes from it.

    Attributes:
        title: of the table here.
        where: it stands: the paper and its table.
        says: what the paper concludes from it, a sentence each.
        items: of each benchmark; a figure's spread follows from them.
        rows: accuracy in percent by model, row and benchmark.
        against: the row that the others of a model are compared with.
        trained: rows of data that each row was trained on, where gains by row are asked for.
        available: rows of data that there are of each, the most that a mix can have.
        mix: rows of data of the mix that is proposed from the gains.
    """

    title: str
    where: str
    says: list[str]
    items: dict[str, Positive]
    rows: dict[str, dict[str, dict[str, float]]]
    against: str
    trained: dict[str, Positive] = field(default_factory=dict)
    available: dict[str, Positive] = field(default_factory=dict)
    mix: Positive = 100_000
