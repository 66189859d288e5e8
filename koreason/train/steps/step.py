"""A model with its optimizer, and one optimizer step over a batch of bins.

    trainer = Trainer(shape, spec, schedule, fill)
    loss_sum, gradient_norm = trainer.step(batch, learning_rate(schedule, 0, steps))

The same on CPU and GPU, and for every layout over ranks: the loss is the mean over all learnt tokens of the global batch.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed
from megatron.core import parallel_state
from megatron.core.distributed import DistributedDataParallel, DistributedDataParallelConfig, finalize_model_grads
from megatron.core.optimizer import OptimizerConfig, get_megatron_optimizer
from megatron.core.pipeline_parallel.schedules import get_forward_backward_func
from megatron.core.tensor_parallel.random import model_parallel_cuda_manual_seed
from torch import Tensor

from koreason.train.decoder import cpu, cuda
from koreason.train.decoder.layout import weights
from koreason.train.decoder.model import DTYPES, build
from koreason.train.decoder.shape import Shape
from koreason.train.documents.bins import Bin
from koreason.train.spec import Model, Schedule
from koreason.train.steps import adam
from koreason.train.steps.meeting import meet


def learning_rate(schedule: Schedule, step: int, steps: int) -> float:
    """Learning rate of `step` (from 0) of `steps`: a linear rise over the warm-up, then the decay, `min_lr` at the last."""
    warmup = round(schedule.warmup_share * steps)
    if step < warmup:
        return schedule.lr * (step + 1) / (warmup + 1)
    if schedule.decay == "constant":
        return schedule.lr
    done = (step - warmup) / max(1, steps - 1 - warmup)
    left = 0.5 * (1.0 + math.cos(math.pi * done)) if schedule.decay == "cosine" else 1.0 - done
    return schedule.min_lr + (schedule.lr - schedule.min_lr) * left


def connect(spec: Model, rank: int, ranks: int, rendezvous: str) -> None:
    """Join the other ranks and form Megatron's groups; neighbouring ranks share a layer."""
    cpu.install()
    torch.distributed.init_process_group(cuda.backend(), store=meet(rendezvous, ranks), rank=rank, world_size=ranks)
    form_groups(spec)


def form_groups(spec: Model) -> None:
    """Form Megatron's groups of ranks that have met."""
    parallel_state.initialize_model_parallel(tensor_model_parallel_size=spec.tensor_parallel, create_gloo_process_groups=False)
    model_parallel_cuda_manual_seed(0)  # nothing is drawn (no dropout, all weights are loaded), but Megatron asks for it


class Stopped(Exception):
    """A step was left between two of its bins."""


