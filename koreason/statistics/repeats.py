"""What several answers to one item are worth together: any of them, their mean, their majority; and how far they agree.

    at_k({"a": [("5", True), ("6", False)]})["pass"]["mean"]     # 1.0
    pass_at(samples=4, right=1, k=2)                              # 0.5
    reliability({"a": [True, True], "b": [False, True]})["agreement"]     # 0.5

Each figure is a mean over items with its standard error over items.
"""

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Read = tuple[str | None, bool]  # what was read of an answer, and whether it is right
MOST_SUBSETS = 5_000  # of an item's answers whose majorities are looked at; larger families have no maj@k

MEANING = {
    "pass": "share of items of which at least one of the k answers is right",
    "avg": "share of right answers, an item's mean first",
    "maj": "share of items whose most frequent answer, by what was read, is right; of several as frequent ones, the share that is",
    "by_k": "pass@k and maj@k for fewer answers than there are, over all choices of k of them; maj is left out where they are too many",
}
RELIABILITY = {
    "agreement": "chance that two answers to one item have the same verdict, right or not",
    "single": "share of the variance of single verdicts that items explain (intraclass correlation, one way): 1 where repeats never differ",
    "mean": "the same of an item's mean over all its repeats (Spearman and Brown)",
}


def pass_at(samples: int, right: int, k: int) -> float:
    """Chance that at least one of k answers is right, drawn without replacement from `samples` of which `right` are (Chen et al. 2021)."""
    return 1 - math.comb(samples - right, k) / math.comb(samples, k)


def majority(answers: Sequence[Read]) -> float:
    """Chance that the most frequent answer is right, ties broken at random; answers that were not read have no vote."""
    votes = Counter(read for read, _ in answers if read is not None)
    if not votes:
        return 0.0
    most = max(votes.values())
    leading = [read for read, count in votes.items() if count == most]
    right = {read for read, correct in answers if correct}
    return sum(read in right for read in leading) / len(leading)


def majority_at(answers: Sequence[Read], k: int) -> float | None:
    """The mean of `majority` over all choices of k answers; None where they are too many to look at."""
    if math.comb(len(answers), k) > MOST_SUBSETS:
        return None
    return statistics.fmean(majority(chosen) for chosen in itertools.combinations(answers, k))


def at_k(answers: Mapping[str, Sequence[Read]]) -> dict[str, Any]:
    """pass@k, avg@k and maj@k over items, k answers of each, and for smaller k."""
    right = {item: [correct for _, correct in each] for item, each in answers.items()}
    figures = {
        "pass": [pass_at(len(each), sum(each), len(each)) for each in right.values()],
        "avg": [statistics.fmean(each) for each in right.values()],
        "maj": [majority(each) for each in answers.values()],
    }
    found: dict[str, Any] = {name: _with_error(values) for name, values in figures.items()}
    found["by_k"] = {str(k): _at(answers, right, k) for k in _fewer(min(map(len, right.values())))}
    return found


def _fewer(repeats: int) -> list[int]:
    """1, 2, 4 … below the number of repeats."""
    return [1 << power for power in range(repeats.bit_length()) if 1 << power < repeats]


def _at(answers: Mapping[str, Sequence[Read]], right: Mapping[str, Sequence[bool]], k: int) -> dict[str, Any]:
    found = {"pass": _with_error([pass_at(len(each), sum(each), k) for each in right.values()])}
    majorities = [majority_at(each, k) for each in answers.values()]
    known = [value for value in majorities if value is not None]
    return found | ({"maj": _with_error(known)} if len(known) == len(majorities) else {})


def reliability(correct: Mapping[str, Sequence[bool]]) -> dict[str, float | None] | None:
    """How far repeats of an item agree, as `RELIABILITY` explains; None for fewer than two items or repeats.

    `single` and `mean` are None where all verdicts are the same: there is no variance to explain.
    """
    repeats = min(map(len, correct.values()))
    if repeats < 2 or len(correct) < 2:
        return None
    same = [(math.comb(sum(each), 2) + math.comb(len(each) - sum(each), 2)) / math.comb(len(each), 2) for each in correct.values()]
    means = [statistics.fmean(each) for each in correct.values()]
    between = repeats * statistics.variance(means)
    within = statistics.fmean(mean * (1 - mean) for mean in means) * repeats / (repeats - 1)
    spread = between + (repeats - 1) * within
    single = (between - within) / spread if spread else None
    mean = (between - within) / between if between else None
    figures = {"agreement": statistics.fmean(same), "single": single, "mean": mean}
    return {name: None if value is None else round(value, 6) for name, value in figures.items()}


def _with_error(values: Sequence[float]) -> dict[str, float | None]:
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return {"mean": round(statistics.fmean(values), 6), "se_over_items": None if error is None else round(error, 6)}
