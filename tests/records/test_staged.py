"""Weights on a node's own disk: copied once, every byte held, and read where they lie when that cannot be."""

import os
import shutil
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.records import staged as staging
from koreason.records.held import Held, held
from koreason.records.stage import Stage
from koreason.records.staged import VARIABLE, staged


@pytest.fixture
def made(tmp_path: Path) -> Held:
    """A model of two files."""
    with Stage(tmp_path / "results" / "bases" / "tiny", "base", {}, []) as stage:
        for name in ("model.safetensors", "config.json"):
            stage.path(name).write_text(name * 10)
            stage.add(name)
    return held(tmp_path / "results" / "bases" / "tiny")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The node's own disk, in a folder that everybody may write as /tmp."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setenv("SCRATCH_OF_NODE", str(folder))
    monkeypatch.setenv(VARIABLE, "$SCRATCH_OF_NODE")
    return folder


def test_where_nothing_is_said_it_is_read_where_it_lies(made: Held) -> None:
    assert staged(made) == made.folder


def test_it_is_copied_once(made: Held, scratch: Path) -> None:
    first = staged(made)
    assert first.is_relative_to(scratch) and first.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in first.iterdir()} == {"model.safetensors", "config.json"}
    before = (first / "model.safetensors").stat().st_ino
    assert staged(made) == first and (first / "model.safetensors").stat().st_ino == before
    (made.folder / "model.safetensors").write_text("another model of another size")
    with pytest.raises(UserError, match=r"model\.safetensors: has \d+ bytes"):
        staged(made)


def test_a_file_that_is_another_is_not_copied_and_told_of(made: Held, scratch: Path) -> None:
    path = made.folder / "model.safetensors"
    path.write_text(path.read_text().replace("m", "n"))
    with pytest.raises(UserError, match="SHA-256"):
        staged(made)
    assert not [path for path in scratch.rglob("*") if path.is_dir() and path.parent != scratch]


def test_a_foreign_file_is_refused_as_ever(made: Held, scratch: Path) -> None:
    (made.folder / "more.safetensors").touch()
    with pytest.raises(UserError, match=r"does not name more\.safetensors"):
        staged(made)


def test_without_room_or_a_folder_it_is_read_where_it_lies(made: Held, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(scratch)._replace(free=5)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: full)
        assert staged(made) == made.folder
    monkeypatch.setenv(VARIABLE, str(made.folder / "config.json" / "below"))
    assert staged(made) == made.folder


def test_what_nobody_used_for_a_week_makes_way(made: Held, scratch: Path) -> None:
    old = scratch / f"koreason-{os.geteuid()}" / "old"
    old.mkdir(parents=True, mode=0o700)
    old.parent.chmod(0o700)
    os.utime(old, (0, 0))
    assert staging.UNUSED == 604800 and staged(made).is_dir() and not old.exists()
