"""Configuration of the stage `trace`."""

from dataclasses import dataclass, field
from typing import Literal

from koreason.config.marks import Natural, Positive
from koreason.engine.spec import Engine, Sampling
from koreason.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Retry:
    """What is drawn once more, with another seed and another budget, where it was cut off or ran in a loop.

    Attributes:
        max_tokens: of the new trace, thinking included; null gives it all that its prompt leaves of `max_model_len`.
        think_tokens: of its thinking; null takes what `sampling` says.
        finish: which ends are drawn again.
    """

    max_tokens: Positive | None
    think_tokens: Positive | None = None
    finish: list[Literal["length", "repetition"]] = field(default_factory=lambda: ["length", "repetition"])


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How traces are drawn from a teacher.

    Attributes:
        system: system prompt; null sends none.
        prefill: text the teacher's turn starts with, such as `<think>` and the first words; part of the trace.
        sampling: how one trace is drawn.
        engine: how vLLM runs.
        samples: traces per prompt.
        seed: of all of them; each row's own seed derives from it, the prompt and the sample.
        retry: what is drawn once more; null leaves a trace as it ended.
    """

    system: str | None
    prefill: str
    sampling: Sampling
    engine: Engine
    samples: Positive
    seed: Natural
    retry: Retry | None = None

    def messages(self, question: str) -> list[dict[str, str]]:
        """What the teacher is asked about a prompt."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": question}]


def check_retry(recipe: Recipe) -> None:
    """Refuse a retry that could not be drawn.

    Raises:
        UserError: it could not.
    """
    retry = recipe.retry
    if retry and retry.think_tokens and recipe.sampling.think_tokens is None:
        raise UserError("needs sampling.think_tokens and think_end, which say how thinking is closed", "retry.think_tokens", "give all")
    if retry and (retry.max_tokens or 0) >= recipe.engine.max_model_len:
        raise UserError("leaves no room for a prompt in engine.max_model_len", "retry.max_tokens", "make that longer, or this less")
