"""Shared fixtures: the command line, in this process or in one of the locked environments."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.soak import SOAKING

HOME = Path(__file__).resolve().parents[1]
os.environ.setdefault("KOREASON_HOME", str(HOME))

# Where Slurm's commands are there and no controller answers, every start of Snakemake waits ten seconds for it, or twenty: its plugin asks.
# Tests on a real Slurm take this back.
os.environ.setdefault("SLURM_CONF", os.devnull)

settings.register_profile("koreason", derandomize=not SOAKING, deadline=None)
settings.load_profile("koreason")

Result = subprocess.CompletedProcess[str]


@pytest.fixture(autouse=True)
def environment_is_given_back() -> Iterator[None]:
    """What plans in this process tells its jobs by variables."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run `koreason ARGUMENTS` as the rules do; returns status, output and errors."""

    def call(*arguments: object, timeout: float = 600, **variables: str) -> Result:
        command = [str(HOME / "bin" / "koreason"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **variables})

    return call


@pytest.fixture(scope="session")
def home() -> Path:
    """The repository."""
    return HOME


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real community data (`KOREASON_DATA`); without it the tests that read it are skipped."""
    folder = Path(os.environ.get("KOREASON_DATA", HOME.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("set KOREASON_DATA to the folder with the community data")
    return folder
