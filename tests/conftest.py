"""Shared fixtures: the command line, in this process or in one of the locked environments."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
os.environ.setdefault("KOREASON_HOME", str(HOME))

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run `envs/run ENV python -m koreason ARGUMENTS` as the rules do; returns status, output and errors."""

    def call(environment: str, *arguments: object, timeout: float = 600, **variables: str) -> Result:
        command = [str(HOME / "envs" / "run"), environment, "python", "-m", "koreason", *map(str, arguments)]
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
