"""Files are opened as their manifest describes them, and read whole once."""

import json
import os
import platform
from pathlib import Path

import pytest
from damage import flip

from koreason.errors import UserError
from koreason.records import seen
from koreason.records.held import held
from koreason.records.stage import Stage


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output of two files in a run's folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path / "results" / "x", "clean", {}, []) as stage:
        for name in ("a.txt", "b/c.txt"):
            stage.path(name).write_text(name, encoding="utf-8")
            stage.add(name, rows=1)
    return tmp_path / "results" / "x"


def rewrite(out: Path, **changes: object) -> None:
    """Change a manifest, and lose what says otherwise."""
    path = out / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")
    (out / "run.json").unlink(missing_ok=True)


def test_a_file_is_had_by_its_name(out: Path) -> None:
    assert held(out).path("b/c.txt") == out / "b/c.txt"
    assert held(out / "manifest.json").names == ["a.txt", "b/c.txt"]
    assert held(out).fact("a.txt", "rows") == 1
    for wrong in (lambda: held(out).path("d.txt"), lambda: held(out).fact("a.txt", "html")):
        with pytest.raises(UserError, match=r"declares no d\.txt|does not say `html` of a\.txt"):
            wrong()


@pytest.mark.parametrize("name", ["../x/a.txt", "/etc/passwd", "b/../a.txt", "./a.txt", "b//c.txt", "", "a.txt\n", "b/", "."])
def test_a_name_that_is_no_plain_path_makes_no_manifest(out: Path, name: str) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    rewrite(out, files={**manifest["files"], name: manifest["files"]["a.txt"]})
    with pytest.raises(UserError, match="no plain path"):
        held(out)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "\x00", "[" * 100_000, '{"stage": "x", "files": {"a": {}}, "counts": {}}'])
def test_what_is_no_manifest_is_refused(out: Path, text: str) -> None:
    (out / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"not a manifest .*koreason verify --repair"):
        held(out)


def test_a_manifest_that_was_changed_is_refused(out: Path) -> None:
    path = out / "manifest.json"
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'), encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.json beside it tells of another output"):
        held(out)


def test_links_stay_in_their_folder_but_a_bases(out: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (out / "a.txt").rename(tmp_path / "elsewhere" / "a.txt")
    (out / "a.txt").symlink_to(tmp_path / "elsewhere" / "a.txt")
    with pytest.raises(UserError, match="link that leaves its folder"):
        held(out).path("a.txt")
    rewrite(out, stage="base")  # links a model's files, and holds them by their digests like all others
    assert held(out).path("a.txt").read_text() == "a.txt"
    (out / "b" / "c.txt").rename(tmp_path / "elsewhere" / "c.txt")
    (out / "b").rmdir()
    (out / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="link that leaves its folder"):
        held(out).path("b/c.txt")


def test_a_pipe_is_no_file(out: Path) -> None:
    (out / "a.txt").unlink()
    os.mkfifo(out / "a.txt")
    with pytest.raises(UserError, match="is no file"):
        held(out).path("a.txt")


def test_a_whole_folder_holds_nothing_else(out: Path) -> None:
    for beside in ("attempts.jsonl", ".hidden", "checkpoints/step-1/00.safetensors"):
        (out / beside).parent.mkdir(parents=True, exist_ok=True)
        (out / beside).touch()
    assert held(out).whole() == out
    (out / "b" / "model.safetensors").touch()
    with pytest.raises(UserError, match=r"does not name b/model\.safetensors"):
        held(out).whole()


def stamps(folder: Path) -> list[Path]:
    return list((folder / ".koreason/seen" / platform.node()).glob("*-*"))


def test_what_was_written_just_now_is_not_remembered(out: Path, tmp_path: Path) -> None:
    held(out).path("a.txt")
    assert stamps(tmp_path) == []
    flip(out / "a.txt")
    with pytest.raises(UserError, match="has SHA-256"):
        held(out).path("a.txt")


@pytest.fixture
def remembered(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stamp of a file that was read."""
    monkeypatch.setattr(seen, "SETTLED_NS", 0)
    monkeypatch.setattr("koreason.records.held._known", {})
    held(out).path("a.txt")
    [stamp] = stamps(tmp_path)
    monkeypatch.setattr("koreason.records.held._known", {})
    return stamp


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read whole from now on."""
    files: list[Path] = []
    real = seen.sha256_file
    monkeypatch.setattr(seen, "sha256_file", lambda path: files.append(path) or real(path))
    return files


def test_a_file_is_read_once(out: Path, remembered: Path, read: list[Path]) -> None:
    held(out).path("a.txt")
    assert read == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"sha256": "0"}'])
def test_a_damaged_memory_is_read_over(out: Path, remembered: Path, read: list[Path], text: str) -> None:
    remembered.write_text(text)
    held(out).path("a.txt")
    assert read == [out / "a.txt"]
    assert json.loads(remembered.read_text())["size"] == 5


def test_a_memory_is_no_proof_of_another_digest(out: Path, remembered: Path, read: list[Path]) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["a.txt"]["sha256"] = "0" * 64
    rewrite(out, **manifest)
    with pytest.raises(UserError, match="has SHA-256"):
        held(out).path("a.txt")
    assert read == [out / "a.txt"]


def test_a_touched_file_is_read_again(out: Path, remembered: Path, read: list[Path]) -> None:
    flip(out / "a.txt")
    with pytest.raises(UserError, match="has SHA-256"):
        held(out).path("a.txt")
    flip(out / "a.txt")
    held(out).path("a.txt")
    assert read == [out / "a.txt"] * 2


def test_a_large_file_is_believed_by_every_host_for_a_day(
    out: Path, tmp_path: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "SETTLED_NS", 0)
    monkeypatch.setattr(seen, "LARGE", 5)
    monkeypatch.setattr("koreason.records.held._known", {})
    for host in ("one", "two"):
        monkeypatch.setattr(platform, "node", lambda name=host: name)
        held(out).path("a.txt")
        monkeypatch.setattr("koreason.records.held._known", {})
    assert read == [out / "a.txt"]
    [stamp] = (tmp_path / ".koreason/seen/every-host").iterdir()
    os.utime(stamp, (1, 1))
    held(out).path("a.txt")
    assert len(read) == 2


def test_outside_of_a_run_nothing_is_left(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(seen, "SETTLED_NS", 0)
    held(out).path("a.txt")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_stage_removes_what_only_its_former_run_made(out: Path) -> None:
    (out / "note.txt").touch()
    with Stage(out, "clean", {}, []) as stage:
        stage.path("a.txt").write_text("other", encoding="utf-8")
        stage.add("a.txt")
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "a.txt",
        "manifest.json",
        "note.txt",
        "run.json",
    ]
