"""A bag as a tar: to a file, where an earlier try is gone on with, or to a pipe.

    write(bag, Path("run.bag.tar"), contents)
    stream(bag, sys.stdout.buffer, contents)

Owners, modes and times in it are the same for everybody. A content's second name is a hard link to its first, as on a disk.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from koreason import progress
from koreason.archive.bag.contents import CHUNK, Contents
from koreason.archive.bag.padding import BLOCK, filling
from koreason.archive.bag.tags import DATA, DECLARED, TAGS, Bag
from koreason.archive.entries import Entry
from koreason.errors import UserError
from koreason.system.neighbours import clear

TOP = "run.bag"  # the folder in every tar, whatever the tar is called
PARTIAL = ".partial"  # ends the name of a tar that is being written


@dataclass(frozen=True)
class Member:
    """A member of the tar: its header, and where its bytes come from."""

    header: bytes
    size: int
    entry: Entry | None = None

    @property
    def padding(self) -> int:
        """Zero bytes up to the next block."""
        return filling(self.size)


def members(bag: Bag) -> Iterator[Member]:
    """Every member, in order: the declaration first, the digests of the tags last."""
    tags = {name: Entry(name, "", text=text, sha256=hashlib.sha256(text).hexdigest(), size=len(text)) for name, text in bag.tags().items()}
    yield _member(DECLARED, tags.pop(DECLARED), bag.date)
    last = tags.pop(TAGS)
    for name, entry in tags.items():
        yield _member(name, entry, bag.date)
    first: dict[str, str] = {}
    for entry in bag.entries:
        name = f"{DATA}/{entry.path}"
        twin = first.setdefault(entry.sha256, name)
        yield _member(name, entry, bag.date, link="" if twin == name else twin)
    yield _member(TAGS, last, bag.date)


def _member(name: str, entry: Entry, date: int, link: str = "") -> Member:
    facts = tarfile.TarInfo(f"{TOP}/{name}")
    facts.mtime, facts.mode = date, 0o755 if entry.program else 0o644
    if link:
        facts.type, facts.linkname = tarfile.LNKTYPE, f"{TOP}/{link}"
    else:
        facts.size = entry.size
    return Member(facts.tobuf(tarfile.PAX_FORMAT), facts.size, None if link else entry)


def stream(bag: Bag, file: IO[bytes], contents: Contents, skip: int = 0) -> None:
    """Write a bag's members, but for the first `skip`, and a tar's end."""
    with progress.bar(total=bag.size(), what="write", unit="B", scale=True) as bar:
        for number, member in enumerate(members(bag)):
            bar.update(member.size)
            if number >= skip:
                file.writelines(_chunks(member, contents))
    file.write(bytes(2 * BLOCK))


def _chunks(member: Member, contents: Contents) -> Iterable[bytes]:
    yield member.header
    if member.entry is not None:
        yield from contents(member.entry)
        yield bytes(member.padding)


def write(bag: Bag, out: Path, contents: Contents) -> None:
    """Write a tar, or go on with one that was cut: what is whole in it, read and held against the plan, stays.

    Raises:
        UserError: something else lies there, or a file has changed.
    """
    partial = out.with_name(out.name + PARTIAL)
    if out.exists():
        if not whole(bag, out)[0]:
            raise UserError("is there already, and no archive of this run", out, "name another file, or remove it")
        out.replace(partial)
    clear(partial)  # what is not ours alone is not gone on with
    with open(partial, "r+b" if partial.exists() else "x+b") as file:
        count, place = whole(bag, partial)
        file.truncate(place)
        file.seek(place)
        stream(bag, file, contents, skip=count)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(out)


def whole(bag: Bag, path: Path) -> tuple[int, int]:
    """How many of a bag's members stand at the beginning of a file, each whole, and where the last of them ends."""
    count = place = 0
    with open(path, "rb") as file:
        for member in members(bag):
            if file.read(len(member.header)) != member.header or not _holds(file, member):
                break
            count, place = count + 1, file.tell()
    return count, place


def _holds(file: IO[bytes], member: Member) -> bool:
    found, left = hashlib.sha256(), member.size
    while left and (chunk := file.read(min(CHUNK, left))):
        found.update(chunk)
        left -= len(chunk)
    same = not left and (member.entry is None or found.hexdigest() == member.entry.sha256)
    return same and file.read(member.padding) == bytes(member.padding)
