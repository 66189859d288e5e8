"""Converted models, kept beside the environments by a digest of all that decides them, so that no other run converts them again.

    name = kept.name_of(sha256_of_the_file)
    if not kept.take(name, out):
        convert(...)
        kept.keep(name, out)

They lie in `$KOREASON_ENVS/.bases` (about 270 MB for the demo's). They serve only to save time: what is not there, not whole or not to be
read is made again, what cannot be written is not kept, and the folder may be deleted at any time. A run gets a copy, not a link: what
happens to one run's files happens to no other's.
"""

import contextlib
import json
import logging
import os
import secrets
import shutil
import time
from pathlib import Path

from koreason.bases import convert
from koreason.home import environments
from koreason.records.digests import digest, sha256_file

UNUSED_DAYS = 30  # what nobody took for so long is removed when something new comes in
DIGESTS = "digests.json"

log = logging.getLogger(__name__)


def name_of(source: str) -> str | None:
    """What a conversion of the file with SHA-256 `source` is kept under; None where it is not known what it would run in."""
    environment = os.environ.get("KOREASON_ENVIRONMENT")  # by `envs/run`
    return environment and digest([source, sha256_file(Path(convert.__file__)), environment])


def take(name: str | None, out: Path) -> bool:
    """Copy a conversion to the new folder `out` and check what has arrived; False where it is not kept, or damaged."""
    if name is None or not (folder := _folder() / name).is_dir():
        return False
    try:
        shutil.copytree(folder, out, copy_function=shutil.copyfile)
        digests = json.loads((out / DIGESTS).read_text(encoding="utf-8"))
        (out / DIGESTS).unlink()
        if digests != _digests(out):
            raise ValueError("its files are not those that were kept")
    except (OSError, ValueError) as error:  # shutil's own are OSErrors
        log.warning("%s is damaged (%s): converting again", folder, error)
        shutil.rmtree(out, ignore_errors=True)
        return False
    with contextlib.suppress(OSError):  # somebody else's
        os.utime(folder)
    return True


def keep(name: str | None, made: Path) -> None:
    """Keep all that lies in the folder `made`, in place of what `take` refused."""
    if name is None:
        return
    folder = _folder()
    new = folder / f".{name}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, new, copy_function=shutil.copyfile)
        (new / DIGESTS).write_text(json.dumps(_digests(made), indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder / name, ignore_errors=True)
        new.rename(folder / name)
        for other in folder.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED_DAYS * 86400:
                shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        log.info("not kept for other runs (%s)", error)
        shutil.rmtree(new, ignore_errors=True)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


def _folder() -> Path:
    return environments() / ".bases"
