"""A training in progress: steps, loss, speed, and when it will be done.

    training = Training(Path("results/models/small/demo/short"))
    training.look(time.time())
    training.step, training.loss

Steps and losses stand in `metrics.jsonl` and `throughput.jsonl`, of which only the end is read; how many steps there will be stands in
the job's log alone, as its progress bar.
"""

import json
import re
from pathlib import Path
from statistics import fmean
from typing import Any

from koreason.ops.watching.pace import Pace
from koreason.records.manifest import LIVE, MANIFEST

END = 1 << 14  # bytes of a file's end that are read
STEPS = 20  # the last ones, whose mean time is the speed
BAR = re.compile(rb"train: [^\r\n]*?\| (\d+)/(\d+) \[")


class Training:
    """One model in training.

    Attributes:
        step: the last that is done; 0 where none is.
        of: how many there will be; None where the log does not say.
        loss: of that step.
        seconds: a step takes; None where it is not known.
        state: done, training, silent, or stopped.
    """

    def __init__(self, out: Path, logs: Path) -> None:
        self.out = out
        self._log = logs / "train" / f"train.{'.'.join(out.parts[-3:])}.log"
        self._pace = Pace([out])

    def look(self, now: float) -> None:
        """Read what came since."""
        self._pace.look(now)
        live = self.out / LIVE
        told = live if (live / "metrics.jsonl").is_file() else self.out  # where there is an earlier model, until this one is whole
        rows = list(_rows(told / "metrics.jsonl"))
        self.step, self.loss = (int(rows[-1]["step"]), float(rows[-1]["loss"])) if rows else (0, float("nan"))
        times = [float(row["seconds"]) for row in _rows(told / "throughput.jsonl")][-STEPS:]
        self.seconds = fmean(times) if times else None
        bars = BAR.findall(_end(self._log))
        self.of = int(bars[-1][1]) if bars else None
        done = (self.out / MANIFEST).is_file()
        self.state = "done" if done else "training" if self._pace.running else "silent" if self._pace.silent else "stopped"

    @property
    def left(self) -> float | None:
        """Seconds to come; None where that is not known."""
        return None if self.of is None or self.seconds is None else max(self.of - self.step, 0) * self.seconds


def _end(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - END))
            return file.read()
    except OSError:
        return b""


def _rows(path: Path) -> Any:
    """Whole lines at a file's end that have what is asked of them."""
    for line in _end(path).splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and ({"step", "loss"} <= row.keys() or {"step", "seconds"} <= row.keys()):
            yield row
