"""Readers of tables in text: CSV with quotes, and tabs without.

for record in read_csv(stream, source, wanted): ...
"""

import csv
import re
from collections.abc import Iterator

from koreason.curate.reading import records
from koreason.curate.reading.records import Record, encodable
from koreason.curate.reading.streamed.lines import TABLE, line_end, lines
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.tabular.titles import Titles, bare
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake.tabulated import NULL

OTHERS = ";\t|,"
BLANK = re.compile(rb"[\r\n]*")
SHOWN = 60  # characters of a line in a message


def read_tsv(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """Fields between tabs, one record a line, under a line of column names; quotes have no meaning, nor have lines of tabs alone."""
    header, number, titles = None, 0, Titles(wanted)
    separator = source.separator or "\t"
    for _, first, line, length in lines(stream, TABLE):
        if header is None:
            if names := titles.names(_header_text(line, stream, source.encoding).split(separator)):
                header = Header(names, separator, stream, wanted)
            stream.between += length
            continue
        if line is not None and not line.strip(separator.encode()):
            stream.between += length
            continue
        number += 1
        if line is None:
            yield Record(number, None, first, length, "", Unused.oversized)
            continue
        try:
            row = line.decode(source.encoding).split(separator)
        except UnicodeDecodeError:
            yield Record(number, None, first, length, line, Unused.encoding)
            continue
        yield header.record(number, row, first, length, line)
    if header is None and titles.first:
        Header(titles.first, separator, stream, wanted)  # which tells what it lacks


def read_csv(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """Fields between commas, quoted as RFC 4180 says, under a line of column names.

    A record of several lines that is none, because a quote was opened and never closed, costs its first line: the others are read
    again, each by itself.
    """
    csv.field_size_limit(2 * records.MAX_RECORD_BYTES)
    separator = source.separator or ","
    rows, header, number, titles = Rows(stream, source.encoding, separator), None, 0, Titles(wanted)
    for row, first, raw in rows.each():
        length = len(raw) if raw is not None else rows.lost
        if header is None:
            if not isinstance(row, list) and titles.first:
                break
            if not isinstance(row, list):
                _header_text(raw[: 4 * SHOWN] if raw else b"", stream, source.encoding)
                raise UserError("its line of column names is no CSV", stream.where, f"it begins {_shown(raw)}")
            if names := titles.names(row):
                header = Header(names, separator, stream, wanted)
            stream.between += length
            continue
        if isinstance(row, list) and not any(row):
            stream.between += length
            continue
        number += 1
        if isinstance(row, Unused):
            yield Record(number, None, first, length, raw or "", row)
        else:
            yield header.record(number, row, first, length, raw)
    if header is None and titles.first:
        Header(titles.first, separator, stream, wanted)  # which tells what it lacks


class Header:
    """A table's column names, and where those that are wanted stand in a row.

    Raises:
        UserError: one that is wanted is missing, or there twice.
    """

    def __init__(self, names: list[str], separator: str, stream: Stream, wanted: Wanted) -> None:
        if not all(encodable(name) for name in names):
            raise UserError("its line of column names is not in the source's `encoding`", stream.where, "correct `encoding`, or convert it")
        self._names = names
        hint = ""
        if len(names) == 1:
            other = next((mark for mark in OTHERS if mark != separator and mark in names[0]), None)
            hint = f"its first line has no {separator!r} but {other!r}: give `separator: {other!r}`" if other else ""
        wanted.require(self._names, stream.where, hint)
        self._places = [self._names.index(name) for name in wanted.names]
        self._last = names[-1]

    def record(self, number: int, row: list[str], first: int, length: int, raw: bytes | None) -> Record:
        """A row's record; empty fields at its end that the names lack mean nothing."""
        count = len(self._names)
        if len(row) != count and (len(row) < count or any(row[count:])):
            return Record(number, None, first, length, raw, Unused.wrong_columns)
        if row[count - 1].endswith(self._last) and bare(row[:count]) == self._names:
            return Record(number, None, first, length, raw, Unused.names_again, skipped=True)
        values = [row[place] for place in self._places]
        found = tuple([None if value == NULL else value for value in values] if NULL in values else values)
        return Record(number, found, first, length, raw)


def _header_text(line: bytes | None, stream: Stream, encoding: str) -> str:
    if line is None:
        raise UserError("its first line is longer than 16 MiB: it is no table", stream.where, "correct the source's `format`")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        raise UserError(
            f"its first line is no text in {encoding}", stream.where, "correct the source's `encoding` or `format`, or convert it to UTF-8"
        ) from None


def _shown(raw: bytes | None) -> str:
    return repr((raw or b"")[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN])


class Rows:
    """The rows of a CSV file: `csv` parses them, line after line out of a buffer, so that each row's bytes are known.

    Attributes:
        lost: length of a record whose bytes are gone.
    """

    def __init__(self, stream: Stream, encoding: str, separator: str) -> None:
        self._stream, self._encoding, self._separator = stream, encoding, separator
        self._chunks = stream.chunks()
        self._data, self._base, self._next = b"", 0, 0
        self._end, self._over, self._bad = b"\n", False, False
        self._begin = 0  # of the present record in the data
        self.lost = 0

    def each(self) -> Iterator[tuple[list[str] | Unused, int, bytes | None]]:
        """Each row or why it is none, where it begins, and its bytes."""
        self._more()
        self._base, self._end = self._stream.start, line_end(self._data)
        reader = self._reader(self._fed())
        alone = 0  # where lines cease to be read each by itself
        while self._skip_blanks():
            begin = self._begin = self._next
            self._bad = False
            if self._base + begin < alone:
                yield from self._line()
                continue
            try:
                row = next(reader)
            except StopIteration:  # its first line is too long
                reader = self._reader(self._fed())
                yield self._lose()
                continue
            except csv.Error:
                reader = self._reader(self._fed())
                begin = self._begin
                first_line = self._line_end(begin)
                if self._next > first_line and first_line < len(self._data):
                    # the line at which it failed may begin a record of its own
                    last = self._data.rfind(self._end, begin, self._next - 1) + 1
                    alone, self._next = self._base + last, begin
                    yield from self._line(Unused.not_csv)
                else:
                    yield from self._row(Unused.not_csv)
                continue
            yield from self._row(Unused.encoding if self._bad else row)

    def _reader(self, fed: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(fed, delimiter=self._separator, strict=True)

    def _row(self, row: list[str] | Unused) -> Iterator[tuple[list[str] | Unused, int, bytes | None]]:
        """What lies between the record's beginning and what is next, without its line's end."""
        raw = self._data[self._begin : self._next]
        kept = raw.removesuffix(self._end).removesuffix(b"\r")
        self._stream.between += len(raw) - len(kept)
        if len(kept) > records.MAX_RECORD_BYTES:
            row = Unused.oversized
        yield row, self._base + self._begin, kept

    def _line(self, reason: Unused | None = None) -> Iterator[tuple[list[str] | Unused, int, bytes | None]]:
        """The next line by itself."""
        self._begin = self._next
        self._next = self._line_end(self._begin)
        text = self._text(self._data[self._begin : self._next])
        try:
            row = reason or (Unused.encoding if self._bad else next(self._reader(iter([text])), Unused.not_csv))
        except csv.Error:
            row = Unused.not_csv
        yield from self._row(row)

    def _text(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            self._bad = True
            return line.decode(self._encoding, "surrogateescape")

    def _fed(self) -> Iterator[str]:
        """Lines for the parser, until those of one record are too many."""
        while True:
            end = self._line_end(self._next)
            if end == self._next or end - self._begin > records.MAX_RECORD_BYTES + len(self._end):
                return
            line, self._next = self._data[self._next : end], end
            yield self._text(line)

    def _skip_blanks(self) -> bool:
        """Pass over empty lines; whether there is more."""
        while True:
            self._begin = BLANK.match(self._data, self._next).end()  # type: ignore[union-attr]
            self._stream.between += self._begin - self._next
            self._next = self._begin
            if self._next < len(self._data):
                return True
            if not self._more():
                return False

    def _lose(self) -> tuple[list[str] | Unused, int, bytes | None]:
        """Pass over a line without holding it."""
        first, self.lost = self._base + self._begin, 0
        while (found := self._data.find(self._end, self._begin)) < 0:
            self.lost += len(self._data) - self._begin
            self._begin = self._next = len(self._data)
            if not self._more():
                return Unused.oversized, first, None
        self.lost += found - self._begin
        self._next = found
        return Unused.oversized, first, None

    def _line_end(self, start: int) -> int:
        """Where the line that begins at `start` of the data ends, or what there is of it once it is too long."""
        position = start
        while (found := self._data.find(self._end, position)) < 0:
            position = len(self._data)
            moved = self._begin
            if position - self._begin > records.MAX_RECORD_BYTES + len(self._end) or not self._more():
                return len(self._data)
            position, start = position - moved, start - moved
        return found + len(self._end)

    def _more(self) -> bool:
        """Append a chunk to what is still needed."""
        chunk = next(self._chunks, b"")
        self._data = self._data[self._begin :] + chunk
        self._base += self._begin
        self._next -= self._begin
        self._begin = 0
        return bool(chunk)
