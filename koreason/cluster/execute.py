"""Run a stage's command as the site says: in its image, and in a Slurm job over all the job's tasks, to its end or until told to save.

    koreason exec --help                     # with KOREASON_SITE naming a site file: koreason exec trace --spec ...
    koreason exec --job train --spec ...     # in a job that the workflow submitted

The rules' commands are called like this wherever KOREASON_SITE names a site file. With --job a command is told (SIGTERM) to save a
while before the job's walltime is over; one that then ends with status 75 puts its own job back into the queue.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from koreason.cluster.job import read_job, requeue
from koreason.commands import COMMANDS, outputs, values
from koreason.config.site import Site, active_site
from koreason.errors import RESUMABLE, UserError
from koreason.home import HOME, LAUNCHER
from koreason.identity import laid
from koreason.identity.code import code_digest
from koreason.images.enter import entered
from koreason.records import attempts
from koreason.records.manifest import CHECKPOINTS, MANIFEST
from koreason.records.staged import VARIABLE as STAGE_TO
from koreason.system.host import END, STEP

POLL = 0.2  # seconds between looks at the command
SAVING = ("trace", "generate", "train")  # stages that can save and go on later
STOPPING = Path(".koreason/stopping")  # in the run's folder: jobs that have saved leave the queue, as somebody has stopped the run
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason exec`."""
    parser.add_argument("--job", action="store_true", help="own the Slurm job: start all its tasks, mind its walltime, requeue it")
    parser.add_argument("--task", action="store_true", help="be one of several tasks: a saved task ends with status 0")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="SUBCOMMAND ...", help="what to run, of `koreason`")


def main(arguments: argparse.Namespace) -> int:
    """Run the command and return its status."""
    site = active_site()
    if site is None:
        raise UserError("not set", "KOREASON_SITE", "the profile sets it to its site file")
    if site.stage_to:
        os.environ[STAGE_TO] = os.path.expandvars(site.stage_to)
    command: list[str] = arguments.command
    if not command or command[0] not in COMMANDS or COMMANDS[command[0]].kind != "rule":
        rules = " ".join(name for name, known in COMMANDS.items() if known.kind == "rule")
        raise UserError(f"no rule's command '{' '.join(command[:1])}'", "exec", f"there are: {rules}")
    package = laid.check(HOME)
    if arguments.task:
        status = _run_here(site, command, None)
        # One task's status must not end the others while they save: what is missing shows that there is more to do.
        return 0 if status == RESUMABLE else status
    attempt = attempts.begin(outputs(command), stage=command[0], code=code_digest(COMMANDS[command[0]].module), package=package)
    os.environ[attempts.VARIABLE] = str(attempt.path.absolute())
    try:
        if arguments.job and "SLURM_JOB_ID" in os.environ:
            return run_job(site, command, attempt)
        status = _run_here(site, command, None)
    except UserError:  # such as an image that is not the recorded one
        attempt.end(2)
        raise
    attempt.end(status)
    return status


def run_job(site: Site, command: list[str], attempt: attempts.Attempt) -> int:
    """Run the command over the tasks of this Slurm job; put the job back into the queue if there is more to do."""
    job = read_job()
    # of a job that was cancelled meanwhile the end is its cancelling
    notice = job.end - min(site.notice, (job.end - job.start) / 2) if job.state == "RUNNING" else float("inf")
    before = _kept(command)
    os.environ[END] = str(job.end)
    if job.tasks > 1:
        attempt.tell(nodes=job.nodes)  # what it sees of cards is this node's
        task = [str(LAUNCHER), "exec", "--task", *command]
        layout = [f"--nodes={job.nodes}", f"--ntasks={job.tasks}", f"--cpus-per-task={job.cpus}", "--cpu-bind=none"]
        # srun takes SIGTERM for the end of everything and hands SIGUSR1 on
        status = _supervise(
            ["srun", "--kill-on-bad-exit=1", *layout, *task], os.environ | {STEP: os.environ["SLURM_JOB_ID"]}, signal.SIGUSR1, notice
        )
        if status == 0 and not _manifest(command).is_file():
            status = RESUMABLE
    else:
        status = _run_here(site, command, notice)
    attempt.end(status)
    over = time.time() >= notice
    # A job that gets nothing done in its walltime would go back to the queue for ever.
    if status == RESUMABLE and STOPPING.exists():
        print("koreason: the run was stopped: saved, and not put back into the queue", file=sys.stderr)
        return RESUMABLE
    if status == RESUMABLE and not (over and _kept(command) == before) and requeue(job):
        return RESUMABLE
    if status in (RESUMABLE, 128 + signal.SIGTERM) and over:
        minutes = (job.end - job.start) / 60
        print(f"koreason: the walltime of {minutes:.0f} minutes was not enough; a retry asks for more", file=sys.stderr)
    return status


def _run_here(site: Site, command: list[str], notice: float | None) -> int:
    """Run the command in this process's place among the job's tasks."""
    environment = COMMANDS[command[0]].environment
    with entered(site, environment, [str(LAUNCHER), *command], hub=command[0] == "base") as (inner, variables):
        return _supervise(inner, variables, signal.SIGTERM, notice)


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


def _manifest(command: list[str]) -> Path:
    """Where a stage's command leaves the proof that it is done."""
    return Path(*values(command, "--out"), MANIFEST)


def _kept(command: list[str]) -> set[tuple[str, int]]:
    """What a stage has saved for its next turn: the files of its journal, of its own shards there, or its checkpoints, with their sizes."""
    journals = [Path(journal, shard) for journal in values(command, "--journal") for shard in values(command, "--shard") or [""]]
    folders = [*journals, *(Path(out, CHECKPOINTS) for out in values(command, "--out"))]
    files = [path for folder in folders for path in folder.glob("**/*") if path.is_file()]
    # locks and indexes are no work
    return {(str(path), path.stat().st_size) for path in files if path.name != "lock" and not path.name.startswith(".")}
