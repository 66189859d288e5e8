"""What a training tells while it goes on: on the terminal, in `metrics.jsonl` what repeats, in `throughput.jsonl` what does not, and all of
it for TensorBoard.

    with Watch(job.out, flops, steps=60, done=0) as watch:
        watch.step(row, tokens=4096, squares=2**22)

The second has a row a step of this attempt: step, seconds, tokens, tokens_per_second, mfu (a share; null where the card's peak is not
known) and peak_gib (null without a GPU), as the first rank saw them.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from koreason.progress import bar
from koreason.train.decoder import cuda
from koreason.train.steps.events import Events

METRICS, THROUGHPUT = "metrics.jsonl", "throughput.jsonl"
FIRST = 3  # steps of an attempt in which kernels are made and lengths are met for the first time


class Watch:
    """The first rank's; others have none."""

    def __init__(self, out: Path, flops: Callable[[int, int], float], cards: int, steps: int, done: int) -> None:
        """`flops` says what tokens and squares of documents' lengths cost; `cards` share it."""
        self._out, self._flops, self._done = out, flops, done
        peak = cuda.peak_flops(cuda.name())
        self._peak = peak * cards if peak else None
        self._progress = bar(total=steps, what="train", unit="step")
        self._progress.update(done)
        self._started = time.monotonic()

    def __enter__(self) -> "Watch":
        self._metrics: IO[str] = open(self._out / METRICS, "a", encoding="utf-8")
        self._throughput: IO[str] = open(self._out / THROUGHPUT, "a", encoding="utf-8")
        self._events = Events(self._out, self._done)
        return self

    def begin(self) -> None:
        """A step begins."""
        self._started = time.monotonic()

    def step(self, row: dict[str, Any], squares: int) -> None:
        """Tell of a step that was taken; `squares` is the sum of squared lengths of its documents."""
        seconds, tokens, memory = time.monotonic() - self._started, row["tokens"], cuda.peak_memory()
        mfu = self._flops(tokens, squares) / seconds / self._peak if self._peak else None
        _write(self._metrics, row)
        speed = {
            "step": row["step"], "seconds": seconds, "tokens": tokens, "tokens_per_second": tokens / seconds, "mfu": mfu,
            "peak_gib": memory / 2**30 if memory is not None else None,
        }  # fmt: skip
        _write(self._throughput, speed)
        self._events.step(row["step"], {Path(METRICS).stem: row, Path(THROUGHPUT).stem: speed})
        shown = {"loss": f"{row['loss']:.4f}", "tok/s": f"{tokens / seconds:.0f}"} | ({"MFU": f"{mfu:.0%}"} if mfu else {})
        self._progress.set_postfix(shown, refresh=False)
        self._progress.update()

    def __exit__(self, *_: object) -> None:
        self._metrics.close()
        self._throughput.close()
        self._events.close()
        self._progress.close()


def _write(file: IO[str], row: dict[str, Any]) -> None:
    file.write(json.dumps(row) + "\n")
    file.flush()


def speeds(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What run.json says of an attempt's speed: over all its steps, and apart for the first and for the others."""
    if not rows:
        return {}
    said: dict[str, Any] = {"seconds_per_step": statistics.median(row["seconds"] for row in rows), "tokens_per_second": _speed(rows)}
    if len(rows) > FIRST:
        said |= {"tokens_per_second_first": _speed(rows[:FIRST]), "tokens_per_second_steady": _speed(rows[FIRST:])}
    found = [row["mfu"] for row in rows[FIRST:] if row.get("mfu")]
    memory = [row["peak_gib"] for row in rows if row.get("peak_gib")]
    return said | ({"mfu": statistics.median(found)} if found else {}) | ({"peak_gib": max(memory)} if memory else {})


def _speed(rows: list[dict[str, Any]]) -> float:
    return float(sum(row["tokens"] for row in rows) / sum(row["seconds"] for row in rows))
