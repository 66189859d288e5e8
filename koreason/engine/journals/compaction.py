"""What of a journal nothing asks for any more, and the journal without it.

    for part in parts(Path("results/traces/demo/mixed/journal")):
        if part.asked is not None: print(part.path, part.weight())

Each run notes the requests that it asks in its shard's folder. A shard's journal is judged only where the shards that have noted theirs
cover its share of the pool: a line is asked for where any of them asks for its key. Segments serve unfinished answers, so those of a
finished one may go, too; and what is damaged, or stands there twice. Lines that stay are written with their checksum, also those of
earlier versions, which have none.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from koreason.engine.answers import REFUSED, Segment
from koreason.engine.journals.index import index_of
from koreason.engine.journals.journal import ASKED, ROWS, SEGMENTS, link, read_asked, read_lines, take
from koreason.engine.journals.lines import Lines, read_plain, read_sealed, sealed
from koreason.shards import shard_range
from koreason.system.neighbours import created


@dataclass(frozen=True)
class Weight:
    """What a shard's journal holds, in rows and bytes.

    Attributes:
        rows: finished answers.
        unasked: of these, what nothing asks for.
        size: of both files.
        unasked_size: of lines that nothing asks for.
        finished_size: of segments of finished answers.
        other_size: of what is damaged, torn, or there twice.
    """

    rows: int
    unasked: int
    size: int
    unasked_size: int
    finished_size: int
    other_size: int

    @property
    def goes(self) -> int:
        """Bytes that nobody misses."""
        return self.unasked_size + self.finished_size + self.other_size


@dataclass(frozen=True)
class Part:
    """One shard's journal.

    Attributes:
        asked: keys that are asked for; None where that is not known.
        finished: keys that have an answer, here or in another shard's journal.
    """

    path: Path
    asked: set[str] | None
    finished: set[str]

    def weight(self) -> Weight:
        """Read all of it and tell."""
        rows, sizes, whole = Counter[str](), Counter[str](), 0
        for name in (ROWS, SEGMENTS):
            path = self.path / name
            whole += path.stat().st_size if path.is_file() else 0
            for fate, text, size in self._sifted(name):
                rows[fate] += name == ROWS
                # a line that comes without a checksum grows by it: what stays is not more than what was there
                sizes[fate] += min(size, len(text)) if fate == "kept" else size
        known = sizes["kept"] + sizes["unasked"] + sizes["finished"]
        return Weight(sum(rows.values()), rows["unasked"], whole, sizes["unasked"], sizes["finished"], whole - known)

    def compact(self) -> None:
        """Write what stays in place of what is there.

        Raises:
            UserError: a process draws into it.
        """
        with take(self.path):
            for name in (SEGMENTS, ROWS):
                path = self.path / name
                if not path.is_file():
                    continue
                with created(path) as file:
                    file.writelines(text for fate, text, _ in self._sifted(name) if fate == "kept")
                    file.flush()
                    os.fsync(file.fileno())
                    index_of(path).unlink(missing_ok=True)

    def _sifted(self, name: str) -> Iterator[tuple[str, bytes, int]]:
        """Each whole line's fate, the line as it would be written, and the bytes that it takes now."""
        if not (self.path / name).is_file():
            return
        chains: dict[str, tuple[int, int]] = {}
        seen: set[bytes] = set()
        lines = Lines(self.path / name)
        with open(self.path / name, "rb") as file:
            for found in lines:
                file.seek(found.start)
                text = file.read(found.end - found.start)
                line = read_plain(text) if found.plain else read_sealed(text)
                if line is None or (found.plain and name == SEGMENTS and lines.damaged):
                    continue
                if found.plain and name == SEGMENTS:
                    number, after = chains.get(found.key, (0, 0))
                    chains[found.key] = (number + 1, link(after, Segment(tuple(line["tokens"]), line["then"])))
                    line |= {"number": number, "after": after}
                text = sealed(line)
                known = hashlib.blake2b(text, digest_size=16).digest()
                yield self._fate(name, found.key, twice=known in seen), text, found.end - found.start + 1
                seen.add(known)

    def _fate(self, name: str, key: str, *, twice: bool) -> str:
        if key not in (self.asked or ()):
            return "unasked"
        if name == SEGMENTS and key in self.finished:
            return "finished"
        return "twice" if twice else "kept"


def parts(journal: Path) -> list[Part]:
    """The journals of all shards in a folder, but for empty ones."""
    folders = sorted({path.parent for name in (ROWS, SEGMENTS) for path in journal.glob(f"*-of-*/{name}") if path.stat().st_size})
    found = {path.parent.name: read_asked(path) for path in sorted(journal.glob(f"*-of-*/{ASKED}"))}
    lists = {shard: keys for shard, keys in found.items() if keys is not None}
    asked = {key for keys in lists.values() for key in keys}
    finished = {row["key"] for path in folders for row in read_lines(path / ROWS) if not row["finish"].startswith(REFUSED)}
    return [Part(path, asked if _covers(list(lists), path.name) else None, finished) for path in folders]


def _covers(shards: list[str], shard: str) -> bool:
    """Whether shards, of whatever counts, cover all of another one."""
    at, end = shard_range(shard)
    for low, high in sorted(shard_range(other) for other in shards):
        if low <= at:
            at = max(at, high)
    return at >= end or at == Fraction(1)
