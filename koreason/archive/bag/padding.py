"""What of a tar belongs to no file: the bytes that fill blocks up, the ends of headers, and the zero bytes at its end.

    watched = Watched(file)
    with tarfile.open(fileobj=watched, mode="r|") as tar:
        for member in tar:
            watched.behind(before, member)   # whether all between the member before and this one's bytes is as a tar has it
    watched.ended(member)                    # whether nothing stands behind the last one

Digests say nothing of these bytes, and `tarfile` does not look at them.
"""

import tarfile
from typing import IO

BLOCK = tarfile.BLOCKSIZE
KEPT = 2**20  # bytes that can be looked at once more: more than headers of long names, and what is read ahead
CHECKSUM = slice(148, 156)
KIND, SIZE = slice(156, 157), slice(124, 136)
EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class Watched:
    """A tar that is read once from its beginning to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        """Take it at its beginning."""
        self._file, self._read, self._last = file, 0, bytearray()
        self._most: int | None = KEPT

    def within_headers(self, now: bool) -> None:
        """Say that headers come, which are kept in memory whatever they say of their size, or that a file's bytes do."""
        self._most = self._read + KEPT if now else None

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            ReadError: headers have no end.
        """
        if self._most is not None and self._read > self._most:
            raise tarfile.ReadError("headers without end")
        data = self._file.read(size)
        self._read += len(data)
        self._last += data
        if len(self._last) > 2 * KEPT:  # seldom: to cut at each read would copy all of it for every block
            del self._last[:-KEPT]
        return data

    def behind(self, before: tarfile.TarInfo | None, member: tarfile.TarInfo) -> bool:
        """Whether what fills up the member before, and the headers of this one, are as they should be."""
        if before is not None and any(self._between(_end(before), member.offset)):
            return False
        place = member.offset
        while place < member.offset_data:
            header = self._between(place, place + BLOCK)
            place += BLOCK
            if header[CHECKSUM] not in _checksums(header):
                return False
            if header[KIND] in EXTENDED:
                size = tarfile.nti(header[SIZE])  # type: ignore[attr-defined]
                if any(self._between(place + size, place + size + filling(size))):
                    return False
                place += size + filling(size)
        return True

    def ended(self, last: tarfile.TarInfo | None) -> bool:
        """Whether nothing but zero bytes stands behind the last member; reads what is left."""
        if last is not None and any(self._between(_end(last), self._read)):
            return False
        while data := self.read(KEPT):
            if any(data):
                return False
        return True

    def _between(self, start: int, end: int) -> bytes:
        first = self._read - len(self._last)
        return bytes(self._last[max(0, start - first) : max(0, end - first)])


def filling(size: int) -> int:
    """How many zero bytes stand behind so many, up to the next block."""
    return -size % BLOCK


def _end(member: tarfile.TarInfo) -> int:
    return member.offset_data + (member.size if member.isreg() else 0)


def _checksums(header: bytes) -> set[bytes]:
    """How tars write the sum of a header's bytes, the sum itself taken for blanks."""
    total = sum(header) - sum(header[CHECKSUM]) + 8 * 32
    return {b"%06o\x00 " % total, b"%07o\x00" % total}
