"""Configuration of the engine, part of a recipe and of a benchmark."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from koreason.config.marks import How, Positive, Range, Share
from koreason.engine.thinking import CLOSE
from koreason.errors import UserError


@dataclass(frozen=True)
class Sampling:
    """How one answer is drawn.

    Attributes:
        temperature: 0 takes the likeliest token each time.
        top_p: share of the probability that is drawn from, from the likeliest token on.
        top_k: tokens that are drawn from, the likeliest ones; 0 or -1 takes all.
        min_p: least probability of a token that is drawn, as a share of the likeliest one's.
        max_tokens: of one answer, thinking included; null gives it all that its prompt leaves of `max_model_len`.
        segment_tokens: an answer is drawn in segments of this many tokens, each with a seed of its own, so that an answer
            that was cut off goes on at a segment's end exactly as if it had not been.
        think_tokens: thinking longer than this is closed with `think_end`; null lets it run.
        think_end: text that closes the thinking when its tokens are used up, ending in `</think>` and what follows.
        stop: strings that end an answer once the thinking is closed; the first one that appears is its last word.
        max_repeats: stop an answer in which one pattern of up to 40 tokens stands this often in a row; null never stops.
    """

    temperature: Annotated[float, Range(0)]
    top_p: Annotated[float, Range(above=0, most=1)]
    top_k: Annotated[int, Range(-1)]
    min_p: Share
    max_tokens: Positive | None
    segment_tokens: Positive
    think_tokens: Positive | None = None
    think_end: str | None = None
    stop: list[str] | None = None
    max_repeats: Annotated[int, Range(2)] | None = None


@dataclass(frozen=True)
class Engine:
    """How vLLM runs.

    What is marked How is no part of the key by which an answer is known: an answer that was drawn with other values of it is the
    answer. `tensor_parallel` is among it although it changes the order of sums, and so, now and then, a token: an answer is a draw, its
    seed does not tell one such order from another, and to rerun for it would draw nothing, as the journal has it all.

    Attributes:
        dtype: numbers that the model computes with.
        max_model_len: tokens of prompt and answer together; a prompt that leaves no room for an answer is refused.
        max_num_seqs: answers in flight at once.
        tensor_parallel: devices that share one copy of the weights.
        kv_cache_gib: key-value cache on CPU; ignored on GPU.
        gpu_memory_utilization: share of a GPU's memory that vLLM takes; ignored on CPU.
        quantization: as vLLM names it, such as `fp8`; null leaves the weights as they are.
    """

    dtype: Literal["float32", "bfloat16", "float16", "auto"]
    max_model_len: Positive
    max_num_seqs: Annotated[int, Range(1), How()]
    tensor_parallel: Annotated[int, Range(1), How()]
    kv_cache_gib: Annotated[int, Range(0), How()]
    gpu_memory_utilization: Annotated[float, Range(above=0, most=1), How()]
    quantization: str | None = None


def check_sampling(sampling: Sampling) -> None:
    """Refuse settings of an answer that contradict each other.

    Raises:
        UserError: they do.
    """
    if sampling.stop and sampling.think_tokens is None:
        raise UserError(
            "stop needs think_tokens, without which the thinking could hold a stop string too", "sampling", "give both or neither"
        )
    if sampling.think_tokens is not None and CLOSE not in (sampling.think_end or ""):
        raise UserError(f"think_tokens needs a think_end that holds {CLOSE}", "sampling", "give the text that closes the thinking")


def longest(entry: dict[str, Any]) -> int:
    """The most tokens that an answer of a recipe or benchmark can have."""
    budgets = [part["max_tokens"] for part in (entry["sampling"], entry.get("retry")) if part]
    return int(entry["engine"]["max_model_len"] if None in budgets else max(budgets))
