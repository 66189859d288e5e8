"""Two users on one file system: what the second may do beside a run of the first, by really being another user."""

import contextlib
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from koreason.cli import main
from koreason.system.neighbours import SHARED

pytestmark = pytest.mark.cluster
FIRST, SECOND, TEAM = 61001, 61002, 61900


@pytest.fixture
def shared(tmp_path: Path, home: Path) -> Iterator[Path]:
    """A folder on a file system that both users have, as `/scratch` is: each may make folders of their own there."""
    if os.geteuid():
        pytest.skip("only root can be two users")
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (scratch := tmp_path / "scratch").mkdir()
    scratch.chmod(0o1777)
    # what is imported late is read before there is another user
    assert main(["bench", "--spec", '{"kind": "math"}', "--out", str(tmp_path / "warm")]) == 2
    yield scratch


def by(user: int, *command: object, groups: tuple[int, ...] = (), **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a user, who is in a group of the same number and in `groups`."""
    change = ["setpriv", f"--reuid={user}", f"--regid={user}"]
    change += [f"--groups={','.join(map(str, groups))}"] if groups else ["--clear-groups"]
    told = {**os.environ, "HOME": "/tmp", **variables}
    return subprocess.run([*change, *map(str, command)], capture_output=True, text=True, timeout=120, env=told)


def bench(home: Path, folder: Path, user: int, groups: tuple[int, ...] = (), umask: int = 0o022, **variables: str) -> tuple[int, str]:
    """`koreason bench` in a run's folder as a user, in a child of this process: that user need not be able to read this Python."""
    spec = f'{{"kind": "math", "file": "{home}/data/benches/taste.jsonl", "sha256": "{DIGEST}"}}'
    words = ["bench", "--spec", spec, "--out", "results/benches/taste"]
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 70
        try:
            os.setgroups(groups)
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.umask(umask)
            os.chdir(folder)
            os.environ |= {"HOME": "/tmp", **variables}
            errors = io.StringIO()
            with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
                status = main(words)
            os.write(write, errors.getvalue().encode())
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(status)
    os.close(write)
    with open(read, "rb") as file:
        said = file.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


DIGEST = "20ac93868c8c9f548138131fa0eb89867f99b1162ebdedc9417b307fc2367f28"


def test_another_user_changes_nothing(shared: Path, home: Path) -> None:
    run = shared / "run"
    assert by(FIRST, "mkdir", "-p", run / "results").returncode == 0
    status, said = bench(home, run, FIRST)
    assert status == 0, said
    made = run / "results/benches/taste"
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    for attack in (
        ["rm", "-f", made / "manifest.json"],
        ["ln", "-sf", "/etc/hostname", made / "items.parquet"],
        ["mv", made, shared / "theirs"],
        ["mv", run, shared / "theirs"],
        ["touch", run / "tqdm.py"],
        ["bash", "-c", f"echo x >> {made}/attempts.jsonl"],
    ):
        assert by(SECOND, *attack).returncode != 0, attack
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    # a folder of the second's own is not one that the first's run would trust once it is open to all
    assert by(SECOND, "mkdir", "-p", "-m", "777", shared / "trap" / "results").returncode == 0
    assert by(SECOND, "chmod", "777", shared / "trap", shared / "trap/results").returncode == 0
    status, said = bench(home, shared / "trap", FIRST)
    assert status == 2 and "everybody may write this folder" in said, said


def test_a_private_umask_keeps_results_from_others(shared: Path, home: Path) -> None:
    run = shared / "run"
    assert by(FIRST, "mkdir", "-p", "-m", "700", run, run / "results").returncode == 0
    status, said = bench(home, run, FIRST, umask=0o077)
    assert status == 0, said
    assert by(SECOND, "cat", run / "results/benches/taste/manifest.json").returncode != 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (run / "results/benches/taste").iterdir())


def test_a_group_shares_a_folder_that_names_it(shared: Path, home: Path) -> None:
    run = shared / "team"
    (run / "results").mkdir(parents=True)
    for folder in (run, run / "results"):
        os.chown(folder, FIRST, TEAM)
        folder.chmod(0o2775)
    status, said = bench(home, run, FIRST, groups=(TEAM,))
    assert status == 2 and f"the group {TEAM} may write this folder" in said, said
    status, said = bench(home, run, FIRST, groups=(TEAM,), umask=0o002, **{SHARED: str(TEAM)})
    assert status == 0, said
    # what a group may do: all of it
    made = run / "results/benches/taste"
    assert by(SECOND, "bash", "-c", f"echo changed > {made}/manifest.json", groups=(TEAM,)).returncode == 0
    assert by(SECOND, "bash", "-c", f"echo changed > {made}/manifest.json").returncode != 0
