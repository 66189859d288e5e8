"""Reader of web archives (WARC 1.0 and 1.1, ISO 28500): the pages among their records.

for record in read_warc(stream, source, wanted): ...

Records are cut here, so that each byte is accounted for and a wrong length costs no more than it has to; what HTTP made of a page
(chunks, compression) is undone by warcio, a record at a time.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from koreason.curate.reading import records
from koreason.curate.reading.documents.pages import declared, decoded, text_encoding, title_of_html
from koreason.curate.reading.records import Record, encodable
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source

HEADER_BYTES = 1 << 16
BEGIN = re.compile(rb"WARC/[01]\.[0-9]+\r?\n")
NEXT = re.compile(rb"\r?\n\r?\nWARC/[01]\.[0-9]+\r?\n(?i:WARC-|Content-)")
HEADER_END = re.compile(rb"\r?\n\r?\n")
LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
CLOSE = re.compile(rb"(?:\r?\n){2,4}WARC/|[\r\n]{0,15}\Z")  # what follows a whole record: another, or the end
FIELD = re.compile(rb"^(warc-type|content-type)[ \t]*:[ \t]*([^\r\n;]*)", re.IGNORECASE | re.MULTILINE)
PAGES = ("text/html", "application/xhtml+xml")
BLANK = re.compile(rb"[\r\n]*")
LONGEST_BEGIN = 64  # bytes by which the beginning of a record is known
GAP_BYTES = 1 << 10  # kept of what is damaged

Piece = tuple[int, bytes, int, bool]


def read_warc(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """Responses and resources that are HTML pages: `url`, `title`, `text`, `date`. Every other record is skipped.

    A page's encoding is what HTTP says, else its `<meta>`, else the source's.
    """
    wanted.saw(("url", "title", "text", "date"))
    for number, (first, data, length, sound) in enumerate(Cutter(stream).pieces(), 1):
        if not sound:
            yield Record(number, None, first, length, data or "", Unused.not_warc)
        elif not _is_page(data or b""):
            yield Record(number, None, first, length, "", Unused.not_a_page, skipped=True)
        elif len(data or b"") < length:
            yield Record(number, None, first, length, data, Unused.oversized)
        else:
            found = _page(data or b"", source.encoding)
            if isinstance(found, Unused):
                yield Record(number, None, first, length, data, found, skipped=found is Unused.not_a_page)
            else:
                yield Record(number, wanted.pick(found), first, length, data)


def _is_page(data: bytes) -> bool:
    """Whether a record's header says that it may be a page."""
    header = data[:HEADER_BYTES]
    end = HEADER_END.search(header)
    fields = {name.lower(): value.strip().lower() for name, value in FIELD.findall(header[: end.start()] if end else header)}
    kind = fields.get(b"warc-type")
    return kind == b"response" or (kind == b"resource" and fields.get(b"content-type", b"").decode("latin-1") in PAGES)


def _page(data: bytes, encoding: str) -> dict[str, Any] | Unused:
    """The page in one whole record, or why there is none."""
    from warcio.recordloader import ArchiveLoadFailed, ArcWarcRecordLoader

    try:
        record = ArcWarcRecordLoader().parse_record_stream(BytesIO(data), known_format="warc")
        http = record.http_headers
        if http is not None and not (http.get_statuscode() or "").startswith("2"):
            return Unused.not_a_page
        headers = record.rec_headers if http is None else http
        kind, _, parameters = (headers.get_header("Content-Type") or "").partition(";")
        if kind.strip().lower() not in PAGES:
            return Unused.not_a_page
        body = record.content_stream().read(records.MAX_RECORD_BYTES + 1)
        url, date = record.rec_headers.get_header("WARC-Target-URI"), record.rec_headers.get_header("WARC-Date")
    except (ArchiveLoadFailed, ValueError, OSError, EOFError, AttributeError, TypeError, IndexError, KeyError):
        return Unused.not_warc
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("warcio", "zlib", "brotli"):
            raise
        return Unused.not_warc
    if len(body) > records.MAX_RECORD_BYTES:
        return Unused.oversized
    said = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", parameters, re.IGNORECASE)
    text = decoded(body, text_encoding(said[1]) if said else None, declared(body), encoding)
    if text is None or not all(encodable(part) for part in (url or "", date or "")):
        return Unused.encoding
    return {"url": (url or "").strip("<>") or None, "title": title_of_html(text), "text": text, "date": date}


class Cutter:
    """A stream cut into records by their lengths; where a length is wrong, by where the next record begins."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._chunks = stream, stream.chunks()
        self._data, self._place, self._first = b"", 0, 0  # what is held, where in it we are, and where that is in the stream
        self._done = False

    def pieces(self) -> Iterator[Piece]:
        """Where each record begins, its bytes or the beginning of too many, how many they are, and whether it is one."""
        self._fill(1)
        self._first = self._stream.start
        while self._blanks():
            self._fill(HEADER_BYTES)
            begin = BEGIN.match(self._data, self._place)
            end = HEADER_END.search(self._data, self._place, self._place + HEADER_BYTES) if begin else None
            length = LENGTH.search(self._data, self._place, end.start()) if end else None
            if not end or not length:
                yield self._torn(1)
                continue
            header = end.end() - self._place
            whole = header + int(length[1])
            if whole > records.MAX_RECORD_BYTES:
                yield self._long(whole)
            elif self._fill(whole) and self._closed(whole):
                yield self._first, self._data[self._place : self._place + whole], whole, True
                self._pass(whole)
            else:
                yield self._torn(header - 4)

    @property
    def _held(self) -> int:
        return len(self._data) - self._place

    def _pass(self, count: int) -> None:
        self._place += count
        self._first += count

    def _fill(self, count: int) -> bool:
        """Hold so many bytes of what comes, where there are as many."""
        if self._held < count and not self._done:
            parts, held = [self._data[self._place :]], self._held
            while held < count:
                chunk = next(self._chunks, b"")
                if not chunk:
                    self._done = True
                    break
                parts.append(chunk)
                held += len(chunk)
            self._data, self._place = b"".join(parts), 0
        return self._held >= count

    def _blanks(self) -> bool:
        """Pass over the line ends between two records; whether there is more."""
        while self._fill(1):
            count = BLANK.match(self._data, self._place).end() - self._place  # type: ignore[union-attr]
            self._stream.between += count
            self._pass(count)
            if self._held:
                return True
        return False

    def _closed(self, length: int) -> bool:
        """Whether a record of that length may end there."""
        self._fill(length + 16)
        place = self._place + length
        return CLOSE.match(self._data[place : place + 16]) is not None

    def _torn(self, start: int) -> Piece:
        """What is no record, up to where the next one may begin, which is looked for from `start`."""
        first, kept = self._first, self._data[self._place : self._place + GAP_BYTES]
        while True:
            found = NEXT.search(self._data, self._place + start)
            if found:
                self._pass(found.start() - self._place)
                return first, kept, self._first - first, False
            self._pass(self._held if self._done else max(0, self._held - LONGEST_BEGIN))
            if self._done:
                return first, kept, self._first - first, False
            self._fill(self._held + 1)
            start = 0

    def _long(self, whole: int) -> Piece:
        """A record that is not held; its header is."""
        first, head, left = self._first, self._data[self._place : self._place + HEADER_BYTES], whole
        while left and self._fill(1):
            passed = min(left, self._held)
            self._pass(passed)
            left -= passed
        return first, head, whole - left, not left and self._closed(0)
