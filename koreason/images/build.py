"""Build container images so that equal locks give equal bytes.

    koreason build-images                        # `make images` calls this
    koreason build-images --base debootstrap     # as root, where no image registry can be reached

An image that is as it would be built is left alone. Packages are downloaded here, by the host's pip with all that it is configured to
use, and checked against the lock; the build itself fetches nothing but Debian's packages. Each image is built under another name and
takes its place when it is whole.
"""

import argparse
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from koreason.arguments import whole
from koreason.errors import UserError
from koreason.home import HOME
from koreason.images import sif
from koreason.images.record import FOLDER, NAMES, Image, lock_file, read_images, write_images
from koreason.records.digests import digest, sha256_file
from koreason.system import locks

log = logging.getLogger(__name__)

# 2026-01-01, no file in an image is newer. A constant and not the time of the commit: a commit that changes no image must change no
# digest, because a new digest makes every rule of that image run again.
EPOCH = 1767225600
PIP_LOCK = Path("envs/pip.lock")
SOURCES = Path("envs/from-source.txt")
SCRIPT = Path("containers/install")
BASE_SCRIPT = Path("containers/base")
# CUDA kernels are compiled on first use by what calls them (Triton, torch.compile).
PACKAGES = {"cpu": "", "cuda": "g++ python3-dev"}
# Level 1 takes a quarter of level 6's time and gives files a seventh larger.
SQUASH = "-comp zstd -Xcompression-level 1"


def definition_digest(home: Path, name: str, flavour: str, base: str) -> str:
    """Digest of all that an image is built from but its lock."""
    files = [_definition(name), SCRIPT, PIP_LOCK, *([BASE_SCRIPT] if base == "debootstrap" else [])]
    return digest([{str(file): sha256_file(home / file) for file in files}, base, PACKAGES[flavour], SQUASH, EPOCH])


def build_images(
    home: Path, folder: Path, names: Sequence[str], flavour: str, base: str, jobs: int = 2, force: bool = False, key: Path | None = None
) -> None:
    """Build the images of environments `names` into `folder` and record them, except those that are as they would be built.

    Args:
        flavour: `cpu`, or `cuda` for those environments that have a lock of that flavour.
        base: `registry`, or `debootstrap` to make Debian here (as root), once for all images.
        jobs: images at once.
        key: private key (PEM) to sign with.

    Raises:
        UserError: no such environment, a program is missing, or a build failed.
    """
    for name in names:
        if not (home / _definition(name)).is_file():
            raise UserError(f"no image '{name}'", home / "containers", f"there are: {', '.join(NAMES)}")
    flavours = {name: flavour if (home / lock_file(name, flavour)).is_file() else "cpu" for name in names}

    def bytes_of_lock(name: str) -> int:
        return (home / lock_file(name, flavours[name])).stat().st_size

    folder.mkdir(parents=True, exist_ok=True)
    with locks.take(folder / ".building", "images are being built there", folder, wait=None):
        todo = [name for name in names if force or not _is_built(home, folder, name, flavours[name], base)]
        todo.sort(key=bytes_of_lock, reverse=True)  # the most packages take longest: begin with them
        if not todo:
            return
        if not shutil.which("apptainer"):
            raise UserError("Apptainer is not there", do="run containers/install-apptainer as root on Debian 12, or load the site's module")
        recording = threading.Lock()
        with ThreadPoolExecutor(max_workers=max(jobs, 1) + 1) as pool:
            debian = pool.submit(_debian, home, folder) if base == "debootstrap" else None
            limit = threading.Semaphore(max(jobs, 1))

            def build(name: str) -> None:
                with limit:
                    started = time.monotonic()
                    stage = folder.resolve() / f".{name}"
                    try:
                        _fill(stage, home, folder, name, flavours[name])
                        if debian is not None:
                            (stage / "base").symlink_to(debian.result())
                        image = _build(home, folder, stage, name, flavours[name], base, key)
                    finally:
                        shutil.rmtree(stage, ignore_errors=True)
                    with recording:
                        write_images({**read_images(home), name: image}, home)
                    size = (folder / image.file).stat().st_size / 1e6
                    log.info("%s: %.0f MB, sha256 %s, %.0f s", name, size, image.sha256, time.monotonic() - started)

            for done in [pool.submit(build, name) for name in todo]:
                done.result()


def _definition(name: str) -> Path:
    return Path("containers") / f"{name}.def"


def _is_built(home: Path, folder: Path, name: str, flavour: str, base: str) -> bool:
    image = read_images(home).get(name)
    if image is None or image.flavour != flavour or image.lock != sha256_file(home / lock_file(name, flavour)):
        return False
    path = folder / image.file
    return image.definition == definition_digest(home, name, flavour, base) and path.is_file() and sha256_file(path) == image.sha256


def _debian(home: Path, folder: Path) -> Path:
    """The folder with the Debian that images start from, made if it is not there."""
    path = folder.resolve() / f".base-{sha256_file(home / BASE_SCRIPT)[:12]}"
    if not path.is_dir():
        started = time.monotonic()
        _run([str(home / BASE_SCRIPT), str(path)], home, folder / "base.log", "Debian could not be installed")
        log.info("Debian installed, %.0f s", time.monotonic() - started)
    return path


