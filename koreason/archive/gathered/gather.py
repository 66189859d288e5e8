"""What of a finished run an archive holds.

    entries = list(gather(Path("."), {"records", "code", "results"}))

Nothing is read but names, manifests and records; `digests` does the reading.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from koreason.archive.entries import RUN as FOLDER
from koreason.archive.entries import Entry
from koreason.errors import UserError
from koreason.identity import laid
from koreason.ops.kept.outputs import RESULTS, UNDECLARED, Output, find, folders_below
from koreason.records import attempts
from koreason.records.manifest import MANIFEST, RUN, again, is_plain

# Beside outputs and undeclared: what was drawn or trained so far, as records of it.
JOURNAL, CHECKPOINTS = UNDECLARED
LEFT = (".lock", "lock")  # of journals and checkpoints: who works there now
BESIDE = (MANIFEST, RUN, attempts.FILE, "throughput.jsonl")
LOGS = ("logs", "benchmarks")


def outputs_of(run: Path) -> list[Output]:
    """Every output of a run, each whole as far as its manifest and record say.

    Raises:
        UserError: there is none, one was taken back or lost, or a job still runs.
    """
    results = run / RESULTS
    found = list(find(results)) if results.is_dir() else []
    if not found:
        raise UserError("holds no stage's output", results, "name the folder of a finished run")
    for output in found:
        if output.gone:
            raise UserError("is missing: what it described counts as not made", output.folder / MANIFEST, "finish the run first")
        if output.broken:
            raise UserError(output.broken[0].removeprefix(f"{output.folder / MANIFEST}: "), output.folder / MANIFEST, again(output.folder))
    for folder, _ in folders_below(results):
        if left := attempts.running(folder):
            raise UserError("a job is at work there, or was lost with its node", Path(left[0]["file"]), "finish the run first")
    return found


def gather(run: Path, parts: set[str], outputs: list[Output]) -> Iterator[Entry]:
    """Files of a run's folder that belong to some parts, each once; digests as far as manifests say them.

    Raises:
        UserError: a declared file is missing, or a link that leads out of its folder.
    """
    for output in outputs:
        assert output.made is not None
        part = "bases" if output.stage == "base" else "results"
        if part in parts:
            for name in output.made.names:
                if wrong := output.made.misplaced(name):
                    raise UserError(wrong, output.folder / name, again(output.folder))
                facts = output.made.made["files"][name]
                yield at(run, output.folder / name, part, sha256=facts["sha256"], fixed=True)
    for folder, names in folders_below(run / RESULTS):
        for name in sorted(set(names) & set(BESIDE)):
            yield at(run, folder / name, "records", told=name != MANIFEST)
        for kind, part in ((JOURNAL, "journals"), (CHECKPOINTS, "checkpoints")):
            if part in parts and (folder / kind).is_dir():
                yield from (at(run, path, part) for path in files_below(folder / kind) if path.name not in LEFT)
    if "logs" in parts:
        yield from (at(run, path, "logs", told=True) for name in LOGS for path in files_below(run / name))
    for package in sorted((run / laid.FOLDER).glob("*")):
        if package.is_dir() and package.name[0] != ".":
            yield from (at(run, package / name, "code") for name in laid.files_of(package))


def at(run: Path, path: Path, part: str, sha256: str = "", fixed: bool = False, told: bool = False) -> Entry:
    """An entry for a file of the run's folder.

    Raises:
        UserError: its name is none that an archive can hold.
    """
    name = path.relative_to(run).as_posix()
    if not is_plain(name) or "%" in name:
        raise UserError("has a name that an archive cannot hold", repr(name), "rename it")
    program = path.is_file() and os.access(path, os.X_OK) and part == "code"
    return Entry(f"{FOLDER}/{name}", part, path, sha256=sha256, fixed=fixed, told=told, program=program)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, sorted; links are not followed out of it."""
    for top, folders, names in os.walk(folder):
        folders.sort()
        yield from (path for name in sorted(names) if (path := Path(top, name)).is_file() and not path.is_symlink())
