"""A dump's bytes cut into records, with memory bounded by the longest record and not by the file.

for number, piece in enumerate(pieces(open_stream(path), b"\\n"), 1): ...
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import zstandard

from koreason.errors import UserError

CHUNK_BYTES = 1 << 20
# No prompt is this long; a longer record is damage, and must not be gathered in memory.
MAX_RECORD_BYTES = 1 << 24
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Record(NamedTuple):
    """One record of a dump.

    Attributes:
        number: its place in the file, from 1.
        fields: its columns; None where it could not be read.
        reason: why it is not used: what is wrong with it, or what it is instead of a question.
        raw: its text as found, for `rejected.jsonl`.
        skipped: whether it is sound but no question, which is nothing to reject.
    """

    number: int
    fields: dict[str, Any] | None
    reason: str = ""
    raw: str | bytes = ""
    skipped: bool = False


@contextmanager
def open_stream(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes; `.gz` and `.zst` are decompressed on the way.

    Raises:
        UserError: the compressed data is damaged.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rb") as stream:
                yield stream  # type: ignore[misc]
        elif path.suffix == ".zst":
            with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
                yield stream
        else:
            with open(path, "rb") as file:
                yield file
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise UserError(f"cannot be decompressed ({error})", path, "fetch it again, or correct the catalogue's file name") from None


def pieces(stream: IO[bytes], separator: bytes) -> Iterator[bytes | None]:
    """Yield what lies between separators; None stands for a piece of more than `MAX_RECORD_BYTES`.

    A byte order mark at the start is left out. What follows the last separator is yielded if it is not empty.
    """
    rest, too_long, start = b"", False, True
    while chunk := stream.read(CHUNK_BYTES):
        if start:
            chunk, start = chunk.removeprefix(BYTE_ORDER_MARK), False
        *found, rest = (rest + chunk).split(separator)
        for piece in found:
            yield None if too_long or len(piece) > MAX_RECORD_BYTES else piece
            too_long = False
        if len(rest) > MAX_RECORD_BYTES:
            # enough is kept for a separator that the chunk's end has cut in two
            rest, too_long = rest[-len(separator) :], True
    if rest or too_long:
        yield None if too_long else rest
