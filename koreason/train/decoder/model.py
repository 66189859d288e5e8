"""A family's decoder on Megatron's frame: its embedding, its split of matrices over ranks and its recomputing, our layers and our head.

model = build(shape, spec)
total = model(tokens, bounds, learnt, labels)      # sum of the losses of learnt tokens
"""

from typing import Any

import torch
import torch.nn.functional as F
from megatron.core.models.gpt import GPTModel
from megatron.core.tensor_parallel.layers import set_tensor_model_parallel_attributes
from megatron.core.tensor_parallel.mappings import (
    gather_from_sequence_parallel_region,
    reduce_from_tensor_model_parallel_region,
    reduce_scatter_to_sequence_parallel_region,
)
from megatron.core.transformer.spec_utils import ModuleSpec
from megatron.core.transformer.transformer_block import TransformerBlockSubmodules
from megatron.core.transformer.transformer_config import TransformerConfig
from torch import Tensor

from koreason.train.decoder import cuda
from koreason.train.decoder.layout import weights
from koreason.train.decoder.parts import gradients, head
from koreason.train.decoder.parts.documents import documents_of
from koreason.train.decoder.parts.layer import Layer, RMSNorm, submodules
from koreason.train.decoder.shape import Shape, rope_frequencies
from koreason.train.spec import Model

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def transformer_config(shape: Shape, spec: Model) -> TransformerConfig:
    """Megatron's description of the model; sizes are those with padding."""
    dtype = DTYPES[spec.dtype]
    full = {"recompute_granularity": "full", "recompute_method": "uniform", "recompute_num_layers": 1}
    return TransformerConfig(
        num_layers=shape.layers,
        hidden_size=shape.hidden,
        num_attention_heads=shape.padded_groups * shape.heads_per_group,
        num_query_groups=shape.padded_groups,
        kv_channels=shape.head_width,
        ffn_hidden_size=shape.mlp_width,
        normalization="RMSNorm",
        layernorm_epsilon=shape.norm_epsilon,
        layernorm_zero_centered_gamma=shape.gemma,
        gated_linear_unit=True,
        activation_func=F.gelu if shape.gemma else F.silu,
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
        # ours takes the place of apex's kernel
        gradient_accumulation_fusion=True,
        # kernels of apex and TransformerEngine
        bias_dropout_fusion=False,
        bias_activation_fusion=False,
        masked_softmax_fusion=False,
        apply_rope_fusion=False,
        persist_layer_norm=False,
        cross_entropy_loss_fusion=False,
        # Must stand here before DistributedDataParallel is built, which else averages gradients over data-parallel ranks.
        calculate_per_token_loss=True,
        **(full if spec.recomputes == "full" else {}),
    )


class Decoder(GPTModel):  # type: ignore[misc]
    """Embedding, layers, head."""

    shape: Shape

    def place(self, shape: Shape, light: bool) -> None:
        """Learn what of the family Megatron's description does not say."""
        self.shape = shape
        for layer in self.decoder.layers:
            layer.place(shape, light)
        self.frequencies = {kind: rope_frequencies(rope, shape.head_width) for kind, rope in shape.ropes.items()}
        if shape.tied:  # Megatron adds the gradient again where it says so
            self.shared_embedding_or_output_weight().zero_out_wgrad = False
        rows = shape.padded_vocabulary // shape.tensor_parallel
        first = self.pg_collection.tp.rank() * rows
        self.share = head.Share(self.pg_collection.tp, first, max(0, min(rows, shape.vocabulary - first)))

    def forward(self, tokens: Tensor, bounds: list[int], learnt: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """One bin.

        Args:
            tokens: int64 [tokens], documents one after the other.
            bounds: where each begins, and the number of tokens last.
            learnt: int64 [learnt], places whose next token is learnt.
            labels: int64 [learnt], that token.

        Returns:
            The sum of losses; without `learnt` logits [tokens, vocabulary of this rank], minus infinity where it is padding.
        """
        hidden = self._embed(tokens)
        documents = documents_of(bounds, self.frequencies, hidden.dtype)
        hidden = self.decoder(hidden_states=hidden, attention_mask=None, packed_seq_params=documents)
        if self.config.sequence_parallel:
            hidden = gather_from_sequence_parallel_region(hidden, tensor_parallel_output_grad=False, group=self.pg_collection.tp)
        weight = self.shared_embedding_or_output_weight() if self.shape.tied else self.output_layer.weight
        if learnt is None or labels is None:
            logits = F.linear(hidden[:, 0], weight[: self.share.rows])
            if self.shape.logit_cap is not None:
                logits = self.shape.logit_cap * torch.tanh(logits / self.shape.logit_cap)
            return F.pad(logits, (0, weight.shape[0] - self.share.rows), value=float("-inf"))
        return head.loss(hidden[:, 0].index_select(0, learnt), weight, labels, self.share, self.shape.logit_cap, last=not self.shape.tied)

    def _embed(self, tokens: Tensor) -> Tensor:
        """[tokens] -> [tokens (of this rank with sequence parallelism), 1, hidden]."""
        table, mine = self.embedding.word_embeddings, None
        rows = tokens - table.vocab_start_index
        if table.tp_group.size() > 1:
            mine = (rows >= 0) & (rows < table.num_embeddings_per_partition)
            rows = rows.where(mine, 0)
        found: Tensor = gradients.Lookup.apply(table.weight, rows)
        if mine is not None:
            found = found * mine[:, None]  # the gradient of what is another rank's is zero, too
        if self.shape.gemma:
            found = found * torch.tensor(self.shape.hidden**0.5, dtype=found.dtype)
        spread = reduce_scatter_to_sequence_parallel_region if self.config.sequence_parallel else reduce_from_tensor_model_parallel_region
        hidden: Tensor = spread(found[:, None], group=table.tp_group)
        return hidden


def build(shape: Shape, spec: Model) -> Any:
    """Build this rank's part of the model; its weights hold nothing yet."""
    gradients.install()
    config = transformer_config(shape, spec)
    layer = ModuleSpec(module=Layer, submodules=submodules(shape.query_norm))
    model = Decoder(
        config,
        TransformerBlockSubmodules([layer] * config.num_layers, RMSNorm),
        vocab_size=shape.padded_vocabulary,
        max_sequence_length=1,  # of no effect: positions are ours
        position_embedding_type="none",
        share_embeddings_and_output_weights=shape.tied,
        parallel_output=True,
    )
    model.place(shape, spec.recomputes == "light")
    _mark_split(model, shape)
    return model.to(cuda.device()) if cuda.real() else model


def _mark_split(model: Any, shape: Shape) -> None:
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
