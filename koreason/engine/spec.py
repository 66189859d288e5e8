"""Configuration of the engine, part of a recipe and of a benchmark."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Sampling:
    """How one answer is drawn.

    Attributes:
        max_tokens: of one answer, thinking included; null gives it all that its prompt leaves of `max_model_len`.
        segment_tokens: an answer is drawn in segments of this many tokens, each with a seed of its own, so that an answer
            that was cut off goes on at a segment's end exactly as if it had not been.
        think_tokens: thinking longer than this is closed with `think_end`; null lets it run.
        think_end: text that closes the thinking when its tokens are used up, ending in `</think>` and what follows.
        stop: strings that end an answer once the thinking is closed; the first one that appears is its last word.
        max_repeats: stop an answer in which one pattern of up to 40 tokens stands this often in a row; null never stops.
    """

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    max_tokens: int | None
    segment_tokens: int
    think_tokens: int | None = None
    think_end: str | None = None
    stop: list[str] | None = None
    max_repeats: int | None = None


@dataclass(frozen=True)
class Engine:
    """How vLLM runs; but for `max_model_len` under `max_tokens: null`, none of it changes what is drawn in float32, where vLLM is
    deterministic.

    Attributes:
        max_model_len: tokens of prompt and answer together; a prompt that leaves no room for an answer is refused.
        max_num_seqs: answers in flight at once.
        tensor_parallel: devices that share one copy of the weights.
        kv_cache_gib: key-value cache on CPU; ignored on GPU.
        gpu_memory_utilization: share of a GPU's memory that vLLM takes; ignored on CPU.
    """

    dtype: Literal["float32", "bfloat16", "float16", "auto"]
    max_model_len: int
    max_num_seqs: int
    tensor_parallel: int
    kv_cache_gib: int
    gpu_memory_utilization: float
    quantization: str | None = None


def longest(entry: dict[str, Any]) -> int:
    """The most tokens that an answer of a recipe or benchmark can have."""
    return int(entry["sampling"]["max_tokens"] or entry["engine"]["max_model_len"])
