"""A journal's file by key, without reading it: an index beside it says where each key's lines lie.

    file = Indexed(Path("results/traces/demo/mixed/journal/00000-of-00001/rows.jsonl"))
    file.find(key)      # every whole line of that key, in order
    file.save()         # `.rows.index`, which the next one opens

The index is a help and never believed: what it points at is held against its checksum when it is read, and where a line is not there,
the file is read whole, as it is where the index lacks, is damaged, or is of another file. What was appended since it was written is
read by itself. It takes 28 bytes a line: of the key's digest, where the line starts, its length, and whether it has a checksum.
"""

import hashlib
import os
import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from koreason.engine.journals.lines import Found, Lines, read_plain, read_sealed
from koreason.system.neighbours import created

ENTRY = struct.Struct(">16sQI")
KEY_BYTES = 16
PLAIN = 1 << 31  # of the length: the line has no checksum
HEAD = struct.Struct(">16sQIIQ?")  # magic, bytes of the file that it knows, checksum of the last of them, damage, whether all are plain
MAGIC = b"koreason index 1"
BORDER = 4096  # bytes by which a file is known again


class Indexed:
    """A file of lines by key; one that is not there has none.

    Attributes:
        end: where its last whole line ends.
        ended: whether that line has its newline.
        damaged: places between whole lines that hold none, as far as they are known.
        damaged_bytes: their bytes.
        tail_bytes: bytes behind the last whole line.
    """

    def __init__(self, path: Path, *, in_order: bool = False) -> None:
        """Open; `in_order` says that of lines without a checksum each needs those before it, so that none behind damage is taken."""
        self.path, self._in_order = path, in_order
        self._index = index_of(path)
        self._table, self._fresh = b"", dict[bytes, list[tuple[int, int]]]()
        self._saved = self._whole = False
        self._begin()
        if path.is_file():
            self._saved = self._load()
            self._read_on()

    def _begin(self) -> None:
        self._table, self._plain = b"", True
        self.end = self.damaged = self.damaged_bytes = self.tail_bytes = 0
        self.ended = True
        self._fresh.clear()

    def _load(self) -> bool:
        """Take what the index says; whether there is one of this file."""
        try:
            content = self._index.read_bytes()
            size = self.path.stat().st_size
            magic, end, border, damaged, damaged_bytes, plain = HEAD.unpack_from(content)
            if magic != MAGIC or end > size or zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "big"):
                return False
        except (OSError, struct.error):
            return False
        if border_of(self.path, end) != border:
            return False
        self._table, self._plain = content[HEAD.size : -4], plain
        self.end, self.damaged, self.damaged_bytes = end, damaged, damaged_bytes
        return True

    def _read_on(self) -> None:
        """Read what the index does not know: all of it where there is none."""
        lines, entries = Lines(self.path, self.end, self._plain), []
        whole = not self.end
        before = self.damaged
        for found in lines:
            if not (self._in_order and found.plain and before + lines.damaged):
                entries.append(_entry(found))
        self.end, self.ended, self._plain = lines.end, lines.ended, lines.plain
        self.damaged, self.damaged_bytes = before + lines.damaged, self.damaged_bytes + lines.damaged_bytes
        self.tail_bytes = lines.tail_bytes
        if whole:
            self._whole = True
            entries.sort()
            self._table = b"".join(entries)
        else:
            for entry in entries:
                digest, start, length = ENTRY.unpack(entry)
                self._fresh.setdefault(digest, []).append((start, length))
        self._saved &= not entries

    def cut_tail(self) -> int:
        """Cut off what a crash tore, so that what is appended starts on a line of its own; returns how many bytes went."""
        if self.tail_bytes or not self.ended:
            with open(self.path, "rb+") as file:
                file.truncate(self.end)
                if not self.ended:
                    file.seek(self.end)
                    self.end += file.write(b"\n")
                    self.ended, self._saved = True, False
        cut, self.tail_bytes = self.tail_bytes, 0
        return cut

    def note(self, key: str, line: bytes) -> None:
        """A whole line was appended."""
        self._fresh.setdefault(_digest(key), []).append((self.end, len(line) - 1))
        self.end += len(line)
        self._saved = self._plain = False

    def find(self, key: str) -> list[dict[str, Any]]:
        """Every whole line of a key, in order."""
        places = self._places(_digest(key))
        if not places:
            return []
        with open(self.path, "rb") as file:
            lines = [_read(file.fileno(), start, length) for start, length in places]
        if None in lines and not self._whole:
            self._reread()
            return self.find(key)
        return [line for line in lines if line is not None and line["key"] == key]

    def _reread(self) -> None:
        self._begin()
        self._saved = False
        self._read_on()

    def _places(self, digest: bytes) -> list[tuple[int, int]]:
        size = ENTRY.size
        at = bisect_left(range(len(self._table) // size), digest, key=lambda index: self._table[index * size : index * size + KEY_BYTES])
        places = []
        while self._table[at * size : at * size + KEY_BYTES] == digest:
            places.append(ENTRY.unpack_from(self._table, at * size)[1:])
            at += 1
        return places + self._fresh.get(digest, [])

    def __iter__(self) -> Iterator[str]:
        """The key of every line, in order; reads the file."""
        if self.path.is_file():
            for found in Lines(self.path):
                if not found.plain or self._places(_digest(found.key)):
                    yield found.key

    def save(self) -> None:
        """Write the index, where it is not what is known; only who holds the journal's lock may. A full disk gets none."""
        if self._saved or not self.end:
            return
        entries = [self._table[at : at + ENTRY.size] for at in range(0, len(self._table), ENTRY.size)]
        entries += [ENTRY.pack(digest, *place) for digest, places in self._fresh.items() for place in places]
        entries.sort()
        head = HEAD.pack(MAGIC, self.end, border_of(self.path, self.end), self.damaged, self.damaged_bytes, self._plain)
        content = head + b"".join(entries)
        with suppress(OSError):
            with created(self._index) as file:
                file.write(content + zlib.crc32(content).to_bytes(4, "big"))
            self._saved = True


def index_of(path: Path) -> Path:
    """Where the index of a journal's file lies."""
    return path.with_name(f".{path.stem}.index")


def border_of(path: Path, end: int) -> int:
    """Checksum of what stands before a place in a file, by which the file is known again."""
    with open(path, "rb") as file:
        file.seek(max(0, end - BORDER))
        return zlib.crc32(file.read(min(end, BORDER)))


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=KEY_BYTES).digest()


def _entry(found: Found) -> bytes:
    return ENTRY.pack(_digest(found.key), found.start, (found.end - found.start) | (PLAIN if found.plain else 0))


def _read(file: int, start: int, length: int) -> dict[str, Any] | None:
    text = os.pread(file, length & ~PLAIN, start)
    return read_plain(text) if length & PLAIN else read_sealed(text)
