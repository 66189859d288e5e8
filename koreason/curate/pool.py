"""Decide which cleaned prompts a pool keeps: thresholds, benchmarks, twins, the limit.

    koreason pool --spec '{"min_target_share": 0.3, "min_chars": 50, "max_chars": 8192, "drop_image_dependent": true,
      "min_chars_beside_image": 150, "limit": 8}' --texts try/cleaned/demo/demo_quiz/manifest.json \\
      --duplicates try/duplicates/demo/manifest.json --out try/pools/demo

Nothing is cleaned or measured here: verdicts of earlier stages are joined. Writes `prompts.parquet`, the pool, and
`dropped.parquet`, which gives each dropped prompt its source, its place in the dump, its reason and the evidence; the counts of both
add up to the input. Memory grows with the number of prompts and not with their texts.
"""

import argparse
import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from koreason.config.load import add_spec, load, read_spec
from koreason.curate.deciding.filters import Beside, evidence, first_reason, names, share
from koreason.curate.deciding.tally import Tally
from koreason.curate.deciding.verdicts import contaminated, without_twins
from koreason.curate.spec import Pool, Thresholds
from koreason.curate.text.composed import composed
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.progress import bar
from koreason.records.held import Held, held
from koreason.records.stage import Stage
from koreason.tables import CLEANED, DROPPED, DUPLICATES, MEASURES, OVERLAPS, POOL, read_chunks, read_table, scan_table

ROWS_PER_CHUNK = 32_768
TEXTS = "texts.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Pool)
    parser.add_argument("--by", default="{}", metavar="JSON", help="source to the thresholds in which it differs")
    parser.add_argument("--withdrawn", default="[]", metavar="JSON", help="ids of prompts that are excluded")
    parser.add_argument("--texts", required=True, nargs="+", type=Path, metavar="MANIFEST", help="of clean, in order of preference")
    parser.add_argument("--duplicates", required=True, type=Path, metavar="MANIFEST", help="of dedup")
    parser.add_argument("--overlaps", type=Path, metavar="MANIFEST", help="of decontaminate")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where prompts.parquet and dropped.parquet go")


def main(arguments: argparse.Namespace) -> None:
    """Make the pool in `--out`."""
    pool = read_spec(arguments.spec, Pool)
    by = {source: load(Thresholds, value, "--by") for source, value in json.loads(arguments.by).items()}
    withdrawn: list[str] = json.loads(arguments.withdrawn)
    options = json.loads(arguments.spec) | {"by": json.loads(arguments.by), "withdrawn": withdrawn}
    inputs = [*arguments.texts, arguments.duplicates, *([arguments.overlaps] if arguments.overlaps else [])]
    with Stage(arguments.out, "pool", options, inputs) as stage:
        texts = [held(manifest) for manifest in arguments.texts]
        duplicates = read_table(held(arguments.duplicates), "duplicates.parquet", DUPLICATES)
        overlaps = read_table(held(arguments.overlaps), "overlaps.parquet", OVERLAPS) if arguments.overlaps else None
        verdicts = decide(pool, by, withdrawn, texts, duplicates, overlaps)
        write(pool, by, texts, verdicts, stage)


def decide(
    pool: Pool,
    by: dict[str, Thresholds],
    withdrawn: list[str],
    texts: list[Held],
    duplicates: pl.DataFrame,
    overlaps: pl.DataFrame | None,
) -> pl.DataFrame:
    """One row a prompt, in the order of the texts: `prompt_id, part, reason, evidence, twins`; a null reason keeps it."""
    frames = []
    for part, table in enumerate(texts):
        columns = ["prompt_id", "source", *MEASURES]
        measured = scan_table(table, TEXTS, CLEANED).select(columns).collect()
        mine = thresholds(pool, by, measured)
        measured = measured.with_columns(reason=first_reason(mine)).with_columns(evidence=evidence(mine))
        frames.append(measured.select("prompt_id", pl.lit(part, pl.Int32).alias("part"), "reason", "evidence"))
    verdicts = pl.concat(frames)
    gone = pl.col("prompt_id").is_in(withdrawn) & pl.col("reason").is_null()
    verdicts = verdicts.with_columns(reason=pl.when(gone).then(pl.lit(Beside.withdrawn.value)).otherwise("reason"))
    if overlaps is not None:
        verdicts = contaminated(verdicts, overlaps)
    verdicts = without_twins(verdicts, duplicates)
    return limited(verdicts, pool.limit)


