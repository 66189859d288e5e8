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
from koreason.records.stage import MAKING
from koreason.tables import read_table
from koreason.train.decoder import cpu, weights
from koreason.train.decoder.shape import Shape, read_shape
from koreason.train.documents.bins import Packed, Plan, assemble, plan_bins, read_packed
from koreason.train.documents.table import DOCUMENTS
from koreason.train.job import Job
from koreason.train.steps import checkpoint
from koreason.train.steps.step import Stopped, Trainer, connect, learning_rate

ROWS = 5  # named of a step that went wrong

log = logging.getLogger(__name__)


def train(job: Job, rank: int, stop: threading.Event) -> bool:
    """Train from the newest checkpoint, or from the base, to the exported model; tells whether it came to the end."""
    if torch.cuda.is_available():
        # Slurm shows a task all GPUs of its node, or only the task's own
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    connect(job.spec, rank, job.ranks, os.environ["KOREASON_RENDEZVOUS"])
    shape = read_shape(job.base, job.spec.tensor_parallel)
    trainer = Trainer(shape, job.spec, job.schedule, lambda model: weights.load(model, shape, job.base))
    done = _resume(job, trainer, shape)
    packed = read_packed(job.packed)
    plan = plan_bins(packed.bounds[1:] - packed.bounds[:-1], job.schedule)
    if _steps(job, trainer, packed, plan, done, stop) < plan.steps:
        return False
    weights.save(trainer.model, shape, job.base, job.out / MAKING)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    return True


def _resume(job: Job, trainer: Trainer, shape: Shape) -> int:
    """Load the newest checkpoint and cut the metrics to it; returns the steps done."""
    # a number and no object: what ranks send each other is never a pickle
    found = torch.zeros(1, dtype=torch.int64, device=cpu.device())
    if torch.distributed.get_rank() == 0:
        job.live.mkdir(exist_ok=True)
        record = checkpoint.find(job.checkpoints, job.settings)
        if record:
            found[0] = record["step"]
            log.info("going on after step %d", record["step"])
            shutil.copyfile(checkpoint.path_of(job.checkpoints, record["step"]) / checkpoint.METRICS, job.live / "metrics.jsonl")
        else:
            (job.live / "metrics.jsonl").write_bytes(b"")
        (job.live / "throughput.jsonl").write_bytes(b"")
    torch.distributed.broadcast(found, 0)
    done = int(found)
    if done:
        checkpoint.load(job.checkpoints, done, trainer.model, trainer.optimizer, shape)
    return done


def _steps(job: Job, trainer: Trainer, packed: Packed, plan: Plan, done: int, stop: threading.Event) -> int:
    """Take the steps that are left, or as many as come before a signal; returns how many are done then."""
    first = torch.distributed.get_rank() == 0
    multiple = job.spec.tensor_parallel if job.spec.sequence_parallel else 1
    data_rank, seen, saved = parallel_state.get_data_parallel_rank(), 0, done
    control = torch.distributed.new_group(backend="gloo")  # its questions do not wait for a GPU
    progress = bar(total=plan.steps, what="train", unit="step") if first else None
    if progress is not None:
        progress.update(done)
    with open(job.live / "metrics.jsonl" if first else os.devnull, "a", encoding="utf-8") as metrics, \
         open(job.live / "throughput.jsonl" if first else os.devnull, "a", encoding="utf-8") as throughput:  # fmt: skip
        while done < plan.steps:
            started = time.monotonic()
            share = plan.share(done, data_rank, job.spec.data_parallel)
            batch = [assemble(packed, [] if number is None else plan.bins[number], multiple) for number in share]
            rate = learning_rate(job.schedule, done, plan.steps)
            try:
                losses = trainer.backward(batch, lambda: _any(stop.is_set(), control))
            except Stopped:
                stopping = True
                if first:
                    log.info("told to stop within step %d: what it has gathered is dropped", done + 1)
            else:
                learnt, size = sum(int(item.mask.sum()) for item in batch), sum(item.size for item in batch)
                total, norm = _add_up([sum(losses), learnt, size]), trainer.clip()
                # a step without learnt tokens is a step, of which nothing is learnt
                row = {"step": done + 1, "epoch": plan.epoch(done) + 1, "loss": total[0] / max(total[1], 1), "grad_norm": norm, "lr": rate}
                if not (math.isfinite(row["loss"]) and math.isfinite(norm)):
                    raise _not_finite(job, trainer, plan, row, losses, data_rank)
                trainer.update(rate)
                done += 1
                _write(metrics, row | {"tokens": int(total[2]), "loss_tokens": int(total[1])})
                _write(throughput, {"step": done, "seconds": time.monotonic() - started, "tokens": int(total[2])})
                seen += int(total[2])
                if first:
                    attempts.note(last=done == plan.steps or stop.is_set(), tokens=seen)
                if progress is not None:
                    progress.set_postfix(loss=f"{row['loss']:.4f}", refresh=False)
                    progress.update()
                stopping = done < plan.steps and _any(stop.is_set(), control)
            if done > saved and (stopping or (done % job.schedule.save_every == 0 and done < plan.steps)):
                checkpoint.save(
                    job.checkpoints, job.settings, done, trainer.model, trainer.optimizer,
                    job.live / "metrics.jsonl", job.schedule.keep_checkpoints,
                )  # fmt: skip
                saved = done
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


def _any(flag: bool, group: torch.distributed.ProcessGroup) -> bool:
    """Whether any rank says so; all ranks get the same answer, as a signal may reach them around different bins."""
    tensor = torch.tensor(int(flag), device="cpu")
    torch.distributed.all_reduce(tensor, op=torch.distributed.ReduceOp.MAX, group=group)
    return bool(tensor.item())


def _not_finite(job: Job, trainer: Trainer, plan: Plan, row: dict[str, Any], losses: list[float], data_rank: int) -> UserError:
    """What is said of a step whose loss or gradient is no number: where it was lost, and the rows that it was lost on."""
    bins = plan.step(row["step"] - 1)
    lost = torch.zeros(len(losses) * job.spec.data_parallel, device=cpu.device())
    lost[data_rank :: job.spec.data_parallel] = torch.tensor([float(not math.isfinite(loss)) for loss in losses])
    torch.distributed.all_reduce(lost, group=parallel_state.get_data_parallel_group())
    flagged = [number for number, one in zip(bins, lost.tolist(), strict=False) if one] or bins
    documents = sorted(document for number in flagged for document in plan.bins[number])
    table = read_table(job.packed, "documents.parquet", DOCUMENTS)
    ids = ", ".join(table["prompt_id"].gather(documents[:ROWS]).to_list()) + (" …" if len(documents) > ROWS else "")
    said = f"loss {row['loss']}, gradient norm {row['grad_norm']}, lost in {trainer.lost_at()}; the model is as it was before"
    return UserError(said, f"step {row['step']}", f"lower lr, or look at its {len(documents)} rows: {ids}")
