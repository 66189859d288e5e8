"""The Snakemake that submits jobs: alone in its folder, and aware of jobs that an earlier one left in Slurm.

    onstart:
        driver.begin(Path.cwd(), site.started_in, site.poll)

Snakemake's own lock outlives a process that was killed, and then refuses to start; this one ends with its process. Jobs of a
killed Snakemake go on in Slurm: to submit them again would make two jobs write the same files, so their ends are waited for.
"""

import fcntl
import os
import re
import sys
import time
from pathlib import Path
from typing import IO, NoReturn

from koreason.errors import UserError
from koreason.ops.job import scontrol

LOCK = Path(".snakemake/koreason.lock")
LOGS = Path("logs/slurm")
POLL = 5  # seconds between looks at jobs that were left over

_held: list[IO[str]] = []  # open for as long as the process lives


def begin(folder: Path, started_in: Path, poll: int) -> None:
    """Take the folder, and start Snakemake anew once no job of an earlier one is left in Slurm.

    Ends the process with status 2 where another Snakemake runs. `started_in` is where this one was typed, `poll` how many seconds
    may lie between two of its looks at the jobs.
    """
    _look_every(poll)
    if not take(folder / LOCK):
        refuse(UserError("another Snakemake runs there", folder, "wait for it or end it"))
    try:
        if not (jobs := left_over(folder)):
            return
        shown = " ".join(sorted(jobs, key=int)[:10])
        print(
            f"koreason: {len(jobs)} jobs of an earlier Snakemake are still in Slurm ({shown}): waiting for their results; `scancel` those"
            " that you do not want",
            file=sys.stderr,
            flush=True,
        )
        while left_over(folder):
            time.sleep(POLL)
    except UserError as error:
        refuse(error)
    except KeyboardInterrupt:
        os._exit(130)
    os.chdir(started_in)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def refuse(error: Exception) -> NoReturn:
    """End Snakemake with one line and status 2; it would show an exception of ours with its own traceback."""
    print(f"koreason: {error}", file=sys.stderr, flush=True)
    os._exit(2)


def left_over(folder: Path) -> set[str]:
    """Ids of jobs in Slurm whose logs lie in a run's folder."""
    return jobs_of(all_jobs(), folder / LOGS)


def all_jobs() -> str:
    """All jobs that Slurm's controller knows, a line each; waits for a controller that is away, as no answer is not no jobs."""
    return scontrol("show", "job", "--oneliner")


def jobs_of(text: str, logs: Path) -> set[str]:
    """Ids of the unfinished jobs in the text of `all_jobs` that write their logs below a folder."""
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


def take(path: Path) -> bool:
    """Lock a file until this process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "w")  # noqa: SIM115 - held for the process's life
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True