def thresholds(pool: Pool, by: dict[str, Thresholds], measured: pl.DataFrame) -> Pool:
    """The pool's thresholds as they are for the one source that some prompts are of."""
    source = measured["source"][0] if measured.height else ""
    over = {key: value for key, value in vars(by.get(source, Thresholds())).items() if value is not None}
    return dataclasses.replace(pool, **over)


def limited(verdicts: pl.DataFrame, limit: int | None) -> pl.DataFrame:
    """Drop what exceeds `limit`: the prompts whose ids, which are digests, come last.

    Ids are compared from their ends, because shards are ranges of their beginnings: a limited pool still fills all shards.
    """
    passing = verdicts.filter(pl.col("reason").is_null())
    if limit is None or passing.height <= limit:
        return verdicts
    end = pl.col("prompt_id").str.reverse()
    last = passing.select(end).to_series().sort()[limit - 1]
    over = pl.col("reason").is_null() & (end > last)
    return verdicts.with_columns(reason=pl.when(over).then(pl.lit(Beside.limit.value)).otherwise("reason"))


def write(pool: Pool, by: dict[str, Thresholds], texts: list[Held], verdicts: pl.DataFrame, stage: Stage) -> None:
    """Write what is kept and what is dropped, a chunk of texts at a time.

    Raises:
        UserError: a filter left nothing.
    """
    tally = Tally()
    with ExitStack() as stack:
        rows = stack.enter_context(Rows(stage, "prompts.parquet", POOL, indexed=True))
        dropped = stack.enter_context(Rows(stage, "dropped.parquet", DROPPED, indexed=True))
        for chunk, decided in bar(chunks(texts, verdicts), what="pool", unit=" chunks"):
            frame = chunk.with_columns(decided.select("reason", "evidence", "twins"))
            tally.add(frame)
            dropped.write(frame.filter(pl.col("reason").is_not_null()).with_columns(pl.col("evidence").fill_null("")))
            kept = frame.filter(pl.col("reason").is_null())
            mine = thresholds(pool, by, chunk)
            whole = composed(kept).alias("whole")
            kept = kept.with_columns(whole, stem=pl.when(pl.col("question") != whole).then("question"), target_share=share(mine))
            rows.write(kept.with_columns(question="whole"))
    refuse_empty(tally, stage.out.name)
    stage.add("prompts.parquet", rows=rows.count)
    stage.add("dropped.parquet", rows=dropped.count)
    stage.counts.update(tally.counts())


def chunks(texts: list[Held], verdicts: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The texts with their verdicts, in order; a chunk is of one source."""
    start = 0
    for table in texts:
        for chunk in read_chunks(table, TEXTS, CLEANED, ROWS_PER_CHUNK):
            yield chunk, verdicts.slice(start, chunk.height)
            start += chunk.height


def refuse_empty(tally: Tally, pool: str) -> None:
    """Stop where nothing is kept.

    Raises:
        UserError: names the filter that took the last prompts, and how many it was given.
    """
    left = tally.total.total()
    for name in names():
        entering, left = left, left - tally.total[name]
        if not left:
            raise UserError(
                f"the filter `{name}` left nothing of the {entering} prompts that reached it",
                f"pool {pool}",
                "check its thresholds and its sources; `koreason source try` shows what they drop",
            )
