"""What is wrong with the machine is one line: read-only folders, other people's, no room, no $TMPDIR, no home."""

import ctypes
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from koreason.cli import main
from koreason.errors import explain
from koreason.records.digests import sha256_file

HOME = Path(__file__).resolve().parents[1]
NOBODY = 65534


@pytest.fixture
def ingest(tmp_path: Path) -> list[str]:
    """A command that writes into a folder `results/a` of the current one."""
    dump = tmp_path / "dump.jsonl"
    dump.write_text('{"q": "무엇인가요?"}\n', encoding="utf-8")
    spec = {"format": "jsonl", "columns": {"question": ["q"]}, "max_reject_share": 0, "html": False}
    spec |= {"root": str(tmp_path), "files": {dump.name: sha256_file(dump)}}
    return ["ingest", "--source", "a", "--spec", json.dumps(spec), "--out", "results/a"]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Files are opened with nobody's rights, root's own being none to be tested with; in this thread only."""
    libc = ctypes.CDLL(None)
    libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        libc.setfsuid(0)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ") and "note: $HOME" not in line]
    return line


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may take another's rights")


@needs_root
def test_another_ones_folder_is_named_with_its_owner(tmp_path, capsys, monkeypatch, ingest) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*ingest[:-1], "mine"]) == 0  # and what it imports is read
    capsys.readouterr()
    tmp_path.chmod(0o755)
    with as_nobody():
        assert main(ingest) == 2
    line = one_line(capsys)
    assert re.match(r"koreason: results: permission denied \(folder \S+ belongs to root, mode 7\d\d; you are root\); run in a folder", line)


@needs_root
@pytest.mark.parametrize("command", [["ingest"], ["verify", "--repair"]])
def test_a_read_only_folder_is_one_line(tmp_path, ingest, command) -> None:
    """A colleague's results on a file system that is mounted read-only, with a manifest that is none."""
    run = tmp_path / "run"
    (run / "results/b").mkdir(parents=True)
    (run / "results/b/manifest.json").touch()
    words = ingest if command == ["ingest"] else command
    script = 'mount --bind -o ro "$1" "$1" && cd "$1" && shift && exec "$@"'
    shell = ["unshare", "--mount", "bash", "-c", script, "-", str(run), sys.executable, "-m", "koreason", *words]
    variables = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(shell, capture_output=True, text=True, env=variables)
    lines = [line for line in done.stderr.splitlines() if line.startswith("koreason: ")]
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr[-2000:]
    assert len(lines) == 1 and "may only be read here (" in lines[0] and "belongs to root" in lines[0], done.stderr


def test_a_tmpdir_that_cannot_be_used_is_refused_at_once(tmp_path, capsys, monkeypatch, ingest) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    assert main(ingest) == 2
    assert one_line(capsys).startswith(f"koreason: $TMPDIR: there is no folder {tmp_path / 'gone'}; make it, set TMPDIR")
    assert not (tmp_path / "results").exists()


def test_a_home_that_cannot_be_used_is_told_and_the_stage_runs(tmp_path, capsys, monkeypatch, ingest) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    assert main(ingest) == 0
    assert f"koreason: note: $HOME: there is no folder {tmp_path / 'gone'}" in capsys.readouterr().err


def test_a_file_where_a_folder_belongs(tmp_path, capsys, monkeypatch, ingest) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (Path("results"), Path("results/a")):
        path.parent.mkdir(exist_ok=True)
        path.touch()
        assert main(ingest) == 2
        assert "a file stands where a folder belongs; move it away" in one_line(capsys)
        path.unlink()


def chained(inner: BaseException) -> BaseException:
    error = RuntimeError("the engine could not start")
    error.__cause__ = inner
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.EDQUOT, "quota", "/home/x/.cache"),
            "/home/x/.cache: your disk quota is used up: no space left on the disk for you; free",
        ),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), "no space left on the disk (No space left on device"),
        (OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"), "no space left on the disk (["),
        (OSError(errno.EMFILE, "Too many open files", "/x"), "/x: too many open files; raise `ulimit -n`"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "TMPDIR: no folder for temporary files"),
        (chained(OSError(errno.EROFS, "Read-only file system", "/proc/x")), "/proc/x: lies on a file system that may only be read"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/tmp/.a.tmp", None, "/tmp/a"), "/tmp/a: a folder stands where a file belongs"),
    ],
)
def test_a_machines_error_is_explained(error: BaseException, line: str) -> None:
    assert (explain(error) or "").startswith(line)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file", "/x"),
        PermissionError(errno.EPERM, "Operation not permitted"),  # as of a signal to a process
        FileExistsError(errno.EEXIST, "File exists", "/tmp"),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        KeyError("x"),
    ],
)
def test_a_defect_keeps_its_traceback(error: BaseException) -> None:
    assert explain(error) is None
