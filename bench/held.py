"""What it costs to hold what a stage reads against its manifests: the share of `clean`, `select` and scans, and of 1,414 shards.

    PYTHONPATH=. .envs/dev/bin/python bench/held.py [--rows 20000]

Once with nothing remembered, so that every file is read whole, and once more with all of it remembered. On one core; the file system's
cache is warm, as it is for the stage's own reading after ours. Fails where a stage's share is above 3 % and its cost above 2 seconds.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1")

import polars as pl  # noqa: E402

from koreason.cli import main as koreason  # noqa: E402
from koreason.config.effects import given  # noqa: E402
from koreason.config.files.layers import read_language  # noqa: E402
from koreason.records import held, seen  # noqa: E402
from koreason.records.stage import Stage  # noqa: E402
from koreason.shards import holds, shard_names  # noqa: E402
from koreason.tables import PROMPTS, TRACES, write_table  # noqa: E402

HOME = Path(__file__).resolve().parents[1]
SHARDS, MOST_SHARE, MOST_SECONDS = 8, 0.03, 2.0
WORDS = [f"{word}{end}" for word in ("문제", "사과", "함수", "the", "값", "조건", "정답", "x") for end in ("", "를", "는", ".", " =", "s")]
FILTERS = {
    "min_think_share": 0,
    "max_think_share": 1,
    "min_answer_share": 0,
    "max_loop_ratio": 99,
    "min_think_chars": 1,
    "max_tokens": 9999,
}

spent = 0.0


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its seconds added to `spent`."""

    def call(*arguments: Any) -> Any:
        global spent
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            spent += time.perf_counter() - started

    return call


def text(draw: random.Random, words: int) -> str:
    """Text that compresses about as prompts do."""
    return " ".join(draw.choice(WORDS) + str(draw.randrange(999)) for _ in range(words))


def write_inputs(rows: int) -> None:
    """A source of `rows` prompts of half a kilobyte, and as many traces of two, in shards."""
    draw = random.Random(5)
    ids = sorted(hashlib.sha256(str(number).encode()).hexdigest()[:24] for number in range(rows))
    prompts = [{"prompt_id": key, "source": "s", "question": text(draw, 60)} for key in ids]
    with Stage(Path("results/sources/s"), "ingest", {}, []) as stage:
        frame = pl.DataFrame(prompts).select(
            pl.col(name) if name in prompts[0] else pl.lit(None, kind).alias(name) for name, kind in PROMPTS.items()
        )
        write_table(frame, stage, "prompts.parquet", PROMPTS, html=False)
    facts = {"sample": 0, "finish": "stop", "tokens": 300, "think_share": 0.1, "answer_share": 0.9, "prompt_tokens": 9, "seed": 1}
    for shard in shard_names(SHARDS):
        mine = [
            {**row, **facts, "request_key": row["prompt_id"], "think": text(draw, 200), "answer": text(draw, 60)}
            for row in prompts
            if holds(shard, row["prompt_id"])
        ]
        with Stage(Path("results/traces/p/r", shard), "trace", {}, []) as stage:
            write_table(pl.DataFrame(mine, schema=TRACES), stage, "traces.parquet", TRACES, shard=shard)


def commands(language: dict[str, Any], rows: int) -> dict[str, list[str]]:
    """The stages to run."""
    mix = {"traces": [{"pool": "p", "recipe": "r"}], "filters": FILTERS, "quotas": {"c": rows}, "samples_per_prompt": 1, "seed": 1}
    return {
        "clean": [
            "clean",
            "--language",
            json.dumps(given("clean", "languages", language)),
            "--in",
            "results/sources/s/manifest.json",
            "--out",
            "results/cleaned/p/s",
        ],
        "measure": [
            "measure",
            "--traces",
            "results/traces/p/r",
            "--shards",
            str(SHARDS),
            "--block",
            "00000-of-00001",
            "--spec",
            "{}",
            "--language",
            json.dumps(given("measure", "languages", language)),
            "--out",
            "results/measures/p/r/00000-of-00001",
        ],
        "select": [
            "select",
            "--spec",
            json.dumps(mix),
            "--shards",
            json.dumps({"r": SHARDS}),
            "--labels",
            json.dumps({"s": {"category": "c", "licence": "A"}}),
            "--traces",
            "results/traces",
            "--measures",
            "results/measures",
            "--out",
            "results/mixes/m",
        ],
    }


def measure(name: str, words: list[str], when: str) -> bool:
    """Run a stage and print what holding took of it; whether that is within what is promised."""
    global spent
    held._known.clear()
    spent, started = 0.0, time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        status = koreason(words)
    whole = time.perf_counter() - started
    if status:
        sys.exit(f"{name} failed")
    print(f"{name:<8}{when:<22}{whole:8.2f} s, of which holding {spent:7.3f} s: {100 * spent / whole:5.2f} %")
    return spent <= max(MOST_SHARE * whole, MOST_SECONDS)


def main() -> None:
    """Run all of it in a run's folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="of each table (default: %(default)s)")
    rows = parser.parse_args().rows
    language = read_language(HOME / "config" / "languages" / "ko.yaml")
    held.Held.wrong = timed(held.Held.wrong)  # type: ignore[method-assign]
    kept = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        write_inputs(rows)
        time.sleep(seen.SETTLED_NS / 1e9 + 0.1)
        for name, words in commands(language, rows).items():
            kept += [measure(name, words, when) for when in ("nothing remembered", "all remembered")]
        shard = held.held(Path("results/traces/p/r/00000-of-00008"))
        started = time.perf_counter()
        for _ in range(1414):
            held._known.clear()
            held.held(shard.manifest).path("traces.parquet")
        print(f"1,414 remembered shards: {time.perf_counter() - started:.2f} s")
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
