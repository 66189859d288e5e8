"""The pool's filters: each a function whose name is its drop reason, whose docstring says it, and which says what drops and by what.

    frame.with_columns(reason=first_reason(pool), evidence=evidence(pool))

They read what `koreason clean` measured; a prompt is dropped by the first that applies. A docstring starts with the few words that
stand beside a bar, then comes a sentence; the page shows both.
"""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import NamedTuple

import polars as pl

from koreason.curate.spec import Pool


class Drop(NamedTuple):
    """What a filter drops, and the value or the words that it goes by."""

    when: pl.Expr
    evidence: pl.Expr


Filter = Callable[[Pool], Drop | None]  # None: the pool does not ask for it


class Beside(StrEnum):
    """Why a prompt that passes every filter is dropped all the same, for what stands beside it.

    Attributes:
        withdrawn: withdrawn. The configuration excludes this prompt by its id.
        contaminated: in a benchmark. The prompt shares so much with an item of a benchmark that its answer could be learnt from it.
        duplicate: duplicate. The same question, or nearly the same, is kept: its twin.
        limit: over the limit. The pool takes no more prompts.
    """

    withdrawn = auto()
    contaminated = auto()
    duplicate = auto()
    limit = auto()


def empty(pool: Pool) -> Drop | None:
    """Nothing but markup. Nothing was left when the markup was taken away."""
    return Drop(pl.col("chars") == 0, pl.lit(""))


def damaged(pool: Pool) -> Drop | None:
    """Damaged text. Too large a share of the characters is what a wrong encoding left."""
    return Drop(pl.col("damage") > pool.max_damage, measure("damage"))


def image_dependent(pool: Pool) -> Drop | None:
    """Needs a picture. The question points at a picture that the dump does not hold, or showed one beside too little text."""
    if not pool.drop_image_dependent:
        return None
    alone = pl.col("shows_image") & (pl.col("chars") < pool.min_chars_beside_image)
    words = pl.when(pl.col("image_phrase") != "").then("image_phrase").otherwise(pl.lit("a picture beside ") + _characters())
    return Drop(alone | (pl.col("image_phrase") != ""), words)


def target_share(pool: Pool) -> Drop | None:
    """Too little language. Too small a share of the text is in the target language's script."""
    return Drop(share(pool) < pool.min_target_share, measure(f"share_{pool.target_share_of}"))


def too_short(pool: Pool) -> Drop | None:
    """Too short. The question has too few characters."""
    return Drop(pl.col("chars") < pool.min_chars, _characters())


def too_long(pool: Pool) -> Drop | None:
    """Too long. The question has more characters than allowed."""
    return Drop(pl.col("chars") > pool.max_chars, _characters())


def repetitive(pool: Pool) -> Drop | None:
    """Repeats itself. Too large a share of the text is one thing over and over."""
    return Drop(pl.col("repetition") > pool.max_repetition, measure("repetition"))


# In the order in which they are tried (paper, section 5.1).
FILTERS: tuple[Filter, ...] = (empty, damaged, image_dependent, target_share, too_short, too_long, repetitive)


def share(pool: Pool) -> pl.Expr:
    """The share of the target language by the pool's denominator."""
    return pl.col(f"share_{pool.target_share_of}")


def measure(column: str) -> pl.Expr:
    """A measured value as evidence."""
    return pl.col(column).round(3).cast(pl.String)


def _characters() -> pl.Expr:
    return pl.col("chars").cast(pl.String) + pl.lit(" characters")


def filters(pool: Pool) -> list[tuple[str, Drop]]:
    """The pool's filters by their names, in their order; each looks at one prompt at a time."""
    found = ((each.__name__, each(pool)) for each in FILTERS)
    return [(name, drop) for name, drop in found if drop is not None]


def first_reason(pool: Pool) -> pl.Expr:
    """Name of the first filter that drops a prompt; null for what passes."""
    return pl.coalesce([pl.when(drop.when).then(pl.lit(name)) for name, drop in filters(pool)])


def evidence(pool: Pool) -> pl.Expr:
    """What the filter that `reason` names goes by; null for what passes."""
    return pl.coalesce([pl.when(pl.col("reason") == name).then(drop.evidence) for name, drop in filters(pool)])


def names() -> list[str]:
    """All drop reasons in the order in which they are tried."""
    return [*(each.__name__ for each in FILTERS), *Beside]
