"""How much of the target language a trace holds: the band that makes a trace Language-Mixed."""

import polars as pl

from koreason.select.spec import Filters


def outside_band(filters: Filters) -> pl.Expr:
    """Thinking whose share of the target language lies outside the recipe's band (paper, section 4: 5 to 20 percent)."""
    return ~pl.col("think_share").is_between(filters.min_think_share, filters.max_think_share)


def answer_in_other_language(filters: Filters) -> pl.Expr:
    """Answers with less of the target language than asked for."""
    return pl.col("answer_share") < filters.min_answer_share
