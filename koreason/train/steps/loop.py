"""A training job as one rank sees it: resume, take steps, save, export.

    train(job, rank, stop)

Ranks meet at `KOREASON_RENDEZVOUS`. The first one writes metrics and weights; what is written is the same for every layout.
"""

import logging
import math
import os
import shutil
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torch.distributed
from megatron.core import parallel_state

from koreason.errors import UserError
from koreason.records import attempts
from koreason.records.stage import MAKING
from koreason.tables import read_table
from koreason.train.cost import flops
from koreason.train.decoder import cuda, weights
from koreason.train.decoder.shape import Shape, read_shape
from koreason.train.documents.bins import Bin, Packed, Plan, assemble, plan_bins, read_packed, shared
from koreason.train.documents.table import DOCUMENTS
from koreason.train.job import Job
from koreason.train.steps import checkpoint
from koreason.train.steps.saver import Saver
from koreason.train.steps.step import Stopped, Trainer, connect, learning_rate
from koreason.train.steps.until import Until
from koreason.train.steps.watch import METRICS, THROUGHPUT, Watch

ROWS = 5  # named of a step that went wrong

log = logging.getLogger(__name__)


def train(job: Job, rank: int, stop: threading.Event) -> bool:
    """Train from the newest checkpoint, or from the base, to the exported model; tells whether it came to the end."""
    cuda.take(int(os.environ["LOCAL_RANK"]))
    connect(job.spec, rank, job.ranks, os.environ["KOREASON_RENDEZVOUS"])
    shape = read_shape(job.base, job.spec.tensor_parallel)
    trainer = Trainer(shape, job.spec, job.schedule, lambda model: weights.load(model, shape, job.base))
    done = _resume(job, trainer, shape)
    packed = read_packed(job.packed)
    plan = plan_bins(packed.bounds[1:] - packed.bounds[:-1], job.schedule)
    if Steps(job, trainer, packed, plan, Until(stop, os.environ), done).take() < plan.steps:
        return False
    weights.save(trainer.model, shape, job.base, job.out / MAKING)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    return True


def _resume(job: Job, trainer: Trainer, shape: Shape) -> int:
    """Load the newest checkpoint and cut the metrics to it; returns the steps done."""
    # a number and no object: what ranks send each other is never a pickle
    found = torch.zeros(1, dtype=torch.int64, device=cuda.device())
    if torch.distributed.get_rank() == 0:
        job.live.mkdir(exist_ok=True)
        record = checkpoint.find(job.checkpoints, job.settings)
        if record:
            found[0] = record["step"]
            log.info("going on after step %d", record["step"])
            shutil.copyfile(checkpoint.path_of(job.checkpoints, record["step"]) / checkpoint.METRICS, job.live / METRICS)
        else:
            (job.live / METRICS).write_bytes(b"")
        (job.live / THROUGHPUT).write_bytes(b"")
    torch.distributed.broadcast(found, 0)
    done = int(found)
    if done:
        checkpoint.load(job.checkpoints, done, trainer, shape)
    return done


