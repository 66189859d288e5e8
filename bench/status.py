"""How long `koreason status` takes at its first look and after it, against what one would type instead.

    PYTHONPATH=. .envs/dev/bin/python bench/status.py [--rows 1000000] [--bytes 1000]

A journal of so many finished answers and a few in flight, asked for in a list, in a temporary folder; the file system's cache is warm.
Each way runs in a process of its own, Python's start included. `wc` counts lines and nothing else; Polars reads all rows and counts ends
and mean length of finished answers. Printed are seconds of the clock and of the processor, which neighbours on the machine change less;
fails where a look after the first takes more than one of both.
"""

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from koreason.engine.answers import Answer, Segment
from koreason.engine.journals.journal import ROWS, WHOLE, Journal
from koreason.home import HOME

MOST_SECONDS, IN_FLIGHT, MORE = 1.0, 256, 1000
ENDS = ("stop", "stop", "stop", "length", "repetition")
POLARS = """
import sys, polars as pl
rows = pl.scan_ndjson(sys.argv[1]).select("finish", "tokens")
print(rows.group_by("finish").agg(pl.len(), pl.mean("tokens"), pl.quantile("tokens", 0.99).alias("p99")).collect())
"""


def key(number: int) -> str:
    """A request's key, which is a digest."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def write(folder: Path, first: int, rows: int, size: int) -> None:
    """Append so many rows of so many bytes, and begin a few answers."""
    journal = Journal(folder, WHOLE)
    text = ("문제를 보자. x = 1 이므로 " * (size // 30))[: size // 2]
    for number in range(first, first + rows):
        journal.add_row(Answer(key(number), text, ENDS[number % 5], 100, 300 + number % 7000), 16384)
    for number in range(first + rows, first + rows + IN_FLIGHT):
        journal.add_segment(key(number), Segment(tuple(range(512)), "think"))
    journal.close()


def timed(command: list[str], cwd: Path) -> tuple[float, float]:
    """Seconds of a command, by the clock and by the processor."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(HOME)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the journal (default: %(default)s)")
    parser.add_argument("--bytes", type=int, default=1000, help="of a row")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = Path(name)
        journal = run / "results" / "traces" / "p" / "r" / "journal"
        write(journal, 0, arguments.rows, arguments.bytes)
        opened = Journal(journal, WHOLE)
        opened.ask((key(number) for number in range(arguments.rows * 2)), all_of_it=True)
        opened.close()
        path = journal / WHOLE / ROWS
        print(f"{arguments.rows:,} rows, {path.stat().st_size / 1e9:.2f} GB")
        status = [sys.executable, "-m", "koreason", "status"]
        took = {"first look": timed(status, run), "second look": timed(status, run)}
        write(journal, arguments.rows, MORE, arguments.bytes)
        took[f"{MORE:,} rows later"] = timed(status, run)
        took["wc -l"] = timed(["wc", "-l", str(path)], run)
        took["polars"] = timed([sys.executable, "-c", POLARS, str(path)], run)
    looks = [took["second look"], took[f"{MORE:,} rows later"]]
    used = max(processor for _, processor in looks)
    for what, (seconds, processor) in took.items():
        print(f"{what:<18}{seconds:8.2f} s, {processor:8.2f} s of the processor, {processor / used:6.1f} times a look after the first")
    return int(max(min(look) for look in looks) > MOST_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
