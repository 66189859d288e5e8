"""Folders that others may write, links in the place of what is written, and modes: the neighbours of a shared file system."""

import grp
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from koreason.engine.journals.journal import Journal
from koreason.errors import UserError
from koreason.records import attempts
from koreason.records.digests import write_atomically
from koreason.records.stage import Stage
from koreason.system import neighbours
from koreason.system.neighbours import SHARED, created, refuse, writers

STRANGERS = 4242  # a group that is nobody's own


@pytest.mark.parametrize(("mode", "refused"), [(0o755, ""), (0o700, ""), (0o777, "everybody"), (0o1777, "everybody"), (0o707, "everybody")])
def test_folders_that_everybody_may_write(tmp_path: Path, mode: int, refused: str) -> None:
    (folder := tmp_path / "results").mkdir()
    folder.chmod(mode)
    assert refused in writers(folder) and bool(refused) == bool(writers(folder))


def test_the_folder_above_counts_where_there_is_none_yet(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(UserError, match=f"everybody may write this folder.*chmod o-w {tmp_path}"):
        refuse([tmp_path / "not" / "there"])
    tmp_path.chmod(0o1777)  # as /tmp: others may make files of their own, and touch none of ours
    refuse([tmp_path / "not" / "there"])


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    if os.geteuid():
        pytest.skip("only root may give a folder to a group that is not its own")
    (folder := tmp_path / "shared").mkdir()
    os.chown(folder, -1, STRANGERS)
    folder.chmod(0o2775)
    return folder


def test_a_group_is_refused_unless_it_is_named(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=f"the group {STRANGERS} may write.*chmod g-w .*run.shared_group: {STRANGERS}"):
        refuse([shared / "x"])
    monkeypatch.setenv(SHARED, "another")
    assert writers(shared)
    monkeypatch.setenv(SHARED, str(STRANGERS))
    assert not writers(shared)
    shared.chmod(0o2777)  # the group is trusted, everybody is not
    assert "everybody" in writers(shared)


def test_a_users_own_group_has_no_other_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = grp.struct_group(("kim", "x", STRANGERS, ["kim"]))
    user = type("User", (), {"pw_name": "kim", "pw_gid": STRANGERS})
    monkeypatch.setattr(neighbours.grp, "getgrgid", lambda number: mine)
    monkeypatch.setattr(neighbours.pwd, "getpwuid", lambda number: user)
    assert neighbours._own(STRANGERS)
    mine = grp.struct_group(("kim", "x", STRANGERS, ["kim", "lee"]))
    assert not neighbours._own(STRANGERS)


def test_a_rules_command_refuses_before_it_writes(run: Callable, tmp_path: Path, shared: Path) -> None:
    (bench := tmp_path / "b.jsonl").write_text('{"id": "1", "question": "1+1?", "gold": "2"}\n')
    spec = f'{{"kind": "math", "file": "{bench}"}}'
    done = run("bench", "--spec", spec, "--out", shared / "out")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "may write this folder" in done.stderr, done.stderr
    assert not list(shared.iterdir())
    done = run("bench", "--spec", spec, "--out", shared / "out", **{SHARED: str(STRANGERS)})
    assert "its 'sha256' is not set" in done.stderr  # it got to its own work


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    (file := tmp_path / "somebody-elses").write_text("theirs\n")
    return file


def _a_stage(folder: Path) -> None:
    with Stage(folder, "clean", {}, []) as stage:
        stage.path("table.csv").write_text("ours")


def _an_attempt(folder: Path) -> None:
    attempts.begin([folder]).end(0)


def _a_journal(folder: Path) -> None:
    Journal(folder.parent, folder.name)


# Whatever is written in a run's folder, by the name that it gets there.
WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a table": ("table.csv", _a_stage),
    "a manifest": ("manifest.json", _a_stage),
    "a run.json": ("run.json", _a_stage),
    "attempts": ("attempts.jsonl", _an_attempt),
    "answers": ("rows.jsonl", _a_journal),
    "unfinished answers": ("segments.jsonl", _a_journal),
    "any sidecar": ("any.json", lambda folder: write_atomically(folder / "any.json", "ours")),
}


@pytest.mark.parametrize("case", WRITERS)
def test_a_link_where_something_is_written_is_not_followed(tmp_path: Path, trap: Path, case: str) -> None:
    name, write = WRITERS[case]
    (folder := tmp_path / "00000-of-00001").mkdir()
    (folder / name).symlink_to(trap)
    try:
        write(folder)
    except UserError as error:
        assert "is a link of" in str(error)
    assert trap.read_text() == "theirs\n"


def test_a_hard_link_is_not_written_through(tmp_path: Path, trap: Path) -> None:
    (folder := tmp_path / "out").mkdir()
    (folder / "table.csv").hardlink_to(trap)
    _a_stage(folder)
    assert trap.read_text() == "theirs\n" and (folder / "table.csv").read_text() == "ours"


def test_names_of_what_is_being_written_cannot_be_guessed(tmp_path: Path) -> None:
    names = set()
    for _ in range(20):
        with created(tmp_path / "x"):
            names |= {path.name for path in tmp_path.iterdir() if path.name != "x"}
    assert len(names) == 20 and all(len(name) > 20 for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")
    with pytest.raises(ZeroDivisionError), created(tmp_path / "x") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "before"}


def test_two_writers_of_one_file_leave_one_of_their_texts(tmp_path: Path) -> None:
    texts = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_atomically, args=(tmp_path / "x", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "x").read_text() in texts and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o007])
def test_modes_follow_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert neighbours.allowed(0o666) == 0o666 & ~umask
        _a_stage(tmp_path / "out")
        _an_attempt(tmp_path / "out")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert set(modes.values()) == {0o666 & ~umask} and len(modes) == 4, modes
