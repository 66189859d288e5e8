"""What became of each prompt, counted in all, per source and per category.

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
        self.categories: dict[str, Part] = defaultdict(Counter)
        self.masked: Counter[str] = Counter()

    def add(self, frame: pl.DataFrame, kinds: list[str]) -> None:
        """Count a chunk by its column `reason`, and its `masked_{kind}` columns."""
        for source, category, reason, count in frame.group_by("source", "category", "reason").len().iter_rows():
            self._count(source, category, reason or KEPT, count)
        self.masked.update({kind: int(frame[f"masked_{kind}"].sum()) for kind in kinds})

    def move(self, frame: pl.DataFrame, reason: str) -> None:
        """Count prompts as dropped that had been counted as kept."""
        for source, category, count in frame.group_by("source", "category").len().iter_rows():
            self._count(source, category, KEPT, -count)
            self._count(source, category, reason, count)

    def _count(self, source: str, category: str, reason: str, count: int) -> None:
        for part in (self.total, self.sources[source], self.categories[category]):
            part[reason] += count

    def counts(self) -> dict[str, Any]:
        """The manifest's counts: `input`, `kept` and `dropped` by reason, which add up, in all and in each part."""
        return {
            **_summary(self.total),
            "sources": {name: _summary(part) for name, part in self.sources.items()},
            "categories": {name: _summary(part) for name, part in self.categories.items()},
            "masked": dict(self.masked),
        }


def _summary(part: Part) -> dict[str, Any]:
    dropped = {reason: count for reason, count in part.items() if reason != KEPT and count}
    return {"input": part.total(), "kept": part[KEPT], "dropped": dropped}
