"""Which differences between two printed accuracies the items behind them carry.

    compared(52.2, 53.0, items=2587).carried      # "no": so small a difference may be chance whichever items were right

A paper prints shares and not which items were right, so its own comparison, paired by item, cannot be made again. Two bounds can. As if the
two runs had answered different items, the difference has its largest spread (models that find the same items hard have less): what is
carried then is carried. And where every item that one has right and the other wrong tells for the same side, McNemar's test has its
smallest p: what is not carried then is not carried by any data with these shares.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace

from koreason.statistics.gains import LEVEL
from koreason.statistics.paired import Z975, holm, mcnemar

Rows = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Difference:
    """The second figure minus the first, shares of 1.

    Attributes:
        error: largest standard error, as of different items.
        most, least: p as of different items, and the smallest that any data with these shares give.
        carried: `yes`, `if paired` (the shares leave it open) or `no`; after Holm in a family.
    """

    difference: float
    error: float
    most: float
    least: float
    carried: str = ""

    @property
    def low(self) -> float:
        """Of the 95% interval as of different items."""
        return self.difference - Z975 * self.error

    @property
    def high(self) -> float:
        """Likewise."""
        return self.difference + Z975 * self.error


@dataclass(frozen=True)
class Row:
    """One comparison of a table: of a model on a benchmark, a row with the row that it is held against; figures in percent."""

    model: str
    bench: str
    against: str
    row: str
    before: float
    after: float
    found: Difference


def compared(before: float, after: float, items: int) -> Difference:
    """Two accuracies in percent on the same items."""
    one, other = before / 100, after / 100
    error = math.sqrt((one * (1 - one) + other * (1 - other)) / items)
    apart = abs(other - one)
    least = mcnemar(0, round(apart * items))
    most = max(least, 2 * statistics.NormalDist().cdf(-apart / error) if error else 1.0)  # few items: no data reach the normal one
    return Difference(other - one, error, most, least, _carried(most, least))


def _carried(most: float, least: float) -> str:
    return "yes" if most < LEVEL else "if paired" if least < LEVEL else "no"


def rows_of(rows: Rows, against: str, items: Mapping[str, int]) -> list[Row]:
    """Every row of a table held against one of its model's, p values by Holm over the table."""
    found = [
        Row(model, bench, against, name, of_model[against][bench], after, compared(of_model[against][bench], after, items[bench]))
        for model, of_model in rows.items()
        for name, figures in of_model.items()
        if name != against
        for bench, after in figures.items()
    ]
    most, least = holm([row.found.most for row in found]), holm([row.found.least for row in found])
    return [
        replace(row, found=replace(row.found, most=high, least=low, carried=_carried(high, low)))
        for row, high, low in zip(found, most, least, strict=True)
    ]
