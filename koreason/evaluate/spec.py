"""Configuration of the stage `evaluate`: how a benchmark is asked, and how its answers are scored."""

from dataclasses import dataclass, field
from typing import Annotated

from koreason.benches.spec import Kind
from koreason.config.marks import Natural, OneOf, Positive
from koreason.engine.spec import Engine, Sampling
from koreason.errors import UserError

# Names of koreason/evaluate/profiles/table.py, which is not imported: what asks models would be made again with each change of a scorer.
PROFILE_NAMES = ("robust", "paper_text", "paper_code")
Profile = Annotated[str, OneOf(PROFILE_NAMES)]


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
        profiles: ways of reading the answers, in one pass; the first gives the score, the others stand beside it.
    """

    kind: Kind
    version: Natural
    profiles: list[Profile] = field(default_factory=lambda: ["robust"])


def check_profiles(scoring: Scoring) -> None:
    """Refuse profiles of which none is there, or one twice.

    Raises:
        UserError: so it is.
    """
    if not scoring.profiles or len(set(scoring.profiles)) < len(scoring.profiles):
        raise UserError("'profiles' names none, or one twice", "benches", f"name each once: {', '.join(PROFILE_NAMES)}")
