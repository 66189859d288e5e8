"""What became of each prompt, counted in all and per source.

tally.add(frame); stage.counts.update(tally.counts())
"""

from collections import Counter, defaultdict
from typing import Any

import polars as pl

KEPT = ""

Part = Counter[str]


class Tally:
    """Counts by drop reason; `KEPT` stands for none."""

    def __init__(self) -> None:
        self.total: Part = Counter()
        self.sources: dict[str, Part] = defaultdict(Counter)

    def add(self, frame: pl.DataFrame) -> None:
        """Count a chunk by its column `reason`."""
        for source, reason, count in frame.group_by("source", "reason").len().iter_rows():
            for part in (self.total, self.sources[source]):
                part[reason or KEPT] += count

    def counts(self) -> dict[str, Any]:
        """The manifest's counts: `input`, `kept` and `dropped` by reason, which add up, in all and in each part."""
        return {
            **_summary(self.total),
            "sources": {name: _summary(part) for name, part in sorted(self.sources.items())},
        }


def _summary(part: Part) -> dict[str, Any]:
    dropped = {reason: count for reason, count in part.items() if reason != KEPT and count}
    return {"input": part.total(), "kept": part[KEPT], "dropped": dropped}
