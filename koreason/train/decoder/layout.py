"""Which Hugging Face weights become which of Megatron's, and how they are laid out over tensor-parallel ranks.

    for weight in weights(shape):
        print(weight.megatron, weight.hugging_face)

`weights` is the one table of names: importing reads it from right to left, exporting from left to right.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from koreason.train.decoder.shape import Shape


class Form(Protocol):
    """How full Hugging Face tensors relate to the pieces that tensor-parallel ranks hold; `join` undoes `cut`."""

    @property
    def axis(self) -> int | None:
        """Along which a rank's piece is a part; None where all ranks hold the same."""
        ...

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """One piece for each rank."""
        ...

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """The full tensors."""
        ...


def _pad(tensor: Tensor, axis: int, size: int) -> Tensor:
    missing = list(tensor.shape)
    missing[axis] = size - tensor.shape[axis]
    return torch.cat([tensor, tensor.new_zeros(missing)], axis) if missing[axis] else tensor


@dataclass(frozen=True)
class Same:
    """Every rank holds the whole tensor."""

    axis: int | None = None

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return full * shape.tensor_parallel

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return pieces[:1]


@dataclass(frozen=True)
class Columns:
    """A matrix split along its inputs."""

    axis: int | None = 1

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return list(full[0].chunk(shape.tensor_parallel, 1))

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return [torch.cat(pieces, 1)]


@dataclass(frozen=True)
class Vocabulary:
    """A row for each token, padded."""

    axis: int | None = 0

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return list(_pad(full[0], 0, shape.padded_vocabulary).chunk(shape.tensor_parallel))

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return [torch.cat(pieces)[: shape.vocabulary]]


@dataclass(frozen=True)
class GateUp:
    """Two matrices of the MLP; each rank holds its rows of the first above its rows of the second."""

    axis: int | None = 0

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return [piece.flatten(0, 1) for piece in torch.stack(full).chunk(shape.tensor_parallel, 1)]

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return list(torch.cat([piece.unflatten(0, (2, -1)) for piece in pieces], 1))


@dataclass(frozen=True)
class QueryKeyValue:
    """Three projections (or their biases), interleaved by group: its query heads, its key head, its value head."""

    axis: int | None = 0

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        grouped = torch.cat([tensor.unflatten(0, (shape.groups, -1)) for tensor in full], 1)
        return [piece.flatten(0, 1) for piece in _pad(grouped, 0, shape.padded_groups).chunk(shape.tensor_parallel)]

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        grouped = torch.cat(pieces).unflatten(0, (shape.padded_groups, -1))[: shape.groups]
        parts = grouped.split([shape.heads_per_group * shape.head_width, shape.head_width, shape.head_width], 1)
        return [part.flatten(0, 1) for part in parts]


@dataclass(frozen=True)
class HeadColumns:
    """The attention's output projection: its inputs are the query heads, group by group."""

    axis: int | None = 1

    def cut(self, full: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        grouped = _pad(full[0].unflatten(1, (shape.groups, -1)), 1, shape.padded_groups)
        return [piece.flatten(1) for piece in grouped.chunk(shape.tensor_parallel, 1)]

    def join(self, pieces: list[Tensor], shape: Shape) -> list[Tensor]:
        """See `Form`."""
        return [torch.cat(pieces, 1).unflatten(1, (shape.padded_groups, -1))[:, : shape.groups].flatten(1)]


@dataclass(frozen=True)
class Weight:
    """One parameter of Megatron's, and the Hugging Face tensors that it is made of."""

    megatron: str
    hugging_face: tuple[str, ...]
    form: Form


def weights(shape: Shape) -> Iterator[Weight]:
    """The table of all parameters of a model."""
    yield Weight("embedding.word_embeddings.weight", ("model.embed_tokens.weight",), Vocabulary())
    for index in range(shape.layers):
        yield from (
            dataclasses.replace(
                weight,
                megatron=f"decoder.layers.{index}.{weight.megatron}",
                hugging_face=tuple(f"model.layers.{index}.{name}" for name in weight.hugging_face),
            )
            for weight in _layer(shape)
        )
    yield Weight("decoder.final_layernorm.weight", ("model.norm.weight",), Same())
    if not shape.tied:
        yield Weight("output_layer.weight", ("lm_head.weight",), Vocabulary())


def _layer(shape: Shape) -> Iterator[Weight]:
    yield Weight("input_layernorm.weight", ("input_layernorm.weight",), Same())
    for kind in ("weight", "bias") if shape.query_bias else ("weight",):
        projections = tuple(f"self_attn.{name}_proj.{kind}" for name in "qkv")
        yield Weight(f"self_attention.linear_qkv.{kind}", projections, QueryKeyValue())
    if shape.query_norm:
        yield Weight("self_attention.q_layernorm.weight", ("self_attn.q_norm.weight",), Same())
        yield Weight("self_attention.k_layernorm.weight", ("self_attn.k_norm.weight",), Same())
    yield Weight("self_attention.linear_proj.weight", ("self_attn.o_proj.weight",), HeadColumns())
    if shape.gemma:
        yield Weight("after_attention.weight", ("post_attention_layernorm.weight",), Same())
        yield Weight("after_mlp.weight", ("post_feedforward_layernorm.weight",), Same())
    before_mlp = "pre_feedforward_layernorm.weight" if shape.gemma else "post_attention_layernorm.weight"
    yield Weight("pre_mlp_layernorm.weight", (before_mlp,), Same())
    yield Weight("mlp.linear_fc1.weight", ("mlp.gate_proj.weight", "mlp.up_proj.weight"), GateUp())
    yield Weight("mlp.linear_fc2.weight", ("mlp.down_proj.weight",), Columns())
