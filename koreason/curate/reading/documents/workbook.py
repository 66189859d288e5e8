"""The parts of an xlsx workbook, as streams of XML: which sheets it has, the texts its cells share, which cells are dates.

    with Workbook(path, max_bytes) as book:
        name = book.part("Sheet1")

XML goes through expat, event by event, and not through openpyxl's reader, which holds every text and every row's attributes in
memory, passes over rows whose numbers go back, and ends at the first cell that it cannot read. What Excel alone knows, which number
formats are dates and how days are counted, is openpyxl's. No document type is read, so no entity is ever defined.
"""

import posixpath
import tempfile
import zipfile
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.parsers import expat

from koreason.curate.reading import records
from koreason.curate.reading.streamed.packed import ERRORS, check_directory, told
from koreason.curate.reading.streamed.streams import Cap
from koreason.errors import UserError

FEED_BYTES = 1 << 16
LONGEST_TAG = 1 << 20  # bytes; expat looks at an unfinished tag again with each piece
DEEPEST = 64  # tags in each other; a sheet needs 7
MOST_TEXTS = 1 << 24  # shared by cells, eight bytes of memory each; the texts themselves lie in a file
MOST_STYLES = 1 << 17
OLD = b"\xd0\xcf\x11\xe0"

Start = Callable[[str, dict[str, str]], None]
DAMAGED = "it is damaged or cut: fetch it again, or export it as CSV"


