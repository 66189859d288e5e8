"""One process at a time: a lock on a file that ends with its process, and says who holds it.

    with locks.take(folder / ".lock", "another training is running there", folder):
        ...

Every lock of this package is taken here: what a file system without locks means, and how a holder is named, is said once.
"""

import errno
import fcntl
import os
import platform
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from koreason.errors import UserError, name_of

POLL = 0.05  # seconds between tries
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def take(path: Path, what: str, where: object = "", do: str = "wait for it or end it", wait: float | None = 0.0) -> IO[str]:
    """Lock a file until what is returned is closed, or every process that has it open has ended.

    Args:
        what: what to say where somebody holds it, and of `where`.
        wait: seconds to wait for it; None is for as long as it takes.

    Raises:
        UserError: somebody holds it, or its file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file, mine = _open(path)
    deadline = None if wait is None else time.monotonic() + wait
    try:
        while not _taken(file, path, wait=deadline is None):
            if deadline is not None and time.monotonic() >= deadline:
                raise UserError(what + _holder(file), where or path, do)
            time.sleep(POLL)
        if mine:
            file.truncate(0)
            file.write(f"pid {os.getpid()} of {name_of(os.geteuid())} on {platform.node()}, {time.strftime('%Y-%m-%d %H:%M')}\n")
            file.flush()
    except BaseException:
        with suppress(OSError):  # a full disk holds what was to be written
            file.close()
        raise
    return file


def _open(path: Path) -> tuple[IO[str], bool]:
    """The file, and whether it may be written: somebody else's may be read, and so be asked for its holder."""
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags | os.O_RDWR, 0o666), "r+", encoding="utf-8", errors="replace"), True
    except PermissionError:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="utf-8", errors="replace"), False


def _taken(file: IO[str], path: Path, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return True
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        do = "mount it with locks (Lustre: `-o flock`, NFS: its lock service), or run in a folder on one that has them"
        raise UserError(f"its file system gives no locks ({error.strerror})", path.parent, do) from None


def _holder(file: IO[str]) -> str:
    told = re.sub(r"[^\x20-\x7e]", "", file.read(200))
    return f" ({told})" if told else ""
