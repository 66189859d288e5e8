"""Tables of what curation measured; each is empty where what it is made of is not there.

    curated_tables(plan, facts)["twins"]

Prompts are counted by columns of numbers; no text is read.
"""

import math
from typing import Any

import polars as pl

from koreason.records.held import Held
from koreason.report.facts import Facts, Plan
from koreason.report.tables import SHARE_STEP, by_size, histogram, rows
from koreason.tables import CLEANED, DROPPED, DUPLICATES, OVERLAPS, POOL, scan_table

# Lengths are cut at 16 characters times powers of the square root of two: what most prompts have and what few have are both seen.
SHORTEST, STEPS = 16, 21
DUPLICATE, CONTAMINATED = "duplicate", "contaminated"


def curated_tables(plan: Plan, facts: Facts) -> dict[str, pl.DataFrame]:
    """The tables by the names of their files."""
    return {
        "prompt_sources": sources(plan, facts),
        "prompt_lengths": lengths(facts),
        "prompt_shares": shares(plan, facts),
        "personal_data": personal_data(facts),
        "twins": twins(plan, facts),
        "contamination": contamination(facts),
    }


def texts(made: Held) -> pl.LazyFrame:
    """A source's cleaned prompts."""
    return scan_table(made, "texts.parquet", CLEANED)


def share_column(plan: Plan, pool: str) -> str:
    """The measure that a pool calls the share of its language."""
    return f"share_{plan.pools[pool].get('target_share_of', 'characters')}"


def sources(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Per source of a pool: pool, source, category, prompts, characters that half and nine tenths of them have at most, the share of the
    language that half have at most, and how many showed a picture, hold control strings of chats, held personal data.
    """
    values = []
    for (pool, source), made in facts.cleaned.items():
        length, share = pl.col("chars"), pl.col(share_column(plan, pool))
        told = texts(made).select(
            pl.len(),
            length.median().alias("half"),
            length.quantile(0.9).alias("most"),
            share.median().alias("share"),
            pl.col("shows_image").sum().alias("image"),
            (pl.col("chat_control") > 0).sum().alias("control"),
            (pl.col("masked") > 0).sum().alias("masked"),
        )
        values.append((pool, source, plan.sources[source]["category"], *told.collect(engine="streaming").row(0)))
    names, counts = ("pool", "source", "category"), ("show_picture", "chat_control", "personal_data")
    kinds = {**dict.fromkeys(names, pl.String), "prompts": pl.Int64}
    kinds |= dict.fromkeys(("chars_half", "chars_nine_tenths", "share_half"), pl.Float64) | dict.fromkeys(counts, pl.Int64)
    return rows(kinds, values)


def lengths(facts: Facts) -> pl.DataFrame:
    """Histogram of characters per prompt: pool, source, from (included), to (not included; the last bar has all above), prompts."""
    edges = [0, *(math.ceil(SHORTEST * 2 ** (step / 2)) for step in range(STEPS + 1))]
    index = (2 * (pl.col("chars") / SHORTEST).log(2)).floor() + 1
    bar = pl.when(pl.col("chars") < SHORTEST).then(0).otherwise(index).cast(pl.Int64).clip(0, STEPS).alias("bar")
    values = []
    for key, made in facts.cleaned.items():
        counted = dict(texts(made).select(bar).group_by("bar").len().collect(engine="streaming").iter_rows())
        values += [(*key, edges[place], edges[place + 1], counted.get(place, 0)) for place in range(STEPS + 1)]
    return bars(values, pl.Int64)


def shares(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Histogram of the target language's share of a prompt: pool, source, from, to, prompts; 1 is in the last bar."""
    values = []
    for (pool, source), made in facts.cleaned.items():
        column = share_column(plan, pool)
        counted = histogram(texts(made).select(column), column, SHARE_STEP, round(1 / SHARE_STEP))
        values += [(pool, source, *row) for row in counted.iter_rows()]
    return bars(values, pl.Float64)


def bars(values: list[tuple[Any, ...]], kind: Any) -> pl.DataFrame:
    """A table of histograms."""
    return rows({"pool": pl.String, "source": pl.String, "from": kind, "to": kind, "prompts": pl.Int64}, values)


def personal_data(facts: Facts) -> pl.DataFrame:
    """What was masked: pool, source, kind, found."""
    values = [(*key, kind, count) for key, made in facts.cleaned.items() for kind, count in by_size(made.made["counts"].get("masked", {}))]
    return rows({"pool": pl.String, "source": pl.String, "kind": pl.String, "found": pl.Int64}, values)


def twins(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Prompts that were dropped as twins: pool, kept (source of the one that stands for them), dropped (their own source), prompts."""
    frames = []
    for pool, made in facts.duplicates.items():
        groups = scan_table(made, "duplicates.parquet", DUPLICATES).select("prompt_id", "group")
        kept = scan_table(facts.held_pools[pool], "prompts.parquet", POOL).filter(pl.col("twins") > 0).select("prompt_id", kept="source")
        gone = scan_table(facts.held_pools[pool], "dropped.parquet", DROPPED).filter(pl.col("reason") == DUPLICATE)
        gone = gone.select("prompt_id", dropped="source").join(groups, on="prompt_id").select("dropped", "group")
        # the one that stands for the others may itself be over the pool's limit, and is then in neither table's part
        pairs = gone.join(kept.join(groups, on="prompt_id").select("kept", "group"), on="group", how="left")
        counted = pairs.group_by("kept", "dropped").agg(pl.len().cast(pl.Int64).alias("prompts")).collect(engine="streaming")
        frames.append(counted.select(pl.lit(pool).alias("pool"), pl.col("kept").fill_null("over the limit"), "dropped", "prompts"))
    kinds = {**dict.fromkeys(("pool", "kept", "dropped"), pl.String), "prompts": pl.Int64}
    order = ["pool", "prompts", "kept", "dropped"]
    return pl.concat([rows(kinds, []), *frames]).sort(order, descending=[False, True, False, False])


def contamination(facts: Facts) -> pl.DataFrame:
    """Overlaps with benchmarks: pool, recipe (empty: of prompts, else of its traces), bench, method (empty: any of them), found."""
    frames = []
    key = ["prompt_id", "sample"]
    for (pool, recipe), made in facts.overlaps.items():
        table = scan_table(made, "overlaps.parquet", OVERLAPS).select(*key, "bench", "method").collect(engine="streaming")
        for method in ("", *sorted(table["method"].unique())):
            mine = table.filter(pl.col("method") == method) if method else table
            counted = mine.unique([*key, "bench"]).group_by("bench").agg(pl.len().cast(pl.Int64).alias("found"))
            frames.append(
                counted.select(pl.lit(pool).alias("pool"), pl.lit(recipe).alias("recipe"), "bench", method=pl.lit(method), found="found")
            )
    kinds = {**dict.fromkeys(("pool", "recipe", "bench", "method"), pl.String), "found": pl.Int64}
    return pl.concat([rows(kinds, []), *(frame.select(list(kinds)) for frame in frames)]).sort("pool", "recipe", "bench", "method")
