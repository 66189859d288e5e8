"""Readers of Arrow's tables: Parquet, and what Hugging Face data sets give, with memory bounded in bytes.

for record in read_parquet(stream, source, wanted): ...

Columns of text are read as bytes, a dictionary's entry once and not once a row; rows become Python's objects a few MiB at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from koreason.curate.reading import records
from koreason.curate.reading.records import Record
from koreason.curate.reading.streams import ALWAYS_BYTES, MOST_RATIO, Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError

BATCH_ROWS = 512
BATCH_BYTES = 1 << 22
BUFFER_BYTES = 1 << 20


class Unreadable:
    """Stands for a value that cannot be told, with the reason."""

    def __init__(self, reason: Unused) -> None:
        self.reason = reason


def read_parquet(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """A Parquet file, in batches of rows; only the wanted columns are decompressed.

    Raises:
        UserError: it is none, is damaged, or holds more than `max_bytes`.
    """
    import pyarrow
    import pyarrow.parquet

    path = stream.path
    try:
        texts = _small_texts(pyarrow.parquet.read_metadata(path))
        with pyarrow.parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, read_dictionary=texts) as file:
            wanted.require(file.schema_arrow.names, path)
            columns = [name for name in file.schema_arrow.names if name in {*wanted.names, *wanted.heads()}]
            stream.rows = file.metadata.num_rows
            size = _size_of(file.metadata, columns, source.max_bytes, path)
            rows = min(BATCH_ROWS, max(1, BATCH_BYTES * stream.rows // max(1, size)))
            yield from arrow_records(file.iter_batches(rows, columns=columns, use_threads=False), stream, wanted)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise UserError(f"not a readable Parquet file ({error})", path, "it is damaged, cut, or of another format") from None


def _small_texts(metadata: Any) -> list[str]:
    """Columns of text that are read as dictionaries, so that a long text that a million rows repeat is held once.

    Not those with much text, which is not what repeats: Arrow would gather all texts of a row group.
    """
    found = []
    for index in range(metadata.num_columns):
        sizes = [metadata.row_group(group).column(index).total_uncompressed_size for group in range(metadata.num_row_groups)]
        if metadata.schema.column(index).physical_type == "BYTE_ARRAY" and max(sizes, default=0) <= BATCH_BYTES:
            found.append(metadata.schema.column(index).path)
    return found


def _size_of(metadata: Any, columns: list[str], most: int | None, path: object) -> int:
    """What the columns decompress to, as the file says.

    Raises:
        UserError: it is too much.
    """
    chunks = [
        chunk
        for group in range(metadata.num_row_groups)
        for index in range(metadata.num_columns)
        if (chunk := metadata.row_group(group).column(index)).path_in_schema.split(".")[0] in columns
    ]
    held, packed = sum(chunk.total_uncompressed_size for chunk in chunks), sum(chunk.total_compressed_size for chunk in chunks)
    if held > (most or max(ALWAYS_BYTES, MOST_RATIO * packed)):
        raise UserError(f"holds {held:,} bytes once decompressed", path, "where that is right, raise `max_bytes`")
    return int(held)


def arrow_records(batches: Iterable[Any], stream: Stream, wanted: Wanted) -> Iterator[Record]:
    """Rows of Arrow record batches or tables; a row with a value that is no text or cannot be told is rejected by itself."""
    number = 1
    for batch in batches:
        stream.rows_read += batch.num_rows
        for part in _parts(batch):
            names = part.schema.names
            for values in zip(*map(_values, part.columns), strict=True):
                for record in _records(number, dict(zip(names, values, strict=True)), wanted):
                    yield record
                    number += 1


def _parts(batch: Any) -> Iterator[Any]:
    """A batch cut in halves until each part is small, or one row."""
    if batch.num_rows > 1 and _size(batch) > BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _parts(batch.slice(0, half))
        yield from _parts(batch.slice(half))
    else:
        yield batch


def _size(batch: Any) -> int:
    """Bytes of a batch's values, without those of dictionaries, whose entries are made objects once."""
    import pyarrow

    def of(column: Any) -> int:
        if isinstance(column, pyarrow.ChunkedArray):
            return sum(map(of, column.chunks))
        return int(column.indices.nbytes if pyarrow.types.is_dictionary(column.type) else column.nbytes)

    return sum(map(of, batch.columns))


def _values(column: Any) -> Sequence[Any] | Iterator[Any]:
    """A column's values as objects, text as bytes where it is not in lists; those that cannot be told are `Unreadable`."""
    import pyarrow
    from pyarrow import types

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pyarrow.ChunkedArray):  # too large to be one
            return [value for chunk in column.chunks for value in _values(chunk)]
    if types.is_dictionary(column.type):
        entries = list(_values(column.dictionary))
        return (None if index is None else entries[index] for index in column.indices.to_pylist())
    if types.is_string(column.type) or types.is_large_string(column.type):
        # as bytes, because Arrow would raise for a whole batch
        kind = pyarrow.binary() if types.is_string(column.type) else pyarrow.large_binary()
        return column.view(kind).to_pylist()  # type: ignore[no-any-return]
    if (types.is_primitive(column.type) and not types.is_temporal(column.type)) or types.is_binary(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    return (_value(item) for item in column)


def _value(item: Any) -> Any:
    import pyarrow

    try:
        return item.as_py()
    except UnicodeDecodeError:
        return Unreadable(Unused.encoding)
    except (ValueError, OverflowError, pyarrow.ArrowException):
        return Unreadable(Unused.out_of_range)


def _records(number: int, fields: dict[str, Any], wanted: Wanted) -> Iterator[Record]:
    for name, value in fields.items():
        if isinstance(value, Unreadable):
            yield Record(number, None, reason=value.reason, raw={**fields, name: None})
            return
        if isinstance(value, bytes):
            if len(value) > records.MAX_RECORD_BYTES:
                yield Record(number, None, reason=Unused.oversized)
                return
            try:
                fields[name] = value.decode()
            except UnicodeDecodeError:
                yield Record(number, None, reason=Unused.encoding, raw=fields)
                return
    rows = wanted.rows(fields)
    if not rows:
        yield Record(number, None, reason=Unused.no_records, raw=fields, skipped=True)
    for index, row in enumerate(rows, number):
        if isinstance(row, Unused):
            yield Record(index, None, reason=row, raw=fields)
        else:
            yield Record(index, row, raw=fields)
