"""Paired comparison of two sets of verdicts on the same items.

    mcnemar(3, 12)                                     # 0.03515625: exact, two-sided
    paired({"a": [True], "b": [True]}, {"a": [False], "b": [True]}, seed=1).difference     # -0.5

Single runs of items that stand alone are compared by McNemar's exact test (McNemar 1947, as a sign test of the discordant pairs). Repeats,
and items that share a passage or an exam, by the differences of the items' means: their standard error is clustered (by item, or by what
items share), and a bootstrap draws clusters whole. Where all clusters differ alike there is no spread to draw from: `alike` bounds them.
"""

import math
import statistics
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from koreason.statistics.distributions import binomial_half, t_quantile, two_sided_t

Z975, Z80 = statistics.NormalDist().inv_cdf(0.975), statistics.NormalDist().inv_cdf(0.8)
DRAWS = 10_000  # of a bootstrap
NO_SPREAD = 1e-12  # a standard error below it is none: means of repeats are rounded
mcnemar = binomial_half


@dataclass(frozen=True)
class Paired:
    """The second minus the first, shares of 1.

    Attributes:
        items: that both have.
        clusters: into which they fall: as many, where none shares anything.
        only_first, only_second: answers of single runs that only one has right; None for repeats.
        error: standard error of the difference over clusters; where they all differ alike, the one that `alike` has; infinite for one.
        low, high: its 95% interval by cluster bootstrap, within -1 and 1.
        p: of no difference, two-sided; by `test`.
        detectable: the smallest difference that so many items would have shown in 80% of cases at 5%, with this spread (MDE); above 1
            they could not have shown any.
    """

    items: int
    clusters: int
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

    def told(self) -> dict[str, Any]:
        """All of it by name, as JSON can say it: None for an infinite error, and for a `detectable` beyond any difference."""
        known = {
            "error": self.error if math.isfinite(self.error) else None,
            "detectable": self.detectable if self.detectable <= 1 else None,
        }
        return vars(self) | known


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p values of a family (Holm 1979): any below a level is significant there for the family as a whole."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted, most = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        most = max(most, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = most
    return adjusted


def paired(
    first: Mapping[str, Sequence[bool]],
    second: Mapping[str, Sequence[bool]],
    seed: int,
    clusters: Mapping[str, str] | None = None,
    draws: int = DRAWS,
) -> Paired:
    """Compare two models, settings or profiles on the items that both answered.

    `clusters` says for each item what it shares with others.

    Raises:
        ValueError: no item is in both.
    """
    items = sorted(first.keys() & second.keys())
    if not items:
        raise ValueError("no item is in both")
    one, other = ([statistics.fmean(answers[item]) for item in items] for answers in (first, second))
    differences = [after - before for before, after in zip(one, other, strict=True)]
    mean = statistics.fmean(differences)
    sums, sizes = clustered(items, differences, clusters)
    error = clustered_error(sums, sizes)
    single = all(len(answers[item]) == 1 for answers in (first, second) for item in items)
    lost = sum(difference < 0 for difference in differences) if single else None
    won = sum(difference > 0 for difference in differences) if single else None
    some = error > NO_SPREAD and len(sums) > 1
    if lost is not None and won is not None and len(sums) == len(items):
        p, test = mcnemar(lost, won), "McNemar, exact"
    else:
        p = two_sided_t(abs(mean) / error, len(sums) - 1) if some else alike(mean, len(sums))[0]
        test = "clustered by item" if len(sums) == len(items) else "clustered by what items share"
    if some:
        low, high = bootstrap(sums, sizes, seed, draws)
    else:
        error = alike(mean, len(sums))[1]
        low, high = max(-1.0, mean - Z975 * error), min(1.0, mean + Z975 * error)
    figures = (statistics.fmean(one), statistics.fmean(other), mean, error, low, high, p, test)
    return Paired(len(items), len(sums), *figures, (Z975 + Z80) * error, lost, won)


def alike(difference: float, count: int) -> tuple[float, float]:
    """p and standard error of a difference that is the same in each of `count` clusters: there is no spread to measure.

    p is that of the exact sign test of the clusters, and the error the one by which a normal distribution has this p. Where nothing
    differs it is the one that Wilson's interval for none of so many implies. A single cluster tells nothing: 1 and infinity.
    """
    if count < 2:
        return 1.0, math.inf
    if abs(difference) <= NO_SPREAD:
        return 1.0, Z975 / (count + Z975**2)
    p = max(binomial_half(0, count), sys.float_info.min)
    return p, abs(difference) / -statistics.NormalDist().inv_cdf(p / 2)


def clustered(
    items: Sequence[str], values: Sequence[float], clusters: Mapping[str, str] | None, counts: Sequence[int] | None = None
) -> tuple[list[float], list[int]]:
    """Of each cluster the sum of its items' values, and how many they are; or of what each value is a sum of, as `counts` says."""
    counts = counts or [1] * len(values)
    if clusters is None:
        return list(values), list(counts)
    sums: dict[Hashable, float] = {}
    sizes: dict[Hashable, int] = {}
    for item, value, count in zip(items, values, counts, strict=True):
        key = clusters.get(item, (item,))  # an item's id may be the name of a cluster that it is not of
        sums[key] = sums.get(key, 0.0) + value
        sizes[key] = sizes.get(key, 0) + count
    return list(sums.values()), list(sizes.values())


def clustered_error(sums: Sequence[float], sizes: Sequence[int]) -> float:
    """Standard error of the mean over all items with clusters as the units, with the correction G / (G - 1) for G clusters.

    It is that of a regression on a constant (Liang and Zeger 1986); of clusters of one item the usual one. Infinite for one cluster.
    """
    count, total = len(sums), sum(sizes)
    if count < 2:
        return math.inf
    mean = math.fsum(sums) / total
    residuals = math.fsum((value - mean * size) ** 2 for value, size in zip(sums, sizes, strict=True))
    return math.sqrt(residuals * count / (count - 1)) / total


def bootstrap(sums: Sequence[float], sizes: Sequence[int], seed: int, draws: int = DRAWS) -> tuple[float, float]:
    """95% interval of the mean over items by drawing clusters whole, with replacement: percentiles of `draws` means.

    Drawing from G clusters spreads by (G - 1) / G too little, and percentiles stand for a normal distribution where Student's is meant:
    the interval is widened by both about the mean (Hesterberg 2015, 'expanded percentile'). It takes two clusters at least.
    """
    import numpy

    count, total = len(sums), sum(sizes)
    mean = math.fsum(sums) / total
    pairs, counts = numpy.unique(numpy.array([sums, sizes], dtype=float).T.round(12), axis=0, return_counts=True)
    drawn = numpy.random.default_rng(seed).multinomial(count, counts / count, draws)
    tail = statistics.NormalDist().cdf(-math.sqrt(count / (count - 1)) * t_quantile(0.975, count - 1))
    low, high = numpy.quantile((drawn @ pairs[:, 0]) / (drawn @ pairs[:, 1]), [tail, 1 - tail])
    return min(float(low), mean), max(float(high), mean)
