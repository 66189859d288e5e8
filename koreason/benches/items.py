"""A benchmark's items as the stage `bench` leaves them.

items = read_items(Path("results/benches/ko_math/manifest.json"))
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from koreason.records.held import held
from koreason.tables import ITEMS, read_table

ITEMS_FILE = "items.parquet"


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        id: unique within its benchmark.
        category: part of the benchmark that it is reported under; empty where the benchmark has none.
        options: of a choice, in the order of their labels A, B, ...; empty where the question's text holds them.
        gold: the right option's label for a choice, or its text where the question holds the options; else a value as LaTeX.
        kind: of the item, one of `kinds.KINDS`.
        cluster: what it shares with others, a passage or an exam, so that their scores are alike; its own id where it shares nothing.
    """

    id: str
    category: str
    question: str
    options: list[str]
    gold: str
    kind: str
    cluster: str


def frame(items: list[Item]) -> pl.DataFrame:
    """Rows of the contract ITEMS."""
    return pl.DataFrame([vars(item) for item in items], schema=ITEMS)


def read_items(manifest: Path) -> list[Item]:
    """The items that a manifest of `bench` declares, sorted by id.

    Raises:
        UserError: there is none, or its items are not what it describes.
    """
    return [Item(**row) for row in read_table(held(manifest), ITEMS_FILE, ITEMS).to_dicts()]
