"""Compressed files told by their first bytes, and decompressed in pieces of bounded size to a proven end.

    for piece in unpacked(path): ...

A file that ends in the middle, that goes on with anything else, or whose check sum differs is a `UserError`: what a library takes
for a quiet end (zstandard's stream reader does) would lose the rest of a dump without a sound.
"""

import bz2
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from koreason.errors import UserError

CHUNK_BYTES = 1 << 20
FEED_BYTES = 1 << 16
# zstandard's objects give all that a piece of input decompresses to at once: 2 KiB are at most 64 MiB, a block of four bytes being 128 KiB.
ZSTD_FEED_BYTES = 1 << 11
ZSTD_WINDOW = 1 << 31  # what `zstd --long=31` asks for; only as much of it is held as was decompressed
XZ_MEMORY = 1 << 28
DIRECTORY_BYTES = 1 << 24  # of a zip: its table of contents is held in memory
HEAD_BYTES = 512
ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, RuntimeError, NotImplementedError)

Member = tuple[str, Iterator[bytes]]


class _Wrapped:
    """A library's object with the interface of `bz2`'s and `lzma`'s."""

    def __init__(self, one: Any) -> None:
        self._one = one

    @property
    def eof(self) -> bool:
        """Whether the end was seen."""
        return bool(self._one.eof)

    @property
    def unused_data(self) -> bytes:
        """What follows the end."""
        return bytes(self._one.unused_data)


class Gzip(_Wrapped):
    """`zlib`'s."""

    def __init__(self) -> None:
        super().__init__(zlib.decompressobj(31))

    @property
    def needs_input(self) -> bool:
        """Whether all input is used up."""
        return not self._one.unconsumed_tail

    def decompress(self, data: bytes, most: int) -> bytes:
        """At most so many bytes."""
        return bytes(self._one.decompress(self._one.unconsumed_tail + data, most))


class Zstd(_Wrapped):
    """`zstandard`'s; how much comes out is bounded by what goes in."""

    needs_input = True

    def __init__(self) -> None:
        super().__init__(zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj())

    def decompress(self, data: bytes, most: int) -> bytes:
        """All that the input gives."""
        return bytes(self._one.decompress(data)) if data else b""


# First bytes, a decompressor, how much it is fed at once, and whether its tools fill up a file's end with zeros.
KINDS: list[tuple[re.Pattern[bytes], Callable[[], Any], int, bool]] = [
    (re.compile(rb"\x1f\x8b\x08"), Gzip, FEED_BYTES, True),
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), Zstd, ZSTD_FEED_BYTES, False),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"), bz2.BZ2Decompressor, FEED_BYTES, False),
    (re.compile(rb"\xfd7zXZ\x00"), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY), FEED_BYTES, True),
]
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
REFUSED = [
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "is a 7z archive", "unpack it first"),
    (re.compile(rb"Rar!\x1a\x07"), "is a RAR archive", "unpack it first"),
    (re.compile(rb".{257}ustar", re.DOTALL), "is a tar archive", "unpack it first"),
]


def unpacked(path: Path, name: str) -> Iterator[Member]:
    """The files in a file with their names, to be read one after the other: itself, or the members of a zip as `NAME/MEMBER`.

    Raises:
        UserError: it is damaged, cut, encrypted, followed by something else, or of a kind that is not read.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if head.startswith(ZIP):
            yield from _zip(path, name)
            return
        refuse(head, path)
        for magic, start, feed, padded in KINDS:
            if magic.match(head):
                yield name, told(_members(file, start, feed, padded), path)
                return
        yield name, iter(lambda: file.read(CHUNK_BYTES), b"")


def refuse_packed(head: bytes, name: str, path: object) -> None:
    """Refuse what is still compressed once a file was decompressed: an archive in an archive.

    Raises:
        UserError: it is one.
    """
    if head.startswith(ZIP) or any(kind[0].match(head) for kind in KINDS):
        raise UserError(f"holds another compressed file ({name})", path, "unpack it, and give the files in it")


def refuse(head: bytes, path: object) -> None:
    """Refuse what no format reads, by its first bytes.

    Raises:
        UserError: it is an archive of such a kind.
    """
    for magic, what, do in REFUSED:
        if magic.match(head):
            raise UserError(what, path, do)


def told(pieces: Iterator[bytes], path: object) -> Iterator[bytes]:
    """The pieces, with a library's errors as one line."""
    try:
        yield from pieces
    except ERRORS as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise UserError(f"cannot be decompressed ({error})", path, "it is damaged or cut: fetch it again") from None


def _members(file: IO[bytes], start: Callable[[], Any], feed: int, padded: bool) -> Iterator[bytes]:
    data = file.read(feed)
    while data:
        one, given = start(), True
        while not one.eof:
            if one.needs_input and not data:
                data = file.read(feed)
                given = bool(data)
            piece = one.decompress(data, CHUNK_BYTES)
            data = b""
            if piece:
                yield piece
            elif not given and not one.eof:
                raise EOFError("it ends in the middle")
        data = one.unused_data or file.read(feed)
        while padded and data and not data.strip(b"\0"):
            data = file.read(feed)


def _zip(path: Path, name: str) -> Iterator[Member]:
    check_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except ERRORS as error:
        raise UserError(f"not a readable zip ({error})", path, "it is damaged or cut: fetch it again") from None
    with archive:
        if any(info.filename == "[Content_Types].xml" for info in archive.infolist()):
            raise UserError("is an Office file (xlsx, docx …), not text", path, "correct the source's `format`, or export it as CSV")
        for info in archive.infolist():
            # what macOS adds beside each file is none of the dump, nor are other hidden files
            if not info.is_dir() and not re.search(r"^__MACOSX/|(?:^|/)\.(?!\.?/)", info.filename):
                yield f"{name}/{info.filename}", told(_member(archive, info, path), f"{path}/{info.filename}")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise UserError("is encrypted", path / info.filename, "unpack it with its password, and give the files in it")
    if info.header_offset < 0:
        raise zipfile.BadZipFile("a member lies outside of it")
    with archive.open(info) as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece


def check_directory(path: Path) -> None:
    """Refuse a zip whose table of contents would not fit the memory: `zipfile` reads it whole."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 16) - 22))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > DIRECTORY_BYTES:
        raise UserError("its table of contents is larger than 16 MiB", path, "unpack it, and give its files")