@dataclass
class Steps:
    """The steps of one attempt."""

    job: Job
    trainer: Trainer
    packed: Packed
    plan: Plan
    until: Until
    done: int
    stopping: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        job, self.first = self.job, torch.distributed.get_rank() == 0
        self.begun = self.saved = self.done
        self.multiple = job.spec.tensor_parallel if job.spec.sequence_parallel else 1
        self.data_rank = parallel_state.get_data_parallel_rank()
        self.control = torch.distributed.new_group(backend="gloo")  # its questions do not wait for a GPU
        self.saver = Saver(job.checkpoints, job.settings, job.schedule.keep_checkpoints)

    def take(self) -> int:
        """Take the steps that are left, or as many as come before a stop; returns how many are done then."""
        job, plan = self.job, self.plan
        shape = read_shape(job.base, job.spec.tensor_parallel)
        with Watch(job.live, partial(flops, shape), job.ranks, plan.steps, self.done) if self.first else nullcontext() as watch:
            tokens = 0
            while self.done < plan.steps and not self.stopping:
                if watch:
                    watch.begin()
                try:
                    row = self._step()
                except Stopped:
                    self.stopping = True
                    if self.first:
                        log.info("told to stop within step %d: what it has gathered is dropped", self.done + 1)
                    break
                tokens += row["tokens"]
                if watch:
                    watch.step(row, sum(plan.cost(documents) for documents in plan.step(self.done - 1)))
                if self.first:
                    attempts.note(last=self.done == plan.steps or self.until.told, tokens=tokens)
                self.stopping = self.done < plan.steps and self._over()
                if self.done % job.schedule.save_every == 0 and self.done < plan.steps:
                    self._save()
            if self.stopping:
                self._save()
            self.saver.finish()
        if self.stopping and self.first:
            log.info("told to stop: saved after step %d of %d", self.done, plan.steps)
        return self.done

    def _save(self) -> None:
        if self.done > self.saved:
            self.saver.begin(self.done, self.trainer, self.job.live / METRICS)
            self.saved = self.done

    def _over(self) -> bool:
        """Whether any rank has to stop; all get the same answer, as a signal may reach them around different bins.

        A checkpoint that all have written is declared on the way.
        """
        # who has done nothing yet waits for the signal: it would come back with as little time
        over = self.until.over(self.saver.longest) if self.done > self.begun else self.until.told
        answers = torch.tensor([int(over), int(self.saver.busy)])
        torch.distributed.all_reduce(answers, op=torch.distributed.ReduceOp.MAX, group=self.control)
        if not answers[1]:
            self.saver.settle()
        return bool(answers[0])

    def _bins(self, batch: list[list[int]]) -> list[Bin]:
        return [assemble(self.packed, documents, self.multiple) for documents in batch]

    def _step(self) -> dict[str, Any]:
        """Take one step; what `metrics.jsonl` says of it.

        Raises:
            Stopped: before its last bin.
            UserError: its loss or its gradient is no number.
        """
        plan, trainer, number = self.plan, self.trainer, self.done
        batch = self._bins(plan.share(number, self.data_rank, self.job.spec.data_parallel))
        rate = learning_rate(self.job.schedule, number, plan.steps)
        losses = trainer.backward(batch, self._over)
        learnt, size = sum(len(item.learnt[0]) for item in batch), sum(item.size for item in batch)
        total, norm = _add_up([sum(losses), learnt, size]), trainer.clip()
        # a step without learnt tokens is a step, of which nothing is learnt
        row = {"step": number + 1, "epoch": plan.epoch(number) + 1, "loss": total[0] / max(total[1], 1), "grad_norm": norm, "lr": rate}
        if not (math.isfinite(row["loss"]) and math.isfinite(norm)):
            raise self._not_finite(row, losses)
        trainer.update(rate)
        self.done += 1
        row |= {"tokens": int(total[2]), "loss_tokens": int(total[1])}
        return row | ({"held_out_loss": self._held_out()} if plan.held_out and plan.ends_epoch(number) else {})

    def _held_out(self) -> float:
        """Mean loss of what is learnt elsewhere, over documents that were kept back."""
        batch = self._bins(shared(self.plan.held_out, self.data_rank, self.job.spec.data_parallel))
        loss, tokens = _add_up([sum(self.trainer.losses(batch)), sum(len(item.learnt[0]) for item in batch)])
        return loss / max(tokens, 1)

    def _not_finite(self, row: dict[str, Any], losses: list[float]) -> UserError:
        """What is said of a step whose loss or gradient is no number: where it was lost, and the rows that it was lost on."""
        ranks, bins = self.job.spec.data_parallel, self.plan.step(row["step"] - 1)
        lost = torch.zeros(len(losses) * ranks, device=cuda.device())
        lost[self.data_rank :: ranks] = torch.tensor([float(not math.isfinite(loss)) for loss in losses], device=cuda.device())
        torch.distributed.all_reduce(lost, group=parallel_state.get_data_parallel_group())
        flagged = [documents for documents, one in zip(bins, lost.tolist(), strict=False) if one] or bins
        documents = sorted(document for group in flagged for document in group)
        table = read_table(self.job.packed, "documents.parquet", DOCUMENTS)
        ids = ", ".join(table["prompt_id"].gather(documents[:ROWS]).to_list()) + (" …" if len(documents) > ROWS else "")
        said = f"loss {row['loss']}, gradient norm {row['grad_norm']}, lost in {self.trainer.lost_at()}; the model is as it was before"
        return UserError(said, f"step {row['step']}", f"lower lr, or look at its {len(documents)} rows: {ids}")


def _add_up(values: list[float]) -> list[float]:
    """Sums over the data-parallel ranks."""
    tensor = torch.tensor(values, dtype=torch.float64, device=cuda.device())
    torch.distributed.all_reduce(tensor, group=parallel_state.get_data_parallel_group())
    return [float(value) for value in tensor.tolist()]
