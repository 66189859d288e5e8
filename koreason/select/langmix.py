"""How much of the target language a trace holds: the band that makes a trace Language-Mixed.

    traces.filter(~outside_band(mix.filters))

Four of the filters of `koreason/select/filters.py`, which says how their docstrings are read.
"""

import polars as pl

from koreason.select.spec import Filters


def outside_band(filters: Filters) -> pl.Expr:
    """Outside the band. The share of the target language in the thinking is outside what the mix accepts.

    The paper's band is 5 to 20 percent (section 4).
    """
    return thinks() & ~pl.col("think_share").is_between(filters.min_think_share, filters.max_think_share)


def thinks() -> pl.Expr:
    """Whether there is thinking: without any, nothing can be asked of it."""
    return pl.col("think").fill_null("").str.len_chars() > 0


def outside_bounds(filters: Filters) -> pl.Expr:
    """Outside bounds. A measure of the trace is outside what the mix accepts; a trace without the measure passes."""
    return first_outside(filters).is_not_null()


def wrong_answer(filters: Filters) -> pl.Expr:
    """Wrong answer. The answer is not the one that is known to be right."""
    return pl.col("verdict") == "wrong" if filters.drop_wrong else pl.lit(False)


def first_outside(filters: Filters) -> pl.Expr:
    """The first measure, by its name, that is outside of its bounds; null where none is."""
    found = [pl.lit(None, pl.String)]
    for name, bounds in sorted(filters.measures.items()):
        value = pl.col(name)
        below = pl.lit(False) if bounds.min is None else value < bounds.min
        above = pl.lit(False) if bounds.max is None else value > bounds.max
        found.append(pl.when(below | above).then(pl.lit(name)))
    return pl.coalesce(found)


def in_band(filters: Filters) -> pl.Expr:
    """Whether a trace is inside the band, by each thing that its share may be a share of; the paper does not say which.

    `characters`: of the thinking but white space, by which `outside_band` goes; `prose_characters` and `prose_letters`: of what is neither
    formula nor code nor address.
    """
    columns = {"characters": "think_share", "prose_characters": "share_characters", "prose_letters": "share_letters"}
    inside = (pl.col(column).is_between(filters.min_think_share, filters.max_think_share).alias(name) for name, column in columns.items())
    return pl.struct(*inside)


def answer_in_other_language(filters: Filters) -> pl.Expr:
    """Other language. The answer has too little of the target language."""
    return pl.col("answer_share") < filters.min_answer_share
