"""A shard's journal in numbers: each answer's length and end, read once.

    counted = Counted(Path("results/traces/demo/mixed/journal/00000-of-00001"))
    counted.look()            # reads what was appended since the last look, also another process's
    counted.keys.size         # finished answers

What was counted is kept beside the journal, in `.status.npz`, so that the next look reads only what came since. It is never believed:
where the file is another one, is shorter, or does not end at that place as it did, all is read again; where the folder may not be written,
nothing is kept. A million answers take 13 MB. Nothing here locks or changes a journal, so a job may draw into it meanwhile.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import numpy.typing

from koreason import progress
from koreason.engine.answers import REFUSED
from koreason.engine.journals.index import border_of
from koreason.engine.journals.journal import ASKED, ROWS, SEGMENTS
from koreason.engine.journals.lines import Found, Lines
from koreason.languages import script_shares
from koreason.system.neighbours import created

CACHE = ".status.npz"
VERSION = 1
WORTH = 1 << 20  # bytes that are read again before they are worth to be kept
LONG = 1 << 28  # bytes to read of which a bar tells
ENDS = ("stop", "length", "repetition", REFUSED)  # how an answer ended, by number
Numbers = numpy.typing.NDArray[Any]

# A row's facts stand behind its text, where a quotation mark can only be the line's own. What has more fields is read as JSON.
ROW = re.compile(
    rb'", "finish": "(stop|length|repetition)", "prompt_tokens": \d+, "tokens": (\d+), "limit": \d+(?:, "sum": "[0-9a-f:]{17}")?\}$'
)
SEGMENT = re.compile(rb'"tokens": \[([^]]*)\](?:, "number": (\d+))?')
KEY_DIGITS, DIGEST_DIGITS = 64, 16
FIRST, ONE_IN = 64, 64  # answers whose letters are counted: the first ones, then one in so many by its key


class Place(NamedTuple):
    """How far a file was read: which file, up to where, what stands before that, and whether no line had a checksum yet."""

    inode: int = 0
    end: int = 0
    border: int = 0
    plain: bool = True


class Counted:
    """A shard's journal as far as it was read.

    Attributes:
        keys: of finished answers, sorted, each once: 64 bits of the request's key.
        tokens: drawn for each of them.
        ends: how each ended, an index into `ENDS`.
        begun: of segments of answers that are not finished, the key, the segment's number and its tokens, three columns.
        asked: keys that the shard's last run asks for, sorted; None where no run has said.
        asked_at: when it said so; 0 where none has.
        letters: shares of scripts, added up over `sampled` answers.
        damaged: places between whole lines that hold none.
        read: bytes that this process read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.read = folder, 0
        self.asked: Numbers | None = None
        self.asked_at = 0.0
        self._asked_of: tuple[int, int, int] | None = None
        self._kept = 0
        self._forget()
        self._load()

    def _forget(self) -> None:
        self.keys, self.tokens, self.ends = _u64([]), numpy.zeros(0, numpy.uint32), numpy.zeros(0, numpy.uint8)
        self.begun: tuple[Numbers, Numbers, Numbers] = (_u64([]), numpy.zeros(0, numpy.uint64), numpy.zeros(0, numpy.uint32))
        self.letters, self.sampled, self.damaged = Counter[str](), 0, 0
        self._places = {ROWS: Place(), SEGMENTS: Place()}

    def look(self) -> None:
        """Read what was appended, and keep what is known if that is worth it."""
        if not all(_same(self.folder / name, place) for name, place in self._places.items()):
            self._forget()
        self._read_rows()
        self._read_segments()
        self._read_asked()
        if self.read - self._kept > WORTH:
            self._save()

    @property
    def written(self) -> float:
        """When something was last written to it; 0 where nothing was."""
        times = [0.0]
        for name in self._places:
            with suppress(FileNotFoundError):
                times.append((self.folder / name).stat().st_mtime)
        return max(times)

    def _read_rows(self) -> None:
        keys, tokens, ends = list[int](), list[int](), list[int]()
        for key, text in self._lines(ROWS):
            number = digest(key)
            if found := ROW.search(text):
                end, drawn = found[1].decode(), int(found[2])
            else:
                row = json.loads(text)
                end, drawn = str(row.get("finish")), int(row.get("tokens") or 0)
            keys.append(number)
            tokens.append(drawn)
            end = REFUSED if end.startswith(REFUSED) else end
            ends.append(ENDS.index(end) if end in ENDS else 0)  # what another version calls otherwise is finished all the same
            if end != REFUSED and (self.sampled < FIRST or number % ONE_IN == 0):
                self.letters.update(script_shares(str(json.loads(text).get("text"))))
                self.sampled += 1
        if keys:
            self.keys, self.tokens, self.ends = latest(
                numpy.concatenate((self.keys, _u64(keys))),
                numpy.concatenate((self.tokens, numpy.array(tokens, numpy.uint32))),
                numpy.concatenate((self.ends, numpy.array(ends, numpy.uint8))),
            )

    def _read_segments(self) -> None:
        keys, numbers, tokens = list[int](), list[int](), list[int]()
        for at, (key, text) in enumerate(self._lines(SEGMENTS)):
            if found := SEGMENT.search(text):
                keys.append(digest(key))
                # lines of earlier versions have no number: none is another's
                numbers.append(int(found[2]) if found[2] else (1 << 40) + self._places[SEGMENTS].end + at)
                tokens.append(found[1].count(b",") + 1 if found[1].strip() else 0)
        new = (_u64(keys), _u64(numbers), numpy.array(tokens, numpy.uint32))
        keys_, numbers_, tokens_ = (numpy.concatenate(pair) for pair in zip(self.begun, new, strict=True))
        left = ~is_in(keys_, self.keys)
        self.begun = (keys_[left], numbers_[left], tokens_[left])

    def _lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Whole lines behind the place that was read, each with its key; then the place is where they end."""
        path, place = self.folder / name, self._places[name]
        try:
            file = open(path, "rb")  # noqa: SIM115
        except FileNotFoundError:
            return
        with file:
            lines = Lines(path, place.end, place.plain)
            for found in self._told(lines, path.stat().st_size - place.end):
                file.seek(found.start)
                yield found.key, file.read(found.end - found.start)
            self.damaged += lines.damaged
            self.read += lines.end - place.end
            inode = path.stat().st_ino
            self._places[name] = Place(inode, lines.end, border_of(path, lines.end), lines.plain)

    def _told(self, lines: Lines, size: int) -> Iterator[Found]:
        """The lines, with a bar where it takes a while."""
        if size < LONG:
            yield from lines
            return
        with progress.bar(total=size, what=self.folder.name, unit="B", scale=True) as bar:
            for found in lines:
                yield found
                bar.update(found.end - found.start + 1)

    def _read_asked(self) -> None:
        path = self.folder / ASKED
        try:
            facts = path.stat()
            known = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
            if known != self._asked_of:
                self.asked, self._asked_of = digests(path.read_bytes()), known
                self.asked_at = facts.st_mtime
        except FileNotFoundError:
            self.asked = self._asked_of = None
            self.asked_at = 0.0

    def _load(self) -> None:
        try:
            with numpy.load(self.folder / CACHE, allow_pickle=False) as kept:
                facts = json.loads(bytes(kept["facts"]))
                if facts["version"] != VERSION:
                    return
                self._places = {name: Place(*facts["places"][name]) for name in (ROWS, SEGMENTS)}
                self.letters, self.sampled, self.damaged = Counter(facts["letters"]), int(facts["sampled"]), int(facts["damaged"])
                keys, tokens, ends = kept["keys"], kept["tokens"], kept["ends"]
                self.keys, self.tokens, self.ends = keys.astype(numpy.uint64), tokens.astype(numpy.uint32), ends.astype(numpy.uint8)
                begun, numbers, drawn = kept["begun"], kept["numbers"], kept["drawn"]
                self.begun = (begun.astype(numpy.uint64), numbers.astype(numpy.uint64), drawn.astype(numpy.uint32))
                if (
                    not keys.shape == tokens.shape == ends.shape
                    or not begun.shape == numbers.shape == drawn.shape
                    or self.ends.max(initial=0) >= len(ENDS)
                ):
                    self._forget()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error):
            self._forget()

    def _save(self) -> None:
        facts = {"version": VERSION, "places": self._places, "letters": self.letters, "sampled": self.sampled, "damaged": self.damaged}
        begun, numbers, drawn = self.begun
        with suppress(OSError):
            with created(self.folder / CACHE) as file:
                text = numpy.frombuffer(json.dumps(facts).encode(), numpy.uint8)
                rows = (self.keys, self.tokens, self.ends)
                numpy.savez(file, facts=text, keys=rows[0], tokens=rows[1], ends=rows[2], begun=begun, numbers=numbers, drawn=drawn)
            self._kept = self.read


def _same(path: Path, place: Place) -> bool:
    """Whether a file is the one that was read up to a place, with or without more behind it."""
    try:
        facts = path.stat()
        return not place.end or (facts.st_ino == place.inode and facts.st_size >= place.end and border_of(path, place.end) == place.border)
    except FileNotFoundError:
        return not place.end


def _u64(values: list[int]) -> Numbers:
    return numpy.array(values, numpy.uint64)


def digest(key: str) -> int:
    """64 bits of a request's key, which is a digest itself."""
    if len(key) == KEY_DIGITS:
        with suppress(ValueError):
            return int(key[:DIGEST_DIGITS], 16)
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def digests(text: bytes) -> Numbers:
    """Of keys that stand in a line each, sorted; what stands behind the last line is none."""
    width, text = KEY_DIGITS + 1, text[: text.rfind(b"\n") + 1]
    if len(text) % width == 0 and text.count(b"\n") * width == len(text):
        with suppress(ValueError):
            heads = numpy.frombuffer(text, numpy.uint8).reshape(-1, width)[:, :DIGEST_DIGITS].tobytes()
            found = numpy.frombuffer(bytes.fromhex(heads.decode()), ">u8").astype(numpy.uint64)
            return found if (found[1:] >= found[:-1]).all() else numpy.sort(found)
    return numpy.sort(_u64([digest(key) for key in text.decode("utf-8", "replace").split()]))


def latest(keys: Numbers, *columns: Numbers) -> tuple[Numbers, ...]:
    """Each key once, sorted, and of each column what stands at its last place."""
    if (keys[1:] > keys[:-1]).all():
        return (keys, *columns)
    order = numpy.argsort(keys, kind="stable")
    keys = keys[order]
    last = numpy.ones(len(keys), bool)
    last[:-1] = keys[1:] != keys[:-1]
    return (keys[last], *(column[order[last]] for column in columns))


def is_in(keys: Numbers, among: Numbers) -> Numbers:
    """Of each key, whether it is among sorted ones."""
    if not len(among):
        return numpy.zeros(len(keys), bool)
    at = numpy.minimum(numpy.searchsorted(among, keys), len(among) - 1)
    found: Numbers = among[at] == keys
    return found


def places_in(keys: Numbers, among: Numbers) -> Numbers:
    """Where in `among` those of `keys` stand that are there; both are sorted, and the fewer are looked for among the more."""
    if len(among) <= len(keys):
        return numpy.flatnonzero(is_in(among, keys))
    there: Numbers = numpy.searchsorted(among, keys[is_in(keys, among)])
    return there
