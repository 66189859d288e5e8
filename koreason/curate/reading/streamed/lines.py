"""A stream cut into lines, with memory bounded by the longest line that may be a record.

for number, first, line, length in lines(stream): ...
"""

import re
from collections.abc import Iterator

from koreason.curate.reading import records
from koreason.curate.reading.streamed.streams import Stream

JSON, TABLE = rb"\s", rb"\r\n"  # blanks at a line's start mean nothing in JSON, and are fields in a table
HEAD_BYTES = 1 << 16
Line = tuple[int, int, bytes | None, int]


def line_end(chunk: bytes) -> bytes:
    """What ends the lines of a table that begins with `chunk`: CR alone in those of old spreadsheets, else LF or CR LF."""
    head = chunk[:HEAD_BYTES]
    return b"\r" if b"\r" in head[:-1] and b"\n" not in head else b"\n"


def lines(stream: Stream, blank: bytes = JSON) -> Iterator[Line]:
    """Each line that is not blank: its number from 1, where it begins, its bytes or None where it is too long, and how many they are.

    Args:
        stream: what is read; what lies between the lines is accounted for here.
        blank: `JSON` or `TABLE`: a class of a regular expression; what is of it at a line's start belongs to no line.
    """
    end, cutter = b"", _Cutter(stream, b"\n", blank)
    parts, held, chunk = list[bytes](), 0, b""
    for chunk in stream.chunks():
        if not end:
            end = line_end(chunk) if blank == TABLE else b"\n"
            cutter = _Cutter(stream, end, blank)
        last = chunk.rfind(end) + 1
        if not last:
            held += len(chunk)
            parts = [*parts, chunk] if held <= records.MAX_RECORD_BYTES else []
            continue
        begun = 0
        if held > records.MAX_RECORD_BYTES:
            begun = chunk.find(end)
            yield cutter.lost(held + begun)
            parts = []
        yield from cutter.cut(b"".join([*parts, chunk[begun:last]]))
        parts, held = [chunk[last:]], len(chunk) - last
    if held > records.MAX_RECORD_BYTES:
        yield cutter.lost(held)
    else:
        yield from cutter.cut(b"".join(parts))


class _Cutter:
    def __init__(self, stream: Stream, end: bytes, blank: bytes) -> None:
        self._stream, self._end, self._number, self._first = stream, end, 1, stream.start
        # blanks are passed over within the regular expression: a megabyte of them costs what a line costs
        self._line = re.compile(rb"[^" + blank + rb"][^" + end + rb"]*")

    def lost(self, length: int) -> Line:
        """A line whose bytes are gone; its end is yet to come."""
        first = self._first
        self._first += length
        return self._number, first, None, length

    def cut(self, block: bytes) -> Iterator[Line]:
        """Whole lines."""
        number, done, between, longest = self._number, 0, 0, records.MAX_RECORD_BYTES
        end, first = self._end, self._first
        for match in self._line.finditer(block):
            start, stop = match.span()
            # behind a line lies its end, and mostly nothing else
            number += 1 if done and start == done + 1 else block.count(end, done, start)
            between += start - done
            done = stop
            if block[stop - 1] == 13:  # a carriage return
                between += 1
                stop -= 1
            length = stop - start
            yield number, first + start, block[start:stop] if length <= longest else None, length
        self._number = number + block.count(end, done)
        self._stream.between += between + len(block) - done
        self._first += len(block)
