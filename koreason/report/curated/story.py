"""Figures of what curation measured, each left out where its table has nothing.

figures = curated_figures(plan, tables)
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from koreason.report.charts import figures
from koreason.report.charts.svg import Figure

Frames = dict[str, pl.DataFrame]
MOST = 6  # rows and columns of a matrix; the others are added up
OTHERS = "others"


def curated_figures(plan: Any, tables: Frames) -> list[Figure]:
    """All of them, pool by pool."""
    return [figure for pool in plan.pools for figure in of_pool(plan, pool, tables)]


def of_pool(plan: Any, pool: str, tables: Frames) -> Iterator[Figure]:
    """Lengths, shares, twins, personal data and overlaps of one pool."""
    entry, mine = plan.pools[pool], {name: tables[name].filter(pl.col("pool") == pool) for name in TABLES}
    language = plan.languages[entry["language"]]
    own = " Some sources have thresholds of their own." if entry.get("by") else ""
    if mine["prompt_lengths"].height:
        counted = added_up(mine["prompt_lengths"])
        band = (entry["min_chars"], entry["max_chars"] + 1) if {"min_chars", "max_chars"} <= entry.keys() else None
        told = "Characters of a cleaned prompt, before the filters; each bar is 1.4 times as wide as the one before." + shaded(band) + own
        yield figures.histogram(
            f"prompt-lengths-{pool}",
            f"Length of prompts: {pool}",
            told,
            "Characters in a prompt",
            counted,
            band,
            what="prompts",
            doubling=True,
        )
        rows = [(str(row["source"]), row["chars_half"] or 0.0, f"{row['chars_half'] or 0:,.0f}") for row in by_half(mine["prompt_sources"])]
        told = "Half of a source's cleaned prompts have at most so many characters."
        yield figures.bars(f"prompt-lengths-{pool}-by-source", f"Length by source: {pool}", told, rows)
        counted = added_up(mine["prompt_shares"])
        least = entry.get("min_target_share")
        band = (least, 1.0) if least is not None else None
        told = f"Share of {language} script in a cleaned prompt, before the filters.{shaded(band)}{own}"
        yield figures.histogram(
            f"prompt-shares-{pool}",
            f"{language} in the prompts: {pool}",
            told,
            f"Share of {language} script",
            counted,
            band,
            True,
            "prompts",
        )
    if mine["twins"].height:
        told = "Prompts dropped as twins. Rows: the source whose prompt is kept; columns: the source of the dropped one."
        yield matrix(f"twins-{pool}", f"Twins across sources: {pool}", told, mine["twins"], ("kept", "dropped", "prompts"), same=True)
    if mine["personal_data"].height:
        told = "Phone numbers, addresses and the like that were replaced, by source and kind."
        yield matrix(f"personal-data-{pool}", f"Personal data: {pool}", told, mine["personal_data"], ("source", "kind", "found"))
    if mine["contamination"].height:
        told = "Prompts and traces that share text with an item of a benchmark. One may share with several, and counts for each."
        found = mine["contamination"].filter(pl.col("method") == "").sort("found", "bench", descending=[True, False])
        rows = [(row["bench"] + (", traces" if row["recipe"] else ""), row["found"], f"{row['found']:,}") for row in found.to_dicts()]
        yield figures.bars(f"contamination-{pool}", f"In benchmarks: {pool}", told, rows)


TABLES = ("prompt_sources", "prompt_lengths", "prompt_shares", "twins", "personal_data", "contamination")


def shaded(band: tuple[float, float] | None) -> str:
    """What a figure's caption says of its band."""
    return " The shaded band is what the pool accepts." if band else ""


def by_half(sources: pl.DataFrame) -> list[dict[str, Any]]:
    """Sources that have prompts, the longest first."""
    return sources.filter(pl.col("prompts") > 0).sort("chars_half", "source", descending=[True, False]).to_dicts()


def added_up(counted: pl.DataFrame) -> pl.DataFrame:
    """A histogram of all sources."""
    return counted.group_by("from", "to", maintain_order=True).agg(pl.col("prompts").sum())


def matrix(name: str, title: str, caption: str, table: pl.DataFrame, columns: tuple[str, str, str], same: bool = False) -> Figure:
    """A matrix of a table's counts, with the largest rows and columns by name and the others added up; `same`: both are of one kind."""
    down, across, count = columns
    names = [largest(table, [column], count) for column in (down, across)]
    if same:
        names = [largest(table, [down, across], count)] * 2
    cells: dict[tuple[str, str], int] = {}
    for row in table.to_dicts():
        key = tuple(row[column] if row[column] in kept else OTHERS for column, kept in zip((down, across), names, strict=True))
        cells[key[0], key[1]] = cells.get((key[0], key[1]), 0) + row[count]
    kept_rows, kept_columns = (
        [*kept, *([OTHERS] if any(key[place] == OTHERS for key in cells) else [])] for place, kept in enumerate(names)
    )
    return figures.matrix(name, title, caption, kept_rows, kept_columns, cells)


def largest(table: pl.DataFrame, columns: list[str], count: str) -> list[str]:
    """The values of some columns with the largest counts."""
    every = pl.concat([table.select(pl.col(column).alias("name"), count) for column in columns])
    summed = every.group_by("name").agg(pl.col(count).sum()).sort([count, "name"], descending=[True, False])
    names: list[str] = summed["name"].to_list()
    return names if len(names) <= MOST else names[: MOST - 1]