class Workbook:
    """A workbook's parts.

    Attributes:
        sheets: name of each sheet to its part, in the workbook's order.
        texts: the texts that cells share.
        dates: numbers of the cell styles that show dates, and whether they show durations.

    Raises:
        UserError: it is no workbook, is damaged, or holds more than `max_bytes`.
    """

    def __init__(self, path: Path, most: int | None) -> None:
        self._path, self._cap = path, Cap(path, most)
        with open(path, "rb") as file:
            if file.read(4) == OLD:
                raise UserError("is an old or encrypted Office file", path, "save it as xlsx without a password, or as CSV")
        check_directory(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except ERRORS as error:
            raise UserError(f"is no readable xlsx ({error})", path, DAMAGED) from None
        self._names = {info.filename for info in self._archive.infolist() if info.header_offset >= 0}
        self.texts = Texts(path)
        self.since_1904 = False
        self._parts: dict[str, str] = {}  # of the workbook as a whole
        self.sheets = self._sheets()
        if (part := self._parts.get("sharedStrings", "")) in self._names:
            self.texts.read(self.events(part, self.texts.start, self.texts.end, self.texts.text))
        self.dates = self._dates(self._parts.get("styles", ""))

    def part(self, sheet: str | None) -> str:
        """The part of the sheet of that name, or of the first.

        Raises:
            UserError: there is none.
        """
        if sheet is not None and sheet not in self.sheets:
            raise UserError(f"has no sheet {sheet!r}", self._path, f"it has {', '.join(self.sheets)}: correct the source's `sheet`")
        part = self.sheets[sheet] if sheet is not None else next(iter(self.sheets.values()), "")
        if part not in self._names:
            raise UserError("has no sheet that can be read", self._path, DAMAGED)
        return part

    def events(
        self, part: str, start: Start, end: Callable[[str], None], text: Callable[[str], None] | None = None
    ) -> Iterator[tuple[Any, int]]:
        """Feed a part to expat; before the first piece and after each its parser, and how many bytes it was fed so far.

        Raises:
            UserError: it is no XML, defines entities, or has a tag of more than 1 MiB.
        """
        depth = fed = 0

        def opened(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            start(name, attributes)

        def closed(name: str) -> None:
            nonlocal depth
            depth -= 1
            end(name)

        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = opened, closed, text
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.buffer_text = False  # a long text comes in pieces
        yield parser, fed
        try:
            for piece in told(self._pieces(part), f"{self._path}/{part}"):
                parser.Parse(piece, False)
                fed += len(piece)
                if fed - parser.CurrentByteIndex > LONGEST_TAG or depth > DEEPEST:
                    raise UserError("has a tag longer than 1 MiB, or too many in each other", f"{self._path}/{part}", DAMAGED)
                yield parser, fed
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UserError(f"is no readable XML ({error})", f"{self._path}/{part}", DAMAGED) from None
        yield parser, fed

    def _pieces(self, part: str) -> Iterator[bytes]:
        with self._archive.open(part) as file:
            while piece := file.read(FEED_BYTES):
                self._cap.count(len(piece))
                yield piece

    def _refuse_doctype(self, *_: Any) -> None:
        raise UserError("has a document type, which no workbook needs", self._path, DAMAGED)

    def _attributes(self, part: str, take: Start) -> None:
        """Hand each tag's local name and attributes to `take`."""
        if part in self._names:
            for _ in self.events(part, lambda name, attributes: take(name.rpartition(":")[2], attributes), lambda name: None):
                pass

    def _sheets(self) -> dict[str, str]:
        targets: dict[str, str] = {}
        named: list[tuple[str, str]] = []

        def target(name: str, attributes: dict[str, str]) -> None:
            kind = attributes.get("Type", "").rpartition("/")[2]
            path = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            if name == "Relationship" and kind == "worksheet" and len(targets) < MOST_STYLES:
                targets[attributes.get("Id", "")] = path
            elif name == "Relationship" and kind in ("sharedStrings", "styles"):
                self._parts[kind] = path

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet" and len(named) < MOST_STYLES:
                identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                named.append((attributes.get("name", ""), identity))
            elif name == "workbookPr":
                self.since_1904 = attributes.get("date1904") in ("1", "true")

        self._attributes("xl/_rels/workbook.xml.rels", target)
        self._attributes("xl/workbook.xml", sheet)
        found = {name: targets[identity] for name, identity in named if identity in targets}
        if not found:
            raise UserError("is no xlsx workbook with a sheet", self._path, "correct the source's `format`, or export it as CSV")
        return found

    def _dates(self, part: str) -> dict[int, bool]:
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

        codes: dict[int, str] = dict(BUILTIN_FORMATS)
        styles: list[int] = []
        inside: list[str] = []

        def style(name: str, attributes: dict[str, str]) -> None:
            if name in ("cellXfs", "cellStyleXfs", "dxfs"):
                inside[:] = [name]
            elif name == "numFmt" and len(codes) < MOST_STYLES:
                codes[natural(attributes.get("numFmtId", "")) or 0] = attributes.get("formatCode", "")[:256]
            elif name == "xf" and inside == ["cellXfs"] and len(styles) < MOST_STYLES:
                styles.append(natural(attributes.get("numFmtId", "")) or 0)

        self._attributes(part, style)
        shown = {number: codes.get(number, "") for number in set(styles)}
        dates = {number: bool(is_timedelta_format(code)) for number, code in shown.items() if code and is_date_format(code)}
        return {place: dates[number] for place, number in enumerate(styles) if number in dates}

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._archive.close()
        self.texts.close()


class Texts:
    """The texts that cells share, in a file without a name; in memory lies where each begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("Q", [0])
        self._parts: list[str] = []
        self._taken = self._spoken = False
        self._written = self._held = 0

    def read(self, events: Iterator[tuple[Any, int]]) -> None:
        """Go through the part's events, which call `start`, `end` and `text`."""
        for _ in events:
            pass
        self._file.flush()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An opening tag: of a text, of a part of it, or of how it is spoken, which is no part."""
        name = name.rpartition(":")[2]
        if name == "rPh":
            self._spoken = True
        self._taken = name == "t" and not self._spoken

    def end(self, name: str) -> None:
        """A closing tag."""
        name = name.rpartition(":")[2]
        self._taken = False
        if name == "rPh":
            self._spoken = False
        elif name == "si":
            self._write()
            if len(self._ends) > MOST_TEXTS:
                raise UserError(f"its cells share more than {MOST_TEXTS:,} texts", self._path, "export it as CSV")
            self._ends.append(self._written)

    def text(self, text: str) -> None:
        """A piece of text."""
        if self._taken:
            self._parts.append(text)
            self._held += len(text)
            if self._held > FEED_BYTES:
                self._write()

    def _write(self) -> None:
        data = "".join(self._parts).encode("utf-8", "surrogatepass")
        self._parts.clear()
        self._held = 0
        self._file.write(data)
        self._written += len(data)

    def length(self, place: int) -> int:
        """How many bytes the text of that place has; -1 where there is none."""
        return self._ends[place + 1] - self._ends[place] if place + 1 < len(self._ends) else -1

    def __getitem__(self, place: int) -> str:
        length = min(self.length(place), records.MAX_RECORD_BYTES + 1)
        self._file.seek(self._ends[place])
        return self._file.read(length).decode("utf-8", "replace")

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def natural(text: str) -> int | None:
    """A number that is written in a few digits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
