"""Start the ranks of a training job on this machine, watch them, and end all when one ends.

    run_ranks(job, ["python", "-m", "koreason", "train-rank", ...], lock)

`rank_environment` is the one place that says who a rank is and where the ranks meet.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from koreason.errors import RESUMABLE, UserError
from koreason.train.job import Job
from koreason.train.loop import failure_path

POLL = 0.05  # seconds between looks at the ranks


def rank_environment(rank: int, ranks: int, rendezvous: str) -> dict[str, str]:
    """What a rank learns from its environment: who it is, where the others are, and how many threads it has.

    Sums are reordered with the number of threads, so on the CPU it is fixed and not taken from the machine.
    """
    # By default glibc hands large tensors back to the system at once and a step spends a tenth of its time in page faults.
    keep_memory = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}
    return (
        os.environ
        | keep_memory
        | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(ranks),
            "KOREASON_RENDEZVOUS": rendezvous,
            "OMP_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": "lo",  # all ranks are on this machine, whose name may not resolve
            "HF_HUB_OFFLINE": "1",
        }
    )


def run_ranks(job: Job, command: list[str], lock: int) -> None:
    """Start all ranks and wait for them.

    Raises:
        UserError: a rank met a mistake of the user's.
        SystemExit: 75 after a signal, 1 when a rank failed.
    """
    for path in [*job.checkpoints.glob("failed-*.json"), *job.out.glob("model*.safetensors*")]:
        path.unlink()  # an earlier attempt's
    stop: list[int] = []
    previous = {number: signal.signal(number, lambda number, _: stop.append(number)) for number in (signal.SIGTERM, signal.SIGUSR1)}
    with tempfile.TemporaryDirectory(prefix="koreason-") as folder:
        rendezvous = f"file://{folder}/meet"
        ranks = [
            subprocess.Popen(
                command,
                env=rank_environment(rank, job.ranks, rendezvous),
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends
                stdout=sys.stderr,
                pass_fds=[lock],
                start_new_session=True,
            )
            for rank in range(job.ranks)
        ]
        try:
            _wait(job, ranks, stop)
        finally:
            for rank in ranks:
                if rank.poll() is None:
                    rank.kill()
                rank.wait()
            for number, handler in previous.items():
                signal.signal(number, handler)


def _wait(job: Job, ranks: list["subprocess.Popen[bytes]"], stop: list[int]) -> None:
    """Return when all ranks have succeeded, raise as soon as one has not."""
    told = False
    while True:
        statuses = [rank.poll() for rank in ranks]
        if stop and not told:
            told = True
            for rank in ranks:
                rank.send_signal(signal.SIGTERM)
        failed = {number: status for number, status in enumerate(statuses) if status}
        if failed and told and set(failed.values()) <= {RESUMABLE, -signal.SIGTERM}:
            raise SystemExit(RESUMABLE)
        if failed:
            _explain(job, failed)
        if not any(status is None for status in statuses):
            return
        time.sleep(POLL)


def _explain(job: Job, failed: dict[int, int]) -> None:
    """Raise for the rank that failed first; those that follow only report that it has gone."""
    print(file=sys.stderr)  # ends the line of a progress bar that was cut short
    records: dict[int, dict[str, Any]] = {}
    for number in failed:
        path = failure_path(job, number)
        if path.is_file():
            records[number] = json.loads(path.read_text(encoding="utf-8"))
    # One that left no record was killed from outside, which the others may have noticed before we did.
    first = min(failed, key=lambda number: (records.get(number, {"time": 0.0})["time"], number))
    record = records.get(first)
    if record is None:
        cause = f"was killed by signal {-failed[first]}" if failed[first] < 0 else f"ended with status {failed[first]}"
        print(f"koreason: rank {first} {cause}, out of memory perhaps; its checkpoints are kept", file=sys.stderr)
    elif record["user"]:
        raise UserError(record["message"])
    elif "No space left on device" in record["message"]:
        raise OSError(record["message"])
    else:
        print(f"{record['traceback']}koreason: rank {first} failed first: {record['message']}", file=sys.stderr)
    raise SystemExit(1)
