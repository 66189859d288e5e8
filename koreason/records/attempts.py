"""Every attempt at an output, one line each in `attempts.jsonl` beside it: also those that failed, were killed, or saved and went back.

    attempt = begin([Path("results/pools/demo")], code="1f0c…", package="3f0c…")
    attempt.end(0)                             # or 75, or -9 for what SIGKILL ended
    note(tokens=51200)                         # in the process that does the work, as often as it likes
    read(Path("results/pools/demo"))           # all of them, oldest first

While it runs an attempt is a file `.attempt-ID.json` there. Where that is left behind, its node or everything of its job was killed at
once: the next attempt writes its line, with the last sign of life for its end. Nothing here is declared, so nothing here is ever deleted
by Snakemake or makes anything run again.
"""

import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from koreason.records.manifest import RUN, object_in
from koreason.records.whereabouts import job_of, whereabouts
from koreason.system.neighbours import appended, replaced

FILE = "attempts.jsonl"
OPEN = ".attempt-*.json"
VARIABLE = "KOREASON_ATTEMPT"  # names the running attempt's file to the process that does the work
COUNTED = ("start", "end", "seconds", "ended", "outputs", "tokens", "nodes")
MOST = 1 << 53
EVERY = 5.0  # seconds between two notes that are written

_noted = 0.0


class Attempt:
    """An attempt that runs: one for all the outputs that a command makes."""

    def __init__(self, outs: Sequence[Path], **facts: Any) -> None:
        self.outs, self._ended = [Path(out) for out in outs], False
        self.facts = {"start": time.time(), **whereabouts(), **facts}
        # a job's own number first, so that a look into the folder says which job it is
        self.path = self.outs[0] / f".attempt-{job_of(self.facts) or 'local'}-{uuid.uuid4().hex[:8]}.json"

    def tell(self, **facts: Any) -> None:
        """Say what is known of it only now, so that its line has it whoever writes that."""
        self.facts |= facts
        replaced(self.path, json.dumps(object_in(self.path) | facts))

    def end(self, status: int) -> None:
        """Write the attempt's line; what comes after it is no part of the attempt.

        `status` is a shell's or `subprocess`'s: 128 more than a signal, or minus it.
        """
        if self._ended:
            return
        self._ended = True
        noted = object_in(self.path)
        number = -status if status < 0 else status - 128 if status > 128 else None
        line = self.facts | {
            "end": time.time(),
            "exit": status if number is None else None,
            "signal": _name(number),
            "tokens": noted.get("tokens"),
            "outputs": len(self.outs),
        }
        _append(self.outs, line)
        self.path.unlink(missing_ok=True)


def begin(outs: Sequence[Path], **facts: Any) -> Attempt:
    """Begin an attempt; lines of earlier ones that nobody could end are written first."""
    attempt = Attempt(outs, **facts)
    for out in attempt.outs:
        out.mkdir(parents=True, exist_ok=True)
        for path in out.glob(OPEN):
            _close(out, path)
    replaced(attempt.path, json.dumps(attempt.facts | {"pid": os.getpid()}))
    return attempt


def under_way(outs: Sequence[Path]) -> bool:
    """Whether this process works for an attempt at one of `outs` that somebody else will end."""
    path = os.environ.get(VARIABLE)
    return path is not None and Path(path).parent in [Path(out).absolute() for out in outs]


def last() -> dict[str, Any]:
    """The attempt that ended before the one that this process works for; empty where there was none, or nobody writes them.

    With `lost` it ended together with whoever would have seen it.
    """
    path = os.environ.get(VARIABLE)
    return next(reversed(read(Path(path).parent)), {}) if path else {}


def note(last: bool = False, **facts: Any) -> None:
    """Say how far the work is; written every few seconds and with the `last` one, so that it is known even where the end is not."""
    global _noted
    path = os.environ.get(VARIABLE)
    if path is None or (time.monotonic() - _noted < EVERY and not last):
        return
    _noted = time.monotonic()
    file = Path(path)
    try:
        replaced(file, json.dumps(object_in(file) | facts))
    except OSError:
        pass  # a full disk is told of by the work itself


