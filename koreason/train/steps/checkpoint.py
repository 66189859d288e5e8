"""Checkpoints beside a model's declared output: whole, of any layout, or not used.

    record = find(Path("results/models/.../checkpoints"), job.settings)      # the newest good one, None where there is none

    checkpoints/step-00000040/00.safetensors      parameters and Adam states of tensor-parallel rank 0
                              00-01.safetensors   with a distributed optimizer: what its second copy updates of them
                              metrics.jsonl       of the steps so far
                              complete            written last; names the settings, the step, the layout and each file's SHA-256

A folder without `complete` was torn by a kill and is removed; one whose `complete` cannot be read is put aside, and what has another name
is left alone. One whose files are not those that it names is told of by name, and the one before it is used. Weights are kept in float32,
from which those in bfloat16 follow, so a resumed run continues with the same bits; in another layout pieces are joined and cut anew,
parameter by parameter, and it continues to rounding.
"""

import json
import logging
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from koreason.records.digests import sha256_file
from koreason.train.decoder.shape import Shape
from koreason.train.steps import states

COMPLETE, METRICS = "complete", "metrics.jsonl"
ASIDE = "other-"
UNREAD = f"{ASIDE}unread"
BESIDE = ("lock", "meet-*", "failed-*", ".failed-*")  # files of ranks and launchers
NAME, DIGEST = re.compile(r"step-[0-9]{8,}"), re.compile(r"[0-9a-f]{64}")
READERS = 16  # files whose digests are taken side by side

log = logging.getLogger(__name__)


def find(folder: Path, settings: str) -> dict[str, Any] | None:
    """The newest whole checkpoint of these settings, as its `complete` record; torn ones are removed, those of others put aside."""
    newest = None
    for path in reversed(_checkpoints(folder)):
        try:
            record = _record(path)
        except (OSError, ValueError) as error:
            log.warning("%s: %s cannot be read (%s): it is not used, and kept in %s", path, COMPLETE, error, folder / UNREAD)
            _put_aside(path, folder / UNREAD)
            continue
        if record is None:
            log.warning("%s is incomplete and is removed", path)
            shutil.rmtree(path)
        elif record["settings"] != settings:
            aside = folder / f"{ASIDE}{record['settings'][:12]}"
            log.warning("%s belongs to other settings and is not used: it is kept in %s, until you delete that", path, aside)
            _put_aside(path, aside)
        elif newest is None:
            if wrong := _wrong(path, record):
                log.warning("%s: %s; the checkpoint before it is used", path, wrong)
                (path / COMPLETE).unlink()  # it is not looked at again
            else:
                newest = record
    return newest


def _checkpoints(folder: Path) -> list[Path]:
    """Folders of checkpoints, the oldest first; what somebody else has put beside them is none."""
    found = [path for path in folder.glob("step-*") if NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def _record(path: Path) -> dict[str, Any] | None:
    """What `complete` says; None where there is none.

    Raises:
        OSError, ValueError: it cannot be read, or is none of this folder's.
    """
    try:
        record: dict[str, Any] = json.loads((path / COMPLETE).read_text(encoding="utf-8"))
        known = isinstance(record["files"], dict) and isinstance(record["step"], int) and bool(DIGEST.fullmatch(record["settings"]))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, RecursionError):
        known = False
    if not known or path != path_of(path.parent, record["step"]):
        raise ValueError("it is no record of this checkpoint")
    return record


def _wrong(path: Path, record: dict[str, Any]) -> str:
    """What is wrong with a checkpoint's files; empty where they are those that it names."""
    ranks, copies = record.get("tensor_parallel"), record.get("copies", 1)
    if not isinstance(ranks, int) or not isinstance(copies, int) or {*_files(ranks, copies), METRICS} != set(record["files"]):
        return f"{COMPLETE} does not name the files of its ranks"
    with ThreadPoolExecutor(READERS) as pool:
        names = sorted(record["files"])
        for name, wrong in zip(names, pool.map(lambda name: _wrong_file(path / name, record["files"][name]), names), strict=True):
            if wrong:
                return f"{name} {wrong}"
    return ""


def _wrong_file(path: Path, sha256: str) -> str:
    try:
        return "" if sha256_file(path) == sha256 else "is not as it was written"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _put_aside(path: Path, aside: Path) -> None:
    aside.mkdir(exist_ok=True)
    if (aside / path.name).exists():
        shutil.rmtree(aside / path.name)  # of the same settings, and older
    path.rename(aside / path.name)


def path_of(folder: Path, step: int) -> Path:
    """Folder of the checkpoint after `step` steps."""
    return folder / f"step-{step:08d}"


def file_of(rank: int, copy: int) -> str:
    """Name of the file of a tensor-parallel rank's copy."""
    return f"{rank:02d}{f'-{copy:02d}' if copy else ''}.safetensors"


def _files(ranks: int, copies: int) -> set[str]:
    return {file_of(rank, copy) for rank in range(ranks) for copy in range(copies)}


def prune(folder: Path, settings: str, keep: int) -> None:
    """Remove what is torn, and of these settings all but the newest."""
    mine: list[Path] = []
    torn: list[Path] = []
    for path in _checkpoints(folder):
        with suppress(OSError, ValueError):
            record = _record(path)
            if record is None or record["settings"] == settings:
                (mine if record else torn).append(path)
    for path in [*torn, *mine[:-keep]]:
        (path / COMPLETE).unlink(missing_ok=True)  # first, so that a kill in between leaves it torn, not damaged
        shutil.rmtree(path)


def remove(folder: Path) -> None:
    """Remove what a finished training leaves; what was put aside, or is somebody else's, stays."""
    for path in _checkpoints(folder):
        shutil.rmtree(path)
    for path in [path for pattern in BESIDE for path in folder.glob(pattern)]:
        path.unlink()
    if left := sorted(path.name for path in folder.iterdir()):
        log.warning("%s holds %s, until you delete it", folder, ", ".join(left))
    elif not folder.is_symlink():  # its owner's, on a larger disk perhaps
        folder.rmdir()


def load(folder: Path, step: int, trainer: Any, shape: Shape) -> None:
    """Put a checkpoint's states into a freshly built trainer, whatever layout it was written in."""
    path = path_of(folder, step)
    record = _record(path) or {}
    ranks, copies = record["tensor_parallel"], record.get("copies", 1)
    files = {rank: [path / file_of(rank, copy) for copy in range(copies)] for rank in range(ranks)}
    states.restore(files, trainer.model, trainer.sharing, shape)
