"""One JSON array or object cut into its elements, with memory bounded by the longest of them.

for first, data, length in elements(stream, ["data"]): ...

Written here because the libraries that stream JSON (ijson) give values and not the places of their bytes, refuse the whole file for
one damaged element, and are slower than `json.loads` on each element. Only strings and brackets are looked at; whether an element is
JSON is for who parses it. Encodings in which a quote or a bracket may be half a letter are refused before (`splits_letters`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from koreason.curate.reading import records
from koreason.curate.reading.streamed.streams import Stream
from koreason.errors import UserError

# An opening bracket, a closing one, a whole string, or one whose end has not come yet; what lies before it is passed over.
# The end of the data is a match, too: else a run of blanks would be looked at again from each of them.
TOKEN = re.compile(rb'[^"\[\]{}]*+(?:([\[{])|([\]}])|"[^"\\]*+(?:\\.[^"\\]*+)*+"|(")|\Z)', re.DOTALL)
REST_OF_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
OPENED, CLOSED, TORN = 1, 2, 3
LINES = "a file of one object a line is `format: jsonl`"
NEITHER = "is no JSON array or object"

Element = tuple[int, bytes | None, int]


def splits_letters(encoding: str) -> bool:
    """Whether a byte that means something in JSON may be the second half of a letter, as in Shift JIS."""
    for lead in range(0x81, 0xFF):
        for mark in b'"\\[]{}':
            try:
                if len(bytes([lead, mark]).decode(encoding)) == 1:
                    return True
            except UnicodeDecodeError:
                continue
    return False


def elements(stream: Stream, path: list[str]) -> Iterator[Element]:
    """The elements: where each begins, its bytes or None where it is too long, and how many they are.

    Elements of an array, or values of an object, or, where the outermost value is an object and `path` names keys that lead to an
    array in it, of that array. What the path passes over counts as `between`.

    Raises:
        UserError: it is neither, ends in the middle, or goes on after its end.
    """
    yield from Splitter(stream, path).run()


class Splitter:
    """The place in the text: `levels` are the kinds of the brackets that were entered, `depth` counts all that are open."""

    def __init__(self, stream: Stream, path: list[str]) -> None:
        self._stream, self._path = stream, path
        self._data, self._base, self._scan = b"", 0, 0
        self._levels = list[bytes]()
        self._depth = 0
        self._mark = 0  # where the element, or what stands between two, begins
        self._inside = self._passed = self._ended = False
        self._gap, self._gap_first = bytearray(), 0
        self._lead = b""  # stands for the element before the gap
        self._in_string = False

    @property
    def descended(self) -> bool:
        """Whether elements are those of the array at the path, and not of the outermost value."""
        return len(self._levels) > 1

    def run(self) -> Iterator[Element]:
        """The elements; see `elements`."""
        fresh = True
        for chunk in self._stream.chunks():
            if fresh:
                self._base = self._mark = self._gap_first = self._stream.start
                fresh = False
            self._append(chunk)
            yield from self._tokens()
            self._shorten()
        if not self._ended:
            what = NEITHER if not self._levels and not self._inside else "is torn: it ends in the middle of its JSON"
            if self._stream.bytes > self._stream.start and self._has_text():
                raise UserError(what, self._stream.where, LINES if not self._levels else "fetch it again")
            self._stream.between += self._stream.bytes - self._stream.start
            return
        self._close_gap(len(self._data))
        if self._gap.strip():
            raise UserError("goes on after the end of its JSON", self._stream.where, LINES)
        self._stream.between += self._base + len(self._data) - self._gap_first

    def _has_text(self) -> bool:
        return bool(self._levels or self._inside or self._gap.strip() or self._data.strip())

    def _append(self, chunk: bytes) -> None:
        """Keep what is still needed: the element, or a string whose end has not come."""
        needed = self._scan
        if self._inside and not self._passed and not self._too_long():
            needed = min(needed, self._mark - self._base)
        elif len(self._data) - self._scan > records.MAX_RECORD_BYTES:
            self._in_string, needed = True, len(self._data)  # a string that long is in nothing that is kept
            self._scan = needed
        self._data = self._data[needed:] + chunk
        self._base += needed
        self._scan -= needed

    def _too_long(self) -> bool:
        return self._base + len(self._data) - self._mark > records.MAX_RECORD_BYTES

    def _shorten(self) -> None:
        """Take what was scanned between elements out of the data, without its blanks."""
        if not self._inside and not self._in_string:
            self._close_gap(self._scan)

    def _close_gap(self, end: int) -> None:
        text = self._data[max(0, self._mark - self._base) : end]
        self._mark = self._base + end
        kept = text.strip()
        if len(self._gap) <= records.MAX_RECORD_BYTES:
            if text[:1].isspace() and self._gap and not self._gap.endswith(b" "):
                self._gap += b" "
            self._gap += kept
            if kept and text[-1:].isspace():
                self._gap += b" "

    def _tokens(self) -> Iterator[Element]:
        if self._in_string:
            match = REST_OF_STRING.match(self._data, self._scan)
            if not match:
                # a backslash at the end belongs to what comes next
                self._scan = len(self._data) - (len(self._data) - len(self._data.rstrip(b"\\"))) % 2
                return
            self._scan, self._in_string = match.end(), False
        for match in TOKEN.finditer(self._data, self._scan):
            kind = match.lastindex
            if kind is None:
                continue
            if kind == OPENED:
                if self._depth == len(self._levels) and not self._inside:
                    yield from self._open(match.start(1), match[1])
                self._depth += 1
            elif kind == CLOSED:
                self._depth -= 1
                if self._depth < 0:
                    raise UserError("goes on after the end of its JSON" if self._ended else NEITHER, self._stream.where, LINES)
                if self._depth == len(self._levels) and self._inside:
                    yield from self._element(match.end())
                elif self._depth < len(self._levels):
                    yield from self._leave(match.start(2), match.end())
            else:
                self._scan = match.start(3)
                return
        self._scan = len(self._data)

    def _target(self) -> bool:
        """Whether the innermost level that was entered is the one whose elements are wanted."""
        return bool(self._levels) and (self._levels[0] == b"[" or len(self._levels) == len(self._path) + 1)

    def _open(self, start: int, bracket: bytes) -> Iterator[Element]:
        self._close_gap(start)
        if self._ended:
            raise UserError("goes on after the end of its JSON", self._stream.where, LINES)
        if self._target():
            yield from self._between(b"0")
            self._inside, self._passed = True, False
        elif not self._levels:
            if self._gap.strip():
                raise UserError(NEITHER, self._stream.where, LINES)
            self._enter(start, bracket)
        elif self._key() == self._path[len(self._levels) - 1] and bracket == (b"[" if len(self._levels) == len(self._path) else b"{"):
            self._enter(start, bracket)
        else:
            self._stream.between += self._base + start - self._gap_first
            self._inside = self._passed = True
        self._mark = self._base + start
        if self._levels and not self._inside:
            self._mark += 1  # behind the bracket that was entered

    def _enter(self, start: int, bracket: bytes) -> None:
        self._stream.between += self._base + start + 1 - self._gap_first
        self._levels.append(bracket)
        self._gap.clear()
        self._lead = b""
        self._gap_first = self._base + start + 1

    def _key(self) -> Any:
        """The key before the bracket that is opened."""
        found = re.search(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*:\s*\Z', bytes(self._gap))
        try:
            return json.loads(found[1]) if found else None
        except ValueError:
            return None

    def _element(self, end: int) -> Iterator[Element]:
        length = self._base + end - self._mark
        if self._passed:
            self._stream.between += length
        else:
            fits = length <= records.MAX_RECORD_BYTES
            yield self._mark, self._data[self._mark - self._base : end] if fits else None, length
        self._inside = self._passed = False
        self._gap.clear()
        self._mark = self._gap_first = self._base + end
        self._lead = b"0" if self._levels[-1] == b"[" else b'"":0'

    def _leave(self, start: int, end: int) -> Iterator[Element]:
        self._close_gap(start)
        if self._target():
            yield from self._between(b"")
            self._stream.between += 1
        else:
            self._stream.between += self._base + end - self._gap_first
        self._levels.pop()
        self._gap.clear()
        self._lead = b'"":0'
        self._ended = not self._levels
        self._mark = self._gap_first = self._base + end

    def _between(self, last: bytes) -> Iterator[Element]:
        """What stands between two elements: a comma, a key; and values that are no elements, or are none at all."""
        first, length = self._gap_first, self._mark - self._gap_first
        opening, closing = ("[", "]") if self._levels[-1] == b"[" else ("{", "}")
        scalars = [bytes(self._gap)]  # where it is none of these
        if len(self._gap) <= records.MAX_RECORD_BYTES:
            try:
                # each byte a letter, whatever the encoding: what matters are quotes, commas and colons
                found = json.loads(opening + (self._lead + self._gap + last).decode("latin-1") + closing, object_pairs_hook=list)
                scalars = [json.dumps(value).encode() for value in found[bool(self._lead) : len(found) - len(last)]]
            except (ValueError, RecursionError):
                pass
        if not scalars:
            self._stream.between += length
        for number, scalar in enumerate(scalars):
            share = length // len(scalars)
            yield first + number * share, scalar, share if number else length - share * (len(scalars) - 1)
        self._gap.clear()
