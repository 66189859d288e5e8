"""Train one model on one packed mix, in as many processes as its layout has ranks, on one machine or over the tasks of `srun`.

    koreason train --packed try/packed/demo/smollm2-135m/manifest.json --base try/bases/smollm2-135m/manifest.json \\
      --out try/models/smollm2/demo/short --spec '{"tensor_parallel": 1, "data_parallel": 1,
      "sequence_parallel": false, "dtype": "float32", "recompute": "none"}' --schedule '{"epochs": 1, "max_steps": 2,
      "sequence_length": 1024, "packing": true, "global_batch": 1, "lr": 5e-5, "min_lr": 5e-6, "warmup_share": 0.1, "decay": "cosine",
      "weight_decay": 1e-5, "beta1": 0.9, "beta2": 0.95, "clip": 1.0, "save_every": 2, "keep_checkpoints": 1, "seed": 11}'

Output: the model in Hugging Face's layout (safetensors, configuration, tokenizer), and metrics.jsonl with one row per
step: step, epoch, loss, grad_norm, lr, tokens, loss_tokens. Checkpoints lie in OUT/checkpoints until the output is whole;
a run that was killed goes on from the newest. SIGTERM or SIGUSR1 saves at the next step and ends with status 75. A model
that is already there, whole and from the same inputs, settings, code and environment, is not trained again.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from koreason.config.load import note_how, what
from koreason.errors import UserError
from koreason.pretrained.files import read_tensors
from koreason.pretrained.understood import findings, refuse
from koreason.records.stage import Stage
from koreason.system import locks
from koreason.train import export
from koreason.train.documents.bins import ARRAYS, Plan, plan_bins, read_packed
from koreason.train.job import Job, add_arguments, read_job
from koreason.train.ranks import run_ranks
from koreason.train.tasks import Task, is_interactive, this_task

__all__ = ["add_arguments", "main"]

LAYOUT = ("tensor_parallel", "data_parallel", "sequence_parallel", "distributed_optimizer")
LET_GO = 5.0  # seconds

log = logging.getLogger(__name__)


def main(arguments: argparse.Namespace) -> int:
    """Train, and declare the model."""
    job, task = read_job(arguments), this_task(os.environ)
    if is_interactive(os.environ):
        log.warning("this is an interactive step of Slurm, whose other tasks are left alone: all ranks run in this one")
    options = [
        part for name in ("spec", "schedule", "how", "packed", "base", "out") for part in (f"--{name}", str(getattr(arguments, name)))
    ]
    command = [sys.executable, "-m", "koreason", "train-rank", *options]
    spec = {"model": what(job.spec), "schedule": what(job.schedule)}
    model = Stage(job.out, "train", spec, [arguments.packed, arguments.base])
    if task.index > 0:
        # The first task checks, reports and declares; the ranks of the others wait for its own to show up.
        if not model.made_before():
            hold(job)
            job.checkpoints.mkdir(parents=True, exist_ok=True)
            run_ranks(job, task, command, None)
        return 0
    plan = check(job, task)
    with _alone(job) as lock, model as stage:
        if stage.made_before():
            log.info("%s was trained to its end before: declared as it is; delete the folder to train it again", job.out)
        else:
            run_ranks(job, task, command, lock)
            _declare(stage, job, task, plan)
            note_how(stage.run, arguments)
    _keep_told(job)
    from koreason.train.steps import checkpoint

    checkpoint.remove(job.checkpoints)  # many times the model's size, and of no use beside the finished model
    return 0


def check(job: Job, task: Task) -> Plan:
    """Refuse before anything is started what could not be trained; returns the plan.

    Raises:
        UserError: what is wrong.
    """
    # here, so that `--help` answers at once and without the engine
    from koreason.train.decoder import cuda
    from koreason.train.decoder.shape import read_shape

    hold(job)
    shape = read_shape(job.base, job.spec.tensor_parallel)
    refuse(findings(job.base.whole()), job.base.folder)
    packed = read_packed(job.packed)
    lengths = packed.bounds[1:] - packed.bounds[:-1]
    if not len(lengths):
        raise UserError("holds no document", job.packed.folder, "look at its dropped.parquet")
    if packed.tokens.max() >= shape.vocabulary:
        raise UserError(
            f"token {packed.tokens.max()} is not in the base's vocabulary of {shape.vocabulary}",
            job.packed.folder,
            "pack with its tokenizer",
        )
    plan = plan_bins(lengths, job.schedule)
    if not plan.units:
        raise UserError(
            f"{job.schedule.sequence_length} is less than every document's length",
            "sequence_length",
            f"the shortest of {len(lengths)} has {lengths.min()} tokens",
        )
    if job.schedule.batch_of == "bins" and job.schedule.global_batch % job.spec.data_parallel:
        raise UserError(f"{job.spec.data_parallel} does not divide global_batch {job.schedule.global_batch}", "data_parallel")
    if job.ranks % task.count:
        raise UserError(f"{task.count} tasks cannot share {job.ranks} ranks evenly", "resources.train", "nodes × tasks must divide them")
    gpus, mine = cuda.count(), len(task.ranks(job.ranks))
    if gpus and gpus < mine:
        raise UserError(
            f"tensor_parallel × data_parallel puts {mine} ranks here, but there are {gpus} GPUs", "resources", "ask for more, or lower one"
        )
    return plan


def hold(job: Job) -> None:
    """Hold all that is trained on against its manifest, so that this host's ranks find it known.

    Raises:
        UserError: a file is missing, or another.
    """
    job.packed.paths(ARRAYS)
    job.base.paths(job.base.names)


@contextmanager
def _alone(job: Job) -> Iterator[int]:
    """Keep a second training out of the folder. The ranks hold the lock too, so it outlives a launcher that was killed."""
    job.checkpoints.mkdir(parents=True, exist_ok=True)
    # ranks of a killed launcher need a moment to notice
    with locks.take(job.checkpoints / "lock", "another training is running there", job.out, wait=LET_GO) as file:
        yield file.fileno()


def _declare(stage: Stage, job: Job, task: Task, plan: Plan) -> None:
    """Complete the model's folder and declare what is in it."""
    from koreason.train.decoder import cuda
    from koreason.train.steps.watch import METRICS, THROUGHPUT, speeds

    export.write(stage, job.base, job.spec.dtype)
    # what its index promises, and nothing else
    if wrong := read_tensors(stage.making)[1]:
        raise RuntimeError("; ".join(map(str, wrong)))
    for path in sorted(stage.making.glob("*.safetensors*")):
        stage.add(path.name)
    rows = _rows((job.live / METRICS).replace(stage.path(METRICS)))
    stage.add(METRICS, rows=len(rows))
    stage.counts = {
        "documents": plan.documents,
        "dropped": {"longer than sequence_length": plan.dropped},
        **({"held_out": sum(map(len, plan.held_out))} if plan.held_out else {}),
        "bins": plan.bins,
        "steps": plan.steps,
        "tokens": sum(row["tokens"] for row in rows),
        "loss_tokens": sum(row["loss_tokens"] for row in rows),
    }
    stage.run.update(speeds(_rows(job.live / THROUGHPUT)))
    stage.run["ranks"], stage.run["tasks"] = job.ranks, task.count
    # bytes are promised within it, a tolerance across
    stage.run["layout"] = {name: getattr(job.spec, name) for name in LAYOUT}
    stage.run["device"] = cuda.name()


def _keep_told(job: Job) -> None:
    """Lay beside the model what was told of its training and is not declared; where another's was broken off, that stays."""
    from koreason.train.steps import events
    from koreason.train.steps.watch import METRICS, THROUGHPUT

    if not job.live.is_dir() or (job.live / METRICS).exists():
        return
    if (job.live / THROUGHPUT).exists():
        (job.live / THROUGHPUT).replace(job.out / THROUGHPUT)
    events.move(job.live, job.out)
    job.live.rmdir()


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
