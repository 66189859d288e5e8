"""`koreason explain PROMPT_ID` in a fresh process, beside scans of the same tables for the same rows by Polars.

    envs/run dev python bench/explain.py                 1M prompts
    envs/run dev python bench/explain.py 5790000         the paper's number; needs 3 GB of disk

The run is made up: one source, its cleaned texts, a tenth of them twins, a pool that keeps 70%, a trace of each kept prompt in 64 shards, a
mix of a tenth of these. Fails where a life takes a second of processor time, or is not found ten times as fast as by scans.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from koreason.curate.writer import Rows
from koreason.home import HOME
from koreason.records.stage import Stage
from koreason.shards import borders, shard_names
from koreason.tables import CLEANED, DROPPED, DROPPED_TRACES, DUPLICATES, MIX, POOL, PROMPTS, TRACES, Contract, write_table

TEXT = "전세 계약이 끝나기 두 달 전에 집주인에게 이사를 나가겠다고 문자로 알렸는데 답이 없습니다. 무엇을 더 해 두어야 하나요? " * 3
CHUNK = 32_768
LOOKS = 5
RESULTS = Path("results")


def main(count: int) -> None:
    """Make the run, look prompts up, and print."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        os.chdir(folder)
        began = time.perf_counter()
        ids = build(count)
        print(f"{count:,} prompts, made in {time.perf_counter() - began:.0f} s; load {os.getloadavg()[0]:.1f}", flush=True)
        chosen = random.Random(2).sample(ids.to_list(), LOOKS)
        explain(chosen[0])  # the files' ends are in memory then, for both
        ours = [explain(prompt_id) for prompt_id in chosen]
        theirs = [scan(prompt_id) for prompt_id in chosen[:2]]
        wall, processor = (min(times) for times in zip(*ours, strict=True))
        begin = min(start() for _ in range(3))
        print(f"koreason explain: {wall:.2f} s, {processor:.2f} s of the processor, of which the start is {begin:.2f} s")
        print(f"scans by Polars:  {min(theirs):.2f} s of the processor, started already")
        found = max(processor - begin, 0.01)
        print(f"ratio of looking: {min(theirs) / found:.0f}")
        assert processor < 1 and min(theirs) > 10 * found


def explain(prompt_id: str) -> tuple[float, float]:
    """Seconds, and seconds of the processor, of one call."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "koreason", "explain", prompt_id], capture_output=True, text=True, check=True, env=ENV)
    assert prompt_id in done.stdout and ("pool       all: kept" in done.stdout or "dropped" in done.stdout), done.stdout
    after = os.times()
    return time.perf_counter() - began, after[2] + after[3] - before[2] - before[3]


def start() -> float:
    """Seconds of the processor that the start of the command takes, with its libraries."""
    before = os.times()
    subprocess.run([sys.executable, "-c", "import koreason.ops.lineage.explain"], check=True, env=ENV)
    after = os.times()
    return after[2] + after[3] - before[2] - before[3]


def scan(prompt_id: str) -> float:
    """Seconds of the processor that the same rows take without indexes."""
    began = time.process_time()
    for path in sorted(RESULTS.rglob("*.parquet")):
        if ".index." not in path.name:
            pl.scan_parquet(path).filter(pl.col("prompt_id") == prompt_id).collect(engine="streaming")
    return time.process_time() - began


def build(count: int) -> pl.Series:
    """The run, below `results/`; returns the ids in the dump's order."""
    digits = random.Random(1).randbytes(12 * count).hex()
    ids = pl.Series("prompt_id", [digits[start : start + 24] for start in range(0, 24 * count, 24)])
    write("sources/big", "prompts.parquet", PROMPTS, ids, indexed=True)
    write("cleaned/all/big", "texts.parquet", CLEANED, ids)
    twins = ids.gather_every(10).sort()
    pairs = pl.DataFrame({"prompt_id": twins, "group": twins, "twin": twins.reverse(), "similarity": 1.0, "method": "exact"})
    with Stage(RESULTS / "duplicates/all", "dedup", {}, []) as stage:
        write_table(pairs, stage, "duplicates.parquet", DUPLICATES)
    kept = ids.head(count * 7 // 10)
    write("pools/all", "prompts.parquet", POOL, kept, indexed=True, more=("dropped.parquet", DROPPED, ids.tail(count - kept.len())))
    kept = kept.sort()
    for shard in shard_names(64):
        low, high = borders(shard)
        mine = kept.filter((kept >= low) & (kept < (high or "g")))
        write(f"traces/all/mixed/{shard}", "traces.parquet", TRACES, mine)
    drawn = kept.gather_every(10)
    left = kept.filter(~kept.is_in(drawn.implode()))
    write("mixes/both", "mix.parquet", MIX, drawn, more=("dropped.parquet", DROPPED_TRACES, left))
    return ids


def write(
    folder: str, name: str, contract: Contract, ids: pl.Series, indexed: bool = False, more: tuple[str, Contract, pl.Series] | None = None
) -> None:
    """Tables with these ids and a text of 0.5 kB, in an output of their own."""
    with Stage(RESULTS / folder, "bench", {}, []) as stage:
        for table, columns, rows in ((name, contract, ids), *([more] if more else [])):
            with Rows(stage, table, columns, indexed=indexed) as out:
                for offset in range(0, rows.len(), CHUNK):
                    out.write(frame(rows.slice(offset, CHUNK), columns, offset))
            stage.add(table, rows=out.count)


def frame(ids: pl.Series, contract: Contract, offset: int) -> pl.DataFrame:
    """Rows of a contract: ids and numbers differ, what else is needed is the same, the rest is null."""
    number = pl.col("row").cast(pl.Int64)
    values = {
        "source": pl.lit("big"),
        "question": pl.format("{} {}", pl.lit(TEXT), "row"),
        "origin": pl.struct(file=pl.lit("big.jsonl"), record=number, first=number * 600, bytes=pl.lit(600, pl.Int64)),
        "reason": pl.lit("too_short"),
        "evidence": pl.lit("12 characters"),
        "chars": number % 999,
        "sample": pl.lit(0, pl.Int64),
        "tokens": number % 999,
        "finish": pl.lit("stop"),
        "why_kept": pl.lit("drawn"),
    }
    made = ids.to_frame().with_row_index("row", offset=offset)
    made = made.with_columns(*(value.alias(name) for name, value in values.items() if name in contract))
    return made.with_columns(pl.lit(None, kind).alias(name) for name, kind in contract.items() if name not in made.columns)


ENV = {**os.environ, "KOREASON_HOME": str(HOME), "PYTHONPATH": str(HOME)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", nargs="?", type=int, default=1_000_000, metavar="PROMPTS", help="of the run (default: %(default)s)")
    main(parser.parse_args().prompts)
