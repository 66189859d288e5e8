"""Configuration of the stage `trace`."""

from dataclasses import dataclass

from koreason.engine.spec import Engine, Sampling
from koreason.references import BaseName, LanguageName


@dataclass(frozen=True)
class Recipe:
    """How traces are drawn from a teacher.

    Attributes:
        teacher: entry of `bases`.
        language: entry of `languages` whose share of each trace is measured.
        system: system prompt; null sends none.
        prefill: text the teacher's turn starts with, such as `<think>` and the first words; part of the trace.
        samples: traces per prompt.
        seed: of all of them; each row's own seed derives from it, the prompt and the sample.
        shards: parts of the pool, each one job.
    """

    teacher: BaseName
    language: LanguageName
    system: str | None
    prefill: str
    sampling: Sampling
    engine: Engine
    samples: int
    seed: int
    shards: int
