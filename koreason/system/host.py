"""What a machine must offer before anything runs: a folder for temporary files, and a home.

check(os.environ)
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from koreason.errors import UserError, whose

# Tells a process that it is a task of a step that `koreason exec` started for its command: the number of the Slurm job.
STEP = "KOREASON_STEP"
# Tells a stage when its Slurm job's walltime is over, in seconds since the epoch: how long it needs to save is known to it alone.
END = "KOREASON_END"


def check(environment: Mapping[str, str]) -> None:
    """Refuse a $TMPDIR that cannot be used: some libraries would pass it over for /tmp, others end in the middle of a job.

    A home that cannot be written is told: stages do without one, a library's cache may not.

    Raises:
        UserError: $TMPDIR is no folder, or may not be written.
    """
    for name in ("TMPDIR", "TEMP", "TMP"):
        if wrong := _wrong(environment.get(name)):
            raise UserError(wrong, f"${name}", f"make it, set {name} to a folder that can be written, or unset it")
    if wrong := _wrong(environment.get("HOME", "~")):
        print(f"koreason: note: $HOME: {wrong}; set HOME to a folder that can be, if a library asks for one", file=sys.stderr)


def _wrong(folder: str | None) -> str:
    """What is wrong with a folder that is to be written; empty where nothing is."""
    if not folder:
        return ""
    if not Path(folder).is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} cannot be written ({whose(Path(folder))})"
    return ""
