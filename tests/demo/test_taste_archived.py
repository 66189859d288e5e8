"""`make taste` archived, and made again from the archive: by another user, in an empty folder, without a network.

`make archive-test` runs this with KOREASON_RERUN="--from select"; without, what needs no engine is made again. With KOREASON_FULL=1 the
wheels that the locks name are in the archive, and the images that ran, if there are any.
"""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from koreason.archive.gathered.jobs import jobs

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
RERUN = os.environ.get("KOREASON_RERUN", "--only mixes packed scores").split()
FULL = bool(os.environ.get("KOREASON_FULL"))
NOBODY = 65534
UP = 'ip link set lo up 2>/dev/null; exec "$@"'
ANOTHER = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
# A network of its own with nothing but loopback, and then nobody's rights; where nobody may not read this Python, at least another name.
# Who has no rights to begin with gets those over a network of his own first.
WAYS = (
    ["unshare", "--net", "bash", "-c", UP, "-", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"],
    ["unshare", "--net", "bash", "-c", UP, "-", *ANOTHER],
    ["unshare", "--user", "--map-root-user", "--net", "bash", "-c", UP, "-", *ANOTHER],
)
# Ranks of a training meet over loopback; nothing else may be reached.
LOOPBACK = "import socket; there = socket.create_server(('127.0.0.1', 0)); socket.create_connection(there.getsockname(), timeout=5)"


def alone(home: Path) -> list[str]:
    """How a command is started as another user without a network; empty where it cannot be."""
    for way in WAYS:
        with contextlib.suppress(OSError):
            if (
                subprocess.run([*way, home / "envs/run", "data", "python", "-c", LOOPBACK], capture_output=True, check=False).returncode
                == 0
            ):
                return way
    return []


@pytest.fixture(scope="module")
def bag(tasted: tuple[Path, str], home: Path) -> Path:
    """The archive, beside the run, so that it is links."""
    out = tasted[0] / "archived" / "run.bag"
    shutil.rmtree(out.parent, ignore_errors=True)
    packages = ["--wheels", wheels(home, out.with_name("wheels"))] if FULL else ["--without-wheels"]
    command = [home / "bin/koreason", "archive", tasted[0], "--out", out, *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def wheels(home: Path, folder: Path) -> Path:
    """The packages of all environments that a run uses, as the docs say how to get them."""
    for name in ("data", "vllm", "megatron"):
        options = ["--quiet", "--no-deps", "--require-hashes", "-d", folder, "-r", home / "envs" / f"{name}.lock"]
        done = subprocess.run([home / "envs/run", name, "python", "-m", "pip", "download", *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_others_find_nothing_wrong_with_it(bag: Path, home: Path) -> None:
    done = subprocess.run(
        [home / "envs/run", "validators", "python", home / "tests/archive/foreign.py", bag], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert (found["bag"], found["crate"]["published"]) == ([], [])
    assert all("process-run-crate-0.5_5.1 " in line for line in found["crate"]["here"])


def test_another_user_makes_the_same_of_it_without_a_network(bag: Path, home: Path, tmp_path: Path, tasted: tuple[Path, str]) -> None:
    if not (way := alone(home)):
        pytest.skip("needs a network of its own, and another user")
    for folder in [tmp_path, *tmp_path.parents][:3]:
        if not folder.stat().st_mode & 0o001:  # what pytest has made; not, say, /tmp itself
            folder.chmod(0o755)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    if "setpriv" in way:
        os.chown(theirs, NOBODY, NOBODY)
    given = {name: value for name, value in os.environ.items() if not name.startswith("KOREASON_")}
    given |= {"HOME": str(theirs), "TMPDIR": str(theirs), "KOREASON_ENVS": os.environ["KOREASON_ENVS"]}

    def koreason(*words: object, where: Path) -> str:
        command = [*way, home / "bin/koreason", *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=where, env=given, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        return done.stdout

    koreason("restore", bag, "--into", theirs / "run", where=theirs)
    assert any((theirs / "run/results").iterdir())
    printed = koreason("verify", "--rerun", *RERUN, "--cores", 2, where=theirs / "run")
    last = printed.splitlines()[-1]
    made = [
        job for job in jobs(theirs / "run/.koreason/rerun") if job.run.get("ended", 0) > max(job.run["ended"] for job in jobs(tasted[0]))
    ]
    assert made and last == f"{len(made)} same", printed
