"""The hub, as far as pinning and mirroring ask it: which commit, which files with which digests, and their bytes.

    listed("models", "lab/model", "main")      # the commit, and its files

`HF_ENDPOINT` names another hub than the public one, `HF_TOKEN` who asks.
"""

import fnmatch
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from koreason.errors import UserError

T = TypeVar("T")
CHATTY = ("httpx", "httpx2")  # a line for each request
LEFT = (".gitattributes",)  # of git, and no part of what a repository holds


class Vanished(Exception):
    """There is no such repository or commit, or it is not shown to whoever asks."""


@dataclass(frozen=True)
class Listed:
    """A repository at a commit: each file's size and git's digest of it, of large files their SHA-256."""

    commit: str
    files: dict[str, dict[str, Any]]


def quiet() -> None:
    """Let the hub's client say nothing of each request."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def listed(kind: str, repo: str, revision: str, patterns: tuple[str, ...] = ()) -> Listed:
    """What is there, of some patterns.

    Raises:
        Vanished: nothing.
        UserError: the hub does not answer.
    """
    from huggingface_hub import HfApi

    found = asked(repo, revision, lambda: HfApi().repo_info(repo, repo_type=kind.removesuffix("s"), revision=revision, files_metadata=True))
    files = {}
    for file in getattr(found, "siblings", None) or []:
        if file.rfilename in LEFT or not taken(file.rfilename, patterns):
            continue
        large = file.lfs.sha256 if file.lfs else ""
        files[file.rfilename] = {"bytes": file.size, "oid": file.blob_id, "sha256": large}
    return Listed(str(found.sha), files)


def taken(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file is one of those that would be read."""
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def bring(kind: str, repo: str, commit: str, names: list[str], into: Path) -> None:
    """Bring files into a folder, under their names; a try that was cut is gone on with.

    Raises:
        UserError: they are not to be had.
    """
    from huggingface_hub import snapshot_download

    options: dict[str, Any] = {"repo_type": kind.removesuffix("s"), "revision": commit, "allow_patterns": names, "local_dir": into}
    try:
        asked(repo, commit, lambda: snapshot_download(repo, **options))
    except Vanished as error:
        raise UserError(str(error), repo, "check its name, your access to it and the commit") from None


def asked(repo: str, revision: str, question: Callable[[], T]) -> T:
    """An answer of the hub's.

    Raises:
        Vanished: it knows nothing of it.
        UserError: it does not answer.
    """
    from httpx2 import HTTPError  # what the hub's client asks by
    from huggingface_hub import errors

    quiet()
    try:
        return question()
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.GatedRepoError) as error:
        raise Vanished(f"is not to be had at {revision} ({type(error).__name__})") from None
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, HTTPError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"the hub does not answer ({first})", repo, "try again where the internet is") from None
