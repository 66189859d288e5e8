"""A bag as a folder: hard links to the run's files where that can be, one copy else.

    write(bag, Path("run.bag"), contents)

What an earlier try has left there, whole, is not written again. Links are made only to files that nothing writes into: a stage that makes
its output again makes new files (`koreason.records.stage`).
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from koreason import progress
from koreason.archive.bag.contents import Contents
from koreason.archive.bag.tags import DATA, TAGS, Bag
from koreason.archive.entries import Entry
from koreason.errors import UserError
from koreason.records.digests import sha256_file
from koreason.system.neighbours import allowed

NEW = ".new-"  # begins the name of what is being written


def write(bag: Bag, out: Path, contents: Contents) -> None:
    """Write a bag into a folder, or go on with one.

    Raises:
        UserError: the folder holds something else, or a file has changed.
    """
    tags = bag.tags()
    _refuse_others(out, {f"{DATA}/{entry.path}" for entry in bag.entries} | tags.keys())
    (out / TAGS).unlink(missing_ok=True)  # while it is being written it is no bag
    first: dict[str, Path] = {}
    with progress.bar(total=bag.size(), what="write", unit="B", scale=True) as bar:
        for entry in bag.entries:
            path = out / DATA / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            twin = first.setdefault(entry.sha256, path)
            if not _is_there(path, entry, twin):
                _put(path, entry, twin, contents)
            bar.update(entry.size if twin == path else 0)
    for name, text in tags.items():
        _write(out / name, [text], last=name == TAGS)


def _refuse_others(out: Path, wanted: set[str]) -> None:
    """Refuse a folder with files of another; what a kill left half-written is taken away."""
    for top, folders, names in os.walk(out):
        for name in [*names, *(name for name in folders if Path(top, name).is_symlink())]:
            path = Path(top, name)
            if name.startswith(NEW):
                path.unlink()
            elif (strange := path.relative_to(out).as_posix()) not in wanted:
                raise UserError(f"holds {strange}, which is not of this archive", out, "name another folder, or remove it")


def _is_there(path: Path, entry: Entry, twin: Path) -> bool:
    """Whether an earlier try has put a file there, whole."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != entry.size:
        return False
    linked = [twin] if twin != path else [entry.source] if entry.fixed and entry.source else []
    return any(path.samefile(other) for other in linked) or sha256_file(path) == entry.sha256


def _put(path: Path, entry: Entry, twin: Path, contents: Contents) -> None:
    path.unlink(missing_ok=True)
    source = twin if twin != path else entry.source.resolve() if entry.fixed and entry.source else None
    if source is not None:
        with suppress(OSError):  # another file system, one without links, or somebody else's file
            os.link(source, path)
            return
    _write(path, contents(entry), 0o777 if entry.program else 0o666)


def _write(path: Path, chunks: Iterable[bytes], mode: int = 0o666, last: bool = False) -> None:
    new = path.with_name(f"{NEW}{os.urandom(8).hex()}")
    try:
        with open(new, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
            if last:  # what a power cut takes of the others, their digests tell
                file.flush()
                os.fsync(file.fileno())
        new.chmod(allowed(mode))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
