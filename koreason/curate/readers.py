"""Readers: each turns one file of a dump into records, in the file's order.

    for record in READERS["jsonl"](path, source): ...

A record that cannot be read comes with its reason; what makes the whole file unreadable is a `UserError`.
"""

import csv
import itertools
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from koreason.curate.records import MAX_RECORD_BYTES, Record, open_stream, pieces
from koreason.curate.spec import Source
from koreason.errors import UserError

BATCH_ROWS = 1024
ROW = b"<row "
OVERSIZED = "\udcff\udc00"  # stands for a line that was too long; no decoded line holds it
QUESTION_TYPE = "1"  # PostTypeId of a question in a Stack Exchange dump

Reader = Callable[[Path, Source], Iterator[Record]]


def wanted_columns(source: Source) -> list[str]:
    """The dump's columns that a source's map names, once each."""
    return list(dict.fromkeys(itertools.chain.from_iterable(source.columns.values())))


def require_columns(source: Source, found: Iterable[str], where: object) -> None:
    """Refuse a column map that names what the dump lacks.

    Raises:
        UserError: naming the columns that are missing and those that exist.
    """
    found = list(found)
    if missing := [column for column in wanted_columns(source) if column not in found]:
        raise UserError(
            f"lacks the column {', '.join(missing)}", where, f"its columns are {', '.join(found)}: correct the source's `columns`"
        )


def read_jsonl(path: Path, source: Source) -> Iterator[Record]:
    """One JSON object a line; empty lines are passed over but counted in the record's number."""
    with open_stream(path) as stream:
        for number, line in enumerate(pieces(stream, b"\n"), 1):
            if line is None:
                yield Record(number, None, "oversized")
            elif line.strip():
                yield _object(number, line, source.encoding)


def _object(number: int, line: bytes, encoding: str) -> Record:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return Record(number, None, "encoding", line)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Record(number, None, "not_json", text)
    if not isinstance(value, dict):
        return Record(number, None, "not_an_object", text)
    return Record(number, value, raw=text)


def read_json(path: Path, source: Source) -> Iterator[Record]:
    """A JSON array of objects, or an object whose values are the records; it is read whole."""
    with open_stream(path) as stream:
        data = stream.read()
    try:
        value = json.loads(data.decode(source.encoding).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"not JSON in {source.encoding} ({error})", path, "a file of one object a line is `format: jsonl`") from None
    items = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise UserError("neither a JSON array nor an object of objects", path)
    for number, item in enumerate(items, 1):
        raw = json.dumps(item, ensure_ascii=False)
        yield Record(number, item, raw=raw) if isinstance(item, dict) else Record(number, None, "not_an_object", raw)


def read_csv(path: Path, source: Source) -> Iterator[Record]:
    """Fields between commas, quoted as RFC 4180 says, under a line of column names."""
    return _table(path, source, {"delimiter": ",", "strict": True})


def read_tsv(path: Path, source: Source) -> Iterator[Record]:
    """Fields between tabs, one record a line, under a line of column names; quotes have no meaning."""
    return _table(path, source, {"delimiter": "\t", "quoting": csv.QUOTE_NONE})


def _table(path: Path, source: Source, dialect: dict[str, Any]) -> Iterator[Record]:
    csv.field_size_limit(MAX_RECORD_BYTES)
    with open_stream(path) as stream:
        # Bytes that do not decode become lone surrogates, by which their record is known once it is complete.
        lines = (OVERSIZED if piece is None else piece.decode(source.encoding, "surrogateescape") + "\n" for piece in pieces(stream, b"\n"))
        rows = csv.reader(lines, **dialect)
        header = next(rows, [])
        require_columns(source, header, path)
        number = 0
        while True:
            number += 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(number, None, "not_csv", str(error))
                continue
            if row:
                yield _row(number, row, header)


def _row(number: int, row: list[str], header: list[str]) -> Record:
    raw = "\t".join(row)
    if OVERSIZED in raw:
        return Record(number, None, "oversized")
    if not encodable(raw):
        return Record(number, None, "encoding", raw)
    if len(row) != len(header):
        return Record(number, None, "wrong_columns", raw)
    return Record(number, dict(zip(header, row, strict=True)), raw=raw)


def encodable(text: str) -> bool:
    """Tell whether a text can be stored: lone surrogates, from damaged bytes or JSON escapes, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_stackexchange(path: Path, source: Source) -> Iterator[Record]:
    """`Posts.xml` of a Stack Exchange dump: one `<row …/>` a post, of which the questions are read.

    Each row is parsed on its own: a damaged one costs nothing but itself, memory does not grow with the file, and no
    entity can be defined, because what stands before the first row is never parsed.
    """
    with open_stream(path) as stream:
        found = pieces(stream, ROW)
        next(found, None)  # the declaration and the opening tag
        for number, piece in enumerate(found, 1):
            if piece is None:
                yield Record(number, None, "oversized")
                continue
            yield _post(number, ROW + piece, source.encoding)


def _post(number: int, data: bytes, encoding: str) -> Record:
    try:
        # the last row is followed by the closing tag of the document, which has no attribute values to be confused with
        text = data.decode(encoding).rstrip().removesuffix("</posts>").rstrip()
    except UnicodeDecodeError:
        return Record(number, None, "encoding", data)
    try:
        fields = dict(ElementTree.fromstring(text).attrib)
    except ElementTree.ParseError:
        return Record(number, None, "not_xml", text)
    if fields.get("PostTypeId", QUESTION_TYPE) != QUESTION_TYPE:
        return Record(number, None, "not_a_question", skipped=True)
    return Record(number, fields, raw=text)


def read_parquet(path: Path, source: Source) -> Iterator[Record]:
    """A Parquet file, read in batches of rows."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            require_columns(source, file.schema_arrow.names, path)
            yield from arrow_records(file.iter_batches(BATCH_ROWS, columns=wanted_columns(source)))
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"not a readable Parquet file ({error})", path) from None


def arrow_records(batches: Iterable[Any]) -> Iterator[Record]:
    """Rows of Arrow record batches or tables; text that is not UTF-8 is rejected row by row."""
    import pyarrow

    number = 0
    for batch in batches:
        columns = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            # as bytes, because Arrow would raise for a whole batch
            is_text = pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type)
            columns[name] = (column.cast(pyarrow.large_binary()) if is_text else column).to_pylist()
        for values in zip(*columns.values(), strict=True):
            number += 1
            try:
                fields = {name: value.decode() if isinstance(value, bytes) else value for name, value in zip(columns, values, strict=True)}
            except UnicodeDecodeError:
                yield Record(number, None, "encoding", repr(values))
                continue
            yield Record(number, fields, raw=repr(values))


READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
    "stackexchange": read_stackexchange,
}
