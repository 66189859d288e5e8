"""A journal's lines: JSON with its own length and checksum, so that damage costs what it hits and nothing beside it.

    file.write(sealed({"key": "a", "then": "stop"}))    # {"key": "a", "then": "stop", "sum": "0000001d:71f0cd5e"}
    lines = Lines(path)
    for found in lines: print(found.key, found.start)
    lines.damaged    # how many places between whole lines hold none

The last field of a line says how many bytes stand before it, in hexadecimal, and their CRC-32. By it a whole line is found wherever it
lies: behind a block of zeros, run together with half of another, before a tail that a crash tore. A line is read by its `key`, which
stands first.

Lines of koreason 0.2.0 and earlier have no such field. They are taken where they are whole JSON of the fields of that time, and only
before a file's first line that has one: that a line lost its checksum is damage. A changed letter in such a line cannot be seen.
"""

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SEAL = re.compile(rb', "sum": "([0-9a-f]{8}):([0-9a-f]{8})"\}')
SEAL_BYTES = len(', "sum": "00000000:00000000"}')
HEAD = b'{"key": "'
# What lines had when they had no checksum: answers, and segments.
PLAIN: tuple[dict[str, type], ...] = (
    {"key": str, "text": str, "finish": str, "prompt_tokens": int, "tokens": int, "limit": int},
    {"key": str, "then": str, "tokens": list},
)


def sealed(line: dict[str, Any]) -> bytes:
    """A line to write, its end included; its first field must be `key`."""
    body = json.dumps(line, ensure_ascii=False).encode()[:-1]
    return body + _seal(body) + b"\n"


def _seal(body: bytes) -> bytes:
    return b', "sum": "%08x:%08x"}' % (len(body), zlib.crc32(body))


class Found(NamedTuple):
    """A whole line: its key, where it lies in its file without its end, and whether it has no checksum."""

    key: str
    start: int
    end: int
    plain: bool


class Lines:
    """The whole lines of a file, in order; what is known after them is about all of the file.

    Attributes:
        end: where the last whole line ends, its newline included.
        ended: whether it has one.
        plain: whether only lines without a checksum were seen so far.
        damaged: places between whole lines that hold none.
        damaged_bytes: their bytes.
        tail_bytes: bytes behind the last whole line: torn by a crash, or being written.
    """

    def __init__(self, path: Path, start: int = 0, plain: bool = True) -> None:
        """Read from `start`, before which only lines without a checksum stand if `plain`."""
        self._path, self.end, self.ended, self.plain = path, start, True, plain
        self.damaged = self.damaged_bytes = self.tail_bytes = 0

    def __iter__(self) -> Iterator[Found]:
        with open(self._path, "rb") as file:
            offset = file.seek(self.end)
            for line in file:
                for found in self._in(line, offset):
                    if gap := found.start - self.end:
                        self.damaged += 1
                        self.damaged_bytes += gap
                    self.end, self.ended = found.end, False
                    self.plain &= found.plain
                    yield found
                offset += len(line)
                if self.end == offset - 1 and line.endswith(b"\n"):
                    self.end, self.ended = offset, True
        self.tail_bytes = offset - self.end

    def _in(self, line: bytes, offset: int) -> Iterator[Found]:
        """The whole lines in what lies between two newlines: one, as a rule."""
        body = line[: -SEAL_BYTES - 1]
        if line[-SEAL_BYTES - 1 : -1] == _seal(body) and line.startswith(HEAD):
            yield Found(_key(body), offset, offset + len(line) - 1, plain=False)
            return
        done = 0
        for seal in SEAL.finditer(line):
            start = seal.start() - int(seal[1], 16)
            if start >= done and zlib.crc32(line[start : seal.start()]) == int(seal[2], 16) and line.startswith(HEAD, start):
                yield from self._plain(line[done:start], offset + done)
                yield Found(_key(line[start : seal.start()]), offset + start, offset + seal.end(), plain=False)
                done = seal.end()
        yield from self._plain(line[done:], offset + done)

    def _plain(self, piece: bytes, offset: int) -> Iterator[Found]:
        """Lines of earlier versions: a piece starts with one, or it stands behind half of another."""
        if not self.plain or (start := piece.find(HEAD)) < 0 or not piece.endswith((b"}", b"}\n")):
            return
        while start >= 0:
            behind = piece.find(HEAD, start + 1)
            text = piece[start : None if behind < 0 else behind].rstrip(b"\n")
            if (line := read_plain(text)) is not None:
                yield Found(line["key"], offset + start, offset + start + len(text), plain=True)
            start = behind


def _key(body: bytes) -> str:
    end = body.find(b'"', len(HEAD))
    key = body[len(HEAD) : end]
    return key.decode() if b"\\" not in key else str(json.loads(body + b"}")["key"])


def read_sealed(text: bytes) -> dict[str, Any] | None:
    """The line that these bytes are, without its end and its checksum; None where they are none."""
    body = text[:-SEAL_BYTES]
    if text[-SEAL_BYTES:] != _seal(body) or not text.startswith(HEAD):
        return None
    line: dict[str, Any] = json.loads(body + b"}")
    return line


def read_plain(text: bytes) -> dict[str, Any] | None:
    """The line of an earlier version that these bytes are; None where they are none."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and {name: type(value) for name, value in line.items()} in PLAIN else None
