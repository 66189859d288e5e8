"""Container images: which there are, and whether they are what was built.

    koreason images      # lists them; status 2 when one is not right

`containers/images.lock.json` says for every environment the file, the digest that every use is checked against and the lock it
was built from. Rules rerun when a digest in it changes.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from koreason.errors import UserError
from koreason.home import HOME
from koreason.records import seen
from koreason.records.digests import sha256_file, write_atomically
from koreason.system import neighbours

NAMES = ("data", "megatron", "vllm")
LOCK = Path("containers/images.lock.json")
FOLDER = Path("containers/images")
KEY = Path("containers/key.pem")  # public key of whoever signs this repository's images
BUILD = "koreason build-images"
# An image below this size is read whole before each use. Above it, a stamp stands for that for a day: see docs/containers.md.
ALWAYS_READ = seen.LARGE


@dataclass(frozen=True)
class Image:
    """One entry of `images.lock.json`: an environment's image as it was built."""

    name: str
    file: str  # in the folder of images
    sha256: str
    lock: str  # digest of the environment's lock file
    definition: str  # digest of all else that it was built from
    flavour: str  # cpu or cuda


def read_images(home: Path) -> dict[str, Image]:
    """Every image that the repository at `home` records, by environment; empty when none was ever built.

    Raises:
        UserError: `images.lock.json` is damaged.
    """
    path = home / LOCK
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Image(name, **entry) for name, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"damaged ({error})", path, f"delete it and run {BUILD}") from None


def write_images(images: dict[str, Image], home: Path) -> None:
    """Replace `images.lock.json`."""
    entries = {name: {key: value for key, value in vars(image).items() if key != "name"} for name, image in images.items()}
    write_atomically(home / LOCK, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def checked(home: Path, folder: Path, name: str, signed: bool = False) -> tuple[Path, str]:
    """The image of environment `name` in `folder` and its digest, after making sure that it is the recorded one.

    Apptainer takes a name, and makes one again of an open descriptor. So the name that is given back is that of the file itself, behind all
    links, and nobody else may put another file there: folders that others may write are refused.

    Args:
        home: the repository, which has the record.
        signed: let Apptainer check its signature, too.

    Raises:
        UserError: it is not recorded, not there, other than recorded, not signed by the right key, or others may replace it.
    """
    images = read_images(home)
    if name not in images:
        known = ", ".join(sorted(images)) or "none"
        raise UserError(f"no image of environment '{name}' (there are: {known})", home / LOCK, f"run {BUILD} {name}")
    image = images[name]
    path = (folder / image.file).resolve()
    neighbours.refuse([path.parent, *([path] if path.is_file() else [])])
    verify(path, image.sha256)
    if signed:
        verify_signature(path, home / KEY)
    return path, image.sha256


def verify(path: Path, sha256: str) -> None:
    """Make sure that the file at `path` has the digest `sha256`.

    Raises:
        UserError: it is missing, or has another digest; both are named.
    """
    try:
        state = seen.state_of(path)
    except FileNotFoundError:
        raise UserError(f"image is missing; expected sha256 {sha256}", path, f"run {BUILD}, or copy it there") from None
    stamp = path.with_name(f".{path.name}.verified")
    if state["size"] >= ALWAYS_READ and seen.trusted(stamp, state, sha256, seen.LARGE_LASTS):
        return
    found, settled = seen.read(path)
    if found != sha256:
        raise UserError(
            f"image has changed: it has sha256 {found}, recorded is sha256 {sha256}",
            path,
            f"restore it, or run {BUILD} --force if the change was meant; what used it will then run again",
        )
    if settled is not None and settled["size"] >= ALWAYS_READ:
        seen.remember(stamp, settled, sha256)  # where that is someone else's folder, each job reads the image


def verify_signature(path: Path, key: Path) -> None:
    """Make sure that the image at `path` is signed with the public `key` (PEM), or where that file is not there, one of the user's.

    Raises:
        UserError: it is not, or its contents are not those that were signed.
    """
    by = ["--key", str(key)] if key.is_file() else ["--local"]
    result = subprocess.run(["apptainer", "verify", *by, str(path)], capture_output=True, text=True)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("FATAL:").strip()
        whose = key if key.is_file() else "a key of `apptainer key list`"
        raise UserError(f"image has no valid signature by {whose} ({reason})", path, f"sign it with {BUILD} --sign KEY, or get it anew")


def lock_file(name: str, flavour: str) -> Path:
    """The lock that an image is built from, relative to the repository."""
    return Path("envs") / (f"{name}.lock" if flavour == "cpu" else f"{name}-{flavour}.lock")


def states(folder: Path, home: Path, sha256: Callable[[Path], str] = sha256_file) -> list[tuple[str, Image | None, str]]:
    """Every environment with its recorded image and what is to be said of that: `ok`, or what is wrong with it.

    Args:
        sha256: how an image's digest is found.
    """
    images = read_images(home)
    found: list[tuple[str, Image | None, str]] = []
    for name in sorted({*NAMES, *images}):
        image = images.get(name)
        state = "ok"
        if image is None:
            state = "not built"
        elif not (folder / image.file).is_file():
            state = "missing"
        elif (digest := sha256(folder / image.file)) != image.sha256:
            state = f"changed: has {digest}, recorded is {image.sha256}"
        elif sha256_file(home / lock_file(name, image.flavour)) != image.lock:
            state = "older than its lock"
        found.append((name, image, state))
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `koreason images`."""
    parser.add_argument("--folder", type=Path, default=HOME / FOLDER, help="where images are (default: containers/images)")


def main(arguments: argparse.Namespace) -> int:
    """List the images."""
    wrong = 0
    print(f"{'image':<10} {'flavour':<8} {'MB':>6}  {'sha256':<64}  {'lock':<12}  state")
    for name, image, state in states(arguments.folder, HOME):
        wrong += state != "ok"
        if image is None:
            print(f"{name:<10} {'-':<8} {'-':>6}  {'-':<64}  {'-':<12}  {state}")
            continue
        path = arguments.folder / image.file
        size = f"{path.stat().st_size / 1e6:.0f}" if path.is_file() else "-"
        print(f"{name:<10} {image.flavour:<8} {size:>6}  {image.sha256}  {image.lock[:12]}  {state}")
    return 2 if wrong else 0
