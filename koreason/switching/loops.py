"""Whether a text goes in circles at its end.

round(loop_ratio("again and again " * 100))  # 38
"""

import zlib

import polars as pl

WINDOW = 1000  # characters at the end of a trace, where loops show


def loop_ratio(text: str) -> float:
    """How many times smaller the end of a text becomes by compression; past 4 it is an exact loop."""
    window = text[-WINDOW:].encode()
    return len(window) / len(zlib.compress(window)) if window else 0.0


def loop_ratios(thinks: pl.Series, answers: pl.Series) -> pl.Series:
    """`loop_ratio` of each trace, its thinking and answer on lines of their own."""
    size = WINDOW + 1
    tails = [each.fill_null("").str.tail(size) for each in (thinks, answers)]
    return pl.Series([loop_ratio(f"{think}\n{answer}") for think, answer in zip(*tails, strict=True)], dtype=pl.Float64)
