"""The folder of a finished `make taste`, made once for all tests that look at it."""

import os
import subprocess
from pathlib import Path

import pytest

# Of the environment, as people have them.
SECRETS = {
    "HF_TOKEN": "hf_cGxhbnRlZC1zZWNyZXQtMQ",
    "OPENAI_API_KEY": "sk-cGxhbnRlZC1zZWNyZXQtMg",
    "AWS_SECRET_ACCESS_KEY": "cGxhbnRlZC1zZWNyZXQtMw",
}


def taste(home: Path, folder: Path) -> str:
    """`make taste`, and what it prints."""
    # for test_taste_leaks.py, which looks for them in all that is left
    told = {**os.environ, **SECRETS}
    done = subprocess.run(["make", "-C", home, "taste", f"WORKDIR={folder}"], capture_output=True, text=True, check=False, env=told)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def tasted(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished `make taste`, and what it printed."""
    folder = Path(os.environ.get("KOREASON_TASTE") or tmp_path_factory.mktemp("taste"))
    return folder, taste(home, folder)
