"""How fast a stage draws, on how many cards, and what it has taken: from the attempts at its outputs.

    pace = Pace([Path("results/traces/demo/mixed/00000-of-00001")])
    pace.look(time.time())
    pace.tokens_per_second          # of all attempts that run; None where none does

An attempt notes its tokens every few seconds, and when. Its speed is what it noted in the last ten minutes of looking on, at the first
look all of its tokens since it started, the engine's loading included. One that has given no sign for half an hour is taken for dead.
"""

from collections import deque
from pathlib import Path
from typing import Any

from koreason.records import attempts

SILENT = 1800.0  # seconds without a sign, in which a large model loads
WINDOW, LEAST = 600.0, 20.0  # seconds that a speed is of, at most and at least


class Pace:
    """Attempts at some outputs.

    Attributes:
        running: folders in which an attempt runs.
        silent: seconds since the last sign of attempts that are taken for dead, by folder.
        tokens_per_second: of all that runs together; None where nothing runs that has drawn.
        speeds: tokens a second of each attempt that drew any.
        gpu_seconds: taken so far, failed attempts too; 0 without GPUs.
        seconds: the same without GPUs counted.
        tokens: drawn in that time.
    """

    def __init__(self, outs: list[Path]) -> None:
        self.outs = outs
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def look(self, now: float) -> None:
        """Read what the attempts say."""
        self.running: set[Path] = set()
        self.silent: dict[Path, float] = {}
        self.tokens_per_second: float | None = None
        self.gpu_seconds = self.seconds = 0.0
        self.tokens = 0
        self.speeds: list[float] = []
        for out in self.outs:
            for line in attempts.of_output(out):
                self.speeds += self._ended(line)
            for facts in attempts.running(out):
                if speed := self._running(out, facts, now):
                    self.tokens_per_second = (self.tokens_per_second or 0.0) + speed
                    self.speeds.append(speed)

    def _ended(self, line: dict[str, Any]) -> list[float]:
        try:
            took, drawn = attempts.seconds(line), attempts.tokens(line)
            self._add(line, took, drawn)
        except (KeyError, TypeError, ValueError):
            return []
        return [drawn / took] if drawn and took else []

    def _running(self, out: Path, facts: dict[str, Any], now: float) -> float | None:
        """Its tokens a second, where it lives."""
        try:
            sign, start, drawn = float(facts["sign"]), float(facts["start"]), int(facts.get("tokens") or 0)
        except (KeyError, TypeError, ValueError):
            return None
        alive = now - sign < SILENT
        self._add(facts, max((now if alive else sign) - start, 0.0), drawn)
        if not alive:
            self.silent[out] = now - sign
            return None
        self.running.add(out)
        seen = self._seen.setdefault(facts["file"], deque())
        if not seen or seen[-1] != (sign, drawn):
            seen.append((sign, drawn))
        while len(seen) > 2 and sign - seen[1][0] >= WINDOW:
            seen.popleft()
        since, before = seen[0] if sign - seen[0][0] >= LEAST else (start, 0)
        return (drawn - before) / (sign - since) if sign > since and drawn > before else None

    def _add(self, facts: dict[str, Any], seconds: float, tokens: float) -> None:
        self.seconds += seconds
        self.gpu_seconds += seconds * attempts.cards(facts)
        self.tokens += int(tokens)
