"""What a process was drawing when it ended without a word, and which of that it may have ended of.

    flight = InFlight(own / ".in_flight")
    flight.begin(key); flight.end(key)          # a line each: the engine gets a request, and has answered it
    flight.blame(watched, segments)             # by the next process: requests that are to be set aside
    flight.suspects                             # others under suspicion, in groups, each to be drawn by itself, the last one first

An engine in the job's own process takes the job down with it. So what it has in flight is written down beforehand, unbuffered: a process
may die of anything, and the file still says what it had. Suspicion is halved as `koreason.engine.poison` does it, but over processes.
Most that end without a word were killed with all of their job, at a walltime's end or with their node, and no request is to blame. So of
such an end a request is suspected only where it is its third in a row without a new segment of it; of an end that somebody watched (a
segmentation fault, the kernel's kill for want of memory), all that was in flight is.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.records.digests import write_atomically

DEATHS = 2  # of processes with a request alone in flight, before it is set aside
UNWATCHED = 3  # ends in a row that nobody saw and that brought a request no segment, before it is suspected
CANARY = "canary"  # a plain question, which an engine answers before what is suspected

Counted = dict[str, tuple[int, int]]  # a request to how often something came while it had so many segments


class InFlight:
    """The requests that an engine has, in a file.

    Attributes:
        left: what an earlier process had when it ended without a word.
        suspects: groups of requests under suspicion that have no answer yet; the last one is drawn first.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, -1
        self.left: list[str] = []
        self.suspects: list[list[str]] = []
        self._ends: Counted = {}
        self._alone: Counted = {}
        if path.is_file():
            self._read()

    def _read(self) -> None:
        here = dict[str, None]()
        for line in self._path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:  # the last one is empty, or torn
            sign, text = line[:1], line[1:]
            if sign == "=":
                self._take(text)
            elif sign == "+":
                here[text] = None
            elif sign == "-":
                here.pop(text, None)
                self._clear(text)
        self.left = list(here)

    def _take(self, text: str) -> None:
        """What the processes before had found out; nothing where that is damaged: it is found out again."""
        try:
            told: Any = json.loads(text)
            ends, alone = ({str(key): (int(times), int(had)) for key, (times, had) in told[name].items()} for name in ("ends", "alone"))
            self.suspects, self._ends, self._alone = [list(map(str, group)) for group in told["suspects"]], ends, alone
        except (ValueError, TypeError, KeyError, AttributeError):
            return

    def blame(self, watched: bool, segments: Callable[[str], int]) -> list[str]:
        """Tell from what was in flight at the last end who is suspected; returns requests that are to be set aside.

        Args:
            watched: whether somebody saw that process end, and was not ended with it.
            segments: how many of a request the journal has.

        A process that died of a plain question says nothing about others.
        """
        left, self.left = self.left, []
        aside = self._blamed(left, watched, segments) if left and CANARY not in left else []
        if left:
            self._write()  # so that no end counts twice
        return aside

    def _blamed(self, left: list[str], watched: bool, segments: Callable[[str], int]) -> list[str]:
        before = {key for group in self.suspects for key in group}
        self._ends = {key: _once_more(self._ends, key, segments(key)) for key in left}
        suspected = [key for key in left if watched or key in before or self._ends[key][0] >= UNWATCHED]
        self.suspects = [rest for group in self.suspects if (rest := [key for key in group if key not in suspected])]
        if len(left) == 1 and suspected:
            self._alone[left[0]] = _once_more(self._alone, left[0], segments(left[0]))
            if self._alone[left[0]][0] >= DEATHS and (watched or self._ends[left[0]][0] >= UNWATCHED + DEATHS):
                self._clear(left[0])
                return left
        half = len(suspected) // 2
        self.suspects += [group for group in (suspected[half:], suspected[:half]) if group]
        return []

    def begin(self, key: str) -> None:
        """The engine gets a request."""
        self._note(f"+{key}\n")

    def end(self, key: str) -> None:
        """The request has its answer."""
        self._clear(key)
        self._note(f"-{key}\n")

    def close(self) -> None:
        """This process ends and says so: what its engine still has is no more suspected than before."""
        if self._file >= 0:
            os.close(self._file)
            self._ends = {}
        if self.suspects or self._ends:
            self._write()
        else:
            self._path.unlink(missing_ok=True)

    def _note(self, line: str) -> None:
        if self._file < 0:
            self._write()
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        os.write(self._file, line.encode())

    def _write(self) -> None:
        write_atomically(self._path, f"={json.dumps({'suspects': self.suspects, 'ends': self._ends, 'alone': self._alone})}\n")

    def _clear(self, key: str) -> None:
        """There is no suspicion of a request any more."""
        self.suspects = [rest for group in self.suspects if (rest := [other for other in group if other != key])]
        self._ends.pop(key, None)
        self._alone.pop(key, None)


def _once_more(counts: Counted, key: str, segments: int) -> tuple[int, int]:
    """Once more than before, or once where the request has other segments now."""
    times, had = counts.get(key, (0, segments))
    return (times + 1 if had == segments else 1), segments
