"""Digests of what is large, read side by side with a bar before the checks ask for them one after the other.

read_large(run)
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from koreason.checking.finding import Run
from koreason.config.joined.made import is_made
from koreason.config.variables import expand
from koreason.curate.reading.named import is_glob, matching
from koreason.errors import UserError
from koreason.progress import bar
from koreason.records.held import known_digest, readers

LARGE = 1 << 26  # bytes, of which a digest takes a quarter of a second
WORTH_A_BAR = 1 << 30  # of all


def read_large(run: Run) -> None:
    """Read the large files that the run's dumps and benchmarks name, or have them remembered."""
    paths = sorted({path for path in _named(run) if path.is_file() and path.stat().st_size >= LARGE})
    total = sum(path.stat().st_size for path in paths)
    with ThreadPoolExecutor(readers()) as pool:
        digests = pool.map(known_digest, paths)
        for _ in bar(digests, total=len(paths), what="digests", unit=" files") if total >= WORTH_A_BAR else digests:
            pass


def _named(run: Run) -> Iterator[Path]:
    """Every file that an entry names, as far as it can be found."""
    for table in ("sources", "imported"):
        for _, entry in run.entries(table):
            if entry.get("files") and not (table == "sources" and is_made(entry)):
                try:
                    root = expand(entry.get("root") or ".")
                    for name in entry["files"]:
                        yield from (root / each for each in (matching(name, root) if is_glob(name, root) else [name]))
                except UserError:
                    continue  # which the check of the dump says
    for _, entry in run.entries("benches"):
        if entry.get("file"):
            try:
                yield expand(entry["file"])
            except UserError:
                continue
