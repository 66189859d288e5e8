"""Configuration of the stage `select`."""

from dataclasses import dataclass

from koreason.references import PoolName, RecipeName


@dataclass(frozen=True)
class Part:
    """All traces of one recipe on one pool."""

    pool: PoolName
    recipe: RecipeName


@dataclass(frozen=True)
class Filters:
    """What a trace must be like to be trained on.

    Attributes:
        min_think_share, max_think_share: band of the target language's share of the thinking (paper: 0.05 to 0.20).
        min_answer_share: least share of the target language in the answer.
        max_loop_ratio: compression ratio of the last 1,000 characters past which a trace counts as a loop.
        min_think_chars: least length of the thinking.
        max_tokens: longest trace (paper: 16,384).
    """

    min_think_share: float
    max_think_share: float
    min_answer_share: float
    max_loop_ratio: float
    min_think_chars: int
    max_tokens: int


@dataclass(frozen=True)
class Mix:
    """A training set.

    Attributes:
        traces: what it is drawn from; the first part that has a prompt's passing trace provides it.
        quotas: category to the largest number of rows taken; categories not named are left out.
        samples_per_prompt: most traces of one prompt.
        seed: of the draw.
    """

    traces: list[Part]
    filters: Filters
    quotas: dict[str, int]
    samples_per_prompt: int
    seed: int
