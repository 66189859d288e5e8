"""Model families: what a Hugging Face configuration means.

shape = read_shape(Path("results/bases/smollm2-135m"), tensor_parallel=2)
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from koreason.errors import UserError
from koreason.records.held import Held

FAMILIES = ("llama", "qwen2", "qwen3")


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder, and how many ranks share each layer.

    Where the key-value groups or the vocabulary do not divide by `tensor_parallel` they are padded by zero weights. A
    padded head's output, gradients and Adam updates are exactly zero, and a padded token's logit is minus infinity, so
    padding changes nothing that is learnt; an export cuts it off.
    """

    family: str
    layers: int
    hidden: int
    heads: int
    groups: int
    head_width: int
    mlp_width: int
    vocabulary: int
    tied: bool
    query_bias: bool
    query_norm: bool
    norm_epsilon: float
    rope: dict[str, Any]
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

    It is read without `transformers`, whose import would take a good part of a short job in each of its processes.

    Raises:
        UserError: there is none, it is not what its manifest says, or it asks for something that is not supported.
    """
    path = base.path("config.json")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        family = config["model_type"]
        # transformers 5 writes rope_parameters, earlier versions rope_theta and rope_scaling
        rope = config.get("rope_parameters") or {"rope_theta": config["rope_theta"], **(config.get("rope_scaling") or {})}
        _refuse(config, family, rope, tensor_parallel, path)
        return Shape(
            family=family,
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            heads=config["num_attention_heads"],
            groups=config["num_key_value_heads"],
            head_width=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
            mlp_width=config["intermediate_size"],
            vocabulary=config["vocab_size"],
            tied=config.get("tie_word_embeddings", False),
            query_bias=family == "qwen2",
            query_norm=family == "qwen3",
            norm_epsilon=config["rms_norm_eps"],
            rope=rope,
            tensor_parallel=tensor_parallel,
        )
    except KeyError as error:
        raise UserError(f"lacks the key {error}", path) from None
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"not a model configuration ({error})", path) from None


def _refuse(config: dict[str, Any], family: str, rope: dict[str, Any], tensor_parallel: int, path: Path) -> None:
    """Raise for a family, or a feature that is switched on, without support."""
    if family not in FAMILIES:
        raise UserError(f"model_type '{family}' cannot be trained", path, f"supported: {', '.join(FAMILIES)}")
    activation, rope_type = config.get("hidden_act", "silu"), rope.get("rope_type", "default")
    unsupported = {
        "attention_bias": config.get("attention_bias", False),
        "mlp_bias": config.get("mlp_bias", False),
        "use_sliding_window": config.get("use_sliding_window", False),
        f"hidden_act '{activation}'": activation != "silu",
        f"rope type '{rope_type}'": rope_type not in ("default", "llama3"),
        "partial_rotary_factor": rope.get("partial_rotary_factor", 1.0) != 1.0,
    }
    for feature, present in unsupported.items():
        if present:
            raise UserError(f"{feature} is not supported for training", path)
    if config["intermediate_size"] % tensor_parallel:
        raise UserError(f"tensor_parallel {tensor_parallel} does not divide intermediate_size {config['intermediate_size']}", path)


def rope_frequencies(shape: Shape) -> Tensor:
    """Rotary frequencies in radians per token, float32 [head_width / 2].

    Llama 3.1 (https://arxiv.org/abs/2407.21783) divides the frequencies of long waves by `factor`, keeps those of short
    ones, and blends in between.
    """
    exponents = torch.arange(0, shape.head_width, 2, dtype=torch.int64).float() / shape.head_width
    frequencies = 1.0 / (shape.rope["rope_theta"] ** exponents)
    if shape.rope.get("rope_type", "default") != "llama3":
        return frequencies
    factor, low, high = (shape.rope[key] for key in ("factor", "low_freq_factor", "high_freq_factor"))
    waves = shape.rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)  # per original context
    share = ((waves - low) / (high - low)).clamp(0.0, 1.0)
    return (1 - share) * frequencies / factor + share * frequencies
