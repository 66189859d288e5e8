"""Train one model on one packed mix, in as many processes as its layout has ranks, on one machine or over the tasks of `srun`.

    koreason train --spec MODEL --schedule SCHEDULE --packed results/packed/MIX/BASE/manifest.json \\
        --base results/bases/BASE/manifest.json --out results/models/MODEL/MIX/SCHEDULE

Output: the model in Hugging Face's layout (safetensors, configuration, tokenizer), and metrics.jsonl with one row per
step: step, epoch, loss, grad_norm, lr, tokens, loss_tokens. Checkpoints lie in OUT/checkpoints until the output is whole;
a run that was killed goes on from the newest. SIGTERM or SIGUSR1 saves at the next step and ends with status 75. A model
that is already there, whole and from the same inputs, settings, code and environment, is not trained again.
"""

import argparse
import fcntl
import json
import logging
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from koreason.errors import UserError
from koreason.manifest import Stage, read_manifest
from koreason.train import weights
from koreason.train.bins import Plan, plan_bins, read_packed
from koreason.train.families import read_shape
from koreason.train.job import Job, add_arguments, read_job
from koreason.train.ranks import POLL, run_ranks
from koreason.train.tasks import Task, this_task

__all__ = ["add_arguments", "main"]

log = logging.getLogger(__name__)


def main(arguments: argparse.Namespace) -> int:
    """Train, and declare the model."""
    job, task = read_job(arguments), this_task(os.environ)
    options = [part for name in ("spec", "schedule", "packed", "base", "out") for part in (f"--{name}", str(getattr(arguments, name)))]
    command = [sys.executable, "-m", "koreason", "train-rank", *options]
    spec = {"model": vars(job.spec), "schedule": vars(job.schedule)}
    model = Stage(job.out, "train", spec, [arguments.packed, arguments.base])
    if task.index > 0:
        # The first task checks, reports and declares; the ranks of the others wait for its own to show up.
        if not model.made_before():
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
    shutil.rmtree(job.checkpoints)  # many times the model's size, and of no use beside the finished model
    return 0


def check(job: Job, task: Task) -> Plan:
    """Refuse before anything is started what could not be trained; returns the plan.

    Raises:
        UserError: what is wrong.
    """
    for name, facts in read_manifest(job.base)["files"].items():
        path = job.base / name
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            raise UserError("missing, or not of the size that its manifest states", path, "run `koreason base` again")
    shape = read_shape(job.base, job.spec.tensor_parallel)
    weights.check(shape, job.base)
    packed = read_packed(job.packed)
    lengths = packed.bounds[1:] - packed.bounds[:-1]
    if not len(lengths):
        raise UserError("holds no document", job.packed, "look at its dropped.parquet")
    if packed.tokens.max() >= shape.vocabulary:
        raise UserError(
            f"token {packed.tokens.max()} is not in the base's vocabulary of {shape.vocabulary}", job.packed, "pack with its tokenizer"
        )
    plan = plan_bins(lengths, job.schedule)
    if not plan.bins:
        raise UserError(
            f"{job.schedule.sequence_length} is less than every document's length",
            "sequence_length",
            f"the shortest of {len(lengths)} has {lengths.min()} tokens",
        )
    if job.schedule.global_batch % job.spec.data_parallel:
        raise UserError(f"{job.spec.data_parallel} does not divide global_batch {job.schedule.global_batch}", "data_parallel")
    if job.ranks % task.count:
        raise UserError(f"{task.count} tasks cannot share {job.ranks} ranks evenly", "resources.train", "nodes × tasks must divide them")
    gpus, mine = torch.cuda.device_count(), len(task.ranks(job.ranks))
    if gpus and gpus < mine:
        raise UserError(
            f"tensor_parallel × data_parallel puts {mine} ranks here, but there are {gpus} GPUs", "resources", "ask for more, or lower one"
        )
    return plan


@contextmanager
def _alone(job: Job) -> Iterator[int]:
    """Keep a second training out of the folder. The ranks hold the lock too, so it outlives a launcher that was killed."""
    job.checkpoints.mkdir(parents=True, exist_ok=True)
    with open(job.checkpoints / "lock", "w") as file:
        for _ in range(100):  # ranks of a killed launcher need a moment to notice
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL)
        else:
            raise UserError("another training is running there", job.out, "wait for it or end it")
        yield file.fileno()


def _declare(stage: Stage, job: Job, task: Task, plan: Plan) -> None:
    """Complete the model's folder and declare what is in it."""
    for name in _copied(job.base):
        shutil.copyfile(job.base / name, stage.path(name))
        stage.add(name)
    config = json.loads((job.base / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    text = json.dumps(config | {"dtype": job.spec.dtype}, indent=2, sort_keys=True, ensure_ascii=False)
    stage.path("config.json").write_text(text + "\n", encoding="utf-8")
    stage.add("config.json")
    for path in sorted(job.out.glob("model*.safetensors*")):
        stage.add(path.name)
    rows = _rows(job.out / "metrics.jsonl")
    stage.add("metrics.jsonl", rows=len(rows))
    stage.counts = {
        "documents": sum(map(len, plan.bins)),
        "dropped": {"longer than sequence_length": plan.dropped},
        "bins": len(plan.bins),
        "steps": plan.steps,
        "tokens": sum(row["tokens"] for row in rows),
        "loss_tokens": sum(row["loss_tokens"] for row in rows),
    }
    steps = _rows(job.out / "throughput.jsonl")
    if steps:
        seconds = sum(row["seconds"] for row in steps)
        stage.run["seconds_per_step"] = statistics.median(row["seconds"] for row in steps)
        stage.run["tokens_per_second"] = sum(row["tokens"] for row in steps) / seconds
    stage.run["ranks"], stage.run["tasks"] = job.ranks, task.count
    stage.run["device"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"


def _copied(base: Path) -> list[str]:
    """Files of the base that go with the model as they are: its tokenizer, chat template and generation defaults."""
    names = [path.name for path in sorted(base.iterdir()) if path.suffix in (".json", ".jinja", ".txt", ".model")]
    return [name for name in names if name not in ("config.json", "manifest.json", "run.json", weights.INDEX)]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
