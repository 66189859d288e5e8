"""The prompts of a pool, of which others are made, and the rows that are made of them.

for parent in parents(pool, "exams", ["quiz"]): row = child(parent, question=...)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from koreason.records.held import Held
from koreason.tables import POOL, read_chunks, scan_table

ROWS_PER_CHUNK = 32_768
TABLE = "prompts.parquet"
COLUMNS = ("prompt_id", "url", "question", "stem", "passage", "options", "gold", "answer", "posted_at", "source")


class Parent(NamedTuple):
    """A prompt of a pool: the pool's name, its row there from 1, and its columns; the text that was made of it, if that is damaged."""

    pool: str
    record: int
    row: dict[str, Any]
    damaged: str = ""

    @property
    def id(self) -> str:
        """Its prompt_id."""
        return str(self.row["prompt_id"])

    @property
    def stem(self) -> str:
        """What it asks, without passage and options."""
        return str(self.row["question"] if self.row["stem"] is None else self.row["stem"])


def scan(pool: Held, of: list[str]) -> pl.LazyFrame:
    """The pool's rows of some sources, with their numbers as `record`."""
    numbered = scan_table(pool, TABLE, POOL).select(COLUMNS).with_row_index("record", offset=1)
    return numbered.filter(pl.col("source").is_in(of))


def parents(pool: Held, name: str, of: list[str]) -> Iterator[Parent]:
    """A pool's prompts that are of some sources, in the pool's order, read a chunk at a time."""
    record = 1
    for chunk in read_chunks(pool, TABLE, POOL, ROWS_PER_CHUNK, COLUMNS):
        yield from of_rows(chunk.with_row_index("record", offset=record).filter(pl.col("source").is_in(of)), name)
        record += chunk.height


def of_rows(rows: pl.DataFrame, name: str) -> Iterator[Parent]:
    """Numbered rows of a pool, one by one."""
    for row in rows.iter_rows(named=True):
        yield Parent(name, row.pop("record"), row)


def child(parent: Parent, **columns: Any) -> dict[str, Any]:
    """A prompt made of `parent`, which differs in some columns; it has no id yet."""
    kept = {name: parent.row[name] for name in ("url", "passage", "options", "gold", "answer", "posted_at")}
    origin = {"file": parent.pool, "record": parent.record, "first": None, "bytes": None}
    return {**kept, "question": parent.stem, "parents": [parent.id], "origin": origin, **columns}
