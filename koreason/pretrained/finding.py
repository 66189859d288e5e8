"""What is not understood of a model's folder, as findings; and its small files, read strictly.

    facts, found = read_object(folder / "config.json")
    print(*found, sep="\\n")

JSON leaves open what a reader makes of a name that stands twice or of NaN, and readers differ: both are refused.
"""

import json
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from koreason.shown import beginning

SINGLE = (2.0**-126, 2.0**127)  # float32, in which all of it is computed, holds these and what is between
WHOLE = (1, 2**31 - 1)
LARGEST = 256 * 2**20  # bytes; tokenizers of 262,000 tokens have 35 MB
NAMED = 3  # of many alike


@dataclass(frozen=True)
class Finding:
    """One thing that is not understood.

    Attributes:
        what: it, by name.
        where: name of the file that says it.
    """

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def value(thing: Any) -> str:
    """A value of a foreign file as a message shows it."""
    return beginning(thing if isinstance(thing, str) else json.dumps(thing, ensure_ascii=False, default=repr), 60)


def above_zero(thing: Any, whole: bool = False) -> bool:
    """Whether a value of a foreign file is a number above 0, a whole one if asked for, that can be computed with."""
    least, most = WHOLE if whole else SINGLE
    return not isinstance(thing, bool) and isinstance(thing, int if whole else int | float) and least <= thing <= most


def some(names: Iterable[str]) -> str:
    """The first of many names, and how many more there are."""
    names = sorted(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(value(name) for name in names[:NAMED]) + more


def read_object(path: Path) -> tuple[dict[str, Any], list[Finding]]:
    """An object of JSON, empty where there is a finding."""
    try:
        if wrong := no_file(path, LARGEST):
            return {}, [Finding(wrong, path.name)]
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.read(LARGEST), object_pairs_hook=_once, parse_constant=_no_number)
    except FileNotFoundError:
        return {}, [Finding("is missing", path.name)]
    except (ValueError, OSError, RecursionError) as error:
        return {}, [Finding(f"is not JSON that every reader reads alike ({beginning(str(error), 120)})", path.name)]
    return (found, []) if isinstance(found, dict) else ({}, [Finding("is no object of JSON", path.name)])


def no_file(path: Path, most: int | None = None) -> str:
    """Why a path is not to be opened: a device or a pipe has no end, and more than `most` bytes are too many; empty where it may be.

    Raises:
        OSError: it is not there.
    """
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        return "is no file"
    return f"has more than {most // 2**20} MiB" if most is not None and state.st_size > most else ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"names {next(name for name in names if names.count(name) > 1)!r} twice")
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"holds {name}")
