"""Reading what goes into an archive: its digests, and what must not be in it.

    read(gathered, places, redact=False)      # entries as `koreason.archive.gathered.gather` finds them, now with digests and sizes

Each file is read once, all cores side by side; a file of fixed content that was read lately is not read again.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import polars as pl

from koreason import progress
from koreason.archive.entries import Entry
from koreason.archive.gathered import private
from koreason.errors import UserError
from koreason.records import held

# Parts whose files come from elsewhere, or are no text: what stands in them was there before the run.
UNSEARCHED = ("inputs", "bases", "wheels", "images", "checkpoints")
CHUNK = 2**24
OVERLAP = 4096  # bytes that two chunks share, so that nothing is cut in two
TAKE_OUT = "take it out, or give --redact, which does so in logs and records"


def read(entries: Iterable[Entry], places: private.Places, redact: bool) -> list[Entry]:
    """The entries with the digests and sizes of what goes into the bag, by path, each path once.

    Raises:
        UserError: a file is missing or another than it has to be, or holds what must not be passed on.
    """
    found = sorted({entry.path: entry for entry in entries}.values(), key=lambda entry: entry.path)
    with (
        progress.bar(total=len(found), what="read", unit=" files") as bar,
        ThreadPoolExecutor(held.readers()) as pool,
    ):

        def one(entry: Entry) -> Entry:
            made = _read(entry, places, redact)
            bar.update()
            return made

        return list(pool.map(one, found))


def made(path: str, text: str, part: str = "code") -> Entry:
    """A file that the archive makes itself."""
    data = text.encode()
    return Entry(path, part, text=data, sha256=sha256(data).hexdigest(), size=len(data))


def _read(entry: Entry, places: private.Places, redact: bool) -> Entry:
    if entry.text is not None:
        return replace(entry, sha256=sha256(entry.text).hexdigest(), size=len(entry.text))
    assert entry.source is not None
    if not entry.source.is_file():
        raise UserError("is missing" + (f"; it has to have SHA-256 {entry.sha256}" if entry.sha256 else ""), entry.source)
    if entry.told:
        text = told(entry.source, places, redact)
        return replace(entry, sha256=sha256(text).hexdigest(), size=len(text))
    found = held.digest_of(entry.source, entry.sha256) if entry.sha256 else held.read_digest(entry.source)
    if entry.sha256 and found != entry.sha256:
        raise UserError(f"has SHA-256 {found}, and has to have {entry.sha256}", entry.source, "get it anew, or make it again")
    if entry.part not in UNSEARCHED:
        search(entry.source)
    return replace(entry, sha256=found, size=entry.source.stat().st_size)


def told(path: Path, places: private.Places, redact: bool) -> bytes:
    """A log or record as it goes into a bag.

    Raises:
        UserError: it holds what must not be passed on.
    """
    text = private.without(path.read_bytes().decode("utf-8", "surrogateescape"), places)
    if redact:
        text = private.redacted(text, private.EVERYTHING)
    for finding in private.findings(text, private.EVERYTHING):
        raise UserError(f"holds a {finding.kind} ({finding.shown})", f"{path}:{finding.line}", TAKE_OUT)
    return text.encode("utf-8", "surrogateescape")


def search(path: Path) -> None:
    """Look for keys in a text file; what holds a zero byte is none.

    Raises:
        UserError: there is one.
    """
    line = 1
    with open(path, "rb") as file:
        before = b""
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                return
            lines = pl.Series((before + chunk).decode("utf-8", "replace").split("\n"))
            for place in private.suspected(lines, private.TOKENS):
                for finding in private.findings(lines[place], private.TOKENS):
                    raise UserError(f"holds a {finding.kind} ({finding.shown})", f"{path}:{line + place}", "take it out")
            line += chunk.count(b"\n") - chunk[-OVERLAP:].count(b"\n")
            before = chunk[-OVERLAP:]
