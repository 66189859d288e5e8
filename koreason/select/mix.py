"""Filter traces and draw a training mix: so many per category, the same ones for the same seed.

    envs/run data python -m koreason select --spec "$MIX" --shards '{"mixed": 2}' --traces results/traces --out results/mixes/demo

Shards are read one at a time, once to judge their traces and once to take those that were drawn, so that memory does
not grow with the traces' text.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from koreason import progress
from koreason.errors import UserError
from koreason.manifest import Stage
from koreason.select.filters import disqualifiers, drop_reasons
from koreason.select.spec import Mix
from koreason.settings import add_spec, read_spec
from koreason.shards import shard_names
from koreason.tables import DROPPED_TRACES, MIX, TRACES, read_table, write_table

SUMMARY = "filter traces and draw a training mix"
JUDGED = {
    "part": pl.Int64(),
    "shard": pl.Int64(),
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "category": pl.String(),
    "reason": pl.String(),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Mix)
    parser.add_argument("--shards", required=True, metavar="JSON", help="recipe to its number of shards")
    parser.add_argument("--traces", required=True, type=Path, metavar="DIR", help="folder of all traces: POOL/RECIPE/SHARD below it")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for mix.parquet, dropped.parquet and the manifest")


def main(arguments: argparse.Namespace) -> None:
    """Judge every trace, draw by quota, write what was kept and why the rest was not."""
    mix, shards = read_spec(arguments.spec, Mix), json.loads(arguments.shards)
    tables = [
        [arguments.traces / part.pool / part.recipe / shard / "traces.parquet" for shard in shard_names(shards[part.recipe])]
        for part in mix.traces
    ]
    inputs = [table.with_name("manifest.json") for part in tables for table in part]
    with Stage(arguments.out, "select", json.loads(arguments.spec), inputs) as stage:
        judged = pl.concat(judge(tables, mix))
        refuse_empty(judged, mix)
        passed = judged.filter(pl.col("reason").is_null())
        judged = draw(judged, mix)
        dropped = judged.filter(pl.col("reason").is_not_null())
        kept = judged.filter(pl.col("reason").is_null())
        if kept.is_empty():
            raise UserError(
                f"none of {passed.height} passing traces is of a category in quotas ({', '.join(mix.quotas)})", arguments.out.name
            )
        frame = pl.concat(take(tables, kept)).sort("prompt_id", "sample")
        write_table(frame, stage, "mix.parquet", MIX)
        write_table(dropped.sort("prompt_id", "sample", "part"), stage, "dropped.parquet", DROPPED_TRACES)
        stage.counts = {
            "input": judged.height,
            "kept": kept.height,
            "dropped": dict(sorted(Counter(dropped["reason"].to_list()).items())),
            "categories": {
                category: {"passed": passed.filter(pl.col("category") == category).height, "drawn": rows.height}
                for (category,), rows in sorted(kept.group_by("category"))
            },
        }


def judge(tables: list[list[Path]], mix: Mix) -> Iterator[pl.DataFrame]:
    """Every trace's drop reason (null: it passes), a shard at a time, without its text."""
    with progress.bar(total=sum(map(len, tables)), what="judging", unit="shard") as bar:
        for part, paths in enumerate(tables):
            for shard, path in enumerate(paths):
                traces = read_table(path, TRACES)
                place = [pl.lit(part, pl.Int64).alias("part"), pl.lit(shard, pl.Int64).alias("shard")]
                yield traces.with_columns(*place, drop_reasons(traces, mix.filters)).select(list(JUDGED))
                bar.update()


def refuse_empty(judged: pl.DataFrame, mix: Mix) -> None:
    """Stop when nothing passes.

    Raises:
        UserError: names the filter that took the last traces, and how many it was given.
    """
    counts, left = Counter(judged["reason"].to_list()), judged.height
    for reason in [*disqualifiers(mix.filters), "loop"]:
        if left and left == counts[reason]:
            raise UserError(
                f"drops all {left} traces that reach it", f"filter {reason}", "loosen it in this mix's filters, or look at the traces"
            )
        left -= counts[reason]
    if not judged.height:
        raise UserError("the shards hold no traces", "select", "look at the pool and the recipe")


def draw(judged: pl.DataFrame, mix: Mix) -> pl.DataFrame:
    """Add the reasons of the draw: `other_part`, `surplus_sample`, `category_not_in_mix`, `over_quota`.

    Rows are ranked by a digest of seed, prompt and sample, so that a draw does not depend on what else is there.
    """
    rank = [_rank(mix.seed, *key) for key in judged.select("prompt_id", "sample").iter_rows()]
    judged = judged.with_columns(pl.Series("rank", rank, dtype=pl.String))
    candidates = judged.filter(pl.col("reason").is_null()).sort("part", "rank", "prompt_id", "sample")
    first_part = pl.col("part").min().over("prompt_id")
    candidates = candidates.with_columns(pl.when(pl.col("part") != first_part).then(pl.lit("other_part")).alias("drawn"))
    nth = pl.col("part").cum_count().over("prompt_id", "part")
    candidates = _mark(candidates, nth > mix.samples_per_prompt, "surplus_sample")
    candidates = _mark(candidates, ~pl.col("category").is_in(list(mix.quotas)), "category_not_in_mix")
    left = candidates.filter(pl.col("drawn").is_null()).sort("rank", "prompt_id", "sample")
    quota = pl.col("category").replace_strict(mix.quotas, default=0, return_dtype=pl.Int64)
    over = left.filter(pl.col("category").cum_count().over("category") > quota).select(
        "part", "prompt_id", "sample", over=pl.lit("over_quota")
    )
    keys = ["part", "prompt_id", "sample"]
    reasons = candidates.join(over, on=keys, how="left").select(*keys, drawn=pl.coalesce("drawn", "over"))
    return judged.join(reasons, on=keys, how="left").with_columns(reason=pl.coalesce("reason", "drawn")).drop("drawn")


def _mark(rows: pl.DataFrame, dropped: pl.Expr, reason: str) -> pl.DataFrame:
    return rows.with_columns(drawn=pl.coalesce("drawn", pl.when(dropped).then(pl.lit(reason))))


def _rank(seed: int, prompt_id: str, sample: int) -> str:
    return hashlib.sha256(f"{seed}/{prompt_id}/{sample}".encode()).hexdigest()[:24]


def take(tables: list[list[Path]], kept: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The kept traces as training rows, a shard at a time."""
    for (part, shard), rows in sorted(kept.group_by("part", "shard")):
        traces = read_table(tables[int(str(part))][int(str(shard))], TRACES)
        chosen = traces.join(rows.select("prompt_id", "sample", "rank"), on=["prompt_id", "sample"])
        yield pl.DataFrame([training_row(trace) for trace in chosen.iter_rows(named=True)], schema=MIX)


def training_row(trace: dict[str, Any]) -> dict[str, Any]:
    """One row of the contract MIX: the question as the user's turn, thinking and answer as the assistant's."""
    content = f"<think>\n{trace['think']}\n</think>\n\n{trace['answer']}"
    return {
        **{key: trace[key] for key in ("prompt_id", "sample", "category", "licence")},
        "messages": [{"role": "user", "content": trace["question"]}, {"role": "assistant", "content": content}],
        "why_kept": f"passes every filter (target language: {trace['think_share']:.3f} of the thinking, {trace['answer_share']:.3f} of the"
        f" answer) and drawn for {trace['category']}, rank {trace['rank'][:8]}",
    }
