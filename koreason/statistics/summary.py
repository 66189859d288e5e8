"""Accuracy over items and repeats, and how far it can be trusted. Each figure says what it spreads over.

    summary({"item-1": [True, False], "item-2": [True, True]})

Two things vary: the same items drawn again (repeats), and other items of the same kind (items). A mean of the first
kind of spread says nothing about the second, and a bare "±" says neither.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from koreason.statistics import paired

Z95 = statistics.NormalDist().inv_cdf(0.975)

MEANING = {
    "mean": "share of all answers that are correct, every item and every repeat counted once",
    "per_repeat": "the same share within each repeat",
    "sd_over_repeats": "sample standard deviation (n - 1) of per_repeat: how much one run's score moves when sampled again;"
    " null for one repeat",
    "se_over_repeats": "sd_over_repeats divided by the square root of the repeats: uncertainty of the mean for exactly these items",
    "se_over_items": "standard error of the mean for items like these, clustered by item: repeats of one item are not independent",
    "se_over_clusters": "the same with what items share, a passage or an exam, as clusters; null where no two items share anything",
    "interval_95": "95% Wilson interval for items like these, its sample size the one that the standard error over items, or over"
    " clusters where there are any, implies",
}


def per_repeat(correct: Mapping[str, Sequence[bool]]) -> list[float]:
    """Accuracy of each repeat over all items."""
    return [statistics.fmean(column) for column in zip(*correct.values(), strict=True)]


def _sums(correct: Mapping[str, Sequence[bool]], clusters: Mapping[str, str] | None) -> tuple[list[float], list[int]]:
    """Right answers of each cluster, and all of them: items may have been answered unequally often."""
    return paired.clustered(list(correct), [sum(each) for each in correct.values()], clusters, [len(each) for each in correct.values()])


def clustered_error(correct: Mapping[str, Sequence[bool]], clusters: Mapping[str, str] | None = None) -> float | None:
    """Standard error of the share of right answers with items as clusters: repeats of one item are one draw.

    With one repeat it is the usual standard error of a share, with n - 1. `clusters` says what items share, and is what varies then.
    None for a single one.
    """
    sums, sizes = _sums(correct, clusters)
    return paired.clustered_error(sums, sizes) if len(sums) > 1 else None


def shared(correct: Mapping[str, Sequence[bool]], clusters: Mapping[str, str] | None) -> bool:
    """Whether any two items share something."""
    return len(_sums(correct, clusters)[0]) < len(correct)


def effective_size(correct: Mapping[str, Sequence[bool]], clusters: Mapping[str, str] | None = None) -> float:
    """Number of independent answers that would give the same standard error: from the items to the answers.

    With one repeat it is the number of items; repeats that never differ leave it there. With `clusters` it may be as few as these are. A
    score of 0 or 1 has no spread to measure and counts as its items only, or clusters.
    """
    sums, sizes = _sums(correct, clusters)
    least, answers = len(sums), sum(sizes)
    mean, error = sum(sums) / answers, clustered_error(correct, clusters)
    if error is None or error <= paired.NO_SPREAD:
        return float(least)
    size = mean * (1 - mean) / error**2 * least / (least - 1)
    return min(max(size, float(least)), float(answers))


def wilson(share: float, size: float) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927): it stays within 0 and 1 and has width at both ends."""
    centre = (share + Z95**2 / (2 * size)) / (1 + Z95**2 / size)
    half = Z95 / (1 + Z95**2 / size) * math.sqrt(share * (1 - share) / size + Z95**2 / (4 * size**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def summary(correct: Mapping[str, Sequence[bool]], clusters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All figures that `MEANING` describes, rounded to six decimals, for items with equally many repeats each."""
    repeats = per_repeat(correct)
    mean = statistics.fmean(repeats)
    sd = statistics.stdev(repeats) if len(repeats) > 1 else None
    figures = {
        "mean": mean,
        "per_repeat": repeats,
        "sd_over_repeats": sd,
        "se_over_repeats": None if sd is None else sd / math.sqrt(len(repeats)),
        "se_over_items": clustered_error(correct),
        "se_over_clusters": clustered_error(correct, clusters) if shared(correct, clusters) else None,
        "interval_95": list(wilson(mean, effective_size(correct, clusters))),
    }
    return {name: _rounded(value) for name, value in figures.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [round(number, 6) for number in value]
    return None if value is None else round(value, 6)
