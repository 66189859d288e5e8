"""Which files a source names: each by itself with its digest, or many by a glob with one digest of their digests.

    for name, path in named({"*.jsonl.gz": "9c0f…"}, root): ...
    digest_of({"a.jsonl": "1f…", "b.jsonl": "07…"})

A glob's digest is the SHA-256 of what `sha256sum` would print for its files in the order of their names, UTF-8 byte by byte: for each
one its SHA-256, two blanks, its path below the root, a line feed.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from koreason.errors import UserError
from koreason.records.digests import sha256_file

GLOB = re.compile(r"[*?\[]")
PARTS = re.compile(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])")
MEANS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_glob(name: str, root: Path) -> bool:
    """Whether a name stands for the files that match it: one with `*`, `?` or `[` that is no file's own name."""
    return bool(GLOB.search(name)) and not (root / name).is_file()


def digest_of(digests: dict[str, str]) -> str:
    """One digest for many files' names and digests."""
    lines = (f"{digests[name]}  {name}\n".encode("utf-8", "surrogateescape") for name in ordered(digests))
    return hashlib.sha256(b"".join(lines)).hexdigest()


def ordered(names: Iterable[str]) -> list[str]:
    """Names in the order of their bytes."""
    return sorted(names, key=os.fsencode)


def named(files: dict[str, str], root: Path, sha256: Callable[[Path], str] = sha256_file) -> Iterator[tuple[str, Path]]:
    """Each file's name and path, in the order of the names in `files`, once its bytes are known to be the catalogue's.

    Args:
        sha256: how a file's digest is found.

    Raises:
        UserError: a file is missing, its digest is another, it lies outside of `root`, or two entries name it.
    """
    seen = dict[str, str]()
    for entry, expected in sorted(files.items()):
        if PurePosixPath(entry).is_absolute() or ".." in PurePosixPath(entry).parts:
            raise UserError(f"'{entry}' leads out of the folder `root`", root, "name files by their paths below `root`, or correct that")
        if is_glob(entry, root):
            found = matching(entry, root)
            digests = {name: sha256(root / name) for name in found}
            if (actual := digest_of(digests)) != expected:
                raise UserError(
                    f"the digest of its {len(found):,} files is {actual}, the catalogue says {expected}",
                    root / entry,
                    "fetch them again, or correct the catalogue: `koreason source add` prints the digest",
                )
        else:
            path = root / entry
            if not path.is_file():
                raise UserError("no such file", path, "fetch the dump, or correct the source's `root` and `files`")
            if (actual := sha256(path)) != expected:
                raise UserError(
                    f"its SHA-256 is {actual}, the catalogue says {expected}", path, "fetch the file again, or correct the catalogue"
                )
            found = [entry]
        for name in found:
            if name in seen:
                raise UserError(f"is named twice: by {seen[name]} and by {entry}", root / name, "name each file once")
            seen[name] = entry
            yield name, root / name


def matching(glob: str, root: Path) -> list[str]:
    """Paths below `root` of the files that match, in the order of their bytes; hidden ones only where the glob names the dot.

    Raises:
        UserError: it is no glob, there is no file, or one is a link that leads out of `root`.
    """
    try:
        pattern = re.compile(_expression(glob), re.DOTALL)
    except re.error as error:  # such as [z-a]
        raise UserError(f"is no pattern of names ({error})", root / glob, "correct the source's `files`") from None
    still = PurePosixPath(GLOB.split(glob, maxsplit=1)[0] + "x").parent  # what no sign of the glob stands in
    hidden = "/." in f"/{glob}"
    found = []
    for folder, folders, files in os.walk(root / still):
        folders[:] = [name for name in folders if hidden or not name.startswith(".")]
        below = os.path.relpath(folder, root)
        for name in files:
            path = name if below == "." else f"{below}/{name}"
            if (hidden or not name.startswith(".")) and pattern.fullmatch(path) and Path(folder, name).is_file():
                found.append(path)
    if not found:
        raise UserError("no file matches", root / glob, "correct the source's `root` and `files`")
    home = root.resolve()
    for path in found:
        if (root / path).is_symlink() and not (root / path).resolve().is_relative_to(home):
            raise UserError("is a link that leads out of the source's folder", root / path, "copy what it leads to, or name it by itself")
    return ordered(found)


def _expression(glob: str) -> str:
    return "".join(_meaning(part) for part in PARTS.split(glob))


def _meaning(part: str) -> str:
    if part in MEANS:
        return MEANS[part]
    if part.startswith("[") and part.endswith("]") and len(part) > 2:
        inner = part[1:-1]
        inverted = inner.startswith("!")
        inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[inverted:])
        return f"(?!/)[{'^' if inverted else ''}{inner}]"
    return re.escape(part)
