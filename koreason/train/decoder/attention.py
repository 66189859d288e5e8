"""Causal attention within each document of a bin; memory grows with the bin's length, not with its square.

    attend(query, key, value, bounds=[0, 900, 1024])       # [tokens, heads, width] each -> [tokens, heads * width]

One call of scaled dot-product attention a document: on CPU that is the fastest of what torch has, on a GPU cuDNN's kernels. Query, key and
value are views of one kind always, whatever lay before them: cuDNN keys the plan of its backward pass by their layout alone, and a
gradient of another layout came out wrong by as much as itself (torch 2.11, cuDNN 9.19).
"""

import itertools

import torch
import torch.nn.functional as F
from megatron.core.packed_seq_params import PackedSeqParams
from megatron.core.transformer.enums import AttnMaskType
from megatron.core.transformer.module import MegatronModule
from megatron.core.transformer.transformer_config import TransformerConfig
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, bounds: list[int]) -> Tensor:
    """Attend within documents.

    Args:
        query: [tokens, heads, width].
        key, value: [tokens, groups, width], each group shared by as many heads.
        bounds: where documents begin, and the number of tokens last.

    Returns:
        [tokens, heads * width].
    """
    query, key, value = (tensor.contiguous().transpose(0, 1).unsqueeze(0) for tensor in (query, key, value))
    parts = [
        F.scaled_dot_product_attention(
            query[:, :, start:end], key[:, :, start:end], value[:, :, start:end], is_causal=True, enable_gqa=True
        )
        for start, end in itertools.pairwise(bounds)
    ]
    return torch.cat(parts, 2).squeeze(0).transpose(0, 1).flatten(1)


class DocumentAttention(MegatronModule):  # type: ignore[misc]
    """`attend` as Megatron calls it."""

    def __init__(
        self, config: TransformerConfig, layer_number: int, attn_mask_type: AttnMaskType, attention_type: str, **_: object
    ) -> None:
        super().__init__(config=config)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, attention_mask: None, packed_seq_params: PackedSeqParams, **_: object
    ) -> Tensor:
        """Attend: [tokens, heads, width] three times -> [tokens, heads * width].

        `packed_seq_params.cu_seqlens_q` lies on the CPU and holds where documents begin and, last, the bin's length.
        """
        return attend(query, key, value, packed_seq_params.cu_seqlens_q.tolist())
