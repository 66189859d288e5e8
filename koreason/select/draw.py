"""The draw: of the traces that pass, which are trained on; the same ones for the same seed.

    judged = draw(judged, mix, groups, clusters)      # `reason` is null of those that are drawn

Within a category rows stand in the order of its strategy, then by a digest of seed, prompt and sample, so that what is drawn does not
depend on what else is there. `tests/select/slow_draw.py` says the same in plain Python.
"""

import hashlib

import polars as pl

from koreason.select.beside import with_groups
from koreason.select.filters import Undrawn
from koreason.select.spec import Mix
from koreason.tables import TRACE_KEY, UNKNOWN_GOLD

KEYS = ["part", *TRACE_KEY]
UNKNOWN = 2.0  # agreement where nothing was read, behind any other


def draw(judged: pl.DataFrame, mix: Mix, groups: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Add the reasons of the draw, which are those of `Undrawn` from `no_consensus` on, and `rank`.

    Args:
        groups: prompts that have twins in other pools, with their `group`.
        clusters: prompts of the categories that are drawn as `diverse`, with their `cluster`.
    """
    rank = [_rank(mix.seed, *key) for key in judged.select("prompt_id", "sample").iter_rows()]
    judged = judged.with_columns(pl.Series("rank", rank, dtype=pl.String), strategy=_strategy(mix)).with_columns(order=_order())
    disagreeing = pl.col("reason").is_null() & (pl.col("strategy") == "consensus") & contradicted()
    judged = judged.with_columns(reason=pl.when(disagreeing).then(pl.lit(Undrawn.no_consensus.value)).otherwise("reason"))
    candidates = judged.filter(pl.col("reason").is_null()).sort("part", "order", "rank", "prompt_id", "sample")
    candidates = with_groups(candidates, groups)
    if mix.across_parts:
        candidates = candidates.with_columns(drawn=pl.lit(None, pl.String))
        nth = pl.col("part").cum_count().over("group")
    else:
        first_part = pl.col("part").min().over("group")
        candidates = candidates.with_columns(pl.when(pl.col("part") != first_part).then(pl.lit(Undrawn.other_part.value)).alias("drawn"))
        nth = pl.col("part").cum_count().over("prompt_id", "part")
    candidates = _mark(candidates, nth > mix.samples_per_prompt, Undrawn.surplus_sample)
    candidates = _mark(candidates, ~pl.col("category").is_in(list(mix.quotas)), Undrawn.category_not_in_mix)
    left = candidates.filter(pl.col("drawn").is_null()).sort("order", "rank", "prompt_id", "sample", "part")
    alike = _alike(left, clusters)
    candidates = candidates.join(alike, on=KEYS, how="left").with_columns(drawn=pl.coalesce("drawn", "alike")).drop("alike")
    left = left.join(alike, on=KEYS, how="anti", maintain_order="left")
    over = left.with_columns(row=pl.lit(1, pl.Int64)).filter(_full(mix)).select(*KEYS, over=pl.lit(Undrawn.over_quota.value))
    reasons = candidates.join(over, on=KEYS, how="left").select(*KEYS, drawn=pl.coalesce("drawn", "over"))
    return judged.join(reasons, on=KEYS, how="left").with_columns(reason=pl.coalesce("reason", "drawn")).drop("drawn", "order")


def agreement() -> pl.Expr:
    """How far the samples of a trace's prompt agree: the share of the right ones, or where that is unknown, of the commonest answer.

    Null where no answer was read. Without a gold, answers agree letter by letter.
    """
    known = ~pl.col("verdict").is_in(UNKNOWN_GOLD)
    right = (pl.col("verdict") == "correct").sum().over("prompt_id") / known.sum().over("prompt_id")
    same = pl.col("extracted").is_not_null().sum().over("prompt_id", "extracted")
    commonest = pl.when(pl.col("extracted").is_not_null()).then(same).max().over("prompt_id")
    read = pl.col("extracted").is_not_null().sum().over("prompt_id")
    return pl.when(known.any().over("prompt_id")).then(right).when(read > 0).then(commonest / read)


def contradicted() -> pl.Expr:
    """Whether a sample of a trace's prompt is wrong, or where that is unknown, whether two were read differently."""
    wrong = (pl.col("verdict") == "wrong").fill_null(False).any().over("prompt_id")
    known = (~pl.col("verdict").is_in(UNKNOWN_GOLD)).fill_null(False).any().over("prompt_id")
    return wrong | (~known & (pl.col("extracted").drop_nulls().n_unique().over("prompt_id") > 1))


def _alike(left: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Rows, in the order of the draw, of whose cluster another prompt, or twins of it, came first."""
    mine = left.filter(pl.col("strategy") == "diverse").join(clusters, on=["prompt_id", "category"], how="left", maintain_order="left")
    first = pl.col("group").first().over("category", pl.coalesce("cluster", "prompt_id"))
    return mine.filter(pl.col("group") != first).select(*KEYS, alike=pl.lit(Undrawn.same_cluster.value))


def _strategy(mix: Mix) -> pl.Expr:
    return pl.col("category").replace_strict(mix.strategies, default="random", return_dtype=pl.String)


def _order() -> pl.Expr:
    """The lower, the sooner drawn."""
    return (
        pl.when(pl.col("strategy") == "longest")
        .then(-pl.col("tokens").cast(pl.Float64))
        .when(pl.col("strategy") == "hardest")
        .then(agreement().fill_null(UNKNOWN))
        .otherwise(0.0)
    )


def _full(mix: Mix) -> pl.Expr:
    """Whether a row comes when its category, or its stratum's part of it, has its rows or its tokens; of rows in the order of the draw."""
    category = pl.col("category")
    limits = [(pl.col("row"), category.replace_strict(mix.quotas, default=0, return_dtype=pl.Int64))]
    if mix.token_budgets:  # null: none
        limits.append((pl.col("tokens"), category.replace_strict(mix.token_budgets, default=None, return_dtype=pl.Int64)))
    inside = pl.lit(True)
    if mix.strata:  # what is over a stratum's part leaves its place to the others
        part = pl.col("stratum").replace_strict(dict(enumerate(mix.strata.shares)), return_dtype=pl.Float64)
        over = (size.cum_sum().over("category", "stratum") > (most * part).floor() for size, most in limits)
        inside = ~pl.any_horizontal(found.fill_null(False) for found in over)
    full = (pl.when(inside).then(size).otherwise(0).cum_sum().over("category") > most for size, most in limits)
    return ~inside | pl.any_horizontal(found.fill_null(False) for found in full)


def _mark(rows: pl.DataFrame, dropped: pl.Expr, reason: Undrawn) -> pl.DataFrame:
    return rows.with_columns(drawn=pl.coalesce("drawn", pl.when(dropped).then(pl.lit(reason.value))))


def _rank(seed: int, prompt_id: str, sample: int) -> str:
    return hashlib.sha256(f"{seed}/{prompt_id}/{sample}".encode()).hexdigest()[:24]
