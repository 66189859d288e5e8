"""The exception that is the user's to mend, exit statuses, and what of the system's errors is the user's, too.

str(UserError("no such file", "a.csv", "fetch it"))     # "a.csv: no such file; fetch it"

`koreason` turns a `UserError`, and what `explain` knows, into a single line on standard error and exit status 2.
"""

import errno
import os
import pwd
import re
from contextlib import suppress
from pathlib import Path

# Exit status of a job that was told to end, kept its work and wants to be run again.
RESUMABLE = 75
AGAIN = "type the same command again to go on"

FREE = "free some and run again, finished work is kept"
OWN = "run in a folder of your own: a colleague's results can be linked into it"
# What the machine or the user can mend, and what to do; every other number is a defect and keeps its traceback.
EXPLAINED = {
    errno.ENOSPC: ("no space left on the disk", FREE),
    errno.EDQUOT: ("your disk quota is used up: no space left on the disk for you", FREE),
    errno.EROFS: ("lies on a file system that may only be read here", OWN),
    errno.EACCES: ("permission denied", OWN),
    errno.EPERM: ("permission denied", OWN),
    errno.ENOTDIR: ("a file stands where a folder belongs", "move it away"),
    errno.EEXIST: ("a file stands where a folder belongs", "move it away"),
    errno.EISDIR: ("a folder stands where a file belongs", "move it away"),
    errno.ENOLCK: ("its file system gives no locks", "mount it with locks, or run in a folder on one that has them"),
    errno.EMFILE: ("too many open files", "raise `ulimit -n`"),
    errno.ENFILE: ("this machine has too many open files", "end what holds them and run again"),
    errno.ESTALE: ("the file server no longer knows it", "run again once the file system is well"),
    errno.EIO: ("the disk or its server failed (input/output error)", "run again once the file system is well"),
    errno.ENAMETOOLONG: ("the name is too long for its file system", "choose shorter names, or a folder nearer to the root"),
}
# What says nothing without the path: the same numbers come from calls that are about no file.
ABOUT_FILES = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
OWNED = (errno.EROFS, errno.EACCES, errno.EPERM)


class UserError(Exception):
    """A mistake the user can correct: `what` went wrong, `where`, and what to `do`.

    A place that is a `Path` is told as an absolute one: who reads the line may not know in which folder the command ran.
    """

    def __init__(self, what: str, where: object = "", do: str = "") -> None:
        if isinstance(where, Path):
            with suppress(OSError):  # the folder itself may be gone
                where = where.absolute()
        parts = [str(where), what] if where else [what]
        line = ": ".join(parts) + (f"; {do}" if do else "")
        super().__init__(printable(line))


def printable(text: str) -> str:
    """A text on one line, with a sign for each character that a terminal would obey or that hides others: texts may be a stranger's."""
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))


def explain(error: BaseException) -> str | None:
    """One line for an error of the system that a user can mend, also where a library wrapped it; None for a defect."""
    seen: BaseException | None = error
    while seen is not None:
        if line := _explain(seen):
            return line
        seen = seen.__cause__
    return None


def _explain(error: BaseException) -> str | None:
    number, path = (error.errno, error.filename) if isinstance(error, OSError) else (None, None)
    if number == errno.ENOENT and "usable temporary directory" in str(error):
        return str(UserError("no folder for temporary files can be written", "TMPDIR", "set it to one"))
    if number is None:
        # Polars, safetensors and other Rust tell the number in their text, pyarrow does it in its own way
        told = re.search(r"\(os error (\d+)\)|\[errno (\d+)\]", str(error))
        number = int(told[1] or told[2]) if told else None
    if number not in EXPLAINED:
        return None
    if number == errno.EISDIR and isinstance(error, OSError):
        path = error.filename2 or path  # a file that takes another one's place has the name of neither
    path = path.decode(errors="replace") if isinstance(path, bytes) else path
    if number in ABOUT_FILES and not isinstance(path, str) and isinstance(error, OSError):
        return None
    if number == errno.EEXIST and (not path or Path(path).is_dir()):
        return None
    what, do = EXPLAINED[number]
    if not isinstance(path, str):
        return str(UserError(f"{what} ({error})", "", do))
    return str(UserError(what + (f" ({whose(Path(path))})" if number in OWNED else ""), path, do))


def whose(path: Path) -> str:
    """To whom a path, or what there is of it, belongs, and who asks."""
    there = next(part for part in (path, *path.absolute().parents) if os.path.lexists(part))
    stat = there.stat(follow_symlinks=False)
    kind = "folder" if there.is_dir() else "file"
    return f"{kind} {there} belongs to {name_of(stat.st_uid)}, mode {stat.st_mode & 0o777:o}; you are {name_of(os.geteuid())}"


def name_of(user: int) -> str:
    """A user's name, or number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
