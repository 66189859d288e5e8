"""Pieces of configuration that say what to leave out, written by people's commands and laid over the other files.

exclude(Path("withdrawn.yaml"), HEAD, ("run", "withdrawn"), {"5f0c31d2…"})
"""

import shlex
from pathlib import Path
from typing import Any

import yaml

from koreason.errors import UserError
from koreason.records.digests import write_atomically
from koreason.system import yamls


def exclude(path: Path, head: str, key: tuple[str, ...], more: set[str]) -> list[str]:
    """Add to the list at `key` of the piece at `path`, or begin one; returns all of the list. Its other keys stay.

    Raises:
        UserError: what is there is no such file.
    """
    piece: dict[str, Any] = {}
    if path.exists():
        try:
            piece = yamls.read(path.read_text(encoding="utf-8"))
            before = _at(piece, key)
            if set(piece) != {key[0]} or not isinstance(before, list | None):
                raise TypeError  # another file of that name
        except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError):
            raise UserError("is no list of what to leave out", path, "move it away") from None
        more = more | set(map(str, before or ()))
    place = piece
    for name in key[:-1]:
        place = place.setdefault(name, {})
    place[key[-1]] = sorted(more)
    write_atomically(path.absolute(), head + yaml.safe_dump(piece))
    return sorted(more)


def runs(path: Path, files: list[Path]) -> str:
    """The commands that show what a piece causes, and make it so; `files` are the configuration's others."""
    typed = shlex.join(map(str, files)) or "YOURS"
    return f"    koreason plan --configfile {typed} {path}\n    snakemake --cores 2 --configfile {typed} {path}"


def _at(piece: Any, key: tuple[str, ...]) -> Any:
    """What stands at a key; None where nothing does."""
    for name in key:
        piece = (piece or {}).get(name)
    return piece
