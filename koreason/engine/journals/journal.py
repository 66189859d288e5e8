"""What a job has drawn so far, kept beside its declared output so that no answer is ever paid for twice.

    journal = Journal(Path("results/traces/demo/mixed/journal"), "00003-of-00008")
    journal.row(key, limit)     # a finished answer, also of another shard count's journal

A folder holds `rows.jsonl`, one finished answer a line, and `segments.jsonl`, what was drawn of answers not finished
yet. Lines are written as they come, so that a process that is killed loses none, and synced to disk now and then, for the
case that its machine goes down. Each has its own checksum: a line torn by a crash is cut off on the next start, one that is
damaged is left where it is, counted, and not used. A shard reads the journals of every other shard count
whose part of the pool overlaps its own, and writes only its own. What is not cut into shards has one journal, `WHOLE`.
Nothing is taken out but by `koreason prune`: lines whose keys nobody asks for stay and are not used. What a run asks for is
noted in `.asked`.
"""

import json
import os
import re
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from koreason.engine.answers import ENGINE_ERROR, POISONED, REFUSED, TOO_LONG, Answer, Segment, version
from koreason.engine.journals.in_flight import InFlight
from koreason.engine.journals.index import Indexed
from koreason.engine.journals.lines import Lines, sealed
from koreason.records.digests import write_atomically
from koreason.shards import shard_names, shard_range
from koreason.system import locks
from koreason.system.neighbours import appended, refuse_link

ROWS, SEGMENTS = "rows.jsonl", "segments.jsonl"
WHOLE = shard_names(1)[0]
IN_FLIGHT = ".in_flight"
ASKED = ".asked"  # keys that the shard's last run asked for, a line each
KEY = re.compile("[0-9a-f]{64}")
SYNC_SECONDS = 0.5


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal's file, without what they carry to be known as whole; nothing where there is no file."""
    if path.is_file():
        with open(path, "rb") as file:
            for found in Lines(path):
                file.seek(found.start)
                line = json.loads(file.read(found.end - found.start))
                line.pop("sum", None)
                yield line


def read_asked(path: Path) -> list[str] | None:
    """The keys that a shard's last run asked for, sorted; None where no run has said, or damage leaves it unknown.

    Behind the lines stands their checksum; up to version 0.2.0 there is none.
    """
    if not path.is_file():
        return None
    data = path.read_bytes()
    lines = data[: data.rfind(b"\n") + 1]
    keys, told = lines.decode("utf-8", "replace").split(), data[len(lines) :]
    whole = told == b"%08x" % zlib.crc32(lines) if told else all(map(KEY.fullmatch, keys))
    return keys if whole and data else None


def take(own: Path) -> IO[str]:
    """Lock one shard's journal, until what is returned is closed.

    Raises:
        UserError: a process draws into it, or its file system has no locks.
    """
    return locks.take(own / ".lock", "another process is drawing into this journal", own)


