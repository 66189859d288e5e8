"""The answers that a recipe draws from a pool, or a model from a benchmark: how many there are, how long, and when the rest will be.

    drawing = Drawing(Path("results/traces/demo/mixed/journal"))
    drawing.look(time.time())
    drawing.all.finished, drawing.lengths.mean, drawing.left()

Its shards are those of the count that was asked for last; answers in journals of other counts are counted where they are asked for, too.
"""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy

from koreason.engine.answers import REFUSED
from koreason.engine.journals.journal import WHOLE
from koreason.ops.watching.counted import ENDS, Counted, Numbers, is_in, latest, places_in
from koreason.ops.watching.lengths import Lengths
from koreason.ops.watching.pace import SILENT, Pace
from koreason.records.manifest import MANIFEST
from koreason.shards import shard_names

NINETY = 1.645  # standard deviations to each side that hold nine in ten of what is normally distributed


@dataclass(frozen=True)
class Share:
    """A shard, or all of them.

    Attributes:
        asked: answers; None where it is not known.
        ends: how many ended in which of the ways of `ENDS`.
        running: tokens of each answer that is begun and not finished.
        tokens: of finished and begun answers.
        state: done, drawing, silent (nothing was heard for long), stopped, or not begun.
        tokens_per_second: of what draws into it now; None where nothing does.
    """

    asked: int | None
    ends: dict[str, int]
    running: Numbers
    tokens: int
    state: str
    tokens_per_second: float | None = None

    @property
    def finished(self) -> int:
        """Answers that there are, refusals among them."""
        return sum(self.ends.values())


@dataclass(frozen=True)
class Left:
    """What is yet to come: tokens and seconds, each with what is to be added and taken away to hold nine in ten cases."""

    tokens: float
    tokens_error: float
    seconds: float | None
    seconds_error: float


