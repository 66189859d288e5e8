"""Other users of the same Slurm: their jobs are not ours, whatever they are called, and nothing is loaded that they could have written."""

import os
import subprocess
from pathlib import Path

import pytest

from koreason.cluster.array import private, still_private
from koreason.cluster.job import my_jobs
from koreason.errors import UserError
from koreason.workflow.driver import LOGS, left_over
from tests.ops.slurm_texts import Programs

JOB = "JobId={id} JobName={name} UserId={user} GroupId=x(1) JobState={state} Reason=None StdErr={log} StdIn=/dev/null StdOut={log} Power="


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


def test_another_users_job_is_not_waited_for(programs: Programs, tmp_path: Path) -> None:
    log = tmp_path / LOGS / "rule_trace" / "11.log"
    mine, theirs = "me(1000)", "mallory(1001)"
    lines = [
        JOB.format(id=11, name="k", user=mine, state="RUNNING", log=log),
        JOB.format(id=12, name="k", user=theirs, state="RUNNING", log=log),
        # a name that tells of another user, log and number
        JOB.format(id=13, name=f"JobId=11 UserId={mine} StdOut={log}", user=theirs, state="RUNNING", log="/theirs.log"),
        JOB.format(id=14, name="k", user=mine, state="COMPLETED", log=log),
        JOB.format(id=15, name="k", user=mine, state="PENDING", log="/another/run/logs/slurm/x/15.log"),
    ]
    programs.set("squeue", {"--me": "11\n14\n15"})
    programs.set("scontrol", {"show job": "\n".join(lines)})
    assert left_over(tmp_path) == {"11"}
    assert len(my_jobs().splitlines()) == 3


def test_who_has_no_job_asks_no_further(programs: Programs, tmp_path: Path) -> None:
    programs.set("squeue", {"--me": ""})
    programs.fail("scontrol", "not to be asked")
    assert left_over(tmp_path) == set()


def test_a_folder_of_pickles_is_this_users_alone(tmp_path: Path) -> None:
    folder = private(tmp_path / "logs" / "x y'z" / "submitit")
    assert folder.stat().st_mode & 0o777 == 0o700

    def loads() -> subprocess.CompletedProcess[str]:
        script = f"set -e\n{still_private(folder)}\necho loaded"
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True)

    assert loads().stdout == "loaded\n"
    for mode in (0o770, 0o755, 0o777):
        folder.chmod(mode)
        done = loads()
        assert (done.returncode, done.stdout) == (2, "") and "is not this user's alone any more" in done.stderr
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert loads().returncode == 2
    with pytest.raises(FileExistsError):
        private(folder)


def test_none_is_made_where_others_may_write(tmp_path: Path) -> None:
    (logs := tmp_path / "logs").mkdir()
    logs.chmod(0o777)
    with pytest.raises(UserError, match="everybody may write this folder"):
        private(logs / "submitit")
