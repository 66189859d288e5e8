"""Entries of the configuration on a command line: as they are, or, where they are too long for one, in a file named by its content.

given_as('{"a":1}')        # '{"a":1}'; of a hundred kilobytes '@.koreason/specs/0f3c….json'

What decides whether a job runs again is this text: of a long entry the file's name, which is the digest of what it says. The Snakemake
inside a job works it out anew from the planned configuration, and writes the file where it is missing.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

from koreason.records.digests import write_atomically

SPECS = Path(".koreason/specs")
LONGEST = 1 << 16  # bytes of an entry; Linux takes 128 KiB as one argument, which is all of the command as a shell is given it
OLD = 30 * 24 * 3600  # seconds after which a file that no plan has looked at goes


def given_as(text: str) -> str:
    """What stands behind `--spec` for an entry's canonical text."""
    data = text.encode()
    if len(data) <= LONGEST:
        return text
    path = SPECS / f"{hashlib.sha256(data).hexdigest()}.json"
    with contextlib.suppress(OSError):  # a folder that may not be written is planned all the same
        if path.is_file():
            os.utime(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text)
            _prune(time.time() - OLD)
    return f"@{path}"


def _prune(before: float) -> None:
    for other in SPECS.glob("*.json"):
        if other.stat().st_mtime < before:
            other.unlink(missing_ok=True)
