"""What disqualifies a trace: a list of named expressions, each name a drop reason in the counts.

A trace that fails several filters counts for the first of them.
"""

import zlib

import polars as pl

from koreason.select.langmix import answer_in_other_language, outside_band
from koreason.select.spec import Filters

LOOP_WINDOW = 1000  # characters at the end of a trace, where loops show


def disqualifiers(filters: Filters) -> dict[str, pl.Expr]:
    """Drop reason to the expression that is true for traces it drops, in the order in which they apply."""
    marks = r"</?think>"
    return {
        "incomplete": pl.col("finish") != "stop",
        "no_thinking": pl.col("think").fill_null("").str.len_chars() == 0,
        "no_answer": pl.col("answer").fill_null("").str.len_chars() == 0,
        "several_think_blocks": pl.col("think").str.contains(marks) | pl.col("answer").str.contains(marks),
        "broken_text": pl.col("think").str.contains("\ufffd") | pl.col("answer").str.contains("\ufffd"),
        "thinking_too_short": pl.col("think").str.len_chars() < filters.min_think_chars,
        "too_long": pl.col("tokens") > filters.max_tokens,
        "outside_band": outside_band(filters),
        "answer_in_other_language": answer_in_other_language(filters),
    }


def drop_reasons(traces: pl.DataFrame, filters: Filters) -> pl.Series:
    """The reason why each trace is dropped, null for those that pass; as long as `traces`."""
    first = pl.coalesce(pl.when(dropped).then(pl.lit(reason)) for reason, dropped in disqualifiers(filters).items())
    reasons = traces.select(first.alias("reason"))["reason"]
    passing = reasons.is_null()
    # compression costs more than all the expressions together, so only what passed them is compressed
    loops = [
        "loop" if passed and loop_ratio(f"{think}\n{answer}") > filters.max_loop_ratio else None
        for passed, think, answer in zip(passing, traces["think"], traces["answer"], strict=True)
    ]
    return reasons.zip_with(~passing, pl.Series("reason", loops, dtype=pl.String))


def loop_ratio(text: str) -> float:
    """How many times smaller the end of a text becomes by compression; past 4 it is an exact loop."""
    window = text[-LOOP_WINDOW:].encode()
    return len(window) / len(zlib.compress(window)) if window else 0.0
