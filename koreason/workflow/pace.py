"""How long the jobs that are left will take, from those of the same rules that have ended: in this run, or in earlier ones here.

pace = Pace(Path("benchmarks"))
pace.took("trace", 61.0)
pace.left(["trace", "trace", "train"], at_once=2)      # 'about 2 min left, and 1 of train, of which nothing is known'
"""

import itertools
from collections import Counter, defaultdict
from pathlib import Path

from koreason.ops.watching.shown import spell

LOOKED_AT = 50  # files of earlier runs


class Pace:
    """Seconds of jobs, by rule; `benchmarks` is the folder where Snakemake notes them."""

    def __init__(self, benchmarks: Path) -> None:
        self._folder = benchmarks
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._before: dict[str, float | None] = {}

    def took(self, rule: str, seconds: float) -> None:
        """A job of the rule has ended."""
        self._seconds[rule].append(seconds)

    def each(self, rule: str) -> float | None:
        """What a job of the rule takes, in the mean; None where none has ended here yet."""
        if here := self._seconds[rule]:
            return sum(here) / len(here)
        if rule not in self._before:
            self._before[rule] = self._earlier(rule)
        return self._before[rule]

    def left(self, rules: list[str], at_once: int) -> str:
        """What jobs of these rules will take, in words."""
        counts, known = Counter(rules), 0.0
        strange = {rule: count for rule, count in counts.items() if self.each(rule) is None}
        for rule, count in counts.items():
            known += count * (self.each(rule) or 0.0)
        said = [f"about {spell(known / at_once)} left"] if known else []
        if strange:
            said.append(f"{', '.join(f'{count} of {rule}' for rule, count in strange.items())}, of which nothing is known yet")
        return " and ".join(said)

    def _earlier(self, rule: str) -> float | None:
        found = []
        for path in itertools.islice(self._folder.glob(f"*/{rule}.*tsv"), LOOKED_AT):
            try:
                head, *_, row = path.read_text(encoding="utf-8").splitlines()
                found.append(float(dict(zip(head.split("\t"), row.split("\t"), strict=False))["s"]))
            except (OSError, ValueError, KeyError):
                continue
        return sum(found) / len(found) if found else None
