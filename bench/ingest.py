"""Rows per second of `koreason ingest` and of what a user would take instead, by the processor time of one core, side by side.

    PYTHONPATH=. .envs/dev/bin/python bench/ingest.py [--rows 60000] [--repeats 3]

All read the same JSONL file, rows of eight fields and 0.65 kB, and write Parquet: datatrove with its JSON reader and Parquet writer, and
Hugging Face `datasets` with its JSON loader. The questions must be identical. `koreason` also makes ids, checks the file's digest before
and its output's after, says where each record lies, and accounts for every byte. Each counts from its first byte read to the last
byte written, after its libraries are imported; the fastest of the repeats counts.
"""

import argparse
import contextlib
import io
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CORE = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {CORE})
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", KOREASON_HOME=str(Path(__file__).resolve().parents[1]))

import datasets  # noqa: E402
import polars as pl  # noqa: E402
from datatrove.executor import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.readers import JsonlReader  # noqa: E402
from datatrove.pipeline.writers import ParquetWriter  # noqa: E402

from koreason.cli import main as koreason  # noqa: E402
from koreason.records.digests import sha256_file  # noqa: E402

HOME = Path(os.environ["KOREASON_HOME"])
SEED = 20251004
TARGET = 3.0  # times datatrove


def write_dump(path: Path, rows: int) -> None:
    """JSONL of rows as forums have them, of words of the demo's own."""
    draw = random.Random(SEED)
    words = [word for file in sorted((HOME / "data/demo/text").glob("*.txt")) for word in file.read_text(encoding="utf-8").split()]
    with open(path, "w", encoding="utf-8") as file:
        for number in range(1, rows + 1):
            title, body, answer = (" ".join(draw.choices(words, k=count)) for count in (6, 40, 10))
            row = {"id": number, "title": title, "body": body, "url": f"http://forum.example/{number}", "answer": answer}
            file.write(json.dumps(row | {"date": "2020-01-01", "tags": ["수학", "질문"], "score": 3}, ensure_ascii=False) + "\n")
    print(f"{rows:,} rows of {path.stat().st_size / rows:,.0f} bytes in the mean, one core")


def run_koreason(dump: Path, out: Path) -> pl.Series:
    """The stage's own command line."""
    columns = {"question": ["body"], "answer": ["answer"], "url": ["url"]}
    spec = {"format": "jsonl", "columns": columns, "max_reject_share": 0.0, "html": False, "root": str(dump.parent)}
    spec |= {"files": {dump.name: sha256_file(dump)}}
    if koreason(["ingest", "--source", "bench", "--spec", json.dumps(spec), "--out", str(out)]):
        sys.exit("koreason ingest failed")
    return pl.read_parquet(out / "prompts.parquet")["question"]


def run_datatrove(dump: Path, out: Path) -> pl.Series:
    """One pipeline from JSONL to Parquet."""
    reader = JsonlReader(str(dump.parent), text_key="body", glob_pattern=dump.name)
    LocalPipelineExecutor(pipeline=[reader, ParquetWriter(str(out / "kept"))], logging_dir=str(out / "logs"), tasks=1, workers=1).run()
    return pl.read_parquet(out / "kept" / "*.parquet")["text"]


def run_datasets(dump: Path, out: Path) -> pl.Series:
    """Its JSON loader, and its Parquet writer."""
    data = datasets.load_dataset("json", data_files=str(dump), split="train", cache_dir=str(out / "cache"))
    data.select_columns(["body", "answer", "url"]).to_parquet(str(out / "kept.parquet"))
    return pl.read_parquet(out / "kept.parquet")["body"]


def main() -> None:
    """Run all in turn, compare what they read, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000, help="of the dump (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of which the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    runs: dict[str, Callable[[Path, Path], pl.Series]] = {"koreason": run_koreason, "datatrove": run_datatrove, "datasets": run_datasets}
    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "dump" / "a.jsonl"
        dump.parent.mkdir()
        write_dump(dump, arguments.rows)
        for repeat in range(arguments.repeats):
            read = {}
            for name, run in runs.items():
                started = time.process_time()
                with contextlib.redirect_stderr(io.StringIO()):  # all report progress
                    read[name] = run(dump, Path(folder) / f"{name}{repeat}")
                best[name] = min(best.get(name, float("inf")), time.process_time() - started)
            for name, texts in read.items():
                if not texts.equals(read["koreason"]):
                    sys.exit(f"koreason and {name} read different questions")
    for name, seconds in best.items():
        print(f"{name:10} {arguments.rows / seconds:10,.0f} rows/s")
    ratio = best["datatrove"] / best["koreason"]
    print(f"all read the same questions; koreason is {ratio:.1f} times as fast as datatrove (claimed: {TARGET:g})", end="")
    print(f", {best['datasets'] / best['koreason']:.1f} times as fast as datasets")
    sys.exit(ratio < TARGET)


if __name__ == "__main__":
    main()
