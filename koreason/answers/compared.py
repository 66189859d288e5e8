"""Answers held against the gold, each different pair once, most of them at once.

compare_once([("5000", "5,000원"), ("5000", "5,000원")])      # {("5000", "5,000원"): "correct"}
"""

import os
from collections.abc import Iterable

from koreason.answers.judge import Budget, Judge, Task, Verdict
from koreason.answers.values import settled
from koreason.progress import bar

MOST_WORKERS = 8
# What an answer is whose drawing did not come to its end by itself, by the word of `finish` before a colon.
BY_FINISH = {"length": "token_limit", "repetition": "repetition", "refused": "refused"}


def compare_once(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Outcome of each different (gold, box)."""
    done = perform_once(("values", *pair) for pair in pairs)
    return {(task[1], task[2]): outcome for task, (outcome, _) in done.items()}


def perform_once(tasks: Iterable[Task], budget: Budget | None = None) -> dict[Task, tuple[Verdict, str | None]]:
    """Outcome of each different task and what it read; processes are started for what is not settled at once."""
    done: dict[Task, tuple[Verdict, str | None]] = {}
    rest: list[Task] = []
    for task in dict.fromkeys(tasks):
        at_once = settled(task[1], task[2]) if task[0] == "values" else None
        if at_once is None:
            rest.append(task)
        else:
            done[task] = (at_once, None)
    if rest:
        workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS, 1 + len(rest) // 100)  # one costs a second to start
        with Judge(workers, budget) as judge:
            outcomes = bar(judge.ask(rest), total=len(rest), what="comparisons", unit="answer")
            done |= dict(zip(rest, outcomes, strict=True))
    return done
