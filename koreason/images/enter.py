"""The command line that enters an image with a clean environment and only the folders a stage needs.

    with entered(site, "vllm", [str(LAUNCHER), "trace", "--spec", ...]) as (command, environment):
        subprocess.run(command, env=environment)

Inside, `bin/koreason` finds KOREASON_IMAGE and uses the image's Python. The repository is bound read-only unless the run's folder
lies in it; the user's home, the host's /tmp and the host's environment stay outside.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from koreason.config.site import VARIABLE as SITE
from koreason.config.site import Site
from koreason.config.variables import named
from koreason.errors import UserError
from koreason.home import HOME, ORIGIN, VARIABLE
from koreason.images import record
from koreason.mirrored import VARIABLE as MIRROR
from koreason.records.attempts import VARIABLE as ATTEMPT
from koreason.records.staged import VARIABLE as STAGE_TO
from koreason.records.staged import copied, folder_of
from koreason.system.git import commit_of

# What a stage may learn of the host: who it is in the job, which devices are its own, and how the site tunes its network.
PASSED = re.compile(
    r"(SLURMD?|NCCL|UCX|FI|OMPI|PMIX?)_\w+|CUDA_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|KOREASON_(STEP|END)"
)
# Only the stage that fetches models may reach a hub, and only it is shown the key.
HUB = ("HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
WRITTEN = ("results", "logs", "benchmarks")


@contextmanager
def entered(site: Site, environment: str, command: list[str], hub: bool = False) -> Iterator[tuple[list[str], dict[str, str]]]:
    """What to run, and with which variables, for `command` to run in `environment` as the site says.

    Args:
        command: enters the environment by itself where the site has no images: `bin/koreason` and `envs/run` do.
        hub: it may reach a hub of models.

    Raises:
        UserError: the image is missing or not the recorded one, or there is no Apptainer.
    """
    outside = {name: value for name, value in os.environ.items() if name != SITE} | {"KOREASON_COMMIT": commit_of(ORIGIN)}
    if site.containers is None:
        yield command, outside
        return
    program = find_program()
    if program is None:
        raise UserError("no Apptainer on this node", "containers", "load the site's module, or set containers: null in the site file")
    image, sha256 = record.checked(HOME, ORIGIN / site.containers.images, environment, site.containers.verify_signatures)
    if copy := copied({image.name: image}, {image.name: sha256}):
        image = copy / image.name
    temporary = Path(tempfile.mkdtemp(prefix="koreason-"))
    try:
        binds = [f"{temporary}:/tmp", *_nested([*_folders(command), *_disk(), *site.containers.binds])]
        options = ["--cleanenv", "--no-mount", "home,tmp,cwd", "--home", "/tmp", "--pwd", str(Path.cwd())]
        options += ["--nv"] if site.containers.nv and Path("/dev/nvidiactl").exists() else []
        options += [part for bind in binds for part in ("--bind", bind)]
        # in the environment and not on the command line, where everyone on the node could read them
        inside = _told(command, hub) | {
            ATTEMPT: os.environ.get(ATTEMPT, ""),
            STAGE_TO: os.environ.get(STAGE_TO, ""),
            VARIABLE: str(ORIGIN),
            "KOREASON_IMAGE": sha256,
            "KOREASON_COMMIT": outside["KOREASON_COMMIT"],
        }
        told = {f"APPTAINERENV_{name}": value for name, value in inside.items()}
        clean = {name: value for name, value in outside.items() if not name.startswith(("APPTAINERENV_", "SINGULARITYENV_"))}
        yield [program, "--silent", "exec", *options, str(image), *command], clean | told
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _disk() -> list[str]:
    """This user's folder on the node's own disk, where weights are copied to it."""
    folder = folder_of(os.environ.get(STAGE_TO, ""))
    return [f"{folder}:{folder}:rw"] if folder and folder.is_dir() else []


def _nested(binds: list[str]) -> list[str]:
    """Binds in the order in which they are mounted: the outer before the inner, so that none covers one that lies in it.

    Of two at one place the later one counts, and a later one may only take rights away.
    """
    placed: dict[str, str] = {}
    for bind in binds:
        source, target, mode = (*bind.split(":"), "", "")[:3]
        target = os.path.normpath(target or source)
        if target in placed and placed[target].endswith(":ro"):
            continue
        placed[target] = f"{source}:{target}:{mode or 'rw'}"
    return [placed[target] for target in sorted(placed, key=lambda target: (len(Path(target).parts), target))]


def _folders(command: list[str]) -> list[str]:
    """Binds of the run's folder, the package, and what lies outside of both: link targets, and folders that variables name."""
    work = Path.cwd()
    folders = {work: "rw", HOME: "ro"} if work != HOME else {HOME: "rw"}
    for name in WRITTEN:
        target = (work / name).resolve()
        if target.is_dir() and not target.is_relative_to(work):
            folders[target] = "rw"  # a link to scratch
    outside = [Path(value) for value in _named(command).values()]
    for manifest in (Path(part) for part in command if part.endswith("/manifest.json")):
        # a model that lies elsewhere is linked to, file by file
        outside += [path.readlink().parent for path in manifest.parent.glob("*") if path.is_symlink()]
    for folder in outside:
        if folder.is_absolute() and folder.is_dir():
            folders.setdefault(folder, "ro")
    return [f"{folder}:{folder}:{mode}" for folder, mode in folders.items()]


def _told(command: list[str], hub: bool) -> dict[str, str]:
    """What a stage may know of the host and the run."""
    told = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)} | _named(command)
    if hub:
        told |= {name: os.environ[name] for name in HUB if name in os.environ}
    else:
        told["HF_HUB_OFFLINE"] = "1"
    # what vLLM finds out about a model and compiles for it serves the run's next job, which has no home to find it in
    return told | {"LANG": "C.UTF-8", "VLLM_CACHE_ROOT": str(Path.cwd() / ".snakemake" / "vllm")}


def _named(command: list[str]) -> dict[str, str]:
    """Variables that the configuration uses in paths, such as $KOREASON_DATA, and where it names its one secret; and the mirror."""
    names = {MIRROR} | {name for part in command for name in named(part)}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def find_program() -> str | None:
    """Apptainer, by either of its names."""
    return shutil.which("apptainer") or shutil.which("singularity")


def version() -> str | None:
    """Apptainer's version, or None where there is none."""
    program = find_program()
    if program is None:
        return None
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
