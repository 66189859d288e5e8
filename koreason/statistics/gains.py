"""What several benchmarks say together of a gain, and a mix in proportion to gains.

proposed({"Code": (0.2, 0.01, 1000, 9000), "Daily": (0.01, 0.4, 1000, 9000)}, rows=300)     # {"Code": 300}
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Protocol

LEVEL = 0.05


class Difference(Protocol):
    """A difference on one benchmark with its standard error, as `paired` makes them."""

    @property
    def difference(self) -> float:
        """The second minus the first."""

    @property
    def error(self) -> float:
        """Its standard error."""


def mean_gain(each: Sequence[Difference]) -> tuple[float, float]:
    """Mean difference over benchmarks, which have no item in common, and its standard error."""
    return statistics.fmean(one.difference for one in each), math.sqrt(sum(one.error**2 for one in each)) / len(each)


def two_sided(gain: float, error: float) -> float:
    """p of no gain, by the normal distribution: benchmarks have hundreds of items. Without any spread nothing is shown."""
    return 2 * statistics.NormalDist().cdf(-abs(gain) / error) if error else 1.0


def proposed(gained: Mapping[str, tuple[float, float, int, int]], rows: int) -> dict[str, int]:
    """Quotas of the categories whose gain is more than chance, in proportion to their gain per row.

    `gained` has for each category its gain, p of none (as adjusted for their number), the rows that gained it, and the rows that there
    are, which no quota exceeds: what one cannot take goes to the others.
    """
    weights = {name: gain / size for name, (gain, p, size, _) in gained.items() if gain > 0 and p < LEVEL}
    quotas: dict[str, int] = {}
    left = rows
    while weights and left > 0:
        total = sum(weights.values())
        full = {name: gained[name][3] for name in weights if left * weights[name] / total >= gained[name][3]}
        if not full:
            return quotas | {name: int(left * weight / total) for name, weight in weights.items()}
        quotas |= full
        left -= sum(full.values())
        weights = {name: weight for name, weight in weights.items() if name not in full}
    return quotas
