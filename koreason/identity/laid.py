"""The package as it was when a run was planned, laid down once, by content, beside the results.

    planned = tree_digest(HOME)               # of all that a job may run or read as the package's
    home = lay(HOME, Path.cwd(), planned)     # .koreason/code/PLANNED, from which every job of the run is started
    check(home)                               # in each job: is it still that?

A run lasts days and its checkout is edited meanwhile. A folder here is never changed: another state of the package has another
digest, and so another folder. One that no result names any more is removed by the next run.
"""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from koreason.errors import UserError
from koreason.records.manifest import RUN
from koreason.system.neighbours import allowed

FOLDER = Path(".koreason/code")
# All that a run executes or reads of the package. What is only for people or tests, and what a machine adds, is not of it.
PARTS = ("CITATION.cff", "Snakefile", "bin", "config", "containers", "envs", "koreason", "profiles", "pyproject.toml", "rules", "workflow")
MACHINE = ("containers/images", "profiles/slurm/site.yaml")
SUBMITTED = "submitted.json"  # of arrays in Slurm
DIGITS = 32  # of the SHA-256, in folder names and records


def files_of(home: Path) -> Iterator[str]:
    """Paths of the package's files below `home`, sorted; caches, editors' leftovers and the machine's own files are passed over."""
    for part in PARTS:
        if (home / part).is_file():
            yield part
        for folder, folders, names in os.walk(home / part):
            here = Path(folder).relative_to(home)
            folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__" and str(here / name) not in MACHINE)
            yield from (
                str(here / name) for name in sorted(names) if name[0] not in ".#" and name[-1] != "~" and str(here / name) not in MACHINE
            )


def tree_digest(home: Path) -> str:
    """Digest of the package below `home`: paths, contents and which files are programs."""
    found = hashlib.sha256()
    for name in files_of(home):
        path = home / name
        program = "x" if path.stat().st_mode & stat.S_IXUSR else "-"
        found.update(f"{name}\0{program}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:DIGITS]


def place(folder: Path, digest: str) -> Path:
    """Where a package lies in a run's folder."""
    return folder.resolve() / FOLDER / digest


def lay(home: Path, folder: Path, digest: str) -> Path:
    """Copy the package `home`, which had `digest` when the run was planned, into a run's folder; returns the copy.

    Raises:
        UserError: it is no longer what was planned.
    """
    target = place(folder, digest)
    if target.is_dir() and tree_digest(target) == digest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        for name in files_of(home):
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(home / name, new / name)
            (new / name).chmod(allowed(0o555 if (home / name).stat().st_mode & stat.S_IXUSR else 0o444))
        if tree_digest(new) != digest:
            raise UserError("was edited while the run was being planned", home, "type the same command again")
        new.chmod(allowed(0o777))
        shutil.rmtree(target, ignore_errors=True)  # damaged, else it had served
        new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return target


def check(home: Path) -> str:
    """Digest of the package that runs.

    Raises:
        UserError: it was laid down by a run and is not what was planned.
    """
    found = tree_digest(home)
    if home.parts[-3:-1] == FOLDER.parts and home.name != found:
        raise UserError(
            f"is not the code that was planned (its digest is {found})", home, "start the run again: it lays down what it plans"
        )
    return found


def prune(folder: Path, keep: Iterable[str]) -> list[str]:
    """Remove the packages of a run's folder that no result of it names, but for `keep`; returns their digests.

    To be called by the only run of the folder, when no job of an earlier one is left. Arrays of `koreason submit` may go on without
    their driver, which notes them: while there are any, all stays.
    """
    laid = {path.name for path in (folder / FOLDER).glob("*") if path.name[0] != "."} - set(keep)
    if not laid or next((folder / "results").rglob(SUBMITTED), None):
        return []
    unnamed = sorted(laid - set(_named(folder / "results")))
    for name in unnamed:
        shutil.rmtree(folder / FOLDER / name, ignore_errors=True)
    return unnamed


def _named(results: Path) -> Iterator[str]:
    """The packages that the results of a run were made by."""
    for path in results.rglob(RUN):
        try:
            yield str(json.loads(path.read_text(encoding="utf-8"))["package"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # by an older version, or not ours
