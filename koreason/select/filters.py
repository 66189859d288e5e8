"""What disqualifies a trace: functions whose name is a drop reason, whose docstring says it, and whose expression drops.

    traces.with_columns(reason=drop_reasons(mix.filters))

A trace that fails several filters counts for the first of them. A docstring starts with the few words that stand beside a bar,
then comes a sentence; the page shows both.
"""

from collections.abc import Callable
from enum import StrEnum, auto

import polars as pl

from koreason.engine.thinking import MARKS
from koreason.select.langmix import answer_in_other_language, outside_band, outside_bounds, thinks, wrong_answer
from koreason.select.replies import copies_question, garbled, leaks_prompt, refuses, third_script
from koreason.select.spec import Filters


class Undrawn(StrEnum):
    """Why a trace that passes every filter is not drawn.

    Attributes:
        contaminated: in a benchmark. The trace shares too much with an item of a benchmark.
        purged: purged. The configuration leaves this trace out; a student's loss rose where it was trained on.
        no_consensus: no consensus. One of the prompt's samples is wrong, or two have different answers, and only prompts without are drawn.
        same_cluster: like another. Of prompts that are alike the mix takes one, and another one came first.
        other_part: from another part. An earlier part of the mix already provides a trace of this prompt, or of its twin.
        surplus_sample: surplus sample. The prompt has enough traces in the mix already.
        category_not_in_mix: category not in mix. The mix has no quota for this category.
        over_quota: over the quota. The category's quota was full.
    """

    contaminated = auto()
    purged = auto()
    no_consensus = auto()
    other_part = auto()
    surplus_sample = auto()
    same_cluster = auto()
    category_not_in_mix = auto()
    over_quota = auto()


def incomplete(filters: Filters) -> pl.Expr:
    """Not finished. The teacher was cut off, repeated itself or was not asked."""
    return pl.col("finish") != "stop"


def no_thinking(filters: Filters) -> pl.Expr:
    """No thinking. There is no thinking in the reply."""
    return ~thinks() if not filters.allow_no_thinking else pl.lit(False)


def no_answer(filters: Filters) -> pl.Expr:
    """No answer. There is thinking but no answer after it."""
    return pl.col("answer").fill_null("").str.len_chars() == 0


def several_think_blocks(filters: Filters) -> pl.Expr:
    """Thinks twice. The reply opens or closes its thinking more than once."""
    return pl.col("think").str.contains(MARKS) | pl.col("answer").str.contains(MARKS)


def broken_text(filters: Filters) -> pl.Expr:
    """Broken characters. The teacher drew only part of a character."""
    return pl.col("think").str.contains("\ufffd") | pl.col("answer").str.contains("\ufffd")


def thinking_too_short(filters: Filters) -> pl.Expr:
    """Too little thinking. The thinking has too few characters."""
    return thinks() & (pl.col("think").str.len_chars() < filters.min_think_chars)


def too_long(filters: Filters) -> pl.Expr:
    """Too long. The trace has more tokens than the mix accepts."""
    return pl.col("tokens") > filters.max_tokens


def loop(filters: Filters) -> pl.Expr:
    """Goes in circles. The end of the reply says the same over and over."""
    return pl.col("loop_ratio") > filters.max_loop_ratio


# In the order in which they are tried.
FILTERS: tuple[Callable[[Filters], pl.Expr], ...] = (
    incomplete,
    no_thinking,
    no_answer,
    several_think_blocks,
    broken_text,
    thinking_too_short,
    too_long,
    outside_band,
    answer_in_other_language,
    loop,
    garbled,
    copies_question,
    leaks_prompt,
    refuses,
    third_script,
    outside_bounds,
    wrong_answer,
)


def names() -> list[str]:
    """The filters' reasons in the order in which they are tried."""
    return [each.__name__ for each in FILTERS]


def drop_reasons(filters: Filters) -> pl.Expr:
    """The reason why a trace is dropped, null where it passes: of the traces' columns and their measures'."""
    return pl.coalesce(pl.when(each(filters)).then(pl.lit(each.__name__)) for each in FILTERS)
