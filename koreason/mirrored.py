"""A folder that holds by content what a configuration names on hubs: where `KOREASON_MIRROR` names it, stages ask no network.

    folder_of("models", "lab/model", "0" * 40)       # None without a mirror; else a folder with the repository's files
    digest_of({"a.json": "0" * 64})                  # of the lines that `sha256sum` writes of files, sorted by path

`koreason mirror` fills it. Below it `objects/` has each content once, by its SHA-256; `hub/KIND/OWNER--NAME/COMMIT/` has a repository's
files as links to them, and `COMMIT.json` beside it their digests. Each is held against its digest before it is read.
"""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.records import held
from koreason.records.manifest import is_plain

VARIABLE = "KOREASON_MIRROR"
KINDS = ("models", "datasets")
FILL = "run `koreason mirror` where the internet is"


def root() -> Path | None:
    """The mirror's folder, if there is one."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def place(mirror: Path, kind: str, repo: str, commit: str) -> Path:
    """Where the files of a repository at a commit lie."""
    return mirror / "hub" / kind / repo.replace("/", "--") / commit


def index_of(folder: Path) -> Path:
    """The file with the digests of a repository's files."""
    return folder.with_name(f"{folder.name}.json")


def content(mirror: Path, digest: str) -> Path:
    """Where a content lies."""
    return mirror / "objects" / digest[:2] / digest


def digest_of(files: dict[str, str]) -> str:
    """Digest of some files: path to SHA-256."""
    return sha256("".join(f"{digest}  {path}\n" for path, digest in sorted(files.items())).encode()).hexdigest()


def read_index(folder: Path) -> dict[str, Any] | None:
    """What is known of a repository's files; None where it is not there.

    Raises:
        UserError: it is damaged.
    """
    path = index_of(folder)
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all(is_plain(name) and len(facts["sha256"]) == 64 for name, facts in found["files"].items()):
            raise ValueError("names of files")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"is damaged ({error})", path, FILL) from None
    return found


def folder_of(kind: str, repo: str, commit: str, digest: str | None = None) -> Path | None:
    """The folder with a repository's files, each read and held against its digest; None where no mirror is named.

    Args:
        digest: what all of them have to have, as `koreason pin` writes it.

    Raises:
        UserError: the mirror lacks it, or a file is missing or not as it was.
    """
    mirror = root()
    if mirror is None:
        return None
    folder = place(mirror, kind, repo, commit)
    found = read_index(folder)
    if found is None:
        raise UserError(f"does not hold {repo} at {commit}", f"mirror {mirror}", FILL)
    for name, facts in found["files"].items():
        path = folder / name
        if not path.is_file() or held.digest_of(path, facts["sha256"]) != facts["sha256"]:
            raise UserError("is missing" if not path.is_file() else "is not as it was mirrored", path, f"remove it, and {FILL}")
    check(repo, digest, {name: facts["sha256"] for name, facts in found["files"].items()})
    return folder


def check(repo: str, digest: str | None, files: dict[str, str]) -> None:
    """Hold some files against the digest that the configuration has of them all, if it has one.

    Raises:
        UserError: they have another.
    """
    if digest is not None and (found := digest_of(files)) != digest:
        raise UserError(f"its files have the digest {found}, the configuration says {digest}", repo, "find out which is right")


def url_index(mirror: Path, url: str) -> Path:
    """The file that says which content a URL gave."""
    return mirror / "urls" / f"{sha256(url.encode()).hexdigest()}.json"


def read_url(mirror: Path, url: str) -> dict[str, Any] | None:
    """What a URL gave; None where it was never brought, or its index is damaged."""
    try:
        found: dict[str, Any] = json.loads(url_index(mirror, url).read_text(encoding="utf-8"))
        return found if content(mirror, str(found["sha256"])).is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def file_of(url: str, expected: str | None) -> Path | None:
    """The content that a URL gave, read and held against its digest; None where no mirror is named.

    Raises:
        UserError: the mirror lacks it, or it is not as it was.
    """
    mirror = root()
    if mirror is None:
        return None
    found = read_url(mirror, url)
    if found is None or expected not in (None, found["sha256"]):
        raise UserError(f"does not hold {url}" + (f" with SHA-256 {expected}" if expected else ""), f"mirror {mirror}", FILL)
    path = content(mirror, found["sha256"])
    if held.digest_of(path, found["sha256"]) != found["sha256"]:
        raise UserError("is not as it was mirrored", path, f"remove it, and {FILL}")
    return path