class Trainer:
    """One rank's part of a model, its gradients and its optimizer."""

    def __init__(self, shape: Shape, spec: Model, schedule: Schedule, fill: Callable[[torch.nn.Module], None]) -> None:
        """Build; `fill` loads the weights, before the optimizer copies them to float32."""
        self.model = build(shape, spec)
        fill(self.model)
        config = self.model.config
        how = DistributedDataParallelConfig(
            grad_reduce_in_fp32=True,
            use_distributed_optimizer=spec.distributes,
            overlap_grad_reduce=spec.data_parallel > 1,
        )
        self.ddp = DistributedDataParallel(config, how, self.model)
        self.megatron_optimizer = get_megatron_optimizer(
            OptimizerConfig(
                optimizer=adam.NAME,
                lr=schedule.lr,
                min_lr=schedule.min_lr,
                weight_decay=schedule.weight_decay,
                adam_beta1=schedule.beta1,
                adam_beta2=schedule.beta2,
                clip_grad=schedule.clip,
                bf16=config.bf16,
                params_dtype=DTYPES[spec.dtype],
                use_distributed_optimizer=spec.distributes,
            ),
            [self.ddp],
            use_gloo_process_groups=False,
        )
        for group in self.optimizer.param_groups:  # one kernel for all of a group, here as on a GPU; its counters lie beside the states
            group |= {"fused": True, "foreach": False}
        config.finalize_model_grads_func = finalize_model_grads
        config.grad_scale_func = self.megatron_optimizer.scale_loss
        config.no_sync_func = self.ddp.no_sync
        self.distributes = spec.distributes
        self._weight_decay, self._clip, self._shape = schedule.weight_decay, schedule.clip, shape
        self._forward_backward = get_forward_backward_func()

    @property
    def sharing(self) -> Any:
        """Megatron's optimizer of all parameters, which knows of which this rank updates what."""
        [optimizer] = self.megatron_optimizer.chained_optimizers
        return optimizer

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """Torch's optimizer inside Megatron's."""
        optimizer: torch.optim.Optimizer = self.sharing.optimizer
        return optimizer

    def step(self, batch: list[Bin], rate: float) -> tuple[float, float]:
        """Take one step over this rank's bins; returns the rank's sum of losses and the global gradient norm before clipping."""
        losses = self.backward(batch)
        norm = self.clip()
        self.update(rate)
        return sum(losses), norm

    def backward(self, batch: list[Bin], stopping: Callable[[], bool] | None = None) -> list[float]:
        """Gradients of this rank's bins; returns each bin's sum of losses.

        Raises:
            Stopped: `stopping`, which is asked between two bins, said so; the gradients are of no use.
        """
        return list(torch.stack(self.gather(batch, stopping)).tolist())

    def gather(self, batch: list[Bin], stopping: Callable[[], bool] | None = None) -> list[Tensor]:
        """`backward`, which waits for no number."""
        self.ddp.zero_grad_buffer()
        self.megatron_optimizer.zero_grad()
        parts = self._forward_backward(
            forward_step_func=forward,
            data_iterator=_heeding(batch, stopping),
            model=[self.ddp],
            num_microbatches=len(batch),
            seq_length=max(len(item.tokens) for item in batch),
            micro_batch_size=1,
            forward_only=False,
        )
        return [part["loss"] for part in parts]

    def losses(self, batch: list[Bin]) -> list[float]:
        """Each bin's sum of losses, and nothing is learnt of it."""
        with torch.no_grad():
            return [float(self.model(**model_inputs(item))) for item in batch]

    def clip(self) -> float:
        """Clip the gradients; returns their global norm before. Nothing that is kept has changed yet."""
        self.megatron_optimizer.prepare_grads()
        return float(self.megatron_optimizer.clip_grad_norm(self._clip))

    def update(self, rate: float) -> None:
        """Let the optimizer take the gradients in."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
            group["weight_decay"] = self._weight_decay * group["wd_mult"]  # 0 for norms and biases
        self.megatron_optimizer.step_with_ready_grads()

    def lost_at(self) -> str:
        """Where numbers were lost, as Hugging Face names weights: in a weight, else in the gradient that is nearest to the loss."""
        own = dict(self.model.named_parameters())
        table = [(weight.hugging_face[0], own[weight.megatron]) for weight in weights(self._shape)]
        for name, parameter in table:
            if not parameter.isfinite().all():
                return f"{name} itself"
        for name, parameter in reversed(table):
            if not parameter.main_grad.isfinite().all():
                return f"the gradient of {name}"
        return "the loss"


def _heeding(batch: list[Bin], stopping: Callable[[], bool] | None) -> Iterator[Bin]:
    for number, item in enumerate(batch):
        if number and stopping and stopping():
            raise Stopped
        yield item


def forward(batch: Iterator[Bin], model: Any) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor, dict[str, Tensor]]]]:
    """Megatron's forward step: the sum of losses, and the function that says of how many tokens."""
    inputs = model_inputs(next(batch))
    count = torch.tensor(len(inputs["learnt"]), dtype=torch.int, device=cuda.device())
    return model(**inputs), lambda total: (total, count, {"loss": total.detach()})


def model_inputs(item: Bin) -> dict[str, Any]:
    """Arguments of a model's forward pass over one bin; without what is learnt it gives logits."""
    tokens, learnt, labels = (torch.from_numpy(array).to(cuda.device(), non_blocking=True) for array in (item.tokens, *item.learnt))
    return {"tokens": tokens, "bounds": item.bounds.tolist(), "learnt": learnt, "labels": labels}
