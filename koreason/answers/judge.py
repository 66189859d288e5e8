"""Comparison of mathematical answers in processes that can be killed: an answer may ask for 9^9^9^9.

with Judge(workers=2) as judge:
    outcomes = judge.compare([("5000", "5,000원"), ("7", "2^{2^{2^{2^{2^2}}}}")])   # ["correct", "timeout"]

A worker is this module run as a program that reads and writes JSON lines. The kernel ends it when one comparison uses
too much processor time, and refuses it memory past its limit.
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
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Literal

from koreason.answers import values
from koreason.answers.values import Outcome

CPU_SECONDS = 5  # of one comparison; ordinary ones take milliseconds
WALL_SECONDS = 120.0  # of one comparison, for a worker that neither computes nor answers
MEMORY_BYTES = 1 << 30  # of a worker's address space; ordinary ones use a tenth of it

Verdict = Outcome | Literal["timeout", "crash"]


class Judge:
    """A pool of workers, started when first needed and again after each death."""

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for worker in self._workers:
            worker.stop()

    def compare(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
        """Outcome of each (gold, answer), in their order."""
        free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            free.put(worker)

        def one(pair: tuple[str, str]) -> Verdict:
            worker = free.get()
            try:
                return worker.compare(*pair)
            finally:
                free.put(worker)

        with ThreadPoolExecutor(len(self._workers)) as threads:
            yield from threads.map(one, pairs)


class _Worker:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def compare(self, gold: str, answer: str) -> Verdict:
        """One comparison, repeated in a fresh process if it crashed in one whose memory others had used."""
        used = self._process is not None
        outcome = self._ask(gold, answer)
        return self._ask(gold, answer) if used and outcome == "crash" else outcome

    def _ask(self, gold: str, answer: str) -> Verdict:
        process = self._process = self._process or _start()
        assert process.stdin is not None and process.stdout is not None
        line: bytes | None = b""
        try:
            process.stdin.write(json.dumps([gold, answer]).encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], WALL_SECONDS)
            line = process.stdout.readline() if ready else None
        except BrokenPipeError:
            pass  # it died between two comparisons
        if line:
            outcome: Verdict = json.loads(line)
            if outcome == "crash":
                self.stop()  # what ran out of memory may have left half of something behind
            return outcome
        late = line is None or process.wait() == -signal.SIGXCPU
        self.stop()
        return "timeout" if late else "crash"

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
    }
    command = [sys.executable, "-m", "koreason.answers.judge"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)


def _serve() -> None:
    """Answer until the other side closes, each comparison within its own allowance of processor time."""
    import math_verify  # noqa: F401  loading it must not count against the first comparison

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        gold, answer = json.loads(line)
        allowance = math.ceil(time.process_time()) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (allowance, resource.RLIM_INFINITY))
        outcome: Verdict
        try:
            outcome = values.compare(gold, answer)
        except Exception:
            outcome = "crash"
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
