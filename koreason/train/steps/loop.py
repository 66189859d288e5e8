"""A training job as one rank sees it: resume, take steps, save, export.

    train(job, rank, stop)

Ranks meet at `KOREASON_RENDEZVOUS`. The first one writes metrics and weights; what is written is the same for every layout.
"""

import json
import logging
import math
import os
import shutil
import threading
import time
from typing import IO, Any

import torch
import torch.distributed
from megatron.core import parallel_state

from koreason.errors import UserError
from koreason.progress import bar
from koreason.records import attempts
from koreason.train.decoder import cpu, weights
from koreason.train.decoder.shape import read_shape
from koreason.train.documents.bins import Packed, Plan, assemble, plan_bins, read_packed
from koreason.train.job import Job
from koreason.train.steps import checkpoint
from koreason.train.steps.step import Trainer, connect, learning_rate

log = logging.getLogger(__name__)


def train(job: Job, rank: int, stop: threading.Event) -> bool:
    """Train from the newest checkpoint, or from the base, to the exported model; tells whether it came to the end."""
    if torch.cuda.is_available():
        # Slurm shows a task all GPUs of its node, or only the task's own
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    connect(job.spec, rank, job.ranks, os.environ["KOREASON_RENDEZVOUS"])
    shape = read_shape(job.base, job.spec.tensor_parallel)
    trainer = Trainer(shape, job.spec, job.schedule, lambda model: weights.load(model, shape, job.base))
    done = _resume(job, trainer)
    packed = read_packed(job.packed)
    plan = plan_bins(packed.bounds[1:] - packed.bounds[:-1], job.schedule)
    if _steps(job, trainer, packed, plan, done, stop) < plan.steps:
        return False
    weights.save(trainer.model, shape, job.base, job.out)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    return True


def _resume(job: Job, trainer: Trainer) -> int:
    """Load the newest checkpoint and cut the metrics to it; returns the steps done."""
    found: list[Any] = [None]
    if torch.distributed.get_rank() == 0:
        record = checkpoint.find(job.checkpoints, job.settings)
        found = [record["step"] if record else 0]
        if record:
            log.info("going on after step %d", record["step"])
            shutil.copyfile(checkpoint.path_of(job.checkpoints, record["step"]) / checkpoint.METRICS, job.out / "metrics.jsonl")
        else:
            (job.out / "metrics.jsonl").write_bytes(b"")
        (job.out / "throughput.jsonl").write_bytes(b"")
    torch.distributed.broadcast_object_list(found)
    done = int(found[0])
    if done:
        checkpoint.load(job.checkpoints, done, trainer.model, trainer.optimizer)
    return done


def _steps(job: Job, trainer: Trainer, packed: Packed, plan: Plan, done: int, stop: threading.Event) -> int:
    """Take the steps that are left, or as many as come before a signal; returns how many are done then."""
    first = torch.distributed.get_rank() == 0
    multiple = job.spec.tensor_parallel if job.spec.sequence_parallel else 1
    data_rank, seen = parallel_state.get_data_parallel_rank(), 0
    progress = bar(total=plan.steps, what="train", unit="step") if first else None
    if progress is not None:
        progress.update(done)
    with open(job.out / "metrics.jsonl" if first else os.devnull, "a", encoding="utf-8") as metrics, \
         open(job.out / "throughput.jsonl" if first else os.devnull, "a", encoding="utf-8") as throughput:  # fmt: skip
        while done < plan.steps:
            started = time.monotonic()
            share = plan.share(done, data_rank, job.spec.data_parallel)
            batch = [assemble(packed, [] if number is None else plan.bins[number], multiple) for number in share]
            rate = learning_rate(job.schedule, done, plan.steps)
            loss, norm = trainer.step(batch, rate)
            learnt, size = sum(int(item.mask.sum()) for item in batch), sum(item.size for item in batch)
            total = _add_up([loss, learnt, size])
            epoch = plan.epoch(done) + 1
            done += 1
            row = {"step": done, "epoch": epoch, "loss": total[0] / total[1], "grad_norm": norm, "lr": rate}
            if not (math.isfinite(row["loss"]) and math.isfinite(norm)):
                raise UserError(f"loss {row['loss']}, gradient norm {norm}", f"step {done}", "lower lr, or look at its documents")
            _write(metrics, row | {"tokens": int(total[2]), "loss_tokens": int(total[1])})
            _write(throughput, {"step": done, "seconds": time.monotonic() - started, "tokens": int(total[2])})
            seen += int(total[2])
            if first:
                attempts.note(last=done == plan.steps or stop.is_set(), tokens=seen)
            if progress is not None:
                progress.set_postfix(loss=f"{row['loss']:.4f}", refresh=False)
                progress.update()
            stopping = done < plan.steps and _any(stop.is_set())
            if stopping or (done % job.schedule.save_every == 0 and done < plan.steps):
                checkpoint.save(
                    job.checkpoints, job.settings, done, trainer.model, trainer.optimizer,
                    job.out / "metrics.jsonl", job.schedule.keep_checkpoints,
                )  # fmt: skip
            if stopping:
                log.info("told to stop: saved after step %d of %d", done, plan.steps)
                break
    if progress is not None:
        progress.close()
    return done


def _write(file: IO[str], row: dict[str, Any]) -> None:
    file.write(json.dumps(row) + "\n")
    file.flush()


def _add_up(values: list[float]) -> list[float]:
    """Sums over the data-parallel ranks."""
    tensor = torch.tensor(values, dtype=torch.float64, device=cpu.device())
    torch.distributed.all_reduce(tensor, group=parallel_state.get_data_parallel_group())
    return [float(value) for value in tensor.tolist()]


def _any(flag: bool) -> bool:
    """Whether any rank says so; all ranks get the same answer, as a signal may reach them around different steps."""
    tensor = torch.tensor(int(flag), device=cpu.device())
    torch.distributed.all_reduce(tensor, op=torch.distributed.ReduceOp.MAX)
    return bool(tensor.item())
