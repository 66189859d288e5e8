"""Answers held against the gold, each different pair once.

compare_once([("5000", "5,000원"), ("5000", "5,000원")])      # {("5000", "5,000원"): "correct"}
"""

import os

from koreason.answers.judge import Judge
from koreason.progress import bar

MOST_WORKERS = 8
# What an answer is whose drawing did not come to its end by itself, by the word of `finish` before a colon.
BY_FINISH = {"length": "token_limit", "repetition": "repetition", "refused": "refused"}


def compare_once(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Outcome of each different (gold, box)."""
    different = list(dict.fromkeys(pairs))
    workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS, 1 + len(different) // 100)  # one costs a second to start
    with Judge(workers) as judge:
        outcomes = bar(judge.compare(different), total=len(different), what="comparisons", unit="answer")
        return dict(zip(different, outcomes, strict=True))
