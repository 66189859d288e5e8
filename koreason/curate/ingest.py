"""Read one raw dump into the common prompt table.

    koreason ingest --source my_forum --out results/sources/my_forum --spec '{"format": "jsonl", "category": "Daily",
      "licence": "A", "columns": {"question": ["title", "body"]}, "max_reject_share": 0.01, "html": false,
      "root": "dumps", "files": {"forum.jsonl.zst": "SHA-256"}}'

Writes `prompts.parquet`, one row a question with its text as found, and `rejected.jsonl`, one line a record that
could not be read, with its file, number, reason and the beginning of its text. The dump is read as a stream.
A prompt's id depends on the source's name, its text and how often the same text came before it: adding to a dump or
reordering it changes no id.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy
import polars as pl

from koreason.curate.hub import is_folder, read_dataset
from koreason.curate.occurrences import Occurrences
from koreason.curate.readers import READERS, encodable, require_columns, wanted_columns
from koreason.curate.records import Record
from koreason.curate.spec import Source
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.manifest import Stage, canonical, sha256_file
from koreason.progress import bar
from koreason.settings import add_spec, expand, read_spec
from koreason.tables import PROMPTS, ROWS_PER_GROUP

COLUMNS = ("question", "answer", "url", "posted_at")
RAW_CHARS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--source`, `--spec` and `--out`."""
    parser.add_argument("--source", required=True, metavar="NAME", help="the source's name in the catalogue")
    add_spec(parser, Source)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where prompts.parquet and rejected.jsonl go")


def main(arguments: argparse.Namespace) -> None:
    """Read the source into `--out`."""
    source = read_spec(arguments.spec, Source)
    with Stage(arguments.out, "ingest", json.loads(arguments.spec), []) as stage:
        check(source, arguments.source)
        ingest(source, arguments.source, stage)


def check(source: Source, name: str) -> None:
    """Refuse an entry that cannot be read.

    Raises:
        UserError: a placeholder, an unknown format, column or encoding, licence C, or no files.
    """
    where = f"source {name}"
    if source.format == "placeholder":
        raise UserError("is a placeholder", where, "give its format and files in the catalogue")
    if source.format != "datasets" and source.format not in READERS:
        raise UserError(f"unknown format '{source.format}'", where, f"accepted: {', '.join([*READERS, 'datasets'])}")
    if source.licence == "C":
        raise UserError("its licence tier C forbids its use", where, "take it out of the catalogue")
    if not source.columns.get("question") or (unknown := [column for column in source.columns if column not in COLUMNS]):
        wrong = f"unknown column {', '.join(unknown)}" if source.columns.get("question") else "no column map for `question`"
        raise UserError(wrong, f"{where}.columns", f"accepted: {', '.join(COLUMNS)}")
    if not source.files and (source.format != "datasets" or is_folder(source)):
        raise UserError("names no files", f"{where}.files", "list each with its SHA-256")
    try:
        separable = "\n<row ".encode(source.encoding) == b"\n<row "
    except LookupError:
        separable = False
    if not separable:
        raise UserError(f"encoding '{source.encoding}' is unknown or no superset of ASCII", where, "convert the file to UTF-8")


def checked_files(source: Source) -> Iterator[tuple[str, Path]]:
    """Each file's name and path, in the names' order, once its bytes are known to be the catalogue's.

    Raises:
        UserError: a file is missing, or its digest is another.
    """
    root = expand(source.hub if source.hub and is_folder(source) else source.root)
    for name, expected in sorted(source.files.items()):
        path = root / name
        if not path.is_file():
            raise UserError("no such file", path, "fetch the dump, or correct the source's `root` and `files`")
        if (actual := sha256_file(path)) != expected:
            raise UserError(
                f"its SHA-256 is {actual}, the catalogue says {expected}", path, "fetch the file again, or correct the catalogue"
            )
        yield name, path


def records(source: Source) -> Iterator[tuple[str, Record]]:
    """Every record of the source with the name of its file."""
    files = list(checked_files(source))
    if source.format == "datasets":
        for record in read_dataset(source):
            yield source.hub or "", record
    else:
        for name, path in files:
            for record in READERS[source.format](path, source):
                yield name, record


