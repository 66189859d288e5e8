"""What a Slurm job knows of itself, and what it may ask of Slurm.

job = read_job()              # inside a job
job.tasks, job.end            # 2, 1794901200.0
requeue(job)                  # back into the queue under the same id, if it may
"""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from koreason.errors import UserError

PATIENCE = 60  # seconds for which Slurm's controller may be away, as when it is restarted


@dataclass(frozen=True)
class Job:
    """One Slurm job as its controller sees it.

    Attributes:
        id: job id; of an array's task `ARRAY_TASK`, because the array's last task shares its bare id with the whole array.
        state: such as RUNNING.
        start: seconds since the epoch.
        end: when its walltime is over, seconds since the epoch.
        nodes: machines of the allocation.
        tasks: tasks of the allocation.
        cpus: cores of each task.
        requeue: the job may be put back into the queue.
        restarts: how often it was.
        node_list: its machines, in Slurm's notation.
    """

    id: str
    state: str
    start: float
    end: float
    nodes: int
    tasks: int
    cpus: int
    requeue: bool
    restarts: int
    node_list: str


def read_job() -> Job:
    """Ask Slurm about the job that this process runs in; waits for a controller that is away.

    Raises:
        UserError: Slurm does not answer.
    """
    number = this_job()
    text = scontrol("show", "job", "--oneliner", number)
    # the command that was submitted comes last and may hold anything
    values = dict(part.split("=", 1) for part in text.split(" Command=", 1)[0].split() if "=" in part)
    return Job(
        id=number,
        state=values["JobState"],
        start=_seconds(values["StartTime"]),
        end=_seconds(values["EndTime"]),
        nodes=int(values["NumNodes"].split("-")[0]),
        tasks=int(values.get("NumTasks", "1")),
        cpus=int(values["CPUs/Task"]) if values.get("CPUs/Task", "").isdigit() else 1,
        requeue=values.get("Requeue") == "1",
        restarts=int(values.get("Restarts", "0")),
        node_list=values.get("NodeList", ""),
    )


def this_job() -> str:
    """What to call the job of this process, and no other, when asking Slurm."""
    if "SLURM_ARRAY_TASK_ID" in os.environ:
        return f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ["SLURM_JOB_ID"]


def requeue(job: Job) -> bool:
    """Put this job back into the queue, unless it was cancelled; returns False if that cannot be.

    It keeps its id, so whoever waits for it sees it pending again. Slurm ends this process with the job.
    """
    if not job.requeue:
        return False
    if (state := read_job().state) != "RUNNING":  # `scancel` has the last word
        print(f"koreason: job {job.id} is {state}: not put back into the queue", file=sys.stderr)
        return False
    print(f"koreason: job {job.id} has saved its work and goes back to the queue", file=sys.stderr, flush=True)
    scontrol("requeue", job.id)
    time.sleep(PATIENCE)
    return True


def submit(script: Path, *options: str) -> str:
    """Submit a batch script; returns the job's id.

    Raises:
        UserError: Slurm does not take it.
    """
    done = subprocess.run(["sbatch", "--parsable", *options, str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(done.stderr.strip() or "no answer", "sbatch", "`koreason doctor` compares the site file with the cluster")
    return done.stdout.strip().split(";")[0]


def tell(jobs: list[str]) -> None:
    """Tell jobs to save and end: those that run are sent SIGTERM, those that wait are taken out of the queue."""
    for options in (["--state=PENDING"], ["--signal=TERM", "--state=RUNNING"]):
        subprocess.run(["scancel", *options, *jobs], capture_output=True, check=False)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text[:1].isdigit() else float("inf")


def scontrol(*arguments: str) -> str:
    """Output of `scontrol`; see `answered`."""
    return answered("scontrol", *arguments)


def answered(*command: str) -> str:
    """Output of a program of Slurm's, asked again while the controller is away.

    Raises:
        UserError: it stays away.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        if time.monotonic() > deadline:
            raise UserError(done.stderr.strip() or "no answer", " ".join(command), "look at Slurm's controller")
        time.sleep(2)


def my_jobs() -> str:
    """All of this user's jobs that Slurm's controller knows, a line each, as `scontrol show job` tells them.

    Whose a job is the controller says, by its number. In the text of the job itself the name, which may hold anything, comes first.
    """
    mine = set(answered("squeue", "--me", "--states=all", "--noheader", "--format=%A").split())
    lines = scontrol("show", "job", "--oneliner").splitlines() if mine else []
    return "\n".join(line for line in lines if (match := re.match(r"JobId=(\d+) ", line)) and match[1] in mine)
