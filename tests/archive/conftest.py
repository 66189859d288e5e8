"""A small run, made once for those that only read it, and a copy for those that damage it."""

import shutil
from pathlib import Path

import pytest

from tests.archive.small_run import build


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run; nobody writes into it."""
    with pytest.MonkeyPatch.context() as patch:
        return build(tmp_path_factory.mktemp("small") / "run", patch)


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))
