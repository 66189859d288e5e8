"""Imported by Python at its start: kills a training rank with SIGKILL in its n-th `fsync` of a file of a checkpoint.

Checkpoints are written around `fsync`s, so `FAULT_FSYNC=3` strikes at a known point of a known checkpoint.
"""

import os
import signal
import sys
from pathlib import Path

real, calls = os.fsync, 0


def fsync(descriptor: int) -> None:
    global calls
    saving = "/checkpoints/" in str(Path(f"/proc/self/fd/{descriptor}").readlink())
    if saving and "train-rank" in sys.argv and os.environ["RANK"] == os.environ.get("FAULT_RANK", "0"):
        calls += 1
        if calls == int(os.environ["FAULT_FSYNC"]):
            os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)


if "FAULT_FSYNC" in os.environ:
    os.fsync = fsync
