"""Causal attention within each document of a bin; memory grows with the bin's length, not with its square.

    attend(query, key, value, documents)       # [tokens, heads, width] each -> [tokens, heads * width]

One call of scaled dot-product attention a document. On a GPU that is cuDNN's kernel, with lengths padded to a multiple of 256: it plans
anew for each length, 150 ms a time. Query, key, value and the gradient that comes back have one layout whatever lay before them: cuDNN keys
the plan of its backward pass by the layout of the first three alone, and a gradient of another layout came out wrong by as much as itself
(torch 2.11, cuDNN 9.19). Where cuDNN is not to be had, and for windows, FlashAttention over all documents at once; in float32 and on a CPU
torch's own, and windows block by block.
"""

import inspect

import torch
import torch.nn.functional as F
from torch import Tensor

from koreason.train.decoder import cuda
from koreason.train.decoder.parts.documents import Documents

MULTIPLE = 256  # tokens


def attend(
    query: Tensor, key: Tensor, value: Tensor, documents: Documents, scale: float | None = None, window: int | None = None
) -> Tensor:
    """Attend within documents.

    Args:
        query: [tokens, heads, width].
        key, value: [tokens, groups, width], each group shared by as many heads.
        scale: of the scores; by default one over the root of the width.
        window: tokens that a token sees, itself among them; by default all before it.

    Returns:
        [tokens, heads * width].
    """
    longest = max(documents.lengths)
    window = None if window is not None and window >= longest else window
    if query.is_cuda and query.dtype is not torch.float32 and (window is not None or not cuda.has_cudnn_attention()):
        return _varlen(query, key, value, documents, scale, window).flatten(1)
    multiple = MULTIPLE if cuda.present() and query.dtype is not torch.float32 else 1
    parts = [_one(*document, scale, window, multiple) for document in _split(query, key, value, documents.lengths)]
    return torch.cat(parts).flatten(1)


def _split(query: Tensor, key: Tensor, value: Tensor, lengths: list[int]) -> list[tuple[Tensor, Tensor, Tensor]]:
    # the backward pass of a split is one concatenation, where each slice would fill a tensor of the whole bin
    return list(zip(*(part.contiguous().split(lengths) for part in (query, key, value)), strict=True))


def _one(query: Tensor, key: Tensor, value: Tensor, scale: float | None, window: int | None, multiple: int) -> Tensor:
    length = query.shape[0]
    if window is not None and window < length:
        return _windowed(query, key, value, scale, window)
    if missing := -length % multiple:  # causal: what comes after a document changes nothing in it
        query, key, value = (F.pad(part, (0, 0, 0, 0, 0, missing)) for part in (query, key, value))
    out = F.scaled_dot_product_attention(
        *(part.transpose(0, 1).unsqueeze(0) for part in (query, key, value)), is_causal=True, enable_gqa=True, scale=scale
    )
    return out.squeeze(0).transpose(0, 1)[:length]


def _windowed(query: Tensor, key: Tensor, value: Tensor, scale: float | None, window: int) -> Tensor:
    """Block by block of as many queries as the window has tokens, each with the keys of two blocks at most."""
    parts = []
    for start in range(0, query.shape[0], window):
        first, end = max(0, start - window + 1), min(start + window, query.shape[0])
        distance = torch.arange(start, end, device=query.device)[:, None] - torch.arange(first, end, device=query.device)
        out = F.scaled_dot_product_attention(
            *(part.transpose(0, 1).unsqueeze(0) for part in (query[start:end], key[first:end], value[first:end])),
            attn_mask=(distance >= 0) & (distance < window), enable_gqa=True, scale=scale,
        )  # fmt: skip
        parts.append(out.squeeze(0).transpose(0, 1))
    return torch.cat(parts)


def _varlen(query: Tensor, key: Tensor, value: Tensor, documents: Documents, scale: float | None, window: int | None) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn  # of no use on a CPU

    bounds, longest = documents.device_bounds(), max(documents.lengths)
    # torch 2.11 shares groups unasked, and knows no such word
    grouped = {"enable_gqa": True} if "enable_gqa" in inspect.signature(varlen_attn).parameters else {}
    out: Tensor = varlen_attn(
        query.contiguous(), key.contiguous(), value.contiguous(), bounds, bounds, longest, longest,
        scale=scale, window_size=(-1 if window is None else window - 1, 0), **grouped,
    )  # fmt: skip
    return out
