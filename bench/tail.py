"""How long a stage of traces takes over its ideal: by prompts a shard, answers in flight, shards a task, cards, and order.

    envs/run data python bench/tail.py

The scheduling is the generator's own (`koreason/engine/generator.py`): only the engine below it is replaced by a clock, which takes
STEP + PER_ANSWER x answers in flight milliseconds for one token of each. Lengths are lognormal, cut at 16,384 tokens. The ideal has
every card at its full rate for all tokens, without starts and tails. Tasks go to cards as these become free, as Slurm gives them out.
Times of a task are drawn from simulated shards, so the whole stage of the paper, 5.79M prompts, takes no more than a sample of them.
"""

import argparse
import heapq
import math
import random
import statistics
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from koreason.engine.answers import Request
from koreason.engine.generator import Generator
from koreason.progress import bar

CUT, SEGMENT = 16_384, 1024
LOG_MEDIAN, SIGMA = math.log(6500), 0.7  # of lengths in tokens; 7.5k in the mean once they are cut
STEP, PER_ANSWER = 25.0, 0.25  # milliseconds: about 40 tokens/s alone and 1,560 with 64 in flight, as of 32B on two H100
PROMPTS = 5_790_000
DRAWN = 24_576  # prompts that are simulated for each row, at least eight shards
SIZES, FLIGHTS, CARDS, PER_TASK = (64, 512, 4096), (64, 256), (8, 64), (1, 8)


class Clock:
    """An engine that draws as many tokens as it is told to, and knows what time it is."""

    def __init__(self) -> None:
        self.now, self._tokens = 0.0, 0
        self._live: list[tuple[int, str, int]] = []  # token at which the segment ends, answer, tokens of the segment

    def add(self, key: str, length: int) -> None:
        """Let an answer's next segment begin."""
        heapq.heappush(self._live, (self._tokens + length, key, length))

    def step(self) -> list[SimpleNamespace]:
        """Go on until a segment ends."""
        end, key, length = heapq.heappop(self._live)
        self.now += (end - self._tokens) * (STEP + PER_ANSWER * (len(self._live) + 1)) / 1000
        self._tokens = end
        return [SimpleNamespace(request_id=key, finished=True, outputs=[length])]


class Simulated(Generator):
    """The generator's own loop of requests, over a clock in place of a model."""

    def __init__(self, in_flight: int) -> None:
        self.limits: Any = SimpleNamespace(max_num_seqs=in_flight)
        self.seconds, self._engine = 0.0, Clock()

    def _admit(self, request: Request) -> Any:
        return SimpleNamespace(request=request, phase="answer", left=request.seed)

    def _draw(self, state: Any) -> None:
        self._engine.add(state.request.key, min(SEGMENT, state.left))

    def _segment(self, state: Any, length: int) -> int:  # type: ignore[override]
        return length

    def _extend(self, state: Any, length: int) -> None:  # type: ignore[override]
        state.left -= length
        state.phase = "answer" if state.left else "stop"

    def _answer(self, state: Any) -> Any:
        return state


def shard_seconds(lengths: list[int], in_flight: int) -> float:
    """What the engine takes for a shard."""
    generator = Simulated(in_flight)
    requests = (Request(str(number), [], "", length) for number, length in enumerate(lengths))
    for _ in generator.answers(requests):
        pass
    return float(generator._engine.now)


def stage_seconds(tasks: list[float], cards: int) -> float:
    """When the last of all tasks ends: each goes to the card that is free first."""
    free = [0.0] * cards
    for seconds in tasks:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def drawn_lengths(count: int, seed: int) -> list[int]:
    """Lengths of answers in tokens."""
    draw = random.Random(seed)
    return [min(CUT, max(1, round(draw.lognormvariate(LOG_MEDIAN, SIGMA)))) for _ in range(count)]


def rows(start: float, orders: tuple[str, ...]) -> Iterator[tuple[int, int, str, int, int, float, float]]:
    """Size, in flight, order, shards a task, cards, and the stage's time over its ideal: with starts, and of tails alone."""
    for size in SIZES:
        for in_flight in FLIGHTS:
            for order in orders:
                lengths = drawn_lengths(max(DRAWN, 8 * size), seed=1)
                shards = [lengths[first : first + size] for first in range(0, len(lengths), size)]
                if order == "longest first":
                    shards = [sorted(shard, reverse=True) for shard in shards]
                every = bar(shards, what=f"{size} a shard, {in_flight} in flight", unit="shard")
                seconds = [shard_seconds(shard, in_flight) for shard in every]
                rate = in_flight / (STEP + PER_ANSWER * in_flight) * 1000
                alone = statistics.mean(seconds) / (sum(lengths) / len(shards) / rate)
                draw = random.Random(2)
                for per_task in PER_TASK:
                    tasks = [start + sum(draw.choices(seconds, k=per_task)) for _ in range(-(-PROMPTS // (size * per_task)))]
                    for cards in CARDS:
                        ideal = sum(lengths) / len(lengths) * PROMPTS / rate / cards
                        yield size, in_flight, order, per_task, cards, stage_seconds(tasks, cards) / ideal, alone


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=float, default=120.0, metavar="S", help="seconds that an engine takes to load (default: 120)")
    start = parser.parse_args().start
    print("prompts/shard  in flight  order          shards/task  cards  stage over ideal  of it tails")
    for size, in_flight, order, per_task, cards, over, alone in rows(start, ("as they come", "longest first")):
        print(f"{size:13,}  {in_flight:9}  {order:13}  {per_task:11}  {cards:5}  {over:16.2f}  {alone:11.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
