"""A small run, in which each test stands."""

import os
import shutil
from pathlib import Path

import pytest
import small_run


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, once."""
    folder, before = tmp_path_factory.mktemp("run"), Path.cwd()
    os.chdir(folder)
    try:
        small_run.build()
        small_run.learn()
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def run_folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    folder = shutil.copytree(built, tmp_path / "run")
    monkeypatch.chdir(folder)
    return folder
