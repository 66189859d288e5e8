"""A decoder's layer: norm, attention within documents, gated MLP, with Megatron's split of matrices over ranks.

    ModuleSpec(module=Layer, submodules=submodules(own))

Megatron's own layers without TransformerEngine lack what is needed: their attention knows no packed documents and keeps a
score for each pair of tokens, their norm no sequence parallelism, and each of their steps is several kernels.
"""

from typing import Any

import torch
from megatron.core.tensor_parallel.layers import ColumnParallelLinear, RowParallelLinear
from megatron.core.tensor_parallel.random import CheckpointWithoutOutput
from megatron.core.transformer.attention import SelfAttention, SelfAttentionSubmodules
from megatron.core.transformer.enums import AttnMaskType
from megatron.core.transformer.identity_op import IdentityOp
from megatron.core.transformer.mlp import MLP, MLPSubmodules
from megatron.core.transformer.module import MegatronModule
from megatron.core.transformer.spec_utils import ModuleSpec
from megatron.core.transformer.transformer_config import TransformerConfig
from megatron.core.transformer.transformer_layer import TransformerLayer, TransformerLayerSubmodules
from torch import Tensor

from koreason.pretrained.keys import SLIDING
from koreason.train.decoder.parts.attention import attend
from koreason.train.decoder.parts.documents import Documents
from koreason.train.decoder.parts.elementwise import Gated, Norm, Rotate, SplitRotate
from koreason.train.decoder.shape import Shape


class RMSNorm(torch.nn.Module):  # type: ignore[misc]
    """Root mean square norm."""

    def __init__(self, config: TransformerConfig, hidden_size: int, eps: float = 1e-6, **_: object) -> None:
        super().__init__()
        self.epsilon, self.centred = eps, config.layernorm_zero_centered_gamma
        self.weight = torch.nn.Parameter(torch.ones(hidden_size, dtype=config.params_dtype))
        # Each rank sees a part of the sequence then, and Megatron adds up the gradients of what is marked so.
        self.weight.sequence_parallel = config.sequence_parallel

    def forward(self, x: Tensor) -> Tensor:
        """Normalize the last axis."""
        out: Tensor = Norm.apply(x, self.weight, self.epsilon, self.centred)
        return out


class Attention(SelfAttention):  # type: ignore[misc]
    """Self-attention within documents."""

    shape: Shape

    def place(self, shape: Shape) -> None:
        """Learn what this layer is among the others."""
        self.shape, self.kind = shape, shape.kinds[self.layer_number - 1]

    def forward(self, hidden_states: Tensor, documents: Documents) -> Tensor:
        """[tokens (of this rank), 1, hidden] -> the same."""
        mixed, _ = self.linear_qkv(hidden_states)
        groups, width = self.num_query_groups_per_partition, self.hidden_size_per_attention_head
        mixed = mixed.view(mixed.shape[0], groups, -1, width)
        cos, sin = documents.tables[self.kind]
        if self.config.qk_layernorm:
            query, key, value = mixed.split([mixed.shape[2] - 2, 1, 1], 2)
            query = Rotate.apply(self.q_layernorm(query.flatten(1, 2)), cos, sin)
            key = Rotate.apply(self.k_layernorm(key.flatten(1, 2)), cos, sin)
            value = value.flatten(1, 2)
        else:
            query, key, value = SplitRotate.apply(mixed, cos, sin)
        window = self.shape.window if self.kind == SLIDING else None
        out, _ = self.linear_proj(attend(query, key, value, documents, self.shape.scale, window)[:, None])
        return out


class GatedMLP(MLP):  # type: ignore[misc]
    """SwiGLU, or its like with GELU; `light` computes what its activation gives again, instead of keeping it."""

    def place(self, shape: Shape, light: bool) -> None:
        """Learn which activation it has."""
        self.gelu, self.light = shape.gemma, light

    def forward(self, hidden_states: Tensor) -> Tensor:
        """[tokens (of this rank), 1, hidden] -> the same."""
        inner, _ = self.linear_fc1(hidden_states)
        if not (self.light and torch.is_grad_enabled()):
            return self.linear_fc2(Gated.apply(inner, self.gelu))[0]
        kept = CheckpointWithoutOutput(fp8=None)  # its default, False, is taken for a yes
        out, _ = self.linear_fc2(kept.checkpoint(lambda x: Gated.apply(x, self.gelu), inner))
        kept.discard_output_and_register_recompute(out)
        return out


class Layer(TransformerLayer):  # type: ignore[misc]
    """Attention and MLP, each between norms, added to what goes past them."""

    light = False

    def place(self, shape: Shape, light: bool) -> None:
        """Learn what this layer is among the others, and whether to keep what is computed quickly."""
        self.light = light
        self.self_attention.place(shape)
        self.mlp.place(shape, light)
        self.after_attention = RMSNorm(self.config, shape.hidden, shape.norm_epsilon) if shape.gemma else None
        self.after_mlp = RMSNorm(self.config, shape.hidden, shape.norm_epsilon) if shape.gemma else None

    def forward(self, hidden_states: Tensor, packed_seq_params: Documents, **_: object) -> tuple[Tensor, None]:
        """[tokens (of this rank), 1, hidden] -> the same."""
        hidden = self._around(hidden_states, self.input_layernorm, self.self_attention, self.after_attention, packed_seq_params)
        return self._around(hidden, self.pre_mlp_layernorm, self.mlp, self.after_mlp), None

    def _around(self, hidden: Tensor, before: RMSNorm, module: Any, after: RMSNorm | None, *more: Documents) -> Tensor:
        if self.light and torch.is_grad_enabled():
            kept = CheckpointWithoutOutput(fp8=None)
            out = module(kept.checkpoint(before, hidden), *more)
            kept.discard_output_and_register_recompute(out)
        else:
            out = module(before(hidden), *more)
        return hidden + (out if after is None else after(out))


def submodules(query_norm: bool) -> TransformerLayerSubmodules:
    """What Megatron builds a layer of."""
    norm = RMSNorm if query_norm else IdentityOp
    attention = SelfAttentionSubmodules(
        linear_qkv=ColumnParallelLinear,
        core_attention=_nothing,
        linear_proj=RowParallelLinear,
        q_layernorm=norm,
        k_layernorm=norm,
    )
    return TransformerLayerSubmodules(
        input_layernorm=RMSNorm,
        self_attention=ModuleSpec(module=Attention, params={"attn_mask_type": AttnMaskType.causal}, submodules=attention),
        pre_mlp_layernorm=RMSNorm,
        mlp=ModuleSpec(module=GatedMLP, submodules=MLPSubmodules(linear_fc1=ColumnParallelLinear, linear_fc2=RowParallelLinear)),
    )


def _nothing(config: TransformerConfig, **_: object) -> MegatronModule:
    return MegatronModule(config=config)  # `Attention` attends itself
