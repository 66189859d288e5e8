"""A Slurm that keeps no accounts: jobs are watched, cancelled and tried again all the same."""

import subprocess
from pathlib import Path

import pytest
import small_slurm
from faults import Run, fact, slurm

pytestmark = [pytest.mark.cluster, pytest.mark.alone, pytest.mark.timeout(900)]


@pytest.fixture
def unaccounted(cluster):
    """The cluster, started anew without its database."""
    root = Path("/etc/slurm/slurm.conf").resolve().parents[1]
    small_slurm.down(root)
    small_slurm.up(root, accounting=False)
    yield
    small_slurm.down(root)
    small_slurm.up(root)


def test_jobs_run_fail_and_are_tried_again(unaccounted, tmp_path, home):
    assert subprocess.run(["sacct"], capture_output=True).returncode != 0
    run = Run(tmp_path / "run", ("pools",), account=None, rules={"pool": {"mem_mb": 115}})
    slurm("scancel", run.job("ingest"))
    run.succeed()
    assert [fact(job, "JobState") for job in run.jobs("ingest")] == ["CANCELLED", "COMPLETED"]
    assert run.jobs("pool")[:-1] == run.out_of_memory("pool") != []
    assert "pool small: attempt 2 asks for 230 MB" in run.text()
    spent = subprocess.run([home / "bin/koreason", "spent", run.folder], cwd=home, capture_output=True, text=True)
    assert spent.returncode == 0, spent.stderr
    assert "pool" in spent.stdout
