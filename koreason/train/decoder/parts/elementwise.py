"""Norm, gated activation and rotation, each one kernel on a GPU forward and one backward, which keeps its input and nothing else.

    Norm.apply(x, weight, 1e-6, False)     # [..., width]
    Gated.apply(x, False)                  # [..., 2 * width] -> [..., width]
    SplitRotate.apply(mixed, cos, sin)     # [tokens, groups, heads + 2, width] -> query, key, value

The backward passes are written out, and held against autograd's by a test.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from koreason.train.decoder import cuda


def normalize(x: Tensor, weight: Tensor, epsilon: float, centred: bool) -> Tensor:
    """Root mean square norm in float32: rounded before the gain as Llama's and Qwen's own code does, or after it, with a gain of 1 more
    than the weight, as Gemma's does."""
    wide = x.float()
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + epsilon)
    return (wide * (1.0 + weight.float())).to(x.dtype) if centred else weight * wide.to(x.dtype)


def _norm_gradients(gradient: Tensor, x: Tensor, weight: Tensor, epsilon: float, centred: bool) -> tuple[Tensor, Tensor]:
    wide, up = x.float(), gradient.float()
    scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + epsilon)
    unit = wide * scale
    rounded = unit if centred else unit.to(x.dtype).float()
    of_weight = (up * rounded).flatten(0, -2).sum(0)
    inner = up * (1.0 + weight.float() if centred else weight.float())
    of_x = scale * (inner - unit * (inner * unit).mean(-1, keepdim=True))
    return of_x.to(x.dtype), of_weight.to(weight.dtype)


_normalize, _norm_back = cuda.fused(normalize), cuda.fused(_norm_gradients)


class Norm(torch.autograd.Function):  # type: ignore[misc]
    """`normalize`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float, centred: bool) -> Tensor:
        """[..., width], [width] -> [..., width]."""
        ctx.save_for_backward(x, weight)
        ctx.how = epsilon, centred
        return _normalize(x, weight, epsilon, centred)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Of input and weight."""
        x, weight = ctx.saved_tensors
        of_x, of_weight = _norm_back(gradient, x, weight, *ctx.how)
        return of_x, of_weight, None, None


def gate(x: Tensor, gelu: bool) -> Tensor:
    """The first half through SiLU or GELU (by tanh), times the second."""
    first, second = x.chunk(2, -1)
    return (F.gelu(first, approximate="tanh") if gelu else F.silu(first)) * second


def _gate_gradient(gradient: Tensor, x: Tensor, gelu: bool) -> Tensor:
    first, second = x.chunk(2, -1)
    through = gradient * second
    if gelu:
        before = torch.ops.aten.gelu_backward(through, first, approximate="tanh")
        return torch.cat((before, gradient * F.gelu(first, approximate="tanh")), -1)
    return torch.cat((torch.ops.aten.silu_backward(through, first), gradient * F.silu(first)), -1)


_gate, _gate_back = cuda.fused(gate), cuda.fused(_gate_gradient)


class Gated(torch.autograd.Function):  # type: ignore[misc]
    """`gate`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gelu: bool) -> Tensor:
        """[..., 2 * width] -> [..., width]."""
        ctx.save_for_backward(x)
        ctx.gelu = gelu
        return _gate(x, gelu)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Of the input."""
        (x,) = ctx.saved_tensors
        return _gate_back(gradient, x, ctx.gelu), None


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions: [tokens, heads, width] by [tokens, 1, width]."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat((-second, first), -1) * sin


def _rotate_back(gradient: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    turned = gradient * sin
    first, second = turned.chunk(2, -1)
    return gradient * cos + torch.cat((second, -first), -1)


_rotate, _unrotate = cuda.fused(rotate), cuda.fused(_rotate_back)


class Rotate(torch.autograd.Function):  # type: ignore[misc]
    """`rotate`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[tokens, heads, width], [tokens, 1, width] twice -> [tokens, heads, width]."""
        ctx.table = cos, sin
        return _rotate(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Of the input: turned back."""
        return _unrotate(gradient, *ctx.table), None, None


def split_rotate(mixed: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Query and key rotated, and value, each contiguous."""
    query, key, value = mixed.split([mixed.shape[2] - 2, 1, 1], 2)
    return rotate(query.flatten(1, 2), cos, sin), rotate(key.flatten(1, 2), cos, sin), value.flatten(1, 2).contiguous()


def _split_rotate_back(query: Tensor, key: Tensor, value: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    groups = key.shape[1]
    parts = _rotate_back(query, cos, sin), _rotate_back(key, cos, sin), value
    return torch.cat([part.unflatten(1, (groups, -1)) for part in parts], 2)


_split, _unsplit = cuda.fused(split_rotate), cuda.fused(_split_rotate_back)


class SplitRotate(torch.autograd.Function):  # type: ignore[misc]
    """`split_rotate`."""

    @staticmethod
    def forward(ctx: Any, mixed: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[tokens, groups, heads of a group + 2, width], [tokens, 1, width] twice -> [tokens, heads, width] three times."""
        ctx.table = cos, sin
        parts: tuple[Tensor, Tensor, Tensor] = _split(mixed, cos, sin)
        return parts

    @staticmethod
    def backward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, None, None]:
        """Of the mixed projection."""
        return _unsplit(query, key, value, *ctx.table), None, None
