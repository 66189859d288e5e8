"""Comparison of mathematical answers in processes that can be killed: an answer may ask for 9^9^9^9.

with Judge(workers=2) as judge:
    outcomes = judge.compare([("5000", "5,000원"), ("7", "2^{2^{2^{2^{2^2}}}}")])   # ["correct", "timeout"]

A worker is this module run as a program that reads and writes JSON lines. It interrupts a comparison that uses too much processor
time; the kernel ends one that does not listen, and refuses it memory past its limit. What all comparisons that were cut off may
cost together is bounded, too: past it each has less.
"""

import json
import math
import os
import queue
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Literal

from koreason.answers import code, values
from koreason.answers.values import Outcome

WALL_SECONDS = 120.0  # of one comparison, for a worker that neither computes nor answers
GRACE_SECONDS = 1  # until the kernel ends what does not listen
MEMORY_BYTES = 1 << 30  # of a worker's address space; ordinary ones use a tenth of it

Verdict = Outcome | Literal["timeout", "crash"]
Task = tuple[str, ...]  # what is to be done, `values` or `code`, and its arguments


@dataclass(frozen=True)
class Budget:
    """What comparing may cost.

    Attributes:
        seconds: processor time of one comparison; ordinary ones take milliseconds.
        together: processor time of all comparisons that were cut off; past it, each has `scarce` only.
        scarce: seconds of one comparison from then on.
    """

    seconds: float = 2.0
    together: float = 240.0
    scarce: float = 0.25


class TookTooLong(BaseException):
    """A comparison used up its time; no `except Exception` of a library holds it up."""


class Judge:
    """A pool of workers, started when first needed and again after each death."""

    def __init__(self, workers: int, budget: Budget | None = None) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._budget = budget or Budget()
        self._spent = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for worker in self._workers:
            worker.stop()

    def compare(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
        """Outcome of each (gold, answer), in their order."""
        for outcome, _ in self.ask(("values", *pair) for pair in pairs):
            yield outcome

    def ask(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, str | None]]:
        """Outcome of each task, in their order, and what was read where the task is to read."""
        free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            free.put(worker)

        def one(task: Task) -> tuple[Verdict, str | None]:
            worker = free.get()
            allowed = self._budget.seconds if self._spent < self._budget.together else self._budget.scarce
            try:
                found = worker.ask(task, allowed)
            finally:
                free.put(worker)
            if found[0] in ("timeout", "crash"):
                with self._lock:
                    self._spent += allowed
            return found

        with ThreadPoolExecutor(len(self._workers)) as threads:
            yield from threads.map(one, tasks)


class _Worker:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, task: Task, allowed: float) -> tuple[Verdict, str | None]:
        """One task, repeated in a fresh process if it crashed in one whose memory others had used."""
        used = self._process is not None
        found = self._ask(task, allowed)
        return self._ask(task, allowed) if used and found[0] == "crash" else found

    def _ask(self, task: Task, allowed: float) -> tuple[Verdict, str | None]:
        process = self._process = self._process or _start()
        assert process.stdin is not None and process.stdout is not None
        line: bytes | None = b""
        try:
            process.stdin.write(json.dumps([allowed, *task]).encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], WALL_SECONDS)
            line = process.stdout.readline() if ready else None
        except BrokenPipeError:
            pass  # it died between two comparisons
        if line:
            outcome, read = json.loads(line)
            if outcome == "crash":
                self.stop()  # what ran out of memory may have left half of something behind
            return outcome, read
        late = line is None or process.wait() == -signal.SIGXCPU
        self.stop()
        return "timeout" if late else "crash", None

    def stop(self) -> None:
        """End the process, whatever it is at."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _start() -> "subprocess.Popen[bytes]":
    home = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([home, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "PYTHONHASHSEED": "0",
        "PYTHONSAFEPATH": "1",
    }
    command = [sys.executable, "-m", "koreason.answers.judge"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TookTooLong


def perform(task: Task) -> tuple[Any, str | None]:
    """Do a task here, with no limit."""
    kind, *words = task
    return code.read(*words) if kind == "code" else (values.compare(*words), None)


def _serve() -> None:
    """Answer until the other side closes, each comparison within its own allowance of processor time."""
    import math_verify  # noqa: F401  loading it must not count against the first comparison

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _too_long)
    for line in sys.stdin.buffer:
        allowed, *task = json.loads(line)
        allowance = math.ceil(time.process_time() + allowed) + GRACE_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (allowance, resource.RLIM_INFINITY))
        found: tuple[Any, str | None]
        try:
            signal.setitimer(signal.ITIMER_PROF, allowed)
            found = perform(tuple(task))
            signal.setitimer(signal.ITIMER_PROF, 0)
        except TookTooLong:
            found = "timeout", None
        except Exception:
            found = "crash", None
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
