"""`koreason doctor`, `plan` and `spent` on a real Slurm."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faults import SITE

from koreason.cluster.slurm import read_cluster
from koreason.config.site import read_site

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("cluster")]
Result = subprocess.CompletedProcess[str]

# puts itself back into the queue once, uses memory and a core for some seconds, and ends
JOB = """\
if [ -z "$SLURM_RESTART_COUNT" ]; then srun sleep 1; scontrol requeue $SLURM_JOB_ID; sleep 30; fi
srun python3 -c "import time; x = bytearray(300 << 20); t = time.time()
while time.time() < t + 6: pass"
"""


@pytest.fixture
def koreason(tmp_path: Path, home: Path) -> Callable[..., Result]:
    """Run a subcommand in an empty folder, with a site file there."""

    def call(*arguments: str) -> Result:
        program = [str(home / "bin" / "koreason"), *arguments]
        variables = {**os.environ, "KOREASON_SITE": str(tmp_path / "site.yaml")}
        return subprocess.run(program, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300)

    return call


def test_a_site_file_is_written_and_fits(koreason: Callable[..., Result], tmp_path: Path) -> None:
    written = koreason("doctor", "--init-site")
    assert written.returncode == 0, written.stderr
    site = read_site(tmp_path / "site.yaml")
    partitions = subprocess.run(["sinfo", "-h", "-o", "%R"], capture_output=True, text=True, check=True).stdout.split()
    assert site.cpu.partition in partitions
    assert site.gpu is None or site.gpu.partition in partitions
    found = koreason("doctor").stdout
    about_slurm = [line for line in found.splitlines() if any(word in line for word in ("Slurm ", "partition", "account", "GPUs"))]
    assert about_slurm and all(line.startswith("ok ") for line in about_slurm), found


def test_a_run_above_the_budget_submits_no_job(koreason: Callable[..., Result], tmp_path: Path, home: Path) -> None:
    assert koreason("doctor", "--init-site").returncode == 0
    site = tmp_path / "site.yaml"
    text = site.read_text(encoding="utf-8").replace("core_hours: null", "core_hours: 1")
    site.write_text(
        "\n".join("containers: null" if line.startswith("containers:") else line for line in text.splitlines()), encoding="utf-8"
    )
    config = str(home / "config" / "demo.yaml")
    planned = koreason("plan", "--configfile", config)
    assert planned.returncode == 2
    assert "core-hours are planned and 1.0 allowed" in planned.stderr
    command = [
        str(home / "envs" / "run"),
        "data",
        "snakemake",
        "--profile",
        "slurm",
        "--configfile",
        config,
        "--directory",
        str(tmp_path / "run"),
    ]
    variables = {**os.environ, "KOREASON_SITE": str(site)}
    run = subprocess.run(command, cwd=home, env=variables, capture_output=True, text=True, timeout=300)
    assert run.returncode == 2
    assert "core-hours are planned and 1.0 allowed" in run.stderr.splitlines()[-1]
    assert not (tmp_path / "run" / "logs" / "slurm").exists()
    folders = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%Z"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path / "run") not in folders


def test_a_shell_in_an_interactive_step_is_no_task_of_ours(tmp_path: Path, home: Path) -> None:
    asks = "import os; from koreason.train import tasks;"
    asks += "print(tasks.this_task(os.environ).count, tasks.is_interactive(os.environ), flush=True)"
    site = read_site(SITE)
    step = [
        "srun",
        f"--account={site.account}",
        f"--partition={site.cpu.partition}",
        "--ntasks=2",
        "--mem=500",
        "--pty",
        sys.executable,
        "-c",
        asks,
    ]
    typed = ["script", "--quiet", "--return", "--command", shlex.join(step), "/dev/null"]  # a terminal to type it in
    variables = {**os.environ, "PYTHONPATH": str(home)}
    done = subprocess.run(typed, cwd=tmp_path, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert "1 True" in done.stdout, done.stdout + done.stderr


def test_what_a_job_took_is_known(koreason: Callable[..., Result], tmp_path: Path) -> None:
    cluster = read_cluster()
    if cluster.accounting:
        pytest.skip("this Slurm has no accounting")
    assert koreason("doctor", "--init-site").returncode == 0
    site = read_site(tmp_path / "site.yaml")
    options = [f"--account={site.account}"] if site.account else []
    options += [f"--partition={site.cpu.partition}", "--mem=1000", "--time=60", "--requeue", "--output=/dev/null"]
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/bash\n" + JOB, encoding="utf-8")
    answer = subprocess.run(["sbatch", "--parsable", *options, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    job = answer.stdout.strip()
    log = tmp_path / "logs" / "slurm" / "rule_clean" / "demo" / f"{job}.log"
    log.parent.mkdir(parents=True)
    log.touch()
    folder = tmp_path / "results" / "pools" / "demo"
    folder.mkdir(parents=True)
    run = {"stage": "clean", "slurm": {"SLURM_JOB_ID": job}, "seconds": 6.0, "ended": time.time()}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    row, text, state = [], "", ["squeue", "-h", "-j", job, "-t", "all", "-o", "%T"]
    for _ in range(90):  # accounting hears of the end a little later
        if subprocess.run(state, capture_output=True, text=True).stdout.strip() in ("COMPLETED", ""):
            text = koreason("spent").stdout
            row = next((line.split() for line in text.splitlines() if line.startswith("clean ")), [])
            if row[3:4] not in ([], ["0"], ["?"]) and "not ended" not in text:
                break
        time.sleep(2)
    assert row[1:3] == ["1", "1,000"], text
    assert 280 < float(row[3]) < 400, text  # MB
    assert row[9:11] == ["0", "1"], text  # nothing failed, once put back
    assert "clean: {runtime: 5}" in text
