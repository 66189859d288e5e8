"""Dumps of prompts and of finished traces: their files, digests, columns and encoding.

found = list(dumps(run))

Digests are remembered by inode, size and times (`koreason/records/held.py`); what is not is read, several files side by side. Of each
dump the first records are read by the reader that ingest uses.
"""

import codecs
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.checking.finding import Finding, Run, kept
from koreason.config.effects import given
from koreason.config.joined.made import is_made
from koreason.config.load import load
from koreason.config.pinned import is_folder, pinned
from koreason.config.variables import expand
from koreason.curate.guessing.looks import encoding_of, looked
from koreason.curate.ingest import refused
from koreason.curate.reading.dump import readable, unreadable
from koreason.curate.reading.readers import READERS, WHOLE
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream, opened
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.imported.command import as_source, columns_of
from koreason.imported.spec import Imported
from koreason.intake.named import named
from koreason.records.held import known_digest
from koreason.records.manifest import is_plain

RECORDS = 300  # of the first file with any
FILES = 3  # whose heads are read
SAMPLE = 1 << 18  # bytes that tell an encoding
KOREAN = ("cp949", "euc_kr", "johab")


def dumps(run: Run) -> Iterator[Finding]:
    """What is wrong with the dumps that the run comes to."""
    for name, entry in run.entries("sources"):
        if not is_made(entry):
            yield from _dump(f"sources.{name}", entry, "ingest", name, run.due("ingest", source=name))
    for name, entry in run.entries("imported"):
        yield from _dump(f"imported.{name}", entry, "import_traces", name, run.due("import_traces", imported=name))


def _dump(where: str, entry: dict[str, Any], rule: str, name: str, touches: bool) -> Iterator[Finding]:
    found: list[Finding] = []
    with kept(found, where, touches, f"source {name}"):
        source, wrong = _source(rule, entry, name)
        for one in wrong:
            with kept(found, where, touches, f"source {name}"):
                raise one
        if source.format == "datasets" and not is_folder(source.hub or ""):
            pinned(source.hub or "", source.revision)
        elif source.files:
            root = expand(source.hub if source.hub and is_folder(source.hub) else source.root).absolute()
            if not root.is_dir():
                raise UserError("no such folder", root, f"correct `root` of {where}, or fetch the dump")
            files = list(_files(source, root, where, touches, found))
            if touches and not wrong:
                # also where they are others than the entry says: their columns may be wrong besides
                there = files or [one for one in sorted(source.files) if is_plain(one) and (root / one).is_file()]
                if there or not found:
                    _head(readable(source, where), root, there, where, touches, found)
    yield from found


def _source(rule: str, entry: dict[str, Any], name: str) -> tuple[Source, list[UserError]]:
    """The entry, and all for which it cannot be read."""
    if rule == "ingest":
        source = load(Source, given(rule, "sources", entry))
        return source, list(refused(source, name))
    imported = load(Imported, given(rule, "imported", entry))
    source = as_source(imported, columns_of(imported, f"source {name}"))
    return source, list(unreadable(source, f"source {name}"))


def _files(source: Source, root: Path, where: str, touches: bool, found: list[Finding]) -> Iterator[str]:
    """The names of the files, each of which is there and has its digest."""
    before = dict[str, str]()
    for entry, digest in sorted(source.files.items()):
        with kept(found, where, touches):
            for name, path in named({entry: digest}, root, known_digest):
                if name in before:
                    raise UserError(f"is named twice: by {before[name]} and by {entry}", path, "name each file once")
                before[name] = entry
                yield name


def _head(source: Source, root: Path, files: list[str], where: str, touches: bool, found: list[Finding]) -> None:
    """Read the first records, and add what is wrong with all of them."""
    path = root / files[0] if files else root
    if source.format not in WHOLE and files and (told := _encoding(source, path)):
        what = f"its text is no {source.encoding}: {told[1]}"
        found.append(Finding.of(what, f"{where}.encoding: {path}", f"set `encoding: {told[0]}`", touches))
        return
    wanted, reasons, read = Wanted(source), Counter[Unused](), 0
    for name in files[:: max(1, len(files) // FILES)][:FILES]:
        for stream in _streams(source, root, name):
            for record in itertools.islice(READERS[source.format](stream, source, wanted), RECORDS):
                read += 1
                if (reason := _reason(record, source, wanted)) is not None:
                    reasons[reason] += 1
        if read >= RECORDS:
            break
    if wanted.known and wanted.unseen:
        wanted.lacks(sorted(wanted.unseen), wanted.known, path)
    worst = reasons.most_common(1)
    if not worst or worst[0][1] <= source.max_reject_share * read:
        return
    reason, count = worst[0]
    if reason == Unused.encoding:
        what = f"{count:,} of its first {read:,} records are no text in the encoding {source.encoding}"
        found.append(Finding.of(what, f"{where}.encoding: {path}", "correct it, or convert the file to UTF-8", touches))
    elif count == read:
        found.append(
            Finding.of(
                f"none of its first {read:,} records can be read as {source.format} ({reason})", f"{where}: {path}", _instead(path), touches
            )
        )


def _reason(record: Record, source: Source, wanted: Wanted) -> Unused | None:
    return record.reason if record.values is None and not record.skipped else None


def _streams(source: Source, root: Path, name: str) -> Iterator[Stream]:
    if source.format == "datasets":
        yield Stream(source.hub or "", Path(source.hub or ""), iter(()))
        return
    yield from opened(root / name, name, source.max_bytes, whole=source.format in WHOLE)


def _encoding(source: Source, path: Path) -> tuple[str, str] | None:
    """Another encoding than the entry's in which the beginning of a file is text, and why; None where nothing speaks for one.

    CP949 is told from UTF-8 and UTF-8 from anything; other encodings are the user's to know.
    """
    sample, said = _sample(path), codecs.lookup(source.encoding).name
    found, why = encoding_of(sample)
    if sample.isascii() or found == said or "utf-8" not in (found, said) or (said in KOREAN and found == "cp949"):
        return None
    return (found, why) if found != "utf-8" or not why.startswith("0 ") else None


def _sample(path: Path) -> bytes:
    for stream in opened(path, path.name, None):
        return b"".join(itertools.islice(stream.chunks(), 1))[:SAMPLE]
    return b""


def _instead(path: Path) -> str:
    try:
        return f"it looks like {looked(path).format}: correct the entry, `koreason source try {path}` says more"
    except UserError:
        return "correct its format"
