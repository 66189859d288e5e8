"""Digests of what is large, read side by side with a bar before the checks ask for them one after the other.

read_large(run)
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from koreason.checking.finding import Run
from koreason.config.joined.made import is_made
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.intake.named import is_glob, matching
from koreason.progress import bar
from koreason.records.held import known_digest, readers

LARGE = 1 << 26  # bytes, of which a digest takes a quarter of a second
WORTH_A_BAR = 1 << 30  # of all


def read_large(run: Run) -> None:
    """Read the large files that the run's dumps and benchmarks name, or have them remembered."""
    sizes = {path: size for path in set(_named(run)) if (size := _size(path)) >= LARGE}
    paths, total = sorted(sizes), sum(sizes.values())
    with ThreadPoolExecutor(readers()) as pool:
        digests = pool.map(known_digest, paths)
        for _ in bar(digests, total=len(paths), what="digests", unit=" files") if total >= WORTH_A_BAR else digests:
            pass


def _size(path: Path) -> int:
    """A file's size; 0 where there is none, or can be none: the check of the entry says why."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


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