class Rows(Mapping[str, dict[str, Any]]):
    """Finished answers by request key: of each the latest line. To go through them all reads all files."""

    def __init__(self, files: list[Indexed]) -> None:
        self._files = files

    def all(self, key: str) -> Iterator[dict[str, Any]]:
        """Every line of a key, the latest first."""
        for file in self._files:
            yield from reversed(file.find(key))

    def __getitem__(self, key: str) -> dict[str, Any]:
        for row in self.all(key):
            return row
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for file in self._files for key in file))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Begun(Mapping[str, tuple[Segment, ...]]):
    """Segments of unfinished answers by request key."""

    def __init__(self, files: list[Indexed], rows: Rows) -> None:
        self._files, self._rows = files, rows

    def __getitem__(self, key: str) -> tuple[Segment, ...]:
        if key in self._rows or not (segments := self.all(key)):
            raise KeyError(key)
        return segments

    def __iter__(self) -> Iterator[str]:
        return (key for key in dict.fromkeys(key for file in self._files for key in file) if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def all(self, key: str) -> tuple[Segment, ...]:
        """The longest row of segments in which each follows upon the one before it, from the first on; also of a finished answer."""
        lines = []
        for file in self._files:
            chain = (0, 0)
            for line in file.find(key):
                segment = Segment(tuple(line["tokens"]), line["then"])
                # lines of earlier versions do not say what they follow upon: it is the line before
                number, after = (line["number"], line["after"]) if "after" in line else chain
                chain = (number + 1, link(after, segment))
                lines.append((number, after, segment))
        chains: dict[tuple[int, int], tuple[Segment, ...]] = {(0, 0): ()}
        for number, after, segment in sorted(lines, key=lambda line: line[0]):
            if (number, after) in chains:
                chains[number + 1, link(after, segment)] = (*chains[number, after], segment)
        return chains[max(chains)]


def link(after: int, segment: Segment) -> int:
    """Checksum of a row of segments: that of the row before, and one more segment."""
    return zlib.crc32(f"{segment.then} {list(segment.tokens)}".encode(), after)


class Journal:
    """The journal of one shard, open for appending.

    Attributes:
        rows: finished answers by request key; a refused prompt's row holds the `limit` it was refused at.
        begun: segments of unfinished answers by request key.
        torn: bytes cut off because a crash tore them.
        in_flight: what an engine has of this shard, and had when a process died.
    """

    def __init__(self, folder: Path, shard: str) -> None:
        own = folder / shard
        own.mkdir(parents=True, exist_ok=True)
        self._asked, self._lock = own / ASKED, take(own)
        for name in (SEGMENTS, ROWS):
            refuse_link(own / name)
        self._own = {name: Indexed(own / name, in_order=name == SEGMENTS) for name in (SEGMENTS, ROWS)}
        self.torn = sum(file.cut_tail() for file in self._own.values())
        start, end = shard_range(shard)
        ranges = {other: shard_range(other.name) for other in sorted(folder.glob("*-of-*")) if other != own}
        others = [other for other, (low, high) in ranges.items() if low < end and start < high]
        self._files = {name: [mine, *(Indexed(o / name, in_order=name == SEGMENTS) for o in others)] for name, mine in self._own.items()}
        self.rows = Rows(self._files[ROWS])
        self.begun = Begun(self._files[SEGMENTS], self.rows)
        self.in_flight = InFlight(own / IN_FLIGHT)
        self._links: dict[str, tuple[int, int]] = {}
        # Unbuffered: what a full disk refused must not get there later, behind our back.
        self._open = {name: appended(own / name) for name in self._own}
        self._synced, self._unsynced, self._failed = time.monotonic(), False, False

    def ask(self, keys: Iterable[str], *, all_of_it: bool) -> None:
        """Note what this run asks for; until that is all of it, what the one before it asked for is asked for, too."""
        before = [] if all_of_it else read_asked(self._asked) or []
        text = "".join(f"{key}\n" for key in sorted({*keys, *before}))
        write_atomically(self._asked, f"{text}{zlib.crc32(text.encode()):08x}")

    @property
    def damage(self) -> dict[str, int]:
        """What was met that is damaged, in numbers for `run.json`: a place is what lies between two whole lines and is none."""
        files = [file for files in self._files.values() for file in files]
        places, size = sum(file.damaged for file in files), sum(file.damaged_bytes for file in files)
        return {"torn_bytes": self.torn, "damaged_places": places, "damaged_bytes": size}

    def row(self, key: str, limit: int) -> dict[str, Any] | None:
        """The finished answer; one that was refused at another model length than `limit`, or by another engine, is none."""
        for row in self.rows.all(key):
            if row["finish"] == TOO_LONG:
                if row["limit"] == limit:
                    return row
            elif not row["finish"].startswith(REFUSED) or row["engine"] == version():
                return row
        return None

    def add_segment(self, key: str, segment: Segment) -> None:
        """Note what was drawn of an answer that may not be finished."""
        if key not in self._links:
            self._links[key] = (0, 0)
            for before in self.begun.all(key):
                self._follow(key, before)
        number, after = self._links[key]
        self._append(SEGMENTS, {"key": key, "then": segment.then, "tokens": segment.tokens, "number": number, "after": after})
        self._follow(key, segment)

    def _follow(self, key: str, segment: Segment) -> None:
        number, after = self._links[key]
        self._links[key] = (number + 1, link(after, segment))

    def add_row(self, answer: Answer, limit: int) -> dict[str, Any]:
        """Note a finished answer, and give its row; `limit` is the model length that a refused prompt did not fit.

        Where the engine failed on it, the row says which engine, and what that said.
        """
        row: dict[str, Any] = {"key": answer.key, "text": answer.text, "finish": answer.finish}
        row |= {"prompt_tokens": answer.prompt_tokens, "tokens": answer.tokens, "limit": limit}
        if answer.finish in (ENGINE_ERROR, POISONED):
            row |= {"engine": version(), "said": answer.said}
        self._links.pop(answer.key, None)
        self._append(ROWS, row)
        return row

    def _append(self, name: str, line: dict[str, Any]) -> None:
        """Write a line.

        Raises:
            OSError: the disk is full; what did not fit is drawn again by the next job.
        """
        text, failed = sealed(line), self._failed
        self._failed, rest = True, text
        while rest:
            rest = rest[self._open[name].write(rest) :]
        self._own[name].note(line["key"], text)
        self._failed, self._unsynced = failed, True
        self.sync_when_due()

    def sync_when_due(self) -> None:
        """Sync what was written if the last time is `SYNC_SECONDS` ago; called often, it bounds what a machine's end can take away."""
        if self._unsynced and time.monotonic() - self._synced > SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Bring everything written so far to disk; segments first, so that no row is known there whose segments are not."""
        for file in self._open.values():
            os.fsync(file.fileno())
        self._synced, self._unsynced = time.monotonic(), False

    def close(self) -> None:
        """Sync, write what the next one finds answers by, and release."""
        try:
            self.in_flight.close()
            self.sync()
            if not self._failed:
                for file in self._own.values():
                    file.save()
        finally:
            for opened in self._open.values():
                opened.close()
            self._lock.close()
