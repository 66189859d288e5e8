"""Let the teacher answer one shard of a pool; what was drawn before, by whatever run, is not drawn again.

    envs/run vllm python -m koreason trace --spec "$RECIPE" --language "$LANGUAGE" --pool results/pools/demo \\
        --teacher results/bases/smollm2-135m --shard 00000-of-00002 \\
        --journal results/traces/demo/mixed/journal --out results/traces/demo/mixed/00000-of-00002

A prompt belongs to a shard by its id, which is a digest: adding prompts moves none. A request is known by a digest of
all that decides its answer (messages, prefill, sampling, teacher, seed). SIGTERM or SIGUSR1 ends the run with status 75
and every segment drawn so far in the journal. Several shards (`--shard A B --out 'results/traces/demo/mixed/{shard}'`) share
one start of the engine; each one's manifest is there as soon as it is drawn.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from koreason.engine.drawing import Model, draw
from koreason.engine.generator import Request
from koreason.engine.signals import Notice
from koreason.errors import UserError
from koreason.languages import Language, target_share
from koreason.manifest import Stage, digest, read_manifest
from koreason.settings import add_spec, load, read_spec
from koreason.shards import shard_range
from koreason.tables import POOL, TRACES, scan_table, write_table
from koreason.trace.rows import ROWS, trace_row
from koreason.trace.spec import Recipe

SUMMARY = "let the teacher answer one shard of a pool"
SHARD = "{shard}"  # in --out
HEX_DIGITS = 12  # of a prompt id; enough that shard borders fall between ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Recipe)
    parser.add_argument("--language", required=True, metavar="JSON", help="the target language whose share is measured")
    parser.add_argument("--pool", required=True, type=Path, metavar="MANIFEST", help="the pool's manifest")
    parser.add_argument("--teacher", required=True, type=Path, metavar="MANIFEST", help="the teacher's manifest")
    parser.add_argument("--shard", required=True, nargs="+", metavar="I-of-N", help="which part or parts, such as 00000-of-00002")
    parser.add_argument("--journal", required=True, type=Path, metavar="DIR", help="journals of all shards of this pool and recipe")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help=f"folder for traces.parquet and its manifest; {SHARD} stands for the shard"
    )


def main(arguments: argparse.Namespace) -> int:
    """Draw what the journal lacks, then write the shard's table; of several shards one after the other, by one engine."""
    notice = Notice()
    recipe, language = read_spec(arguments.spec, Recipe), load(Language, json.loads(arguments.language))
    teacher = Model.read(arguments.teacher, recipe.prefill, recipe.sampling, recipe.engine)
    read_manifest(arguments.pool)
    outs = {shard: Path(str(arguments.out).replace(SHARD, shard)) for shard in arguments.shard}
    if len(set(outs.values())) < len(arguments.shard):
        raise UserError(f"lacks {SHARD}", "--out", f"several shards need {SHARD} in it, and each only once")
    for shard, out in outs.items():
        notice.release()  # the table of the shard before is written
        trace_shard(shard, out, arguments, recipe, language, teacher, notice)
    return 0


def trace_shard(
    shard: str, out: Path, arguments: argparse.Namespace, recipe: Recipe, language: Language, teacher: Model, notice: Notice
) -> None:
    """Draw one shard and write its table and manifest to `out`."""
    pool = arguments.pool if arguments.pool.is_dir() else arguments.pool.parent
    prompts = shard_prompts(pool / "prompts.parquet", shard)
    requests = list(build_requests(prompts, recipe, teacher))
    with Stage(out, "trace", json.loads(arguments.spec), [arguments.pool, arguments.teacher]) as stage:
        drawn, stage.run = draw(requests, teacher, arguments.journal, shard, notice)
        rows = [
            trace_row(row, prompt, sample, request.seed)
            for row, (prompt, sample), request in zip(drawn, samples(prompts, recipe.samples), requests, strict=True)
        ]
        shares = [target_share(pl.col(part), language).alias(f"{part}_share") for part in ("think", "answer")]
        frame = pl.DataFrame(rows, schema=ROWS).with_columns(shares).sort("prompt_id", "sample")
        write_table(frame, stage, "traces.parquet", TRACES)
        stage.counts |= {"prompts": prompts.height, "rows": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"].to_list()).items()))


def shard_prompts(path: Path, shard: str) -> pl.DataFrame:
    """The prompts of one shard: ids, digests in hexadecimal, are cut into ranges of equal width, in sorted order."""
    start, end = shard_range(shard)
    low, high = (_border(fraction) for fraction in (start, end))
    inside = pl.col("prompt_id") >= low
    if end < 1:
        inside &= pl.col("prompt_id") < high
    return scan_table(path, POOL).filter(inside).sort("prompt_id").collect()


def _border(fraction: Fraction) -> str:
    return f"{int(fraction * 16**HEX_DIGITS):0{HEX_DIGITS}x}"


def samples(prompts: pl.DataFrame, count: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Every (prompt, sample index) of a shard."""
    for prompt in prompts.iter_rows(named=True):
        yield from ((prompt, sample) for sample in range(count))


def build_requests(prompts: pl.DataFrame, recipe: Recipe, teacher: Model) -> Iterator[Request]:
    """One request per prompt and sample."""
    system = [{"role": "system", "content": recipe.system}] if recipe.system else []
    for prompt, sample in samples(prompts, recipe.samples):
        messages = [*system, {"role": "user", "content": prompt["question"]}]
        yield teacher.request(messages, seed=int(digest([recipe.seed, prompt["prompt_id"], sample])[:15], 16))
