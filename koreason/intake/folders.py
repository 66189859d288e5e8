"""What may be taken out of a stranger's folder: files of known names, and no link that leads elsewhere.

    for path in members(folder, re.compile(r".*[.]parquet")): ...
    refuse_leaving(folder / "tokenizer.json", folder)

In a folder that others may write, a link `tokenizer.model -> ~/.netrc` would put a secret where a model's file belongs.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from koreason import mirrored
from koreason.errors import UserError, name_of

MOST = 100_000  # files of a folder; a data set of a terabyte has some thousand
COMMIT = re.compile(r"[0-9a-f]{40}")


def members(folder: Path, names: re.Pattern[str]) -> list[Path]:
    """Files at or below a folder whose whole path below it matches, in the order of their names; hidden ones are passed over.

    Raises:
        UserError: there are too many, or one is a link that leaves the folder.
    """
    found: list[str] = []
    seen = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(files)
        if seen > MOST:
            raise UserError(f"holds more than {MOST:,} files", folder, "name the folder of the data set itself")
        below = ((Path(place) / name).relative_to(folder).as_posix() for name in files if not name.startswith("."))
        found += [path for path in below if names.fullmatch(path)]
    paths = [folder / path for path in sorted(found, key=os.fsencode)]
    for path in paths:
        refuse_leaving(path, folder)
    return [path for path in paths if path.is_file()]


def refuse_leaving(path: Path, folder: Path) -> None:
    """Refuse a link in a folder that leads out of it; a hub's own, from a snapshot to the blobs beside it, and a mirror's are understood.

    Raises:
        UserError: it leads elsewhere, or nowhere.
    """
    try:
        target, home = path.resolve(strict=True), folder.resolve(strict=True)
    except (OSError, RuntimeError):
        raise UserError("is a link that leads nowhere", path, "get the folder anew") from None
    if target.is_relative_to(home) or _is_blob(target, home):
        return
    whom = name_of(path.lstat().st_uid)
    raise UserError(f"is a link of {whom} that leaves its folder, to {target}", path, "copy the file there, or name the folder it leads to")


def _is_blob(target: Path, snapshot: Path) -> bool:
    """Whether a file is a blob of the hub's cache that the snapshot is of: `blobs/DIGEST` beside `snapshots/COMMIT`; or of our mirror."""
    if (mirror := mirrored.root()) and target.is_relative_to((mirror / "objects").resolve()):
        return snapshot.is_relative_to(mirror.resolve())
    at = next((place for place in (snapshot, *snapshot.parents) if place.parent.name == "snapshots" and COMMIT.fullmatch(place.name)), None)
    return at is not None and target.parent == at.parent.parent / "blobs"


def plain(name: object, where: object) -> str:
    """A name that a stranger's file gives, which stays below its folder.

    Raises:
        UserError: it is none, or leads out.
    """
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    if not parts or "/".join(parts) != name or ".." in parts or parts[0] == "/" or not name.isprintable():
        raise UserError(f"names {str(name)[:80]!r}, which is no plain path below its folder", where, "look at who made it")
    return name


def globbed(pattern: str, names: list[str], where: object) -> Iterator[str]:
    """Names that match a pattern of a stranger's file, with `*` within a folder, `**` over folders, and `?`.

    Raises:
        UserError: it leads out.
    """
    plain(pattern, where)
    words = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern))
    known = re.compile(expression)
    return (name for name in names if known.fullmatch(name))
