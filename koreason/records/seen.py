"""Files that were read whole and found to have the digest they should: remembered, so that no one reads 70 GB twice.

    if not seen.trusted(stamp, seen.state_of(path), sha256):
        found, state = seen.read(path)
        if found == sha256 and state: seen.remember(stamp, state, sha256)

A stamp is a small file that holds a file's size, times, inode and digest. It counts where all of them are still the same and it is this
user's own or root's; a damaged one is as none.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from koreason.records.digests import sha256_file

# A file of this size is read at most once a day by all hosts together: a stamp stands for it that every host believes.
LARGE = 2 * 2**30
LARGE_LASTS = 24 * 3600.0
# A file that was touched so lately can change once more without its times showing it: clocks of file systems are coarse.
SETTLED_NS = 2_000_000_000

State = dict[str, int]


def state_of(path: Path) -> State:
    """What changes with a file's content. The change time cannot be set: who writes and restores size and times still moves that."""
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns, "inode": stat.st_ino}


def trusted(stamp: Path, state: State, sha256: str, lasts: float | None = None) -> bool:
    """Whether a file in this state was read whole and had this digest, at most `lasts` seconds ago."""
    return remembered(stamp, state, lasts) == sha256


def remembered(stamp: Path, state: State, lasts: float | None = None) -> str | None:
    """The digest that a file in this state had when it was read whole, at most `lasts` seconds ago; None where none is to be believed."""
    try:
        stat = stamp.lstat()
        recent = lasts is None or 0 <= time.time() - stat.st_mtime < lasts
        if not (recent and stat.st_uid in (0, os.getuid())):
            return None
        facts = json.loads(stamp.read_text(encoding="utf-8"))
        sha256 = str(facts["sha256"])
        return sha256 if facts == {**state, "sha256": sha256} else None
    except (OSError, ValueError, RecursionError, TypeError, KeyError):
        return None


def read(path: Path) -> tuple[str, State | None]:
    """A file's digest, and its state where that may be remembered: it did not change meanwhile, nor just before."""
    begun, before = time.time_ns(), state_of(path)
    found = sha256_file(path)
    settled = begun - before["ctime_ns"] > SETTLED_NS and state_of(path) == before
    return found, before if settled else None


def remember(stamp: Path, state: State, sha256: str) -> None:
    """Leave a stamp, where it can be written; nothing waits for the disk, since a torn one only means to read again."""
    temporary = stamp.with_name(f".{stamp.name}.{os.urandom(8).hex()}")
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(json.dumps({**state, "sha256": sha256}, sort_keys=True))
        temporary.replace(stamp)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
