"""The folder of a finished `make taste`, made once for all tests that look at it."""

import os
import subprocess
from pathlib import Path

import pytest


def taste(home: Path, folder: Path) -> str:
    """`make taste`, and what it prints."""
    done = subprocess.run(["make", "-C", home, "taste", f"WORKDIR={folder}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def tasted(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished `make taste`, and what it printed."""
    folder = Path(os.environ.get("KOREASON_TASTE") or tmp_path_factory.mktemp("taste"))
    return folder, taste(home, folder)
