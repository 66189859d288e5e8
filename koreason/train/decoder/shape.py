"""A decoder's sizes as ranks share them, and its rotary frequencies.

    shape = read_shape(base, tensor_parallel=2)      # `base` is held against its manifest

What a configuration says is read in `koreason.pretrained`, where all of it is understood or refused.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from koreason.errors import UserError
from koreason.pretrained.configuration import Configuration, read_configuration
from koreason.pretrained.files import CONFIG
from koreason.pretrained.rope import Rope
from koreason.records.held import Held


@dataclass(frozen=True, kw_only=True)
class Shape(Configuration):
    """Sizes of a decoder, and how many ranks share each layer.

    Where the key-value groups or the vocabulary do not divide by `tensor_parallel` they are padded by zero weights. A
    padded head's output, gradients and Adam updates are exactly zero, and a padded token's logit is minus infinity, so
    padding changes nothing that is learnt; an export cuts it off.
    """

    tensor_parallel: int

    @property
    def heads_per_group(self) -> int:
        """Query heads that share one key-value head."""
        return self.heads // self.groups

    @property
    def padded_groups(self) -> int:
        """Key-value groups with padding."""
        return _multiple(self.groups, self.tensor_parallel)

    @property
    def padded_vocabulary(self) -> int:
        """Rows of the embedding with padding."""
        return _multiple(self.vocabulary, self.tensor_parallel)


def _multiple(count: int, of: int) -> int:
    return -(-count // of) * of


def read_shape(base: Held, tensor_parallel: int) -> Shape:
    """Read `config.json` of a model in Hugging Face's layout.

    Raises:
        UserError: there is none, it is not what its manifest says, or it asks for something that is not supported.
    """
    path = base.path(CONFIG)
    configuration, found = read_configuration(path)
    if configuration is None:
        raise UserError("; ".join(one.what for one in found), path)
    if configuration.mlp_width % tensor_parallel:
        raise UserError(f"tensor_parallel {tensor_parallel} does not divide intermediate_size {configuration.mlp_width}", path)
    return Shape(**vars(configuration), tensor_parallel=tensor_parallel)


def rope_frequencies(rope: Rope, head_width: int) -> Tensor:
    """Rotary frequencies in radians per token, float32 [head_width / 2].

    Llama 3.1 (https://arxiv.org/abs/2407.21783) divides the frequencies of long waves by `factor`, keeps those of short
    ones, and blends in between; linear scaling (https://arxiv.org/abs/2306.15595) divides all of them.
    """
    exponents = torch.arange(0, head_width, 2, dtype=torch.int64).float() / head_width
    frequencies = 1.0 / (rope.rope_theta**exponents)
    if rope.factor is None:
        return frequencies
    if rope.low_freq_factor is None or rope.high_freq_factor is None or rope.original_max_position_embeddings is None:
        return frequencies / rope.factor
    waves = rope.original_max_position_embeddings * frequencies / (2 * math.pi)  # per original context
    share = ((waves - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor)).clamp(0.0, 1.0)
    return (1 - share) * frequencies / rope.factor + share * frequencies
