"""Let the teacher answer one shard of a pool; what was drawn before, by whatever run, is not drawn again.

    envs/run vllm python -m koreason trace --spec "$RECIPE" --language "$LANGUAGE" --pool results/pools/demo \\
        --teacher results/bases/smollm2-135m --shard 00000-of-00002 \\
        --journal results/traces/demo/mixed/journal --out results/traces/demo/mixed/00000-of-00002

A prompt belongs to a shard by its id, which is a digest: adding prompts moves none. A request is known by a digest of
all that decides its answer (messages, prefill, sampling, teacher, seed). SIGTERM or SIGUSR1 ends the run with status 75
and everything drawn so far in the journal.
"""

import argparse
import json
import logging
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from koreason import progress
from koreason.errors import RESUMABLE
from koreason.languages import Language, target_share
from koreason.manifest import Stage, digest, read_manifest
from koreason.settings import add_spec, load, read_spec
from koreason.shards import shard_range
from koreason.tables import POOL, TRACES, scan_table, write_table
from koreason.trace.engine import Generator, Request
from koreason.trace.journal import Journal
from koreason.trace.rows import ROWS, trace_row
from koreason.trace.spec import Recipe

SUMMARY = "let the teacher answer one shard of a pool"
HEX_DIGITS = 12  # of a prompt id; enough that shard borders fall between ids

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """The job was told to end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Recipe)
    parser.add_argument("--language", required=True, metavar="JSON", help="the target language whose share is measured")
    parser.add_argument("--pool", required=True, type=Path, metavar="MANIFEST", help="the pool's manifest")
    parser.add_argument("--teacher", required=True, type=Path, metavar="MANIFEST", help="the teacher's manifest")
    parser.add_argument("--shard", required=True, metavar="I-of-N", help="which part, such as 00000-of-00002")
    parser.add_argument("--journal", required=True, type=Path, metavar="DIR", help="journals of all shards of this pool and recipe")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for traces.parquet and its manifest")


def main(arguments: argparse.Namespace) -> int:
    """Draw what the journal lacks, then write the shard's table."""
    recipe, language = read_spec(arguments.spec, Recipe), load(Language, json.loads(arguments.language))
    teacher = digest(read_manifest(arguments.teacher)["files"])
    read_manifest(arguments.pool)
    prompts = shard_prompts(folder_of(arguments.pool) / "prompts.parquet", arguments.shard)
    requests = list(build_requests(prompts, recipe, teacher))
    for signal_number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(signal_number, _interrupt)
    with Stage(arguments.out, "trace", json.loads(arguments.spec), [arguments.pool, arguments.teacher]) as stage:
        journal = Journal(arguments.journal, arguments.shard)
        try:
            stage.run = draw(requests, recipe, folder_of(arguments.teacher), journal)
        except Interrupted:
            log.warning("told to end: %d of %d traces are in the journal; run again to go on", len(journal.rows), len(requests))
            raise SystemExit(RESUMABLE) from None
        finally:
            journal.close()
        rows = [
            trace_row(journal.rows[request.key], prompt, sample, request.seed)
            for (prompt, sample), request in zip(samples(prompts, recipe.samples), requests, strict=True)
        ]
        shares = [target_share(pl.col(part), language).alias(f"{part}_share") for part in ("think", "answer")]
        frame = pl.DataFrame(rows, schema=ROWS).with_columns(shares).sort("prompt_id", "sample")
        write_table(frame, stage, "traces.parquet", TRACES)
        stage.counts |= {"prompts": prompts.height, "rows": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"].to_list()).items()))
    return 0


def folder_of(manifest: Path) -> Path:
    """The folder that a manifest describes; `manifest` may be the folder itself."""
    return manifest if manifest.is_dir() else manifest.parent


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


def build_requests(prompts: pl.DataFrame, recipe: Recipe, teacher: str) -> Iterator[Request]:
    """One request per prompt and sample; its key is a digest of everything that decides its answer."""
    system = [{"role": "system", "content": recipe.system}] if recipe.system else []
    # what is not set is left out, so that an option added later does not orphan the traces that were drawn without it
    sampling = {name: value for name, value in asdict(recipe.sampling).items() if value is not None}
    fixed: dict[str, Any] = {"prefill": recipe.prefill, "sampling": sampling, "teacher": teacher}
    fixed |= {"dtype": recipe.engine.dtype, "quantization": recipe.engine.quantization}
    for prompt, sample in samples(prompts, recipe.samples):
        messages = [*system, {"role": "user", "content": prompt["question"]}]
        seed = int(digest([recipe.seed, prompt["prompt_id"], sample])[:15], 16)
        yield Request(digest({**fixed, "messages": messages, "seed": seed}), messages, recipe.prefill, seed)


def draw(requests: list[Request], recipe: Recipe, teacher: Path, journal: Journal) -> dict[str, Any]:
    """Draw the answers that the journal lacks into it; the engine is started only when there are any."""
    limit = recipe.engine.max_model_len
    done = {key for key, row in journal.rows.items() if not row["finish"].startswith("refused") or row["limit"] == limit}
    missing = [request for request in requests if request.key not in done]
    # answers that were begun come first: they are the long ones, and the journal holds them open
    missing.sort(key=lambda request: request.key not in journal.begun)
    todo = [Request(r.key, r.messages, r.prefill, r.seed, journal.begun.get(r.key, ())) for r in missing]
    found = len(requests) - len(todo)
    log.info("%d traces: %d in the journal, %d to draw (%d of them begun)", len(requests), found, len(todo), len(journal.begun))
    facts: dict[str, Any] = {"from_journal": found, "engine_tokens": 0, "torn_bytes": journal.torn}
    if not todo:
        return facts
    generator = Generator(teacher, recipe.sampling, recipe.engine)
    with progress.bar(total=len(todo), what="traces", unit="trace") as bar:
        for answer in generator.answers(todo, journal.add_segment):
            journal.add_row(answer, limit)
            bar.update()
    facts |= {"engine_tokens": generator.drawn_tokens, "engine_seconds": generator.seconds, "start_seconds": generator.start_seconds}
    facts["tokens_per_second"] = generator.drawn_tokens / max(generator.seconds, 1e-9)
    return facts


def _interrupt(number: int, frame: object) -> None:
    raise Interrupted(signal.Signals(number).name)
