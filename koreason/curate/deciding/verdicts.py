"""Verdicts on prompts joined to one: what is in a benchmark, and which of several twins stays.

verdicts = without_twins(contaminated(verdicts, overlaps), duplicates)
"""

import polars as pl

from koreason.curate.deciding.filters import Beside


def contaminated(verdicts: pl.DataFrame, overlaps: pl.DataFrame) -> pl.DataFrame:
    """Drop what shares too much with a benchmark; the evidence is its strongest overlap.

    `verdicts` has `prompt_id, part, reason, evidence`, and `overlaps` the contract OVERLAPS.
    """
    words = pl.format("{} item {}, {} {}: {}", "bench", "item_id", "method", pl.col("value").round(3), pl.col("span").str.slice(0, 200))
    order = ["prompt_id", "value", "bench", "item_id", "method"]
    strongest = overlaps.sort(order, descending=[False, True, False, False, False], maintain_order=True).unique(
        "prompt_id", keep="first", maintain_order=True
    )
    found = verdicts.join(strongest.select("prompt_id", found=words), on="prompt_id", how="left", maintain_order="left")
    hit = pl.col("reason").is_null() & pl.col("found").is_not_null()
    return found.with_columns(
        reason=pl.when(hit).then(pl.lit(Beside.contaminated.value)).otherwise("reason"),
        evidence=pl.when(hit).then("found").otherwise("evidence"),
    ).drop("found")


def without_twins(verdicts: pl.DataFrame, duplicates: pl.DataFrame) -> pl.DataFrame:
    """Keep one prompt of each group of twins: of those that pass everything else, the one of the earliest source, then the smallest id.

    `duplicates` has the contract DUPLICATES. Adds `twins`: how many of its group were dropped as its twins.
    """
    known = duplicates.select("prompt_id", "group", "twin", "similarity", "method")
    rows = verdicts.with_row_index("place").join(known, on="prompt_id", how="left", maintain_order="left")
    passing = rows.filter(pl.col("reason").is_null() & pl.col("group").is_not_null()).sort("part", "prompt_id")
    heads = passing.group_by("group", maintain_order=True).agg(
        kept=pl.col("prompt_id").first(), place=pl.col("place").first(), twins=pl.len().cast(pl.Int64) - 1
    )
    rows = rows.join(heads.select("group", "kept", head="place"), on="group", how="left", maintain_order="left")
    again = pl.col("reason").is_null() & pl.col("kept").is_not_null() & (pl.col("place") != pl.col("head"))
    nearest = pl.format("{}, of the same group as {} ({} {})", "kept", "twin", "method", pl.col("similarity").round(3))
    words = (
        pl.when(pl.col("twin") == pl.col("kept"))
        .then(pl.format("{} ({} {})", "kept", "method", pl.col("similarity").round(3)))
        .otherwise(nearest)
    )
    rows = rows.with_columns(
        reason=pl.when(again).then(pl.lit(Beside.duplicate.value)).otherwise("reason"),
        evidence=pl.when(again).then(words).otherwise("evidence"),
    )
    counted = heads.select("place", "twins")
    return (
        rows.join(counted, on="place", how="left", maintain_order="left")
        .with_columns(pl.col("twins").fill_null(0))
        .select("prompt_id", "part", "reason", "evidence", "twins")
    )