def read(out: Path) -> list[dict[str, Any]]:
    """All attempts at an output that have ended, oldest first; lines that cannot be read are left out."""
    return list(_lines(Path(out) / FILE))


def of_output(out: Path) -> list[dict[str, Any]]:
    """All attempts at a finished output; where none were written, as by older versions, the one that its `run.json` tells of."""
    found = read(out)
    run = object_in(Path(out) / RUN)
    if not found and {"stage", "seconds", "ended"} <= run.keys() and _is_sound(run):
        told = {name: run[name] for name in ("stage", "host", "slurm", "code") if name in run}
        found = [told | {"start": run["ended"] - run["seconds"], "end": run["ended"], "exit": 0, "signal": None, "outputs": 1}]
    return found


def of_run(results: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Every output below a folder with its attempts, finished or not."""
    folders = {path.parent for name in (FILE, RUN) for path in Path(results).rglob(name)}
    yield from ((folder, of_output(folder)) for folder in sorted(folders))


def seconds(attempt: dict[str, Any]) -> float:
    """How long an attempt took, its share where it made several outputs."""
    return float(max(attempt["end"] - attempt["start"], 0.0) / _outputs(attempt))


def tokens(attempt: dict[str, Any]) -> float:
    """How many it drew or trained on, likewise its share."""
    return float((attempt.get("tokens") or 0) / _outputs(attempt))


def _outputs(attempt: dict[str, Any]) -> int:
    """How many outputs it made, which share what it took."""
    return max(attempt.get("outputs") or 1, 1)


def name_of(attempt: dict[str, Any]) -> tuple[Any, ...]:
    """By what an attempt is known that has a line beside each of several outputs."""
    return attempt["start"], str(attempt.get("host")), str(attempt.get("slurm"))


def cards(attempt: dict[str, Any]) -> int:
    """How many GPUs it had: those that it saw, on each of its nodes."""
    return len([card for card in str(attempt.get("gpus") or "").split(",") if card]) * int(attempt.get("nodes") or 1)


def running(out: Path) -> list[dict[str, Any]]:
    """Attempts at an output that have no end yet: they run, or were lost with their node; `sign` is when each last gave one."""
    found = []
    for path in sorted(Path(out).glob(OPEN)):
        with contextlib.suppress(OSError):  # it ends at this moment
            found.append({"file": str(path), "sign": path.stat().st_mtime} | object_in(path))
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "start" in found and _is_sound(found):
            yield found


def _is_sound(facts: dict[str, Any]) -> bool:
    """Whether what is counted with is numbers."""
    given = [facts[name] for name in COUNTED if facts.get(name) is not None]
    return all(type(one) in (int, float) and abs(one) < MOST for one in given)


def _close(out: Path, path: Path) -> None:
    """Write the line of an attempt that is gone without one; one that still runs here is left alone."""
    facts = object_in(path)
    try:
        seen = path.stat().st_mtime
        if facts.get("host") == whereabouts()["host"] and _alive(facts.pop("pid", None)):
            return
        facts.pop("pid", None)
        tokens = facts.pop("tokens", None)
        if "start" in facts:
            _append([out], facts | {"end": seen, "exit": None, "signal": None, "tokens": tokens, "outputs": 1, "lost": True})
        path.unlink(missing_ok=True)
    except OSError:
        pass


def _alive(pid: Any) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, TypeError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _append(outs: Sequence[Path], line: dict[str, Any]) -> None:
    data = (json.dumps(line, sort_keys=True) + "\n").encode()
    for out in outs:
        try:
            out.mkdir(parents=True, exist_ok=True)
            # one write in append mode: lines of two processes do not mix
            with appended(out / FILE) as file:
                file.write(data)
        except OSError:
            continue  # the attempt's own end matters more than its line


def _name(number: int | None) -> str | None:
    try:
        return signal.Signals(number).name if number else None
    except ValueError:
        return str(number)
