"""Digests of files and of JSON values, and files that are replaced in one step.

canonical({"b": 1, "a": 2})          # '{"a":2,"b":1}'
digest({"a": 1}), sha256_file(Path("config/config.yaml"))
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from koreason.system.neighbours import created


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical(value: Any) -> str:
    """JSON text that does not depend on key order: what gets hashed and compared."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: Any) -> str:
    """Hex SHA-256 of a JSON value's canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step that survives a crash on either side of it; nothing that stands there is followed."""
    with created(path) as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
