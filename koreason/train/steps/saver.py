"""Checkpoints are written while training goes on, one at a time.

saver = Saver(folder, job.settings, keep=2)
saver.begin(40, trainer, metrics)      # every rank; waits for a copy in the host's memory, not for the disk
"""

import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from koreason.pretrained.streamed import TensorFile, in_order
from koreason.records.digests import sha256_file, write_atomically
from koreason.train.steps import states
from koreason.train.steps.checkpoint import COMPLETE, METRICS, file_of, path_of, prune


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
            arguments = path, file_of(group.tp.rank(), group.dp.rank()), kept, rows
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
            prune(self.folder, self.settings, self.keep)
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


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
