"""What a job has drawn so far, kept beside its declared output so that no answer is ever paid for twice.

    journal = Journal(Path("results/traces/demo/mixed/journal"), "00003-of-00008")
    journal.rows        # finished answers by request key, those of other shard counts included

A folder holds `rows.jsonl`, one finished answer a line, and `segments.jsonl`, what was drawn of answers not finished
yet. Lines are appended and synced to disk; a line torn by a crash is cut off on the next start. A shard reads the
journals of every other shard count whose part of the pool overlaps its own, and writes only its own. What is not cut
into shards has one journal, `WHOLE`. Nothing is ever taken out: lines whose keys nobody asks for stay and are not used.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.engine.generator import Answer, Segment
from koreason.errors import UserError
from koreason.shards import shard_names, shard_range

ROWS, SEGMENTS = "rows.jsonl", "segments.jsonl"
WHOLE = shard_names(1)[0]
SYNC_SECONDS = 0.5


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Whole JSON lines of a journal file, up to the first torn one; nothing where there is no file."""
    if not path.is_file():
        return
    with open(path, "rb") as file:
        for line in file:
            try:
                if not line.endswith(b"\n"):
                    return
                yield json.loads(line)
            except ValueError:
                return


def cut_torn_tail(path: Path) -> int:
    """Cut a file after its last whole JSON line; returns how many bytes went."""
    if not path.is_file():
        return 0
    whole = 0
    with open(path, "rb+") as file:
        for line in file:
            try:
                json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
        torn = file.seek(0, os.SEEK_END) - whole
        file.truncate(whole)
    return torn


class Journal:
    """The journal of one shard, open for appending.

    Attributes:
        rows: finished answers by request key; a refused prompt's row holds the `limit` it was refused at.
        begun: segments of unfinished answers by request key.
        torn: bytes cut off because a crash tore them.
    """

    def __init__(self, folder: Path, shard: str) -> None:
        own = folder / shard
        own.mkdir(parents=True, exist_ok=True)
        self._lock = open(own / ".lock", "w")  # noqa: SIM115 - held for the journal's life
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("another process is drawing into this journal", own, "wait for it or stop it") from None
        self.torn = cut_torn_tail(own / ROWS) + cut_torn_tail(own / SEGMENTS)
        self.rows: dict[str, dict[str, Any]] = {}
        self.begun: dict[str, tuple[Segment, ...]] = {}
        start, end = shard_range(shard)
        for other in sorted(path.parent for path in folder.glob(f"*-of-*/{ROWS}")):
            low, high = shard_range(other.name)
            if low < end and start < high:
                self.rows.update((row["key"], row) for row in read_lines(other / ROWS))
        for other in sorted(path.parent for path in folder.glob(f"*-of-*/{SEGMENTS}")):
            low, high = shard_range(other.name)
            if low < end and start < high:
                self._read_segments(other / SEGMENTS)
        # Unbuffered: what a full disk refused must not get there later, behind our back.
        self._files = {name: open(own / name, "ab", buffering=0) for name in (SEGMENTS, ROWS)}  # noqa: SIM115
        self._noted: dict[str, list[bytes]] = {name: [] for name in self._files}
        self._synced = time.monotonic()

    def _read_segments(self, path: Path) -> None:
        found: dict[str, list[Segment]] = {}
        for line in read_lines(path):
            if line["key"] not in self.rows:
                found.setdefault(line["key"], []).append(Segment(tuple(line["tokens"]), line["then"]))
        for key, segments in found.items():
            if len(segments) > len(self.begun.get(key, ())):
                self.begun[key] = tuple(segments)

    def add_segment(self, key: str, segment: Segment) -> None:
        """Note what was drawn of an answer that may not be finished."""
        self._append(SEGMENTS, {"key": key, "then": segment.then, "tokens": segment.tokens})

    def add_row(self, answer: Answer, limit: int) -> None:
        """Note a finished answer; `limit` is the model length that a refused prompt did not fit."""
        row: dict[str, Any] = {"key": answer.key, "text": answer.text, "finish": answer.finish}
        row |= {"prompt_tokens": answer.prompt_tokens, "tokens": answer.tokens, "limit": limit}
        self.rows[answer.key] = row
        self._append(ROWS, row)

    def _append(self, name: str, line: dict[str, Any]) -> None:
        self._noted[name].append(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self.sync_when_due()

    def sync_when_due(self) -> None:
        """Sync what was noted if the last time is `SYNC_SECONDS` ago; called often, it bounds what a kill can take away."""
        if any(self._noted.values()) and time.monotonic() - self._synced > SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Bring everything noted so far to disk; segments first, so that no row is known whose segments are not.

        Raises:
            OSError: the disk is full; what did not fit is forgotten, and drawn again by the next job.
        """
        noted, self._noted = self._noted, {name: [] for name in self._files}
        for name, file in self._files.items():
            rest = b"".join(noted[name])
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync and release."""
        try:
            self.sync()
        finally:
            for file in self._files.values():
                file.close()
            self._lock.close()
