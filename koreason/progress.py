"""Progress bars for long work: a live bar on a terminal, a line now and then in a log file."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(items: Iterable[Any] | None = None, *, total: int | None = None, what: str, unit: str) -> Any:
    """A `tqdm` bar named `what`; in a log file it writes one plain line every ten seconds at most."""
    terminal = sys.stderr.isatty()
    return tqdm(items, total=total, desc=what, unit=unit, file=sys.stderr, ascii=not terminal, mininterval=0.2 if terminal else 10.0)
