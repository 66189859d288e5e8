"""A real Slurm, a finished local run to compare with, and Snakemake as a user of the cluster types it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_slurm
from faults import SITE, environment, logs

Result = subprocess.CompletedProcess[str]


def answers() -> bool:
    """Whether there is a Slurm already."""
    return shutil.which("sinfo") is not None and subprocess.run(["sinfo"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """A Slurm that answers: the one that is there, or one of our own."""
    if os.environ.get("SLURM_CONF") == os.devnull:
        del os.environ["SLURM_CONF"]
    if answers():
        yield
        return
    if shutil.which("slurmctld") is None or os.geteuid() != 0:
        pytest.skip("needs Slurm's daemons and root: `make cluster-test` installs them")
    root = Path("/dev/shm/koreason-slurm")
    small_slurm.up(root)
    yield
    small_slurm.down(root)


@pytest.fixture(scope="session")
def snakemake(home: Path, cluster: None) -> Callable[..., Result]:
    """`snakemake --profile slurm ...`, typed in the repository, for a run in `folder`."""

    def call(folder: Path, *arguments: str, site: Path = SITE, check: bool = True, **variables: str) -> Result:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["snakemake", "--profile", "slurm", "--directory", str(folder), *arguments]
        done = subprocess.run(command, cwd=home, env=environment(site, **variables), capture_output=True, text=True, timeout=3000)
        assert not check or done.returncode == 0, (done.stdout + done.stderr)[-6000:] + logs(folder)
        return done

    return call


@pytest.fixture(scope="session")
def local_taste(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make taste` makes on this machine, without Slurm and containers; KOREASON_TASTE may name the folder of a finished one."""
    ready = os.environ.get("KOREASON_TASTE")
    if ready and (Path(ready) / "results" / "reports" / "taste" / "manifest.json").is_file():
        return Path(ready)
    folder = tmp_path_factory.mktemp("local")
    without = {name: value for name, value in os.environ.items() if name != "KOREASON_SITE"}
    command = ["make", "-C", home, "taste", f"WORKDIR={folder}"]
    subprocess.run(command, env=without, check=True, capture_output=True, timeout=3000)
    return folder
