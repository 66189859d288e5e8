"""Progress bars for long work: a live bar on a terminal, a line now and then in a log file.

list(bar(range(3), what="counting", unit=" numbers"))     # [0, 1, 2]
"""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(items: Iterable[Any] | None = None, *, total: int | None = None, what: str, unit: str, scale: bool = False) -> Any:
    """A `tqdm` bar named `what`; in a log file it writes one plain line every ten seconds at most. `scale`: k, M, G."""
    terminal = sys.stderr.isatty()
    often = 0.2 if terminal else 10.0
    return tqdm(items, total=total, desc=what, unit=unit, unit_scale=scale, file=sys.stderr, ascii=not terminal, mininterval=often)
