"""The Snakemake that submits jobs: alone in its folder, and aware of jobs that an earlier one left in Slurm.

    alone(Path.cwd())              # on this machine
    begin(Path.cwd(), site.poll)   # on a cluster

Snakemake's own lock outlives a process that was killed, and then refuses to start; this one ends with its process. Jobs of a
killed Snakemake go on in Slurm: to submit them again would make two jobs write the same files, so their ends are waited for.
"""

import os
import re
import sys
import time
from pathlib import Path
from typing import IO, NoReturn

from koreason.cluster.job import my_jobs
from koreason.system import locks
from koreason.workflow import dryrun

STARTED_IN = "KOREASON_STARTED_IN"  # the profile says where Snakemake was typed, before it went to the run's folder
LOCK = Path(".snakemake/koreason.lock")
LOGS = Path("logs/slurm")
POLL = 5  # seconds between looks at jobs that were left over

_held: dict[Path, IO[str]] = {}  # open for as long as the process lives


def alone(folder: Path) -> None:
    """Take the folder for this process.

    Raises:
        UserError: another Snakemake runs there.
    """
    if folder / LOCK not in _held:
        take(folder / LOCK, "another Snakemake runs there", folder)


def begin(folder: Path, poll: int) -> None:
    """Take the folder, and start Snakemake anew once no job of an earlier one is left in Slurm.

    `poll` is how many seconds may lie between two of its looks at the jobs.

    Raises:
        UserError: another Snakemake runs there, or Slurm does not answer.
    """
    _look_every(poll)
    alone(folder)
    if not (jobs := left_over(folder)):
        return
    try:
        shown = " ".join(sorted(jobs, key=int)[:10])
        print(
            f"koreason: {len(jobs)} jobs of an earlier Snakemake are still in Slurm ({shown}): waiting for their results; `scancel` those"
            " that you do not want",
            file=sys.stderr,
            flush=True,
        )
        while left_over(folder):
            time.sleep(POLL)
    except KeyboardInterrupt:
        os._exit(130)
    os.chdir(os.environ[STARTED_IN])
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def refuse(error: Exception) -> NoReturn:
    """End Snakemake with a line for each mistake and status 2; it would show an exception of ours with its own traceback.

    Raises:
        Refused: another command of ours only plans.
    """
    if dryrun.planning():
        raise dryrun.Refused(error)
    for line in getattr(error, "lines", [error]):
        print(f"koreason: {line}", file=sys.stderr, flush=True)
    os._exit(2)


def left_over(folder: Path) -> set[str]:
    """Ids of this user's jobs in Slurm whose logs lie in a run's folder; a controller that is away is waited for: no answer is not none."""
    return jobs_of(my_jobs(), folder / LOGS)


def jobs_of(text: str, logs: Path) -> set[str]:
    """Ids of the unfinished jobs in the text of `my_jobs` that write their logs below a folder."""
    found = set()
    for line in text.splitlines():
        facts = {key: match[1] if (match := re.search(rf"\b{key}=(\S+)", line)) else "" for key in ("JobId", "JobState", "StdOut")}
        ours = facts["StdOut"].startswith(f"{logs}/")
        if ours and facts["JobState"] in ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "STOPPED"):
            found.add(facts["JobId"])
    return found


def _look_every(seconds: int) -> None:
    """Keep Snakemake's executor from looking less and less often, up to three minutes apart, at jobs that take long."""
    from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

    wait = RemoteExecutor.next_seconds_between_status_checks
    capped = wait.setter(lambda executor, value: wait.fset(executor, min(value, seconds)))
    RemoteExecutor.next_seconds_between_status_checks = capped


def take(path: Path, what: str, where: Path) -> None:
    """Lock a file until this process ends.

    Raises:
        UserError: somebody holds it: `what` is said of `where`.
    """
    _held[path] = locks.take(path, what, where)
