"""Every output below `results/`, each with its manifest, and what was made of it.

    for output in find(Path("results")): output.stage, output.folder
    depending(Path("results/pools/demo"), dependents([Path("results")]))      # folders of what was made of it

What lies there is found by its sidecars, whatever rule has put it there; links to folders are followed.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST, RUN, made_by

RESULTS = Path("results")
# Where the rules put each stage's output, by the first part of the path and, of the benchmarks', the last.
PLACES = {
    "bases": "base", "sources": "ingest", "cleaned": "clean", "sketches": "sketch", "duplicates": "dedup",
    "overlaps": "decontaminate", "pools": "pool", "traces": "trace", "measures": "measure", "judged": "judge", "mixes": "select",
    "contamination": "decontaminate", "packed": "pack", "models": "train", "benches": "bench", "generations": "generate",
    "scores": "score", "reports": "report",
}  # fmt: skip
UNDECLARED = ("journal", "checkpoints")  # folders beside outputs that no manifest describes


@dataclass
class Output:
    """A stage's folder, and what is wrong with it; `gone` where only a `run.json` is left."""

    folder: Path
    stage: str
    made: Held | None = None
    broken: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    gone: bool = False


def find(root: Path) -> Iterator[Output]:
    """Every stage's output at or below a folder, in the order of the paths."""
    for folder, files in folders_below(root):
        told = made_by(folder / RUN) if RUN in files else None
        if MANIFEST not in files and told is None:
            continue
        output = Output(folder, stage_of(folder, told), gone=MANIFEST not in files)
        if not output.gone:
            try:
                output.made = held(folder / MANIFEST)
                output.stage = output.made.made["stage"]
            except UserError as error:
                said = str(error).partition("; ")[0].removeprefix(str((folder / MANIFEST).absolute()))
                output.broken.append(f"{folder / MANIFEST}{said}")
        yield output


def folders_below(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each folder that may be a stage's, once, with the names of the files in it; links to folders are followed."""
    seen: set[Path] = set()
    for top, folders, files in os.walk(root, followlinks=True):
        if (real := Path(top).resolve()) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in UNDECLARED and not name.startswith("."))
        yield Path(top), files


def stage_of(folder: Path, told: Any) -> str:
    """The stage of an output whose manifest cannot be asked."""
    if isinstance(told, dict) and isinstance(told.get("stage"), str):
        return str(told["stage"])
    return next((PLACES[part] for part in reversed(folder.parts) if part in PLACES), "unknown")


def dependents(roots: Iterable[Path]) -> dict[Path, set[Path]]:
    """Folder of each output to the folders of what was made of it, as every `run.json` of the runs that hold `roots` says."""
    found: dict[Path, set[Path]] = defaultdict(set)
    for run in sorted({run_of(root) for root in roots}):
        for folder, files in folders_below(run / RESULTS):
            if RUN not in files:
                continue
            try:
                inputs = list(json.loads((folder / RUN).read_text(encoding="utf-8"))["inputs"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue
            for manifest in inputs:
                found[(run / manifest).parent.resolve()].add(folder.resolve())
    return found


def run_of(path: Path) -> Path:
    """The run's folder, from which paths below `results` are written; this one where a path does not tell."""
    whole = path.absolute()
    return next((part.parent for part in (whole, *whole.parents) if part.name == RESULTS.name), Path.cwd())


def depending(folder: Path, made_of: dict[Path, set[Path]]) -> list[str]:
    """Everything that was made of an output, directly or not."""
    seen: set[Path] = set()
    todo = [folder.resolve()]
    while todo:
        new = made_of.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    return sorted(os.path.relpath(path) for path in seen)
