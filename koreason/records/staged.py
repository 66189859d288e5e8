"""Weights and images on the node's own disk, copied there once a node, where the site file says `stage_to`.

    folder = staged(teacher)                                  # where an engine reads them: here or there
    path = copied({"data.sif": sif}, {"data.sif": sha256})    # the folder of the copies

Copies lie below `$KOREASON_STAGE_TO/koreason-USER`, under a digest of what they are, and every byte is held against its SHA-256 while it is
copied. What nobody has used for a week is removed when something new comes in. Where there is no room, or the disk fails, what was asked
for is read where it lies: a copy saves time and nothing else.
"""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from koreason.errors import UserError
from koreason.records.digests import digest
from koreason.records.held import Held
from koreason.system import locks, neighbours

VARIABLE = "KOREASON_STAGE_TO"
UNUSED = 7 * 86400  # seconds
LEFT = 1 << 30  # bytes that a copy leaves free
BLOCK = 1 << 24

log = logging.getLogger(__name__)


def staged(made: Held) -> Path:
    """The folder of an output whose files are all asked for, or of its copy; both hold what the manifest says.

    Raises:
        UserError: a file of it is missing, or another.
    """
    if not os.environ.get(VARIABLE):
        return made.whole()
    if foreign := made.foreign():
        raise UserError(f"its manifest does not name {foreign[0]}, which would be read", made.folder, "move that file away")
    for name in made.names:
        if wrong := made.misplaced(name):
            raise UserError(wrong, made.folder / name, f"`koreason verify --repair {made.folder}` takes its manifest back")
    sources = {name: made.folder / name for name in made.names}
    return copied(sources, {name: str(made.fact(name, "sha256")) for name in made.names}) or made.whole()


def folder_of(place: str) -> Path | None:
    """This user's folder on a node's own disk, which is `place`; None where there is none."""
    return Path(os.path.expandvars(place)) / f"koreason-{os.geteuid()}" if place else None


def copied(sources: Mapping[str, Path], digests: Mapping[str, str]) -> Path | None:
    """The folder in which copies of these files lie on this node; None where they cannot."""
    folder = folder_of(os.environ.get(VARIABLE, ""))
    if folder is None:
        return None
    target = folder / digest(dict(digests))[:24]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise UserError("is somebody else's", folder)
        neighbours.refuse([folder])
        # the node's other jobs wait for the one that copies
        with locks.take(folder / f"{target.name}.lock", "", wait=None):
            if not target.is_dir():
                _prune(folder)
                _copy(sources, digests, target)
            os.utime(target)
    except (OSError, UserError) as error:
        log.warning("not copied to %s (%s): read where it lies", target, error)
        return None
    return target


def _copy(sources: Mapping[str, Path], digests: Mapping[str, str], target: Path) -> None:
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    size = sum(path.stat().st_size for path in sources.values())
    if size + LEFT > shutil.disk_usage(target.parent).free:
        raise UserError(f"has no room for {size / 1e9:,.1f} GB", target.parent)
    started = time.monotonic()
    try:
        for name, path in sources.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            hashed = hashlib.sha256()
            with open(path, "rb") as source, open(new / name, "xb") as copy:
                while block := source.read(BLOCK):
                    hashed.update(block)
                    copy.write(block)
            if hashed.hexdigest() != digests[name]:
                raise UserError("is not the file that its manifest describes", path)
        new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    log.info("copied %.1f GB to %s in %.0f s", size / 1e9, target, time.monotonic() - started)


def _prune(folder: Path) -> None:
    for other in folder.iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > UNUSED:
            shutil.rmtree(other, ignore_errors=True)
