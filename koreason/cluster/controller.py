"""A turn of the Snakemake that submits a run's jobs, as a Slurm job: written, lived, and handed over to its successor.

submit(write(site, ["--configfile", "my.yaml"]))        # the first
turn(site, ["--configfile", "my.yaml"])                 # inside the job, until its walltime is nearly over
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from koreason.cluster.job import Job, read_job, submit
from koreason.config.site import Site
from koreason.errors import UserError
from koreason.home import HOME, LAUNCHER
from koreason.system.neighbours import replaced

FOLDER = Path(".koreason/controller")
SCRIPT = FOLDER / "job.sh"
DAY = 1440  # minutes, where the partition has no limit
MEMORY = 2000  # MB; Snakemake takes less than half of it
LOOK = 1.0  # seconds between looks at Snakemake
KEPT = ("SLURM_CONF", "SLURM_CLUSTER_NAME")  # of what Slurm tells a job of itself, what Snakemake's own jobs need as well


def write(site: Site, command: list[str], minutes: int | None = None, mail: str | None = None) -> Path:
    """Write the batch script, and return where it lies."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    replaced(SCRIPT, script(site, command, minutes, mail))
    return SCRIPT


def script(site: Site, command: list[str], minutes: int | None = None, mail: str | None = None) -> str:
    """What Slurm is given."""
    asks = {
        "job-name": "koreason-controller",
        "output": f"{FOLDER}/%j.log",
        "account": site.account,
        "partition": site.cpu.partition,
        "qos": site.cpu.qos,
        "constraint": site.cpu.constraint,
        "ntasks": 1,
        "cpus-per-task": 1,
        "mem": f"{MEMORY}M",
        "time": minutes or site.cpu.max_runtime or DAY,
        "mail-user": mail,
        "mail-type": "END,FAIL" if mail else None,
    }
    options = [f"#SBATCH --{name}={shlex.quote(str(value))}" for name, value in asks.items() if value is not None]
    # Slurm gives the script a copy of itself: `exec`, so that what it tells the job reaches the command
    start = shlex.join([str(LAUNCHER), "controller", "--turn", "--", *command])
    return "\n".join(["#!/usr/bin/env bash", *options, f"exec {start}", ""])


def turn(site: Site, command: list[str]) -> int:
    """Run Snakemake until it ends, somebody stops the run, or this turn's walltime is nearly over; returns the status."""
    job = read_job()
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: told.append(number))
    outside = {name: value for name, value in os.environ.items() if name in KEPT or not name.startswith(("SLURM_", "SRUN_", "SBATCH_"))}
    snakemake = subprocess.Popen([str(HOME / "envs" / "run"), "data", "snakemake", "--profile", "slurm", *command], env=outside)
    ends, stopped = job.end - min(site.notice, (job.end - job.start) / 2), False
    while (status := snakemake.poll()) is None:
        if told and not stopped:
            stopped = True
            snakemake.send_signal(signal.SIGINT)
        elif not told and time.time() >= ends:
            if hand_over(job, snakemake):
                return 0
            ends = float("inf")
        time.sleep(LOOK)
    return status


def hand_over(job: Job, snakemake: "subprocess.Popen[bytes]") -> bool:
    """Submit the successor, and leave the run's jobs to it; False where Slurm takes none."""
    try:
        number = submit(SCRIPT, f"--dependency=afterany:{job.id}")
    except UserError as error:
        print(f"koreason: no successor: {error}; type the same command again when this turn is over", file=sys.stderr, flush=True)
        return False
    # Not asked to end: it would cancel its jobs, or wait for them. What it was about to note, its successor finds in Slurm.
    snakemake.kill()
    snakemake.wait()
    print(f"koreason: this turn's walltime is nearly over: job {number} goes on with the run", file=sys.stderr, flush=True)
    return True
