"""Configuration of the stage `evaluate`."""

from dataclasses import dataclass
from typing import Literal

from koreason.engine.spec import Engine, Sampling
from koreason.references import LanguageName


@dataclass(frozen=True)
class Bench:
    """A benchmark.

    Attributes:
        kind: `choice` compares option labels, `math` compares mathematical values.
        role: `held-in` benchmarks guided design decisions, `held-out` ones did not (paper, section 6).
        file, sha256: JSON lines with `id`, `question`, `gold` and, for choices, `options`; null for `hub`.
        hub, revision, name, split: a Hugging Face data set (`name`: its subset) instead of a file, with `columns` mapping ours to its own.
        version: part of every score; raised when items or scoring change meaning.
        instruction: appended to each question (paper, figure 7).
        prefill: text the model's turn starts with.
        repeats: answers per item, whose spread is reported.
        seed: each answer's own seed derives from it, the item and the repeat.
    """

    kind: Literal["choice", "math"]
    role: Literal["held-in", "held-out"]
    version: int
    language: LanguageName
    instruction: str
    prefill: str
    sampling: Sampling
    engine: Engine
    repeats: int
    seed: int
    file: str | None = None
    sha256: str | None = None
    hub: str | None = None
    revision: str | None = None
    name: str | None = None
    split: str | None = None
    columns: dict[str, str] | None = None
