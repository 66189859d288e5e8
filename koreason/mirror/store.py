"""The mirror's folder as it is written: contents by their SHA-256, each once, and indexes of what they are.

keep(mirror, path)      # its SHA-256; the file is now a content of the mirror's
"""

import json
import os
import shutil
from hashlib import sha1
from pathlib import Path
from typing import Any

from koreason.mirrored import content
from koreason.records.digests import sha256_file, write_atomically

CHUNK = 2**20


def keep(mirror: Path, path: Path) -> str:
    """Take a file into the mirror; it stays where it is, as a link to the content where the file system allows."""
    digest = sha256_file(path)
    there = content(mirror, digest)
    there.parent.mkdir(parents=True, exist_ok=True)
    if not there.is_file() or sha256_file(there) != digest:
        new = there.with_name(f".{digest}.{os.getpid()}")
        shutil.copyfile(path, new)
        new.chmod(0o444)
        new.replace(there)
    link(mirror, digest, path)
    return digest


def link(mirror: Path, digest: str, path: Path) -> None:
    """Put a content under a second name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        os.link(content(mirror, digest), new)
    except OSError:  # a file system without links
        shutil.copyfile(content(mirror, digest), new)
    new.replace(path)


def oid_of(path: Path) -> str:
    """Git's digest of a file, as the hub tells it."""
    found = sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def write_index(path: Path, facts: dict[str, Any]) -> None:
    """Write an index, the same bytes for the same facts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
