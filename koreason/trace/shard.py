"""Let the teacher answer one shard of a pool; what was drawn before, by whatever run, is not drawn again.

    koreason trace --pool try/pools/demo/manifest.json --teacher try/bases/smollm2-135m/manifest.json \\
      --shard 00000-of-00001 --journal try/traces/demo/mixed/journal --out try/traces/demo/mixed/00000-of-00001 \\
      --language '{"scripts": ["Hangul"]}' --spec '{
      "system": null, "prefill": "<think>\\nOkay, 문제를 보자. ", "samples": 1, "seed": 1,
      "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "max_tokens": 64, "segment_tokens": 32,
      "think_tokens": 32, "think_end": "\\n</think>\\n\\n정답은 ", "stop": ["."]},
      "engine": {"dtype": "float32", "max_model_len": 1024, "max_num_seqs": 32,
      "tensor_parallel": 1, "kv_cache_gib": 1, "gpu_memory_utilization": 0.9}}'

A prompt belongs to a shard by its id, which is a digest: adding prompts moves none. A request is known by a digest of
all that decides its answer (the prompt's tokens, sampling, teacher, seed). SIGTERM or SIGUSR1 ends the run with status 75
and every segment drawn so far in the journal. Several shards (`--shard A B --out 'results/traces/demo/mixed/{shard}'`) share
one start of the engine; each one's manifest is there as soon as it is drawn.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.load import add_spec, load, note_how, read_spec
from koreason.engine.answers import Request
from koreason.engine.drawing import Model, draw
from koreason.engine.journals.ledger import write_ledger
from koreason.engine.signals import Notice
from koreason.errors import UserError
from koreason.languages import Language, target_share
from koreason.records.digests import digest
from koreason.records.held import Held, held
from koreason.records.stage import Stage
from koreason.shards import SHARD, borders
from koreason.tables import POOL, TRACES, scan_table, write_table
from koreason.trace.retry import Retries
from koreason.trace.rows import ROWS, trace_row
from koreason.trace.spec import Recipe, check_retry


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
    recipe, language = read_spec(arguments.spec, Recipe, arguments.how), load(Language, json.loads(arguments.language))
    check_retry(recipe)
    teacher = Model.read(arguments.teacher, recipe.prefill, recipe.sampling, recipe.engine)
    teacher.renderer.refuse_unfit(recipe.system)
    pool = held(arguments.pool)
    outs = {shard: Path(str(arguments.out).replace(SHARD, shard)) for shard in arguments.shard}
    if len(set(outs.values())) < len(arguments.shard):
        raise UserError(f"lacks {SHARD}", "--out", f"several shards need {SHARD} in it, and each only once")
    for shard, out in outs.items():
        notice.release()  # the table of the shard before is written
        trace_shard(shard, out, arguments, pool, recipe, language, teacher, notice)
    return 0


def trace_shard(
    shard: str, out: Path, arguments: argparse.Namespace, pool: Held, recipe: Recipe, language: Language, teacher: Model, notice: Notice
) -> None:
    """Draw one shard and write its table and manifest to `out`."""
    prompts = shard_prompts(pool, shard)
    requests = list(build_requests(prompts, recipe, teacher))
    with Stage(out, "trace", json.loads(arguments.spec), [arguments.pool, arguments.teacher]) as stage:
        retries = Retries(recipe, teacher)
        drawn, stage.run = draw(requests, teacher, arguments.journal, shard, notice, retries.again)
        note_how(stage.run, arguments)
        rows = [
            trace_row(row, prompt, sample, retries.seeds.get(row["key"], request.seed))
            for row, (prompt, sample), request in zip(drawn, samples(prompts, recipe.samples), requests, strict=True)
        ]
        shares = [target_share(pl.col(part), language).alias(f"{part}_share") for part in ("think", "answer")]
        frame = pl.DataFrame(rows, schema=ROWS).with_columns(shares).sort("prompt_id", "sample")
        write_table(frame, stage, "traces.parquet", TRACES, shard=shard)
        asked = ({"prompt_id": prompt["prompt_id"], "sample": sample} for prompt, sample in samples(prompts, recipe.samples))
        write_ledger(stage, zip(asked, drawn, strict=True))
        stage.counts |= {"prompts": prompts.height, "rows": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"].to_list()).items()))
        if recipe.retry:
            stage.counts["retried"] = dict(sorted(retries.ended.items()))


def shard_prompts(pool: Held, shard: str) -> pl.DataFrame:
    """The prompts of one shard: ids, digests in hexadecimal, are cut into ranges of equal width, in sorted order."""
    low, high = borders(shard)
    inside = pl.col("prompt_id") >= low
    if high is not None:
        inside &= pl.col("prompt_id") < high
    return scan_table(pool, "prompts.parquet", POOL).filter(inside).sort("prompt_id").collect()


def samples(prompts: pl.DataFrame, count: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Every (prompt, sample index) of a shard."""
    for prompt in prompts.iter_rows(named=True):
        yield from ((prompt, sample) for sample in range(count))


def build_requests(prompts: pl.DataFrame, recipe: Recipe, teacher: Model) -> Iterator[Request]:
    """One request per prompt and sample."""
    for prompt, sample in samples(prompts, recipe.samples):
        yield teacher.request(recipe.messages(prompt["question"]), seed=int(digest([recipe.seed, prompt["prompt_id"], sample])[:15], 16))
