"""How fast a journal opens and answers, against reading its JSON lines into a dictionary and with Polars; and the memory of each.

    PYTHONPATH=. .envs/dev/bin/python bench/journal.py [--rows 1000000] [--large 20000]

Once rows of 1 kB, once of 80 kB, which is a trace of the paper. Each way opens the journal and reads 4,096 answers by their keys, a
shard's, in a process of its own; the file system's cache is warm. Fails where opening through the index takes 2 s or 300 MB.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from koreason.engine.generator import Answer
from koreason.engine.journals.journal import ROWS, WHOLE, Journal

ASKED, MOST_SECONDS, MOST_MEGABYTES = 4096, 2.0, 300.0
WORDS = ("문제를", "보자", "따라서", "the", "value", "\\frac{1}{2}", "이므로", "답은", "=", "x")


def key(number: int) -> str:
    """A key like a digest, without the time that one takes."""
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**256:064x}"


def write(folder: Path, rows: int, size: int) -> None:
    """A journal of so many rows of so many bytes."""
    draw = random.Random(3)
    texts = []
    for _ in range(64):
        text = ""
        while len(text.encode()) < size - 200:
            text += " ".join(draw.choice(WORDS) for _ in range(20)) + " "
        texts.append(text)
    journal = Journal(folder, WHOLE)
    for number in range(rows):
        journal.add_row(Answer(key(number), texts[number % 64], "stop", 100, 300), 16384)
    journal.close()


def opened(way: str, folder: Path, rows: int) -> None:
    """Open in one way, read what is asked, and print seconds and memory."""
    path = folder / WHOLE / ROWS
    asked = [key(random.Random(number).randrange(rows)) for number in range(ASKED)]
    if way == "polars":
        import polars as pl
    before = most_memory()
    started = time.perf_counter()
    if way == "json":
        with open(path, encoding="utf-8") as file:
            held = {row["key"]: row for row in map(json.loads, file)}
        there, opening = time.perf_counter(), most_memory()
        found = [held[name] for name in asked]
    elif way == "polars":
        frame = pl.read_ndjson(path)
        there, opening = time.perf_counter(), most_memory()
        found = frame.filter(pl.col("key").is_in(asked)).to_dicts()
    else:
        journal = Journal(folder, WHOLE)
        there, opening = time.perf_counter(), most_memory()
        found = [row for name in asked if (row := journal.row(name, 0))]
    ended = time.perf_counter()
    assert {row["key"] for row in found} == set(asked)
    print(json.dumps([there - started, ended - there, opening, most_memory() - before]))


def most_memory() -> float:
    """The most megabytes that this process has had; what `getrusage` says may be its parent's."""
    return float(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1e3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of 1 kB")
    parser.add_argument("--large", type=int, default=20_000, help="of 80 kB")
    parser.add_argument("--way", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        opened(arguments.way[0], Path(arguments.way[1]), int(arguments.way[2]))
        return 0
    failed = False
    for rows, size in ((arguments.rows, 1000), (arguments.large, 80_000)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            started = time.perf_counter()
            write(folder, rows, size)
            held = (folder / WHOLE / ROWS).stat().st_size / 1e9
            print(f"{rows:,} rows of {size:,} bytes, {held:.2f} GB, written in {time.perf_counter() - started:.1f} s")
            took = {}
            for way in ("index", "no index", "polars", "json"):
                if way == "no index":
                    (folder / WHOLE / ".rows.index").unlink()
                command = [sys.executable, __file__, "--way", way, name, str(rows)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                opening, answered, memory, more = json.loads(done.stdout)
                took[way] = opening + answered
                times = f"{opening:8.2f} s and {memory:5.0f} MB to open{answered:8.2f} s for {ASKED:,} answers"
                print(f"{way:<10}{times}, {more:.0f} MB more than Python takes")
                failed |= way == "index" and (opening > MOST_SECONDS or memory > MOST_MEGABYTES)
            ratios = ", ".join(f"{took[way] / took['index']:.1f} times as long by {way}" for way in ("no index", "polars", "json"))
            print(f"ratio, opened and answered: {ratios}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
