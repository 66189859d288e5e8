"""Other users of the same file system: folders that they may write, and files made so that nothing of theirs is followed.

    refuse([Path("results"), Path(".koreason")])       # a `UserError` with the command that mends it
    with created(Path("results/x")) as file: ...       # a new file under a name that nobody could guess: `replaced` puts it in place

Whoever may write a folder may put anything in place of what lies in it: a manifest with its digests, a lock, a program that a job starts.
A group of which nobody else is a member is the user's own. A group that is named (`run.shared_group`) is trusted with all of that.
"""

import grp
import os
import pwd
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from koreason.errors import UserError, name_of

SHARED = "KOREASON_SHARED_GROUP"  # tells a run's jobs the `run.shared_group` of its configuration


def refuse(folders: Iterable[Path]) -> None:
    """Refuse folders, or what there is of the way to them, that others than this user and the named group may write.

    Raises:
        UserError: the first of them, and how it is mended.
    """
    for folder in dict.fromkeys(folders):
        if wrong := writers(folder):
            raise UserError(wrong, nearest(folder), mend(folder))


def mend(folder: Path) -> str:
    """What is to be done about a folder that others may write."""
    state = nearest(folder).stat()
    if state.st_mode & stat.S_IWOTH:
        return f"chmod o-w {nearest(folder)}"
    group = group_of(state.st_gid)
    return f"chmod g-w {nearest(folder)}; or trust the group with all of it: run.shared_group: {group} (by hand: {SHARED}={group})"


def writers(folder: Path, trusted: str | None = None) -> str:
    """Who else may write a folder, or the nearest that there is above it; empty where nobody may.

    Args:
        trusted: name of a group that may; else the one that the run was told of.

    Others may make files of their own in a folder such as /tmp, and touch none of ours: it will do for what is yet to be made below it.
    """
    try:
        there = nearest(folder)
        state = there.stat()
    except PermissionError:  # the stage itself will tell
        return ""
    what = "folder, and so change what is made and run there" if there.is_dir() else "file, and so change what it says"
    if state.st_mode & stat.S_IWOTH and not (state.st_mode & stat.S_ISVTX and there != folder.absolute()):
        return f"everybody may write this {what}"
    if state.st_mode & stat.S_IWGRP and not _own(state.st_gid):
        group = group_of(state.st_gid)
        if group != (trusted or os.environ.get(SHARED)):
            return f"the group {group} may write this {what}"
    return ""


def nearest(folder: Path) -> Path:
    """A folder, or the nearest that there is above it."""
    folder = folder.absolute()
    return next(part for part in (folder, *folder.parents) if part.exists())


def group_of(number: int) -> str:
    """A group's name, or number where it has none."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _own(number: int) -> bool:
    """Whether a group has no other members: it is named as the user, as systems with a group for each user do it, or is root's."""
    if number == 0:
        return True
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and number == user.pw_gid and set(group.gr_mem) <= {user.pw_name}


@contextmanager
def created(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when it is whole, and is gone where it is not; nothing that stands there is followed."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replaced(path: Path, text: str) -> None:
    """Put a text in place of `path` in one step that waits for no disk."""
    with created(path) as file:
        file.write(text.encode())


def appended(path: Path) -> IO[bytes]:
    """A file to write at the end of, unbuffered; a link in its place is no file.

    Raises:
        UserError: a link stands there.
    """
    refuse_link(path)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666), "ab", buffering=0)


def refuse_link(path: Path) -> None:
    """Refuse a link where a file is to be written.

    Raises:
        UserError: there is one.
    """
    if path.is_symlink():
        raise UserError(f"is a link of {name_of(path.lstat().st_uid)}, and would be followed", path, "look at it, then remove it")


def allowed(mode: int) -> int:
    """A mode without what the user's umask keeps others from: for what a library, or a folder for temporary files, made private."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return mode & ~int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8)


def clear(path: Path) -> None:
    """Take away what would be written through instead of made anew: a link, or a file that has another name somewhere."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(state.st_mode) or (stat.S_ISREG(state.st_mode) and state.st_nlink > 1):
        path.unlink()


def anew(folder: Path) -> Path:
    """Make a folder in the place of what a try that was killed has left there: nobody else has put anything into it.

    Raises:
        UserError: what stands there is not to be removed.
    """
    clear(folder)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UserError(f"is in the way, and belongs to {name_of(folder.lstat().st_uid)}", folder, "look at it, then remove it") from None
    except FileNotFoundError as error:  # its parents are made, too: there can be none, as in /proc
        raise UserError(f"cannot be made ({error.strerror})", folder, "name a folder on a disk") from None
    return folder
