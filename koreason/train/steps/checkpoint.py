"""Checkpoints beside a model's declared output: whole, of any layout, or not used; and written while training goes on.

    record = find(Path("results/models/.../checkpoints"), job.settings)      # the newest good one, None where there is none
    saver = Saver(folder, job.settings, keep=2)
    saver.begin(40, trainer, metrics)      # every rank; waits for a copy in the host's memory, not for the disk

    checkpoints/step-00000040/00.safetensors      parameters and Adam states of tensor-parallel rank 0
                              00-01.safetensors   with a distributed optimizer: what its second copy updates of them
                              metrics.jsonl       of the steps so far
                              complete            written last; names the settings, the step, the layout and each file's SHA-256

A folder without `complete` was torn by a kill and is removed. One whose files are not those that it names is told of by name, and the one
before it is used. Weights are kept in float32, from which those in bfloat16 follow, so a resumed run continues with the same bits; in
another layout pieces are joined and cut anew, parameter by parameter, and it continues to rounding.
"""

import json
import logging
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from koreason.pretrained.streamed import TensorFile, in_order
from koreason.records.digests import sha256_file, write_atomically
from koreason.train.decoder.shape import Shape
from koreason.train.steps import states

COMPLETE, METRICS = "complete", "metrics.jsonl"
READERS = 16  # files whose digests are taken side by side

log = logging.getLogger(__name__)


def find(folder: Path, settings: str) -> dict[str, Any] | None:
    """The newest whole checkpoint of these settings, as its `complete` record; torn ones are removed, those of others put aside."""
    newest = None
    for path in sorted(folder.glob("step-*"), reverse=True):
        record = _record(path)
        if record is None:
            log.warning("%s is incomplete and is removed", path)
            shutil.rmtree(path)
        elif record["settings"] != settings:
            aside = folder / f"other-{str(record['settings'])[:12]}"
            log.warning("%s belongs to other settings and is not used: it is kept in %s, until you delete that", path, aside)
            _put_aside(path, aside)
        elif newest is None:
            if wrong := _wrong(path, record):
                log.warning("%s: %s; the checkpoint before it is used", path, wrong)
                (path / COMPLETE).unlink()  # it is not looked at again
            else:
                newest = record
    return newest


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((path / COMPLETE).read_text(encoding="utf-8"))
        known = isinstance(record["files"], dict) and isinstance(record["step"], int) and bool(record["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if known and path == path_of(path.parent, record["step"]) else None


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


def _file_of(rank: int, copy: int) -> str:
    return f"{rank:02d}{f'-{copy:02d}' if copy else ''}.safetensors"


def _files(ranks: int, copies: int) -> set[str]:
    return {_file_of(rank, copy) for rank in range(ranks) for copy in range(copies)}


class Saver:
    """Writes checkpoints, one at a time; every rank calls its methods, in the same order."""

    def __init__(self, folder: Path, settings: str, keep: int) -> None:
        self.folder, self.settings, self.keep = folder, settings, keep
        self.step: int | None = None  # of the checkpoint that is being written
        self.longest = 0.0  # seconds that copying and writing one took at most
        self._thread: threading.Thread | None = None
        self._failed: list[Exception] = []
        self._begun = 0.0

    def begin(self, step: int, trainer: Any, metrics: Path) -> None:
        """Copy what is kept of this step to the host's memory, and begin to write it; waits for the one before."""
        self.finish()
        self._begun = time.monotonic()
        path, group, self.step = path_of(self.folder, step), trainer.model.pg_collection, step
        first = torch.distributed.get_rank() == 0
        if first:
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        torch.distributed.barrier()
        copies = group.dp.size() if trainer.distributes else 1
        if group.dp.rank() < copies:
            kept = states.snapshot(trainer.model, trainer.sharing)
            rows = metrics.read_bytes() if first else None
            self._layout = {"tensor_parallel": group.tp.size(), "copies": copies}
            arguments = path, _file_of(group.tp.rank(), group.dp.rank()), kept, rows
            # not a daemon: a process that comes to its end does not leave half a file
            self._thread = threading.Thread(target=self._write, args=arguments)
            self._thread.start()

    def _write(self, path: Path, name: str, kept: Any, rows: bytes | None) -> None:
        entries, tensors, metadata = kept
        try:
            with TensorFile(path / name, entries, metadata) as file:
                for tensor in in_order(entries):
                    file.write(tensor, tensors.pop(tensor).numpy().reshape(-1).view("uint8").data)
            (path / f"{name}.sha256").write_text(file.sha256, encoding="ascii")
            if rows is not None:
                (path / METRICS).write_bytes(rows)
                _sync(path / METRICS)
        except Exception as error:  # raised where training hears of it
            self._failed.append(error)

    @property
    def busy(self) -> bool:
        """Whether this rank is still writing.

        Raises:
            OSError: it could not.
        """
        if self._failed:
            raise self._failed[0]
        return self._thread is not None and self._thread.is_alive()

    def settle(self) -> None:
        """Declare the checkpoint that no rank is writing at any more, and remove those that are older than is kept."""
        if self.step is None:
            return
        if self._thread is not None:
            self._thread.join()
        busy = self.busy  # raises
        assert not busy
        if torch.distributed.get_rank() == 0:
            path = path_of(self.folder, self.step)
            files = {METRICS: sha256_file(path / METRICS)}
            for told in sorted(path.glob("*.sha256")):
                files[told.stem] = told.read_text(encoding="ascii")
                told.unlink()
            record = {"settings": self.settings, "step": self.step, **self._layout, "files": files}
            write_atomically(path / COMPLETE, json.dumps(record) + "\n")
            _prune(self.folder, self.settings, self.keep)
        self.longest = max(self.longest, time.monotonic() - self._begun)
        self.step = self._thread = None

    def finish(self) -> None:
        """Wait until all ranks have written, and declare."""
        if self.step is None:
            return
        if self._thread is not None:
            self._thread.join()
        torch.distributed.barrier()
        self.settle()
        torch.distributed.barrier()  # no rank may leave, and be taken for a sign to stop, before the checkpoint is whole


def _prune(folder: Path, settings: str, keep: int) -> None:
    mine: list[Path] = []
    torn: list[Path] = []
    for path in sorted(folder.glob("step-*")):
        record = _record(path)
        if record is None or record["settings"] == settings:
            (mine if record else torn).append(path)
    for path in [*torn, *mine[:-keep]]:
        (path / COMPLETE).unlink(missing_ok=True)  # first, so that a kill in between leaves it torn, not damaged
        shutil.rmtree(path)


def remove(folder: Path) -> None:
    """Remove what a finished training leaves; what was put aside of other settings stays."""
    for path in folder.iterdir():
        if not path.name.startswith("other-"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if any(folder.iterdir()):
        log.warning("%s holds checkpoints of other settings, until you delete it", folder)
    else:
        folder.rmdir()


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def load(folder: Path, step: int, trainer: Any, shape: Shape) -> None:
    """Put a checkpoint's states into a freshly built trainer, whatever layout it was written in."""
    path = path_of(folder, step)
    record = _record(path) or {}
    ranks, copies = record["tensor_parallel"], record.get("copies", 1)
    files = {rank: [path / _file_of(rank, copy) for copy in range(copies)] for rank in range(ranks)}
    states.restore(files, trainer.model, trainer.sharing, shape)
