"""Readers of Arrow's tables: Parquet, and what Hugging Face data sets hold, as records.

for record in read_parquet(stream, source, wanted): ...

`koreason.intake.arrow` bounds what they ask for; rows become Python's objects a few MiB at a time.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from koreason.curate.reading import records
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.intake.arrow import Unreadable, batches, metadata_of, parts, rows_of


def read_parquet(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """A Parquet file, in batches of rows; only the wanted columns are decompressed.

    Raises:
        UserError: it is none, is damaged, or holds more than `max_bytes`.
    """
    stream.rows, names = metadata_of(stream.path)
    wanted.require(names, stream.path)
    yield from arrow_records(batches(stream.path, [*wanted.names, *wanted.heads()], source.max_bytes), stream, wanted)


def arrow_records(found: Iterable[Any], stream: Stream, wanted: Wanted) -> Iterator[Record]:
    """Rows of Arrow record batches or tables; a row with a value that is no text or cannot be told is rejected by itself.

    Raises:
        UserError: one asks for more memory than any is given.
    """
    number = 1
    for batch in found:
        stream.rows_read += batch.num_rows
        for part in parts(batch):
            for row in rows_of(part, stream.path):
                for record in _records(number, row, wanted):
                    yield record
                    number += 1


def _records(number: int, fields: dict[str, Any], wanted: Wanted) -> Iterator[Record]:
    if sum(map(_size, fields.values())) > records.MAX_RECORD_BYTES:
        yield Record(number, None, reason=Unused.oversized)
        return
    for name, value in fields.items():
        if isinstance(value, Unreadable):
            reason = Unused.encoding if value.encoding else Unused.out_of_range
            yield Record(number, None, reason=reason, raw={**fields, name: None})
            return
        if isinstance(value, bytes):
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


def _size(value: Any) -> int:
    """Bytes or characters of text in a value."""
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0
