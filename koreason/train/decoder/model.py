"""A family's decoder as Megatron's `GPTModel`, with our own norm and attention.

    model = build(shape, spec, sequence_length=4096)

Megatron's layers without TransformerEngine lack what is needed here: their attention knows no packed documents and keeps
a score for each pair of tokens, their norm knows no sequence parallelism.
"""

import torch
import torch.nn.functional as F
from megatron.core.fusions.fused_bias_dropout import get_bias_dropout_add
from megatron.core.models.gpt import GPTModel
from megatron.core.tensor_parallel.layers import (
    ColumnParallelLinear,
    RowParallelLinear,
    set_tensor_model_parallel_attributes,
)
from megatron.core.transformer.attention import SelfAttention, SelfAttentionSubmodules
from megatron.core.transformer.enums import AttnMaskType
from megatron.core.transformer.identity_op import IdentityOp
from megatron.core.transformer.mlp import MLP, MLPSubmodules
from megatron.core.transformer.spec_utils import ModuleSpec
from megatron.core.transformer.transformer_block import TransformerBlockSubmodules
from megatron.core.transformer.transformer_config import TransformerConfig
from megatron.core.transformer.transformer_layer import TransformerLayer, TransformerLayerSubmodules
from torch import Tensor

from koreason.train.decoder import cpu
from koreason.train.decoder.attention import DocumentAttention
from koreason.train.decoder.layout import weights
from koreason.train.decoder.shape import Shape, rope_frequencies
from koreason.train.spec import Model

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class RMSNorm(torch.nn.Module):  # type: ignore[misc]
    """Root mean square norm in float32, rounded before the gain as Llama's and Qwen's own code does."""

    def __init__(self, config: TransformerConfig, hidden_size: int, eps: float = 1e-6, **_: object) -> None:
        super().__init__()
        self.epsilon = eps
        self.weight = torch.nn.Parameter(torch.ones(hidden_size, dtype=config.params_dtype))
        # Each rank sees a part of the sequence then, and Megatron adds up the gradients of what is marked so.
        self.weight.sequence_parallel = config.sequence_parallel

    def forward(self, x: Tensor) -> Tensor:
        """Normalize the last axis."""
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)).to(x.dtype)


def transformer_config(shape: Shape, spec: Model) -> TransformerConfig:
    """Megatron's description of the model; sizes are those with padding."""
    dtype = DTYPES[spec.dtype]
    recompute = {"recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1} if spec.recompute else {}
    return TransformerConfig(
        num_layers=shape.layers,
        hidden_size=shape.hidden,
        num_attention_heads=shape.padded_groups * shape.heads_per_group,
        num_query_groups=shape.padded_groups,
        kv_channels=shape.head_width,
        ffn_hidden_size=shape.mlp_width,
        normalization="RMSNorm",
        layernorm_epsilon=shape.norm_epsilon,
        gated_linear_unit=True,
        activation_func=F.silu,
        add_bias_linear=False,
        add_qkv_bias=shape.query_bias,
        qk_layernorm=shape.query_norm,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        tensor_model_parallel_size=spec.tensor_parallel,
        # Megatron refuses sequence parallelism over one rank, where it would mean nothing.
        sequence_parallel=spec.sequence_parallel and spec.tensor_parallel > 1,
        params_dtype=dtype,
        pipeline_dtype=dtype,
        bf16=dtype is torch.bfloat16,
        use_cpu_initialization=True,
        perform_initialization=False,
        # kernels of apex and TransformerEngine
        gradient_accumulation_fusion=False,
        bias_dropout_fusion=False,
        bias_activation_fusion=False,
        masked_softmax_fusion=False,
        apply_rope_fusion=False,
        persist_layer_norm=False,
        cross_entropy_loss_fusion=False,
        # Must stand here before DistributedDataParallel is built, which else averages gradients over data-parallel ranks.
        calculate_per_token_loss=True,
        **recompute,
    )


def _block(config: TransformerConfig) -> TransformerBlockSubmodules:
    query_norm = RMSNorm if config.qk_layernorm else IdentityOp
    attention = SelfAttentionSubmodules(
        linear_qkv=ColumnParallelLinear,
        core_attention=DocumentAttention,
        linear_proj=RowParallelLinear,
        q_layernorm=query_norm,
        k_layernorm=query_norm,
    )
    layer = TransformerLayerSubmodules(
        input_layernorm=RMSNorm,
        self_attention=ModuleSpec(module=SelfAttention, params={"attn_mask_type": AttnMaskType.causal}, submodules=attention),
        self_attn_bda=get_bias_dropout_add,
        pre_mlp_layernorm=RMSNorm,
        mlp=ModuleSpec(module=MLP, submodules=MLPSubmodules(linear_fc1=ColumnParallelLinear, linear_fc2=RowParallelLinear)),
        mlp_bda=get_bias_dropout_add,
    )
    return TransformerBlockSubmodules([ModuleSpec(module=TransformerLayer, submodules=layer)] * config.num_layers, RMSNorm)


def build(shape: Shape, spec: Model, sequence_length: int) -> GPTModel:
    """Build this rank's part of the model; its weights hold nothing yet."""
    config = transformer_config(shape, spec)
    model = GPTModel(
        config,
        _block(config),
        vocab_size=shape.padded_vocabulary,
        max_sequence_length=sequence_length,
        position_embedding_type="rope",
        share_embeddings_and_output_weights=shape.tied,
        parallel_output=True,
    )
    model.rotary_pos_emb.inv_freq = rope_frequencies(shape)
    _mark_split(model, shape)
    _mask_padded_tokens(model, shape)
    return model.to(cpu.device())


def _mark_split(model: GPTModel, shape: Shape) -> None:
    """Mark the parameters of which a rank holds a part.

    Megatron marks them only while it initializes them, which is left out here since every weight is loaded. The global
    gradient norm counts unmarked parameters on the first rank alone and would be wrong.
    """
    parameters = dict(model.named_parameters())
    for weight in weights(shape):
        parameter = parameters.pop(weight.megatron)
        if weight.form.axis is not None and not hasattr(parameter, "tensor_model_parallel"):
            set_tensor_model_parallel_attributes(parameter, is_parallel=True, dim=weight.form.axis, stride=1)
    if parameters:
        raise RuntimeError(f"no entry in the table of weights for {', '.join(parameters)}")


def _mask_padded_tokens(model: GPTModel, shape: Shape) -> None:
    """Take padded tokens out of the softmax: a zero weight would still give them a logit of zero, not of nothing."""
    rows = shape.padded_vocabulary // shape.tensor_parallel
    first = model.output_layer.tp_group.rank() * rows
    real = max(0, min(rows, shape.vocabulary - first))
    if real == rows:
        return

    def mask(_: torch.nn.Module, __: tuple[object, ...], output: tuple[Tensor, Tensor | None]) -> tuple[Tensor, Tensor | None]:
        logits, bias = output
        return F.pad(logits[..., :real], (0, rows - real), value=float("-inf")), bias

    model.output_layer.register_forward_hook(mask)
