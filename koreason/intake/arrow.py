"""Arrow's tables from strangers, Parquet and IPC streams: their rows a few MiB at a time, whatever the file asks for.

    for batch in batches(path, None, None): print(batch.num_rows)
    for record in records(path): print(record["question"])

A few hundred bytes of Parquet may hold gigabytes: a text that a million rows repeat, or a list of a million of them. What the file says
that it holds is looked at first; columns of text come as dictionaries, whose entries are held once; and no batch gets more memory than
`limits.MEMORY`.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.intake.limits import MEMORY, memory, within

BATCH_ROWS = 512
BATCH_BYTES = 1 << 22
BUFFER_BYTES = 1 << 20
# A text that is compressed better than this is no text: dumps of forums come to 3 to 20, templates filled in by a program to 60.
MOST_RATIO = 250
ALWAYS_BYTES = 1 << 30  # as much is read whatever the ratio
LOOK = "look at what it repeats: no texts need that"
RAISE = "where that is right, raise `max_bytes`"


class Unreadable:
    """Stands for a value that cannot be told: text that is no UTF-8, or what Python has no value for."""

    def __init__(self, encoding: bool) -> None:
        self.encoding = encoding


def batches(path: Path, columns: Sequence[str] | None, most: int | None) -> Iterator[Any]:
    """Record batches of a Parquet file, of some columns or all; only those are decompressed.

    Args:
        most: bytes that they may be once decompressed; None: 1 GiB, or 250 times the file's where that is more.

    Raises:
        UserError: it is none, is damaged, or holds more.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        texts = _small_texts(pyarrow.parquet.read_metadata(path))
        with pyarrow.parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, read_dictionary=texts) as file:
            names = file.schema_arrow.names if columns is None else [name for name in file.schema_arrow.names if name in columns]
            size = _size_of(file.metadata, names, most, path)
            rows = min(BATCH_ROWS, max(1, BATCH_BYTES * file.metadata.num_rows // max(1, size)))
            found = file.iter_batches(rows, columns=names, use_threads=False)
            yield from within(MEMORY, found, lambda: UserError(f"a batch of {rows} rows asks for more than {MEMORY >> 30} GiB", path, LOOK))
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise UserError(f"not a readable Parquet file ({error})", path, "it is damaged, cut, or of another format") from None


def streamed(path: Path) -> Iterator[Any]:
    """Record batches of an Arrow IPC stream, as Hugging Face's data sets are saved.

    Raises:
        UserError: it is none.
    """
    import pyarrow

    try:
        with pyarrow.memory_map(str(path)) as file, pyarrow.ipc.open_stream(file) as reader:
            yield from within(MEMORY, iter(reader), lambda: UserError(f"a batch asks for more than {MEMORY >> 30} GiB", path))
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise UserError(f"not a readable stream of Arrow's ({error})", path, "it is damaged, cut, or of another format") from None


def records(path: Path, found: Iterable[Any] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a Parquet file, or of `found` batches, as objects.

    Raises:
        UserError: see `batches`; or a value cannot be told.
    """
    for batch in batches(path, None, None) if found is None else found:
        for part in parts(batch):
            for row in rows_of(part, path):
                told = {name: _text(value) for name, value in row.items()}
                if any(isinstance(value, Unreadable) for value in told.values()):
                    raise UserError("holds a value that cannot be told", path, "write it again, its texts in UTF-8")
                yield told


def rows_of(part: Any, path: object) -> list[dict[str, Any]]:
    """Rows of one of the `parts` as objects, text as bytes where it is not in lists.

    Raises:
        UserError: they ask for more memory than any part is given.
    """
    try:
        with memory(MEMORY):
            return [dict(zip(part.schema.names, row, strict=True)) for row in zip(*map(values, part.columns), strict=True)]
    except MemoryError:
        raise UserError(f"{part.num_rows} rows ask for more than {MEMORY >> 30} GiB", path, LOOK) from None


def _text(value: Any) -> Any:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return Unreadable(encoding=True)


def metadata_of(path: Path) -> tuple[int, list[str]]:
    """How many rows a Parquet file says it has, and its columns.

    Raises:
        UserError: it is none.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_metadata(path)
        return int(found.num_rows), list(found.schema.to_arrow_schema().names)
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
        raise UserError(f"holds {held:,} bytes once decompressed", path, RAISE)
    return int(held)


def parts(batch: Any) -> Iterator[Any]:
    """A batch cut in halves until each part is small, or one row."""
    if batch.num_rows > 1 and _size(batch) > BATCH_BYTES:
        half = batch.num_rows // 2
        yield from parts(batch.slice(0, half))
        yield from parts(batch.slice(half))
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


def values(column: Any) -> Sequence[Any] | Iterator[Any]:
    """A column's values as objects, text as bytes where it is not in lists; those that cannot be told are `Unreadable`."""
    import pyarrow
    from pyarrow import types

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pyarrow.ChunkedArray):  # too large to be one
            return [value for chunk in column.chunks for value in values(chunk)]
    if types.is_dictionary(column.type):
        entries = list(values(column.dictionary))
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
        return Unreadable(encoding=True)
    except (ValueError, OverflowError, pyarrow.ArrowException):
        return Unreadable(encoding=False)
