"""Configuration of the stage `evaluate`: how a benchmark is asked, and how its answers are scored."""

from dataclasses import dataclass

from koreason.benches.spec import Kind
from koreason.config.marks import Natural, Positive
from koreason.engine.spec import Engine, Sampling


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How a model is asked for its answers.

    Attributes:
        instruction: appended to each question (paper, figure 7).
        prefill: text the model's turn starts with.
        sampling: how one answer is drawn.
        engine: how vLLM runs.
        repeats: answers per item, whose spread is reported.
        seed: each answer's own seed derives from it, the item and the repeat.
    """

    instruction: str
    prefill: str
    sampling: Sampling
    engine: Engine
    repeats: Positive
    seed: Natural


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What scores are made of beside answers and items.

    Attributes:
        kind: `choice` compares option labels, `math` compares mathematical values.
        version: part of every score; raised when items or scoring change meaning.
    """

    kind: Kind
    version: Natural
