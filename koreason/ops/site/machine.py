"""What this machine and its file system offer a run: driver, squashfuse, locks, quotas, space.

    for check in [driver(), *filesystem(Path("results"))]:
        print(check.state, check.what, check.finding, check.do)

On a login node a driver says little: those that compute may have another one, and the finding says how to ask one of them.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from koreason.cluster.checks import Check
from koreason.cluster.slurm import Cluster, ask, limits_of
from koreason.config.site import Site
from koreason.errors import UserError
from koreason.home import HOME
from koreason.system import locks

LITTLE = 50e9  # bytes of free disk below which a warning is due
DRIVERS = {"12": 525, "13": 580}  # NVIDIA: the oldest driver branch that a CUDA of this version runs on
QUERY = ("nvidia-smi", "--query-gpu=driver_version,name,memory.total", "--format=csv,noheader")


def laptop(cores: int | None = None) -> Iterator[Check]:
    """A machine without Slurm, which is no mistake."""
    yield Check("ok", "Slurm", "none here: runs start on this machine, as by `snakemake --cores 2 --configfile config/demo.yaml`")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    found = f"{cores or len(os.sched_getaffinity(0))} cores, {memory:,.0f} GB of memory"
    if memory < 8:
        yield Check("warning", "machine", found, "the demo's training asks for 9 GB; `make taste` takes less")
    else:
        yield Check("ok", "machine", found)


def driver(site: Site | None = None) -> Check:
    """NVIDIA's driver here, and the one that the CUDA images need."""
    needed = needed_driver()
    needs = f"the CUDA images need {needed} or newer"
    good, text = ask(*QUERY)
    if not good:
        where = f" -p {site.gpu.partition}" if site and site.gpu and site.gpu.partition else ""
        asks = f"; a node with GPUs says its own: srun{where} --gpus=1 {' '.join(QUERY)}" if site and site.gpu else ""
        return Check("ok", "NVIDIA driver", f"none here, {needs}{asks}")
    cards = [line.strip() for line in text.splitlines() if line.strip()]
    version = int(re.match(r"\d*", cards[0])[0] or 0)  # type: ignore[index]
    if needed and version < needed:
        return Check("error", "NVIDIA driver", f"{cards[0]}: {needs}", "ask your site, or use images of FLAVOUR=cpu")
    return Check("ok", "NVIDIA driver", f"{len(cards)} cards, {cards[0]}; {needs}")


def needed_driver() -> int | None:
    """The oldest driver branch that the CUDA environments run on, from their locks."""
    found = set()
    for lock in HOME.glob("envs/*-cuda.lock"):
        if version := re.search(r"^nvidia-cuda-runtime(?:-cu\d+)?==(\d+)\.", lock.read_text(encoding="utf-8"), re.MULTILINE):
            found.add(DRIVERS.get(version[1], 0))
    return max(found, default=0) or None


def squashfuse() -> Check:
    """Whether images can be mounted without Apptainer's setuid program; else each start unpacks its image, for minutes."""
    _, text = ask("apptainer", "buildcfg")
    libexec = re.search(r"LIBEXECDIR=(.*)", text)
    own = [Path(libexec[1].strip(), "apptainer", "bin", "squashfuse_ll")] if libexec else []
    found = [str(path) for path in own if path.is_file()] + [
        path for name in ("squashfuse_ll", "squashfuse") if (path := shutil.which(name))
    ]
    if found and os.access("/dev/fuse", os.R_OK | os.W_OK):
        return Check("ok", "squashfuse", found[0])
    if "APPTAINER_SUID_INSTALL=1" in text:
        return Check("ok", "squashfuse", "not needed: Apptainer is installed setuid")
    lacks = "/dev/fuse cannot be opened" if found else "not found"
    return Check("warning", "squashfuse", f"{lacks}: each job unpacks its image of some GB first", "ask your site for it, or for fuse")


def filesystem(results: Path) -> Iterator[Check]:
    """Free space, locks and quotas where results go."""
    folder = results.resolve() if results.exists() else Path.cwd()
    free = shutil.disk_usage(folder).free
    finding = f"{free / 1e9:,.0f} GB are free at {folder}"
    if free < LITTLE:
        yield Check("warning", "disk", finding, "`koreason plan` says what a run needs; results may be a link to a larger disk")
    else:
        yield Check("ok", "disk", finding)
    yield _locks(folder)
    yield from _quotas(folder)


def _locks(folder: Path) -> Check:
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".koreason-") as trial, locks.take(Path(trial) / "lock", "somebody holds it"):
            return Check("ok", "file locks", f"are given at {folder}")
    except UserError as error:
        return Check("error", "file locks", str(error))
    except OSError as error:
        return Check("error", "file locks", f"{folder} cannot be written ({error.strerror})", "run in a folder of your own")


def _quotas(folder: Path) -> Iterator[Check]:
    """What the file system says of this user: `quota` of NFS and local disks, `lfs quota` of Lustre."""
    if shutil.which("quota"):
        good, text = ask("quota", "-w")
        over = [words[0] for words in map(str.split, text.splitlines()[2:]) if len(words) > 1 and words[1].endswith("*")]
        if over:
            yield Check("error", "quota", f"exceeded on {', '.join(over)}", "free some space")
        else:
            yield Check("ok", "quota", "not exceeded" if good else f"not known ({text})")
    if shutil.which("lfs"):
        good, text = ask("lfs", "quota", "-q", "-u", str(os.geteuid()), str(folder))
        if good:
            words = text.split()
            full = any(word.endswith("*") for word in words)
            finding = f"Lustre: {' '.join(words)} (kB used, quota, limit, grace; files likewise)"
            yield Check("error" if full else "ok", "quota", finding, "free some space" if full else "")


def limits(cluster: Cluster, site: Site) -> Iterator[Check]:
    """How long jobs may run, and how many may be in the queue."""
    for key, place in (("cpu", site.cpu), ("gpu", site.gpu)):
        info = cluster.partitions.get((place.partition if place else None) or "")
        if info is not None:
            most = f"{info.max_minutes} minutes" if info.max_minutes else "no limit"
            longer = "longer jobs save, go back to the queue and go on; `koreason controller` lives by turns"
            yield Check("ok", f"walltime of {key}", f"{info.name}: {most}" + (f"; {longer}" if info.max_minutes else ""))
    numbers = {name: cluster.config[name] for name in ("MaxJobCount", "MaxArraySize") if name in cluster.config}
    own = limits_of(cluster.user)
    told = ", ".join(f"{name} {value}" for name, value in numbers.items())
    if own:
        told += "; yours (most in the queue, most at a time, of the group): " + "; ".join(own)
    yield Check("ok", "job limits", f"{told or 'none that Slurm tells'}; `jobs: {site.jobs}` of the site file keeps below them")