def ingest(source: Source, name: str, stage: Stage) -> None:
    """Read all records into the stage's outputs and counts.

    Raises:
        UserError: nothing was accepted, a mapped column never occurred, or too many records were rejected.
    """
    skipped: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    examples: dict[str, str] = {}
    missing, columns = set(wanted_columns(source)), dict[str, None]()
    occurrences, total, batch = Occurrences(), 0, []
    with ExitStack() as stack:
        rows = stack.enter_context(Rows(stage, "prompts.parquet", PROMPTS))
        refused = stack.enter_context(open(stage.path("rejected.jsonl"), "w", encoding="utf-8"))
        for file, record in bar(records(source), what=f"ingest {name}", unit=" records"):
            total += 1
            if record.fields is not None:
                missing.difference_update(record.fields)
                if not columns:
                    columns = dict.fromkeys(record.fields)
            row, reason = prompt(record, source)
            if row is not None:
                batch.append({**row, "origin": {"file": file, "record": record.number}})
                if len(batch) == ROWS_PER_GROUP:
                    rows.write(table(batch, name, source, occurrences))
                    batch.clear()
            elif record.skipped:
                skipped[reason] += 1
            else:
                rejected[reason] += 1
                examples.setdefault(reason, f"{file} record {record.number}")
                reject(refused, file, record, reason)
        rows.write(table(batch, name, source, occurrences))
    if columns:
        require_columns(source, [*columns, *sorted(set(wanted_columns(source)) - missing)], f"source {name}")
    judge(name, total - skipped.total(), rejected, examples, source.max_reject_share)
    # whether questions hold HTML is a property of the dump that `clean` must know
    stage.add("prompts.parquet", rows=rows.count, html=source.html)
    stage.add("rejected.jsonl", rows=rejected.total())
    stage.counts.update(records=total, accepted=rows.count, skipped=dict(skipped), rejected=dict(rejected))


def prompt(record: Record, source: Source) -> tuple[dict[str, str | None] | None, str]:
    """Our columns of a record, or None and the reason why it is none."""
    if record.fields is None:
        return None, record.reason
    row: dict[str, str | None] = {}
    for column, names in source.columns.items():
        values = [record.fields.get(name) for name in names]
        if column == "question" and any(isinstance(value, dict | list) for value in values):
            return None, "not_text"
        text = "\n\n".join([part for part in map(text_of, values) if part.strip()])
        if text and not encodable(text):
            return None, "encoding"
        row[column] = text or None
    if row["question"] is None:
        return None, "no_question"
    return row, ""


def text_of(value: Any) -> str:
    """A value of a dump as text: strings as they are, nothing as nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def table(batch: list[dict[str, Any]], name: str, source: Source, occurrences: Occurrences) -> pl.DataFrame:
    """A batch of prompts as a frame with ids."""
    digests = [hashlib.sha256(f"{name}\n{row['question']}".encode()) for row in batch]
    keys = numpy.array([int.from_bytes(digest.digest()[:8], "big") for digest in digests], numpy.uint64)
    for digest, count in zip(digests, occurrences.count(keys), strict=True):
        if count:
            digest.update(f"\n{count}".encode())
    facts = {"source": name, "category": source.category, "licence": source.licence}
    rows = [{"prompt_id": digest.hexdigest()[:24], **facts, **row} for digest, row in zip(digests, batch, strict=True)]
    return pl.DataFrame(rows, schema=PROMPTS)


def reject(file: IO[str], name: str, record: Record, reason: str) -> None:
    """Write one line of `rejected.jsonl`."""
    raw = record.raw[: 4 * RAW_CHARS]
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw.encode("utf-8", "backslashreplace").decode()
    file.write(canonical({"file": name, "record": record.number, "reason": reason, "raw": text[:RAW_CHARS]}) + "\n")


def judge(name: str, total: int, rejected: Counter[str], examples: dict[str, str], max_share: float) -> None:
    """Refuse a dump without questions, or with too many damaged records.

    Raises:
        UserError: naming the commonest reason and where it first occurred.
    """
    worst: Iterable[tuple[str, int]] = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))[:1]
    why = "".join(f"; the commonest reason is {reason} ({count}, first at {examples[reason]})" for reason, count in worst)
    if total and rejected.total() > max_share * total:
        share = f"{rejected.total()} of {total} records were rejected, more than the share of {max_share:g} that max_reject_share allows"
        raise UserError(share + why, f"source {name}")
    if rejected.total() == total:
        raise UserError(f"no question in its files{why}", f"source {name}", "check its format and columns")
