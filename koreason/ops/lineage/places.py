"""Single rows found in the tables below `results/` without reading the tables.

    for folder in outputs(results, "pools", 1):
        numbered(folder, "prompts.parquet", "5f0c", ["prompt_id"])     # [(1204, {"prompt_id": "5f0c…"})]

A table that is sorted by `prompt_id` is asked by its row groups' bounds; one in the dump's order by the index beside it, and where that is
missing its column of ids is read. Files are taken as they lie there: what is read is shown and nothing is made of it, and
`koreason verify` is what holds them to their digests.
"""

from pathlib import Path
from typing import Any

import polars as pl

from koreason.errors import UserError
from koreason.records.manifest import MANIFEST, again
from koreason.shards import HEX_DIGITS
from koreason.tables import index_of

Row = dict[str, Any]


def outputs(results: Path, table: str, depth: int) -> list[Path]:
    """Folders of finished outputs, so many levels below `results/{table}`."""
    return sorted(path.parent for path in results.glob("/".join([table, *["*"] * depth, MANIFEST])))


def scanned(folder: Path, name: str) -> pl.LazyFrame:
    """A table of a finished output.

    Raises:
        UserError: it cannot be read.
    """
    try:
        table = pl.scan_parquet(folder / name)
        table.collect_schema()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"cannot be read ({str(error).splitlines()[0]})", folder / name, again(folder)) from None
    return table


def collected(table: pl.LazyFrame, folder: Path) -> pl.DataFrame:
    """The rows of a scan.

    Raises:
        UserError: the file is damaged, or lacks a column.
    """
    try:
        return table.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(f"cannot be read ({str(error).splitlines()[0]})", folder, again(folder)) from None


def sorted_rows(folder: Path, name: str, prompt_id: str, columns: list[str] | None = None) -> list[Row]:
    """A prompt's rows in a table that is sorted by `prompt_id`."""
    table = scanned(folder, name)
    found = table.filter(pl.col("prompt_id") == prompt_id)
    return collected(found.select(columns or table.collect_schema().names()), folder).to_dicts()


def beginning_so(folder: Path, name: str, start: str, columns: list[str]) -> list[Row]:
    """Rows whose `prompt_id` begins with `start`, in a table that is sorted by it."""
    inside = (pl.col("prompt_id") >= start) & (pl.col("prompt_id") < start + "\U0010ffff")
    return collected(scanned(folder, name).filter(inside).select(columns), folder).to_dicts()


def numbered(folder: Path, name: str, start: str, columns: list[str]) -> list[tuple[int, Row]]:
    """Rows of a table in any order whose `prompt_id` begins with `start`, with their numbers from 0."""
    places = indexed(folder, name, start)
    if places is None:
        ids = scanned(folder, name).select("prompt_id").with_row_index("row")
        places = collected(ids.filter(pl.col("prompt_id").str.starts_with(start)), folder)["row"].to_list()
    rows = [(place, row) for place in places if (row := at(folder, name, place, columns)) is not None]
    return [(place, row) for place, row in rows if row["prompt_id"].startswith(start)]


def indexed(folder: Path, name: str, start: str) -> list[int] | None:
    """Rows that an index gives for the beginning of an id; None where there is no index, or the id is not of the kind it has."""
    head = start[:HEX_DIGITS].lower()
    if not (folder / index_of(name)).is_file() or not head or set(head) - set("0123456789abcdef"):
        return None
    low, high = (int(head.ljust(HEX_DIGITS, digit), 16) for digit in "0f")
    found = scanned(folder, index_of(name)).filter(pl.col("head").is_between(low, high)).select("row")
    return sorted(collected(found, folder)["row"].to_list())


def at(folder: Path, name: str, row: int, columns: list[str]) -> Row | None:
    """One row of a table by its number; None where there is none."""
    table = scanned(folder, name).select(list(dict.fromkeys(["prompt_id", *columns])))
    found = collected(table.slice(row, 1), folder).to_dicts()
    return found[0] if found else None


def same_row(folder: Path, name: str, row: int, prompt_id: str, columns: list[str]) -> Row | None:
    """A prompt's row in a table that has the rows of its source, in their order; None where it has none."""
    found = at(folder, name, row, columns)
    if found is None or found["prompt_id"] != prompt_id:  # an older table's, or one made while the source was made again
        others = numbered(folder, name, prompt_id, columns)
        return others[0][1] if others else None
    return found
