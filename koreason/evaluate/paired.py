"""Paired comparison of two sets of verdicts on the same items.

    mcnemar(3, 12)                                     # 0.03515625: exact, two-sided
    paired({"a": [True], "b": [True]}, {"a": [False], "b": [True]}, seed=1).difference     # -0.5

Single runs are compared by McNemar's exact test (McNemar 1947, as a sign test of the discordant pairs), repeats by the differences of the
items' means: their standard error is clustered by item, and a bootstrap draws items with their repeats.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z975, Z80 = statistics.NormalDist().inv_cdf(0.975), statistics.NormalDist().inv_cdf(0.8)
DRAWS = 10_000  # of a bootstrap


@dataclass(frozen=True)
class Paired:
    """The second minus the first, shares of 1.

    Attributes:
        items: that both have.
        only_first, only_second: answers of single runs that only one has right; None for repeats.
        error: standard error of the difference over items.
        low, high: its 95% interval by cluster bootstrap.
        p: of no difference, two-sided; by `test`.
        detectable: the smallest difference that so many items would have shown in 80% of cases at 5%, with this spread (MDE).
    """

    items: int
    first: float
    second: float
    difference: float
    error: float
    low: float
    high: float
    p: float
    test: str
    detectable: float
    only_first: int | None = None
    only_second: int | None = None


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p of as uneven a split of discordant pairs, if each fell either way like a coin."""
    total, fewer = only_first + only_second, min(only_first, only_second)
    term = tail = 1
    for place in range(1, fewer + 1):
        term = term * (total - place + 1) // place
        tail += term
    return min(1.0, 2 * tail / 2**total) if total else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p values of a family (Holm 1979): any below a level is significant there for the family as a whole."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted, most = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        most = max(most, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = most
    return adjusted


def paired(first: Mapping[str, Sequence[bool]], second: Mapping[str, Sequence[bool]], seed: int) -> Paired:
    """Compare two models, settings or profiles on the items that both answered.

    Raises:
        ValueError: no item is in both.
    """
    items = sorted(first.keys() & second.keys())
    if not items:
        raise ValueError("no item is in both")
    one, other = ([statistics.fmean(answers[item]) for item in items] for answers in (first, second))
    differences = [after - before for before, after in zip(one, other, strict=True)]
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(items)) if len(items) > 1 else math.inf
    single = all(len(answers[item]) == 1 for answers in (first, second) for item in items)
    lost = sum(difference < 0 for difference in differences) if single else None
    won = sum(difference > 0 for difference in differences) if single else None
    if lost is not None and won is not None:
        p, test = mcnemar(lost, won), "McNemar, exact"
    else:
        ratio = abs(mean) / error if error else (math.inf if mean else 0.0)
        p, test = 2 * statistics.NormalDist().cdf(-ratio), "clustered by item"
    low, high = bootstrap(differences, seed)
    figures = (statistics.fmean(one), statistics.fmean(other), mean, error, low, high, p, test)
    return Paired(len(items), *figures, (Z975 + Z80) * error, lost, won)


def bootstrap(differences: Sequence[float], seed: int, draws: int = DRAWS) -> tuple[float, float]:
    """95% interval of the mean by drawing items with replacement: percentiles of `draws` means."""
    import numpy

    values, counts = numpy.unique(numpy.array(differences), return_counts=True)
    drawn = numpy.random.default_rng(seed).multinomial(len(differences), counts / len(differences), draws)
    low, high = numpy.quantile(drawn @ values / len(differences), [0.025, 0.975])
    return float(low), float(high)
