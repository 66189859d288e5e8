"""Start this task's ranks of a training job, watch them, and end all when one ends.

    run_ranks(job, task, [sys.executable, "-m", "koreason", "train-rank", ...], lock)

What ended a rank lies in a file beside the checkpoints, so that of several tasks each can tell which rank failed first.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from koreason.errors import AGAIN, RESUMABLE, UserError
from koreason.records.digests import write_atomically
from koreason.train.job import Job
from koreason.train.rank import failure_path
from koreason.train.tasks import Task

POLL = 0.05  # seconds between looks at the ranks
HEARSAY = 1.0  # seconds within which the other tasks' failures are known here, too


def run_ranks(job: Job, task: Task, command: list[str], lock: int | None) -> None:
    """Start this task's ranks and wait for them; they keep the file descriptor `lock` open.

    SIGTERM, SIGUSR1 and Ctrl-C tell the ranks to save, a second Ctrl-C kills them.
    Once they have ended, such a signal changes nothing for the rest of the process: what a
    finished training still needs is short beside what ending it would cost.

    Raises:
        UserError: a rank met a mistake of the user's.
        SystemExit: 75 after a signal, 1 when a rank failed.
    """
    share = task.ranks(job.ranks)
    for rank in share:
        failure_path(job, rank).unlink(missing_ok=True)  # an earlier attempt's
    stop: list[int] = []

    def hear(number: int, _: object) -> None:
        if number == signal.SIGINT and number in stop:
            raise KeyboardInterrupt
        stop.append(number)

    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, hear)
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="koreason-") as folder:
        rendezvous = str((job.checkpoints / task.meeting).resolve() if task.meeting else Path(folder, "meet"))
        ranks = {
            rank: subprocess.Popen(
                command,
                env=task.rank_environment(rank, job.ranks, rendezvous),
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends
                stdout=sys.stderr,
                pass_fds=[] if lock is None else [lock],
                start_new_session=True,
            )
            for rank in share
        }
        try:
            failed = _wait(ranks, stop)
        finally:
            for process in ranks.values():
                if process.poll() is None:
                    process.kill()
                process.wait()
    if failed:
        _explain(job, task, failed, started)


def _wait(ranks: dict[int, "subprocess.Popen[bytes]"], stop: list[int]) -> dict[int, int]:
    """Statuses of the ranks that have failed as soon as one has; empty when all have succeeded.

    Raises:
        SystemExit: 75 when the ranks have saved because a signal told them to.
    """
    told = False
    while True:
        statuses = {rank: process.poll() for rank, process in ranks.items()}
        if stop and not told:
            told = True
            for process in ranks.values():
                process.send_signal(signal.SIGTERM)
        failed = {rank: status for rank, status in statuses.items() if status}
        # the ranks stop together, though the signal may have reached only some of them
        if failed and set(failed.values()) <= {RESUMABLE, *([-signal.SIGTERM] if told else [])}:
            print(f"\nkoreason: stopped: what is trained is saved; {AGAIN}", file=sys.stderr, flush=True)
            raise SystemExit(RESUMABLE)
        if failed or not any(status is None for status in statuses.values()):
            return failed
        time.sleep(POLL)


def _explain(job: Job, task: Task, failed: dict[int, int], started: float) -> None:
    """Raise for the rank that failed first; those that follow only report that it has gone."""
    print(file=sys.stderr)  # ends the line of a progress bar that was cut short
    for rank, status in failed.items():
        if not failure_path(job, rank).is_file():
            # Killed from outside, which the others may have noticed before we did: it comes first.
            cause = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            message = f"{cause}, out of memory perhaps; its checkpoints are kept"
            write_atomically(failure_path(job, rank), json.dumps({"time": 0.0, "user": False, "message": message, "traceback": ""}))
    records: dict[int, dict[str, Any]] = {}
    if task.count > 1:
        time.sleep(HEARSAY)
    for path in job.checkpoints.glob("failed-*.json"):
        if path.stat().st_mtime >= started - HEARSAY:
            records[int(path.stem.split("-")[1])] = json.loads(path.read_text(encoding="utf-8"))
    first = min(records, key=lambda rank: (records[rank]["time"], rank))
    record = records[first]
    if first not in task.ranks(job.ranks):
        time.sleep(2 * HEARSAY)  # Slurm ends all tasks with the first one: leave the word to the one that knows
    elif record["user"]:
        raise UserError(record["message"])
    elif record["traceback"]:
        print(f"{record['traceback']}koreason: rank {first} failed first: {record['message']}", file=sys.stderr)
    else:
        print(f"koreason: rank {first} {record['message']}", file=sys.stderr)
    raise SystemExit(1)
