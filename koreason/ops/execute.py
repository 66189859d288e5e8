"""Run a stage's command as the site says: in its image, and in a Slurm job over all the job's tasks, to its end or until told to save.

    koreason exec vllm -- python -m koreason trace --spec ...
    koreason exec --job megatron -- python -m koreason train --spec ...     in a job that the workflow submitted

The rules' commands come here through `envs/run` wherever KOREASON_SITE names a site file. With --job a command is told (SIGTERM)
to save a while before the job's walltime is over; one that then ends with status 75 puts its own job back into the queue.
"""

import argparse
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from koreason.errors import RESUMABLE, UserError
from koreason.ops.container import entered
from koreason.ops.job import read_job, requeue
from koreason.ops.site import Site, active_site

POLL = 0.2  # seconds between looks at the command
SAVING = ("trace", "generate", "train")  # stages that can save and go on later
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason exec`."""
    parser.add_argument("--job", action="store_true", help="own the Slurm job: start all its tasks, mind its walltime, requeue it")
    parser.add_argument("--task", action="store_true", help="be one of several tasks: a saved task ends with status 0")
    parser.add_argument("environment", help="data, vllm or megatron")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its status."""
    site = active_site()
    if site is None:
        raise UserError("not set", "KOREASON_SITE", "the profile sets it to its site file")
    home = Path(os.environ["KOREASON_HOME"])
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if arguments.job and "SLURM_JOB_ID" in os.environ:
        return run_job(site, home, arguments.environment, command)
    with entered(site, home, arguments.environment, command) as (inner, environment):
        status = _supervise(inner, environment, signal.SIGTERM, None)
    # One task's status must not end the others while they save: what is missing shows that there is more to do.
    return 0 if arguments.task and status == RESUMABLE else status


def run_job(site: Site, home: Path, environment: str, command: list[str]) -> int:
    """Run the command over the tasks of this Slurm job; put the job back into the queue if there is more to do."""
    job = read_job()
    # of a job that was cancelled meanwhile the end is its cancelling
    notice = job.end - min(site.notice, (job.end - job.start) / 2) if job.state == "RUNNING" else float("inf")
    before = _kept(command)
    if job.tasks > 1:
        task = [str(home / "envs" / "run"), "--site", "--task", environment, *command]
        layout = [f"--nodes={job.nodes}", f"--ntasks={job.tasks}", f"--cpus-per-task={job.cpus}", "--cpu-bind=none"]
        # srun takes SIGTERM for the end of everything and hands SIGUSR1 on
        status = _supervise(["srun", "--kill-on-bad-exit=1", *layout, *task], dict(os.environ), signal.SIGUSR1, notice)
        if status == 0 and not _manifest(command).is_file():
            status = RESUMABLE
    else:
        with entered(site, home, environment, command) as (inner, variables):
            status = _supervise(inner, variables, signal.SIGTERM, notice)
    over = time.time() >= notice
    # A job that gets nothing done in its walltime would go back to the queue for ever.
    if status == RESUMABLE and not (over and _kept(command) == before) and requeue(job):
        return RESUMABLE
    if status in (RESUMABLE, 128 + signal.SIGTERM) and over:
        minutes = (job.end - job.start) / 60
        print(f"koreason: the walltime of {minutes:.0f} minutes was not enough; a retry asks for more", file=sys.stderr)
    return status


def _supervise(command: list[str], environment: dict[str, str], notify: signal.Signals, notice: float | None) -> int:
    """Run a command, hand signals on to it, and tell it to save when `notice` (seconds since the epoch) has come."""
    # who has to make way and cannot save works on for as long as Slurm lets it: it may come to its end, or is put back into the queue
    patient = "SLURM_JOB_ID" in os.environ and not set(SAVING) & set(command)
    told: list[int] = []

    def hear(number: int, _: object) -> None:
        if not (patient and number == signal.SIGTERM):
            told.append(number)

    previous = {number: signal.signal(number, hear) for number in SIGNALS}
    child = subprocess.Popen(command, env=environment)
    sent = False
    while child.poll() is None:
        if notice is not None and time.time() >= notice and not told:
            print("koreason: the walltime is nearly over: telling the stage to save", file=sys.stderr, flush=True)
            told.append(signal.SIGTERM)
        if told and not sent:
            sent = True
            child.send_signal(notify)
        time.sleep(POLL)
    # nobody calls back a command that has done all it had to; one that has to go on later leaves this process to Slurm
    for number, handler in previous.items():
        signal.signal(number, handler if child.returncode else signal.SIG_IGN)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _values(command: list[str], option: str) -> list[str]:
    """The values of one of a stage's options; none where it is not given."""
    rest = command[command.index(option) + 1 :] if option in command else []
    return list(itertools.takewhile(lambda word: not word.startswith("--"), rest))


def _manifest(command: list[str]) -> Path:
    """Where a stage's command leaves the proof that it is done."""
    return Path(*_values(command, "--out"), "manifest.json")


def _kept(command: list[str]) -> set[tuple[str, int]]:
    """What a stage has saved for its next turn: the files of its journal, of its own shards there, or its checkpoints, with their sizes."""
    journals = [Path(journal, shard) for journal in _values(command, "--journal") for shard in _values(command, "--shard") or [""]]
    folders = [*journals, *(Path(out, "checkpoints") for out in _values(command, "--out"))]
    files = [path for folder in folders for path in folder.glob("**/*") if path.is_file() and path.name not in ("lock", ".lock")]
    return {(str(path), path.stat().st_size) for path in files}
