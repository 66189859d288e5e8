"""Head and cross-entropy together, on learnt tokens only and in chunks: logits of a whole bin never exist.

    total = loss(hidden, weight, labels, Share(group, first=0, rows=151936), cap=None)

`hidden` holds the learnt tokens, [learnt, hidden]; `weight` this rank's rows of the head. The gradient is made with the loss, while a
chunk's logits are there: the weight's is added to its float32 buffer at once. So it is the gradient of the sum of losses and of nothing
else, and what comes back from above has to be 1, as it is where losses are added up and divided in the end. `plainly` is the definition.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor

from koreason.train.cost import CHUNK, LOGITS
from koreason.train.decoder import cuda
from koreason.train.decoder.parts import gradients

MOST = CHUNK  # tokens of a chunk, beyond which products gain nothing; fewer where the vocabulary is large
MAX = torch.distributed.ReduceOp.MAX


@dataclass(frozen=True)
class Share:
    """A rank's rows of the head.

    Attributes:
        group: ranks that share the vocabulary.
        first: token of the first row.
        rows: tokens that are none of padding.
    """

    group: torch.distributed.ProcessGroup
    first: int
    rows: int


def _capped(logits: Tensor, cap: float | None) -> Tensor:
    return logits if cap is None else cap * torch.tanh(logits / cap)


def _top(logits: Tensor, cap: float | None) -> Tensor:
    return _capped(logits.float(), cap).amax(-1)


def _sums(logits: Tensor, labels: Tensor, top: Tensor, cap: float | None) -> tuple[Tensor, Tensor]:
    """Sum of exponents, and the label's logit, both against `top`; zero where the label is another rank's."""
    wide = _capped(logits.float(), cap) - top[:, None]
    mine = (labels >= 0) & (labels < logits.shape[-1])
    own = wide.gather(-1, labels.clamp(0, logits.shape[-1] - 1)[:, None])[:, 0]
    return wide.exp().sum(-1), torch.where(mine, own, 0.0)


def _gradient(logits: Tensor, labels: Tensor, top: Tensor, total: Tensor, cap: float | None) -> Tensor:
    wide = _capped(logits.float(), cap)
    columns = torch.arange(logits.shape[-1], device=logits.device)
    gradient = (wide - top[:, None]).exp() / total[:, None] - (columns == labels[:, None]).float()
    return (gradient if cap is None else gradient * (1.0 - (wide / cap).square())).to(logits.dtype)


_top_of, _sums_of, _gradient_of = cuda.fused(_top), cuda.fused(_sums), cuda.fused(_gradient)


class _Loss(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, labels: Tensor, share: Share, cap: float | None, last: bool, learning: bool
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        many, into, rows = share.group.size() > 1, gradients.gathered(weight), weight.detach()[: share.rows]
        of_hidden = torch.empty_like(hidden) if learning else hidden
        adding = into if into is not None or not learning else torch.zeros_like(weight, dtype=torch.float32)
        chunk = max(1, min(MOST, LOGITS // max(1, share.rows)))
        for start in range(0, hidden.shape[0], chunk):
            part, own = hidden[start : start + chunk], labels[start : start + chunk] - share.first
            logits = part @ rows.t()
            top = _top_of(logits, cap)
            if many:
                torch.distributed.all_reduce(top, MAX, group=share.group)
            exponents, label = _sums_of(logits, own, top, cap)
            if many:
                sums = torch.stack((exponents, label))
                torch.distributed.all_reduce(sums, group=share.group)
                exponents, label = sums
            total += (exponents.log() - label).sum()
            if adding is not None and learning:
                gradient = _gradient_of(logits, own, top, exponents, cap)
                del logits
                torch.mm(gradient, rows, out=of_hidden[start : start + chunk])
                cuda.add_product(adding[: share.rows], gradient.t(), part)
                del gradient
        if learning:
            if many:
                torch.distributed.all_reduce(of_hidden, group=share.group)
            ctx.save_for_backward(of_hidden)
            ctx.weight, ctx.last, ctx.into = weight, last, adding
        return total

    @staticmethod
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor | None, ...]:
        (of_hidden,) = ctx.saved_tensors
        if gradients.gathered(ctx.weight) is None:
            of_weight = (ctx.into * above).to(ctx.weight.dtype)
        else:
            of_weight = gradients.told(ctx.weight) if ctx.last else None
        return of_hidden * above.to(of_hidden.dtype), of_weight, None, None, None, None, None


def loss(hidden: Tensor, weight: Tensor, labels: Tensor, share: Share, cap: float | None = None, last: bool = True) -> Tensor:
    """Sum of the losses of learnt tokens, float32.

    Args:
        hidden: [learnt, hidden], the same on all ranks of the group; so is its gradient.
        weight: [rows, hidden], this rank's; rows beyond `share.rows` are padding.
        labels: int64 [learnt].
        cap: soft limit of logits.
        last: whether nothing else adds to the weight's gradient after this, as an embedding does that is the head, too.
    """
    total: Tensor = _Loss.apply(hidden, weight, labels, share, cap, last, torch.is_grad_enabled())
    return total


def plainly(hidden: Tensor, weight: Tensor, labels: Tensor, cap: float | None = None) -> Tensor:
    """`loss` by its definition, of one rank's whole head: all logits at once, in float32."""
    return F.cross_entropy(_capped((hidden @ weight.t()).float(), cap), labels, reduction="sum")
