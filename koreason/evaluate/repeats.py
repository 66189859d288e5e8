"""What several answers to one item are worth together: any of them, their mean, their majority.

    at_k({"a": [("5", True), ("6", False)]})["pass"]["mean"]     # 1.0
    pass_at(samples=4, right=1, k=2)                              # 0.5

Each figure is a mean over items with its standard error over items.
"""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

MEANING = {
    "pass": "share of items of which at least one of the k answers is right",
    "avg": "share of right answers, an item's mean first",
    "maj": "share of items whose most frequent answer, by what was read, is right; of several as frequent ones, the share that is",
}


def pass_at(samples: int, right: int, k: int) -> float:
    """Chance that at least one of k answers is right, drawn without replacement from `samples` of which `right` are (Chen et al. 2021)."""
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def majority(answers: Sequence[tuple[str | None, bool]]) -> float:
    """Chance that the most frequent answer is right, ties broken at random; answers that were not read have no vote."""
    votes = Counter(read for read, _ in answers if read is not None)
    if not votes:
        return 0.0
    most = max(votes.values())
    leading = [read for read, count in votes.items() if count == most]
    right = {read for read, correct in answers if correct}
    return sum(read in right for read in leading) / len(leading)


def at_k(answers: Mapping[str, Sequence[tuple[str | None, bool]]]) -> dict[str, Any]:
    """pass@k, avg@k and maj@k over items, whose answers are (what was read, whether it is right), k of each."""
    right = {item: [correct for _, correct in each] for item, each in answers.items()}
    figures = {
        "pass": [pass_at(len(each), sum(each), len(each)) for each in right.values()],
        "avg": [statistics.fmean(each) for each in right.values()],
        "maj": [majority(each) for each in answers.values()],
    }
    return {name: _with_error(values) for name, values in figures.items()}


def _with_error(values: list[float]) -> dict[str, float | None]:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return {"mean": round(statistics.fmean(values), 6), "se_over_items": None if error is None else round(error, 6)}