class Drawing:
    """One journal and the outputs that are made of it.

    Attributes:
        shards: each shard's share, by name.
        all: of all of them.
        lengths: of its answers.
        pace: of the attempts at its outputs.
        letters: mean share of each script among the letters of an answer.
        damaged: places in its journals that hold no line.
    """

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self._counted: dict[str, Counted] = {}
        self._paces: dict[str, Pace] = {}

    @property
    def name(self) -> str:
        """As people know it: `traces/demo/mixed`."""
        return "/".join(self.journal.parts[-4:-1] if "traces" in self.journal.parts else self.journal.parts[-6:-1])

    def out(self, shard: str) -> Path:
        """The output that is made of a shard's journal."""
        generations = self.journal.parent / "generations"
        return generations if shard == WHOLE and generations.is_dir() else self.journal.parent / shard

    def look(self, now: float) -> None:
        """Read what came since the last look."""
        for folder in sorted(self.journal.glob("*-of-*")):
            self._counted.setdefault(folder.name, Counted(folder)).look()
        there = list(self._counted.values())
        keys, tokens, ends = latest(*(numpy.concatenate(parts) for parts in zip(*((c.keys, c.tokens, c.ends) for c in there), strict=True)))
        begun, drawn = self._begun(there, keys)
        names = self._names()
        self._now = now
        for name in names:
            self._paces.setdefault(name, Pace([self.out(name)])).look(now)
        self.shards: dict[str, Share] = {}
        every = []
        for name in names:
            counted = self._counted.get(name)
            asked = counted.asked if counted else None
            # of a journal from before there were lists all of it is asked for
            mine = tuple(places_in(asked, among) for among in (keys, begun)) if asked is not None else self._own(name, keys, begun)
            every.append(mine)
            number = None if asked is None else len(asked)
            self.shards[name] = self._share(name, number, tokens[mine[0]], ends[mine[0]], drawn[mine[1]])
        finished, running = (_all_of(parts, len(among)) for parts, among in zip(zip(*every, strict=True), (keys, begun), strict=True))
        real = finished[ends[finished] != ENDS.index(REFUSED)]
        self.lengths = Lengths(tokens[real], drawn[running])
        self.all = self._together(tokens[finished], ends[finished], drawn[running])
        self.letters, sampled = Counter[str](), sum(c.sampled for c in there)
        for counted in there:
            self.letters.update({script: share / sampled for script, share in counted.letters.items()})
        self.damaged = sum(counted.damaged for counted in there)

    def _begun(self, there: list[Counted], finished: Numbers) -> tuple[Numbers, Numbers]:
        """Keys of answers that are begun and not finished, sorted, and the tokens of each."""
        keys, numbers, tokens = (numpy.concatenate(parts) for parts in zip(*(counted.begun for counted in there), strict=True))
        order = numpy.lexsort((numbers, keys))
        keys, numbers, tokens = keys[order], numbers[order], tokens[order]
        # a segment that stands in two journals was drawn once
        once = numpy.ones(len(keys), bool)
        once[1:] = (keys[1:] != keys[:-1]) | (numbers[1:] != numbers[:-1])
        once &= ~is_in(keys, finished)
        found, at = numpy.unique(keys[once], return_inverse=True)
        return found, numpy.bincount(at, tokens[once], len(found)).astype(numpy.int64)

    def _names(self) -> list[str]:
        """All shards of the count that was asked for last."""
        asked = {name: counted.asked_at for name, counted in self._counted.items()}
        newest = max(asked, key=lambda name: (asked[name], name))
        return shard_names(int(newest.split("-of-")[1]))

    def _own(self, name: str, keys: Numbers, begun: Numbers) -> tuple[Numbers, Numbers]:
        if name not in self._counted:
            return numpy.zeros(0, int), numpy.zeros(0, int)
        own = self._counted[name]
        return places_in(own.keys, keys), places_in(numpy.unique(own.begun[0]), begun)

    def _share(self, name: str, asked: int | None, tokens: Numbers, ends: Numbers, running: Numbers) -> Share:
        pace, out = self._paces[name], self.out(name)
        if (out / MANIFEST).is_file():
            state = "done"
        elif pace.running or self._grows(name):
            state = "drawing"
        elif pace.silent:
            state = "silent"
        else:
            state = "stopped" if name in self._counted else "not begun"
        return Share(asked, _ends(ends), running, int(tokens.sum()) + int(running.sum()), state, pace.tokens_per_second)

    def _grows(self, name: str) -> bool:
        """Whether another shard's attempt draws into it, as where one job makes several."""
        counted = self._counted.get(name)
        return counted is not None and self._now - counted.written < SILENT and any(pace.running for pace in self._paces.values())

    def _together(self, tokens: Numbers, ends: Numbers, running: Numbers) -> Share:
        asked = [share.asked for share in self.shards.values() if share.asked is not None]
        speeds = [share.tokens_per_second for share in self.shards.values() if share.tokens_per_second]
        states = {share.state for share in self.shards.values()}
        state = next((state for state in ("drawing", "silent", "stopped", "not begun") if state in states), "done")
        # shards that have said nothing yet are as large as the others
        whole = round(sum(asked) / len(asked) * len(self.shards)) if asked else None
        return Share(whole, _ends(ends), running, int(tokens.sum()) + int(running.sum()), state, sum(speeds) if speeds else None)

    def left(self, share: Share) -> Left | None:
        """What of a share is yet to come; None where nobody knows, as before the first answer is finished."""
        if share.state == "done":
            return Left(0.0, 0.0, 0.0, 0.0)
        if share.asked is None or math.isnan(self.lengths.mean):
            return None
        rest, variances = self.lengths.left(share.running)
        waiting = max(share.asked - share.finished - len(share.running), 0)
        tokens = float(rest.sum()) + waiting * self.lengths.mean
        variance = float(variances.sum()) + waiting * self.lengths.variance + (waiting * self.lengths.error) ** 2
        error = NINETY * math.sqrt(variance)
        if not share.tokens_per_second:
            return Left(tokens, error, None, 0.0)
        # not before its longest answer, which is drawn as fast as any other of its shard; all of them, not before the slowest of them
        if share is self.all:
            slowest = max((left.seconds or 0.0 for left in map(self.left, self.shards.values()) if left), default=0.0)
        else:
            slowest = float(rest.max(initial=0)) * len(rest) / share.tokens_per_second
        seconds = max(tokens / share.tokens_per_second, slowest)
        relative = math.hypot(error / tokens if tokens else 0.0, NINETY * self.spread)
        return Left(tokens, error, seconds, seconds * relative)

    @property
    def spread(self) -> float:
        """Relative standard deviation of the speed, between attempts of all shards."""
        speeds = [speed for pace in self._paces.values() for speed in pace.speeds]
        return float(numpy.std(speeds, ddof=1) / numpy.mean(speeds)) if len(speeds) > 1 else 0.0

    def spent(self) -> tuple[float, float, int]:
        """GPU-seconds, seconds and tokens of all attempts so far."""
        paces = self._paces.values()
        return sum(p.gpu_seconds for p in paces), sum(p.seconds for p in paces), sum(p.tokens for p in paces)

    def silent(self) -> dict[str, float]:
        """Shards whose attempts are taken for dead, and the seconds since each gave a sign."""
        return {name: max(pace.silent.values()) for name, pace in self._paces.items() if pace.silent and not pace.running}


def _all_of(places: tuple[Numbers, ...], length: int) -> Numbers:
    """Every place that is in any of some lists, once, in order."""
    there = numpy.zeros(length, bool)
    for some in places:
        there[some] = True
    return numpy.flatnonzero(there)


def _ends(ends: Numbers) -> dict[str, int]:
    return dict(zip(ENDS, numpy.bincount(ends, minlength=len(ENDS)).tolist(), strict=True))
