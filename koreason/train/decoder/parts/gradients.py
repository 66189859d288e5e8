"""Gradients of weights, added where they are gathered: no gradient of a bin is ever a tensor of its own.

    gradients.install()          # Megatron's linear layers do the same then
    into = gradients.gathered(weight)

Megatron's `main_grad` is the float32 buffer in which the bins of a step add up. It has a kernel of apex for that, whose place this module
takes. A weight that is no part of it (outside of training) gets its gradient in the usual way.
"""

import sys
from typing import Any

import torch
from megatron.core.tensor_parallel import layers
from torch import Tensor

from koreason.train.decoder import cuda


def install() -> None:
    """Let Megatron's linear layers call `wgrad_gemm_accum_fp32` below."""
    layers.fused_weight_gradient_mlp_cuda = sys.modules[__name__]
    layers._grad_accum_fusion_available = True


def wgrad_gemm_accum_fp32(inputs: Tensor, outputs: Tensor, into: Tensor) -> None:
    """Add the gradient of a linear layer's weight: [tokens, in], [tokens, out] into [out, in]."""
    cuda.add_product(into, outputs.t(), inputs)


def gathered(weight: Any) -> Tensor | None:
    """Where a weight's gradient is added up, if it is."""
    return getattr(weight, "main_grad", None)


def told(weight: Any) -> Tensor:
    """What to hand to autograd in place of a gradient that was added already: it has the shape, and no memory.

    Autograd calls what waits for a gradient (it is sent to other ranks then) only where it is given one.
    """
    weight.grad_added_to_main_grad = True
    if not hasattr(weight, "nothing"):
        weight.nothing = torch.empty_like(weight)
        weight.nothing.untyped_storage().resize_(0)
    nothing: Tensor = weight.nothing.detach()
    return nothing


class Lookup(torch.autograd.Function):  # type: ignore[misc]
    """Rows of an embedding; its gradient is added row by row, in the same order each time."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: Tensor) -> Tensor:
        """[vocabulary, hidden], [...] -> [..., hidden]."""
        ctx.weight, ctx.rows = weight, rows
        return weight[rows]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Add to the rows that were looked up."""
        into, rows = gathered(ctx.weight), ctx.rows.flatten()
        wide = gradient.flatten(0, -2).float()
        if into is None:
            return torch.zeros_like(ctx.weight, dtype=torch.float32).index_put_((rows,), wide, True).to(ctx.weight.dtype), None
        into.index_put_((rows,), wide, accumulate=True)
        return told(ctx.weight), None
