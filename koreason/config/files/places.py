"""Paths of a configuration are relative to the file that they stand in.

    place(config, [(Path("/home/ann/study"), values)])      # in place: root: dumps -> /home/ann/study/dumps

What lies below the run's folder is written relative to it, so that the folder may be moved with all that is in it. Paths that begin with
`/`, `~` or `$` stay as they are.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from koreason.config.files.like import LIKE, fields_of, tables
from koreason.config.pinned import is_folder

BESIDE = {"files": "root", "sealed": "sealed_root"}  # paths in these are below the folder of that name, without which it is the file's

Values = dict[str, Any]


def place(config: Values, files: Sequence[tuple[Path, Values]]) -> None:
    """Make relative paths of a configuration relative to the current folder, or absolute.

    Args:
        files: the folders of the files that it was laid together of, with their values, in that order; what stands in none of them is
            relative to the current folder.
    """
    for table, name, entry, key, said_by in list(relative(config)):
        folder = next((folder for folder, values in reversed(files) if _stands(values, table, name, said_by)), None)
        if folder is not None:
            entry[key] = placed(entry.get(key, "."), folder)


def relative(config: Values) -> Iterator[tuple[str, Any, Values, str, str]]:
    """Every relative path: its table, its entry's name and values, its key, and the key by which it is known which file it is from."""
    for table, schema in tables():
        fields = fields_of(schema)
        entries = config.get(table)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(entry, dict):
                continue
            for listed, root in BESIDE.items():
                if root in fields and entry.get(listed) and root not in entry and LIKE not in entry and not entry.get("hub"):
                    yield table, name, entry, root, listed
            yield from (
                (table, name, entry, key, key)
                for key, value in entry.items()
                if fields.get(key, {}).get("x-path") and _is_relative(key, value)
            )


def _is_relative(key: str, value: Any) -> bool:
    if not isinstance(value, str) or value.startswith(("/", "~", "$")):
        return False
    return key != "hub" or is_folder(value)


def _stands(values: Values, *path: Any) -> bool:
    found: Any = values
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


def placed(path: str, folder: Path) -> str:
    """A path that is relative to `folder`, as it is from the current folder."""
    here, there = str(Path.cwd()), os.path.normpath(folder.absolute() / path)
    return os.path.relpath(there, here) if Path(there).is_relative_to(here) else there
