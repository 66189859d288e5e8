"""What is wrong with bounds and strata, for a configuration and for a command that is called by hand.

out_of_order([5.0, 2.0], [0.5, 0.3, 0.2])     # "edges are 5, 2; accepted: numbers in rising order"
"""

import itertools
from collections.abc import Mapping, Sequence


def out_of_order(edges: Sequence[float], shares: Sequence[float]) -> str | None:
    """Why edges and the shares of the strata between them do not fit together; None where they do."""
    if any(low >= high for low, high in itertools.pairwise(edges)):
        return f"edges are {', '.join(f'{edge:g}' for edge in edges)}; accepted: numbers in rising order"
    if len(shares) != len(edges) + 1:
        return f"has {len(edges)} edges and {len(shares)} shares; accepted: one share more than there are edges"
    return None


def nothing_between(bounds: Mapping[str, float | None]) -> str | None:
    """Why bounds `min` and `max` let nothing through; None where they do, or where one is not given."""
    least, most = bounds.get("min"), bounds.get("max")
    if least is None or most is None or least <= most:
        return None
    return f"min is {least:g} and max is {most:g}; accepted: min up to max"
