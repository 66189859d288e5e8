"""The bytes of a dump's files: decompressed, in UTF-8 or as they are, counted and capped.

    for stream in opened(path, "posts.jsonl.gz", None):
        for chunk in stream.chunks(): ...

A reader says of each byte what became of it: it lies in a record, or it is added to `between`. What a reader forgets is found by
the sum.
"""

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path

from koreason.curate.reading.streamed.packed import CHUNK_BYTES, refuse, refuse_packed, unpacked
from koreason.errors import UserError
from koreason.intake.arrow import ALWAYS_BYTES, MOST_RATIO

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which is how it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Cap:
    """How many bytes a file may be decompressed to.

    Args:
        path: the file.
        most: what the source's `max_bytes` says; None: 1 GiB, or 250 times the file where that is more.
    """

    def __init__(self, path: Path, most: int | None) -> None:
        self._path, self._read = path, 0
        self._most = most or max(ALWAYS_BYTES, MOST_RATIO * path.stat().st_size)

    def count(self, count: int) -> None:
        """Add to what was read.

        Raises:
            UserError: it is more than is allowed.
        """
        self._read += count
        if self._read > self._most:
            raise UserError(f"holds more than {self._most:,} bytes once decompressed", self._path, "where that is right, raise `max_bytes`")


class Stream:
    """One file's bytes, and the account of them.

    Attributes:
        name: of the file in the source's `files`; `ZIP/MEMBER` in an archive.
        path: the file as it lies on the disk, for readers that open it themselves (`readers.WHOLE`).
        start: where its text begins: behind a byte order mark.
        bytes, lines: how many came in so far.
        between: how many of the bytes are in no record: blanks, separators, headers, markup.
        rows: how many rows it says it has, where they have no bytes of their own; else None.
        rows_read: how many of them came.
    """

    def __init__(self, name: str, path: Path, pieces: Iterator[bytes], cap: Cap | None = None) -> None:
        self.name, self.path = name, path
        self.start = self.bytes = self.lines = self.between = self.rows_read = 0
        self.rows: int | None = None
        self._pieces, self._cap = pieces, cap
        self._begun: Iterator[bytes] | None = None

    @property
    def where(self) -> Path:
        """What messages call it: its path, and of an archive's member that below the archive's."""
        _, _, member = f"/{self.name}".partition(f"/{self.path.name}/")
        return self.path / member if member else self.path

    def head(self) -> bytes:
        """The first chunk, which `chunks` gives once more."""
        chunks = self._text()
        first = next(chunks, b"")
        self._begun = itertools.chain([first] if first else [], chunks)
        return first

    def whole(self, most: int) -> bytes | None:
        """All of it where it is no longer than that, else None; `chunks` gives it once more."""
        chunks, parts, held = self.chunks(), list[bytes](), 0
        while held <= most and (chunk := next(chunks, b"")):
            parts.append(chunk)
            held += len(chunk)
        self._begun = itertools.chain(parts, chunks)
        return b"".join(parts) if held <= most else None

    def chunks(self) -> Iterator[bytes]:
        """The text in chunks; see `_text`."""
        return self._begun or self._text()

    def _text(self) -> Iterator[bytes]:
        """The text in chunks of at most `CHUNK_BYTES`, without its byte order mark; UTF-16 and UTF-32 become UTF-8.

        Raises:
            UserError: it cannot be decompressed, is too large, or is no UTF-16 though it begins so.
        """
        chunks = self._capped()
        first = next(chunks, b"")
        refuse(first[:512], self.path)
        refuse_packed(first[:16], self.name, self.path)
        for mark, encoding in MARKS:
            if first.startswith(mark):
                chunks, first = self._transcoded(first[len(mark) :], chunks, encoding), b""
                break
        if first.startswith(codecs.BOM_UTF8):
            self.start = self.bytes = self.between = len(codecs.BOM_UTF8)
            first = first[self.start :]
        yield from self._counted(first)
        for chunk in chunks:
            yield from self._counted(chunk)

    def _counted(self, chunk: bytes) -> Iterator[bytes]:
        if chunk:
            self.bytes += len(chunk)
            self.lines += chunk.count(b"\n")
            yield chunk

    def _capped(self) -> Iterator[bytes]:
        """Pieces brought to an even size: a decompressor's are as small as its input or as large as its output."""
        parts, held = list[bytes](), 0
        for piece in self._pieces:
            if self._cap:
                self._cap.count(len(piece))
            for offset in range(0, len(piece), CHUNK_BYTES):
                parts.append(piece[offset : offset + CHUNK_BYTES])
                held += len(parts[-1])
                if held >= CHUNK_BYTES:
                    yield b"".join(parts)
                    parts, held = [], 0
        if parts:
            yield b"".join(parts)

    def _transcoded(self, first: bytes, chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            yield decoder.decode(first).encode()
            for chunk in chunks:
                yield decoder.decode(chunk).encode()
            decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise UserError(f"begins as {encoding} but is none ({error})", self.path, "convert it to UTF-8") from None


def opened(path: Path, name: str, most: int | None, *, whole: bool = False) -> Iterator[Stream]:
    """The streams in a file, to be read one after the other.

    Args:
        path: the file.
        name: in the source's `files`.
        most: the source's `max_bytes`.
        whole: its reader opens the file itself.
    """
    if whole:
        yield Stream(name, path, iter(()))
        return
    cap = Cap(path, most)
    for member, pieces in unpacked(path, name):
        yield Stream(member, path, pieces, cap)
