"""Make a run's folder of an archive again, or find out whether an archive is whole.

    koreason restore run.bag --into run          a folder or a tar; every digest is verified
    koreason restore run.bag --check             reads, and writes nothing

Whatever is not as it was is named, file by file, and nothing is left of a run that was not whole. In the restored folder
`koreason verify --rerun` makes parts of it again and compares.
"""

import argparse
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.archive.bag.opened import ANEW, MINE, opened
from koreason.archive.told.about import ABOUT, FORMAT
from koreason.archive.told.page import PAGE, write_beside
from koreason.errors import UserError
from koreason.system.neighbours import anew

SHOWN = 20  # of what is wrong
# What an archive says of itself and others read, as far as it says it.
SAYS = {"koreason": str, "package": str, "commit": str, "without": list, "parts": dict, "classes": dict}
KNOWN = {"title": str, "ended": str, "jobs": int, "attempts": int}
SOUND: dict[str, Callable[[Any], bool]] = {
    "package": lambda name: re.fullmatch(r"[0-9a-f]{32,64}", name) is not None,  # a digest, which names a folder
    "without": lambda names: all(isinstance(name, str) for name in names),
    "parts": lambda parts: all(isinstance(one, dict) and type(one.get("files")) is type(one.get("bytes")) is int for one in parts.values()),
    "classes": lambda classes: isinstance(classes.get("classes"), dict),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason restore`."""
    parser.add_argument("archive", type=Path, help="folder or tar that `koreason archive` has made")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--into", type=Path, help="folder to make, which is empty or is not there")
    where.add_argument("--check", action="store_true", help="verify every digest, and write nothing")


def main(arguments: argparse.Namespace) -> int:
    """Read, hold against the digests, and put in place."""
    into = arguments.into
    if into is not None and os.path.lexists(into) and (into.is_symlink() or not into.is_dir() or any(into.iterdir())):
        raise UserError("is there already, and not empty", into, "name another folder")
    if into is not None and into.resolve().is_relative_to(arguments.archive.resolve()):
        raise UserError("lies in the archive, which would be one no more", into, "name a folder outside of it")
    bag = opened(arguments.archive)
    made = anew(into.with_name(f".{into.name}.restoring")) if into is not None else None
    try:
        wrong = bag.read(made)
        for line in wrong[:SHOWN]:
            print(f"broken   {line}")
        if len(wrong) > SHOWN:
            print(f"         and {len(wrong) - SHOWN} more")
        if wrong:
            raise UserError(f"{len(wrong)} things are not as they were archived", arguments.archive, ANEW)
        if made is not None:
            write_beside(made, about(made))
            if into.exists():
                into.rmdir()
            made.rename(into)
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
    print(f"{len(bag.found)} files, each with its digest: archive {bag.identifier()}")
    if into is not None:
        print(f"restored in {into}; `koreason verify --rerun` there makes it again and compares, and {PAGE} tells of it")
    return 0


def about(run: Path) -> dict[str, Any]:
    """What the archive that a run was restored from says of itself.

    Raises:
        UserError: it says nothing, or is of a later koreason's format.
    """
    path = run / MINE / ABOUT
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = found["format"]
        if type(version) is not int:
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise UserError("says nothing of itself", path, "name a folder that `koreason restore` has made") from None
    if version > FORMAT:
        raise UserError(f"was made in format {version}, and this koreason knows up to {FORMAT}", path, "restore it with a later koreason")
    wrong = [key for key, kind in SAYS.items() if type(found.get(key)) is not kind]
    wrong += [key for key, kind in KNOWN.items() if key in found and type(found[key]) is not kind]
    wrong = wrong or [key for key, sound in SOUND.items() if not sound(found[key])]
    if wrong:
        raise UserError(f"does not say as an archive does: {', '.join(wrong)}", path, ANEW)
    return found
