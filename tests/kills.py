"""A command killed in the midst of its work, however fast the machine is and whatever else it does."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TURNS = 9


def killed(command: list[Any], out: Path, when: Callable[[], bool], after: float = 0.0, **options: Any) -> None:
    """Start a command that writes into a folder, and kill it so many seconds after something has come about.

    Where it was done before that, it is started once more with nothing there, and killed sooner.
    """
    for turn in range(TURNS):
        shutil.rmtree(out, ignore_errors=True)
        process = subprocess.Popen([*map(str, command)], start_new_session=True, stderr=subprocess.DEVNULL, **options)
        while process.poll() is None and not when():
            time.sleep(0.005)
        time.sleep(after / 2**turn)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait() == -signal.SIGKILL and not (out / "manifest.json").exists():
            return
    raise AssertionError(f"{command[:4]} was done each time before it could be killed")