def _fill(stage: Path, home: Path, folder: Path, name: str, flavour: str) -> None:
    """Put all that a build reads into one folder, under names that do not depend on where it lies: they get into the image."""
    shutil.rmtree(stage, ignore_errors=True)
    for file in (_definition(name), SCRIPT, PIP_LOCK, lock_file(name, flavour)):
        (stage / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(home / file, stage / file)
        (stage / file).chmod(0o755 if file == SCRIPT else 0o644)
    wheels = stage / "wheels"
    _download(stage / PIP_LOCK, wheels, folder / f"{name}.log", [])
    # the pip in there is several times faster in finding files than those that Python brings
    _download(stage / lock_file(name, flavour), wheels, folder / f"{name}.log", list(wheels.glob("pip-*.whl")))


def _download(lock: Path, wheels: Path, logged: Path, path: list[Path]) -> None:
    options = ["--disable-pip-version-check", "--no-deps", "--require-hashes", "--dest", str(wheels), "--requirement", str(lock)]
    options += ["--only-binary", ":all:", *(word for name in sources(HOME) for word in ("--no-binary", name)), "--no-build-isolation"]
    environment = {**os.environ, **({"PYTHONPATH": str(path[0])} if path else {})}
    if where := os.environ.get("KOREASON_WHEELS"):
        options += ["--find-links", where]
    _run([sys.executable, "-m", "pip", "download", *options], wheels.parent, logged, "packages could not be downloaded", environment)


def sources(home: Path) -> list[str]:
    """Packages that are published as source only; all others come as wheels."""
    lines = (line.split("#")[0].split() for line in (home / SOURCES).read_text(encoding="utf-8").splitlines())
    return [words[0] for words in lines if words]


def _build(home: Path, folder: Path, stage: Path, name: str, flavour: str, base: str, key: Path | None) -> Image:
    lock = lock_file(name, flavour)
    made = stage / f"{name}.sif"
    arguments = {"LOCK": str(lock), "PACKAGES": PACKAGES[flavour]}
    if base == "debootstrap":
        arguments |= {"BOOTSTRAP": "localimage", "FROM": "base"}
    # Apptainer shows a build the host's folders for temporary files: an empty one hides them
    (stage / "tmp").mkdir()
    (stage / "tmp").chmod(0o1777)
    binds = [f"{stage / 'wheels'}:/srv:ro", f"{stage / 'tmp'}:/tmp", f"{stage / 'tmp'}:/var/tmp"]
    command = ["apptainer", "build", "--force", "--mksquashfs-args", SQUASH, *(part for bind in binds for part in ("--bind", bind))]
    command += [part for item in arguments.items() for part in ("--build-arg", "=".join(item))]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("APPTAINERENV_", "SINGULARITYENV_"))}
    environment |= {"SOURCE_DATE_EPOCH": str(EPOCH), "APPTAINERENV_SOURCE_DATE_EPOCH": str(EPOCH)}
    environment |= {"APPTAINER_TMPDIR": str(stage)}
    logged = folder / f"{name}.log"
    _run([*command, str(made), str(_definition(name))], stage, logged, f"image {name} could not be built", environment)
    sif.normalise(made, EPOCH)
    if key is not None:
        _run(["apptainer", "sign", "--key", str(key), str(made)], stage, logged, f"image {name} could not be signed")
    image = Image(
        name=name,
        file=f"{name}.sif",
        sha256=sha256_file(made),
        lock=sha256_file(stage / lock),
        definition=definition_digest(home, name, flavour, base),
        flavour=flavour,
    )
    made.replace(folder / image.file)
    return image


def _run(command: list[str], folder: Path, logged: Path, failure: str, environment: dict[str, str] | None = None) -> None:
    with open(logged, "w", encoding="utf-8") as file:
        result = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, umask=0o022)
    if result.returncode != 0:
        lines = [line for line in logged.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        raise UserError(f"{failure} ({lines[-1] if lines else f'status {result.returncode}'})", logged, "see that file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `koreason build-images`."""
    parser.add_argument("names", nargs="*", metavar="ENV", help=f"environments (default: {' '.join(NAMES)})")
    parser.add_argument("--folder", type=Path, default=(HOME / FOLDER).resolve(), help="where images go (default: containers/images)")
    parser.add_argument(
        "--flavour", choices=sorted(PACKAGES), default="cpu", help="from envs/ENV.lock, or for GPUs from envs/ENV-cuda.lock"
    )
    parser.add_argument("--base", choices=("registry", "debootstrap"), default="registry", help="where Debian comes from")
    parser.add_argument("--jobs", type=whole(1), default=2, help="images at once (default: 2)")
    parser.add_argument("--force", action="store_true", help="build although nothing has changed")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="sign with this private key (PEM)")


def main(arguments: argparse.Namespace) -> None:
    """Build the images."""
    build_images(
        HOME,
        arguments.folder,
        arguments.names or NAMES,
        flavour=arguments.flavour,
        base=arguments.base,
        jobs=arguments.jobs,
        force=arguments.force,
        key=arguments.sign and arguments.sign.resolve(),
    )
