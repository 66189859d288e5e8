"""What is measured of a trace, by name, and what measuring must know.

    COLUMNS["i_index"]      # Float64

Definition, denominator and source of each stand in `docs/measures.md`.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

import polars as pl

from koreason.languages import Script

TENTHS = 10
# Of the thinking where the name does not say `answer`; null where the denominator is 0.
Measure = Literal[
    "letters",
    "share_letters",
    "share_characters",
    "leaked_share",
    "words",
    "switches",
    "switches_per_100_words",
    "i_index",
    "m_index",
    "target_spans",
    "span_words",
    "longest_span_words",
    "burstiness",
    "copied_spans",
    "tenth_1",
    "tenth_2",
    "tenth_3",
    "tenth_4",
    "tenth_5",
    "tenth_6",
    "tenth_7",
    "tenth_8",
    "tenth_9",
    "tenth_10",
    "answer_letters",
    "answer_share_letters",
    "answer_share_characters",
    "answer_leaked_share",
    "loop_ratio",
]
COUNTS = ("letters", "words", "switches", "target_spans", "longest_span_words", "answer_letters")
MEASURES: dict[str, pl.DataType] = {name: pl.Int64() if name in COUNTS else pl.Float64() for name in get_args(Measure)}
# The table of a stage that measures: one row a trace, sorted by prompt_id and sample.
COLUMNS: dict[str, pl.DataType] = {"prompt_id": pl.String(), "sample": pl.Int64(), **MEASURES}


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Which scripts a trace is meant to hold.

    Attributes:
        scripts: scripts of the languages that the teacher is to think in beside the target language; letters of any other leak.
    """

    scripts: list[Script] = field(default_factory=lambda: ["Latin"])
