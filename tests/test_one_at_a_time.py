"""Locks say who holds them, and a file system that has none is one line."""

import getpass
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.system import locks

HOME = Path(__file__).resolve().parents[1]
TAKE = """
import sys
from pathlib import Path
from koreason.system import locks
held = locks.take(Path(sys.argv[1]), "busy")
print(1, flush=True)
input()
"""


@contextmanager
def another_process(path: Path) -> Iterator[int]:
    """Another process that holds a lock; its id."""
    command = [sys.executable, "-c", TAKE, str(path)]
    with subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "1\n"
        yield process.pid
        process.kill()


def test_who_holds_it_is_told_and_its_end_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    for _ in range(2):
        with another_process(path) as pid:
            with pytest.raises(UserError) as refused:
                locks.take(path, "another training is running there", tmp_path)
            told = f"{tmp_path}: another training is running there (pid {pid} of {getpass.getuser()} on {platform.node()}, "
            assert str(refused.value).startswith(told) and str(refused.value).endswith("; wait for it or end it")
        locks.take(path, "x", wait=5).close()


def test_what_a_lock_says_of_its_holder_is_plain_text(tmp_path: Path) -> None:
    with another_process(tmp_path / "lock"):
        (tmp_path / "lock").write_text("pid 1 \x1b[31mof\u202e root\n" + "x" * 9999)
        with pytest.raises(UserError) as refused:
            locks.take(tmp_path / "lock", "busy")
    assert "(pid 1 [31mof root" in str(refused.value) and len(str(refused.value)) < 400


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        locks.take(tmp_path / "lock", "busy")
    assert not (tmp_path / "precious").exists()


@pytest.mark.parametrize("number", ["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_told(tmp_path: Path, number: str) -> None:
    command = [sys.executable, str(HOME / "tests/without_locks.py"), number, sys.executable, "-c", TAKE, str(tmp_path / "lock")]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"koreason.errors.UserError: {tmp_path}: its file system gives no locks (") and "-o flock" in last
