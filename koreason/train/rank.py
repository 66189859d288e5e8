"""One rank of a training job; `koreason train` starts all of them, a cluster may start them itself.

    koreason train-rank --help     with RANK, LOCAL_RANK, WORLD_SIZE and KOREASON_RENDEZVOUS=$PWD/meet in its environment

Takes what `koreason train` takes. Writes safetensors, `metrics.jsonl` and `throughput.jsonl` into OUT, and checkpoints
into OUT/checkpoints. Exit status 75 means: told to stop, saved, run again to go on.
"""

import argparse
import json
import logging
import os
import signal
import threading
import time
import traceback
import warnings
from pathlib import Path

from koreason.errors import RESUMABLE, UserError, explain
from koreason.records.digests import write_atomically
from koreason.system import imports
from koreason.train.job import Job, add_arguments, read_job

__all__ = ["add_arguments", "main"]


def main(arguments: argparse.Namespace) -> int:
    """Run the rank that the environment names; a failure is left in a file for `koreason train` to report."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    rank = int(os.environ["RANK"])
    warnings.simplefilter("ignore", UserWarning)  # Megatron's, about kernels that it does without
    logging.getLogger("megatron").setLevel(logging.WARNING)
    logging.getLogger("megatron.core.transformer.transformer_layer").setLevel(logging.ERROR)  # wonders at an MLP of ours, once a layer
    if rank:
        logging.getLogger().setLevel(logging.ERROR)  # what all ranks say, the first one says
    job = read_job(arguments)
    try:
        # Takes seconds, in which a signal must not get lost, and tells of missing kernels.
        with imports.many():
            from koreason.train.steps.loop import train

        return 0 if train(job, rank, stop) else RESUMABLE
    except Exception as error:
        line = str(error) if isinstance(error, UserError) else explain(error)
        message, user = line or str(error) or repr(error), line is not None
        record = {"time": time.time(), "user": user, "message": message, "traceback": traceback.format_exc()}
        write_atomically(failure_path(job, rank), json.dumps(record))
        os._exit(1)  # not through NCCL's or gloo's own clean-up, which may wait for the other ranks


def failure_path(job: Job, rank: int) -> Path:
    """Where a rank leaves the reason of its failure."""
    return job.checkpoints / f"failed-{rank}.json"


def _die_with_parent() -> None:
    """End when the launcher does, even by SIGKILL: its end of our standard input closes then."""
    while os.read(0, 1):
        pass
    os._exit(1)
