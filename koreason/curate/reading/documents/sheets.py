"""Reader of xlsx workbooks: the rows of one sheet under a row of column names.

for record in read_xlsx(stream, source, wanted): ...
"""

import re
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, NamedTuple

from koreason.curate.reading import records
from koreason.curate.reading.documents.workbook import Workbook, natural
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.tabular.titles import Titles
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError

COLUMNS = 16_384  # of a sheet, as Excel has them
CELL = re.compile(r"([A-Za-z]{1,3})[0-9]{1,9}\Z")


class Row(NamedTuple):
    """One row: the values by column, from 0; how many bytes of the sheet's XML it takes, without its closing tag; why it cannot be read."""

    values: dict[int, Any]
    bytes: int
    reason: Unused | None


def read_xlsx(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """The rows of the sheet `sheet`, or of the first; formulas give the values that Excel has stored beside them.

    Rows without any value are passed over. What is accounted for are the bytes of the sheet's XML.

    Raises:
        UserError: it is no workbook, is damaged, lacks the sheet, or holds more than `max_bytes`.
    """
    with Workbook(stream.path, source.max_bytes) as book:
        sheet = Sheet(book, book.part(source.sheet))
        names: dict[int, str] | None = None
        titles = Titles(wanted)
        number = taken = 0
        for row in sheet.rows():
            taken += row.bytes
            if not row.values and row.reason is None:
                stream.between += row.bytes
            elif names is None:
                if row.reason is not None:
                    raise UserError("its row of column names cannot be read", stream.path, "correct it, or export the sheet as CSV")
                if found := titles.names([str(value) for value in row.values.values()]):
                    wanted.require(found, stream.path)
                    names = dict(zip(row.values, found, strict=True))
                stream.between += row.bytes
            else:
                number += 1
                fields = {name: row.values.get(column) for column, name in names.items()}
                # as on each printed page of a long table
                again = not row.reason and all(str(fields[name]).strip() == name for name in names.values())
                values = None if row.reason or again else wanted.pick(fields)
                reason = Unused.names_again if again else row.reason
                yield Record(number, values, raw=fields, reason=reason, skipped=again, weight=row.bytes)
        if names is None and titles.first:
            wanted.require(titles.first, stream.path)  # which tells what it lacks
        stream.bytes = sheet.bytes
        stream.between += sheet.bytes - taken


class Sheet:
    """A sheet's rows, one after the other, with memory bounded by the longest that may be a record.

    Attributes:
        bytes: of its XML, so far.
    """

    def __init__(self, book: Workbook, part: str) -> None:
        self._book, self._part = book, part
        self.bytes = 0
        self._parser: Any = None
        self._found: list[Row] = []
        self._values: dict[int, Any] = {}
        self._reason: Unused | None = None
        self._begin = self._held = 0
        self._column = -1
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._inside = self._taken = self._spoken = False

    def rows(self) -> Iterator[Row]:
        """The rows."""
        for parser, fed in self._book.events(self._part, self._start, self._end, self._text):
            self._parser, self.bytes = parser, fed
            yield from self._found
            self._found.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            self._cell(attributes)
        elif name == "v" or name == "t":
            self._taken = self._inside and not self._spoken
        elif name == "rPh":
            self._spoken = True
        elif name == "row":
            self._values, self._reason, self._held, self._column = {}, None, 0, -1
            self._begin = self._parser.CurrentByteIndex

    def _cell(self, attributes: dict[str, str]) -> None:
        self._inside, self._parts = True, []
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        place = attributes.get("r")
        if place is None:
            self._column += 1
        elif found := CELL.match(place):
            column = 0
            for letter in found[1].upper():
                column = 26 * column + ord(letter) - 64
            self._column = column - 1
        else:
            self._reason = Unused.not_xml
        if self._column >= COLUMNS:
            self._reason, self._inside = Unused.wrong_columns, False

    def _text(self, text: str) -> None:
        if self._taken:
            self._held += len(text)
            if self._held > records.MAX_RECORD_BYTES:
                self._reason, self._taken = Unused.oversized, False
                self._parts.clear()
            else:
                self._parts.append(text)

    def _end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "v" or name == "t":
            self._taken = False
        elif name == "rPh":
            self._spoken = False
        elif name == "c":
            if self._inside and self._reason is None and self._parts:
                self._keep("".join(self._parts))
            self._inside = False
        elif name == "row":
            self._found.append(Row({} if self._reason else self._values, self._parser.CurrentByteIndex - self._begin, self._reason))
            self._values = {}

    def _keep(self, text: str) -> None:
        try:
            value = self._value(text)
        except (ValueError, OverflowError):
            self._reason = Unused.out_of_range
            return
        if isinstance(value, str) and not value.strip():
            value = None
        if value is not None:
            self._values[self._column] = value

    def _value(self, text: str) -> Any:
        """What a cell shows: text, a number in at most 15 digits as Excel has them, a date; nothing for an error."""
        if self._kind == "s":
            place = natural(text.strip())
            length = -1 if place is None else self._book.texts.length(place)
            if length < 0:
                raise ValueError(text)
            self._held += length
            if self._held > records.MAX_RECORD_BYTES:
                self._reason = Unused.oversized
                return None
            return self._book.texts[place or 0]
        if self._kind == "n":
            if len(text) > 64:
                raise ValueError(text)
            number = float(text)
            style = natural(self._style)
            if style is not None and style in self._book.dates:
                return self._date(number, self._book.dates[style])
            return f"{number:.15g}"
        if self._kind == "b":
            return text.strip() in ("1", "true")
        return None if self._kind == "e" else text

    def _date(self, number: float, duration: bool) -> str:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

        found = from_excel(number, MAC_EPOCH if self._book.since_1904 else WINDOWS_EPOCH, timedelta=duration)
        return str(found.date() if isinstance(found, datetime) and found.time() == time() else found)
