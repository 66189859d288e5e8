"""Dumps as bytes, read by a format's reader, with the sum of their bytes held against the file's.

read(tmp_path / "a.jsonl", b'{"q": "a"}', "jsonl")      # [(1, ("a",))]
"""

from pathlib import Path
from typing import Any

from koreason.curate.reading.readers import READERS, WHOLE
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import opened
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source


def source(format: str, columns: tuple[str, ...] = ("q",), **options: Any) -> Source:
    """A source of these columns, which all are the question's."""
    return Source(format=format, columns={"question": list(columns)}, max_reject_share=1.0, html=False, **options)  # type: ignore[arg-type]


def all_records(path: Path, entry: Source) -> list[Record]:
    """Every record of a file; each of its bytes is in one of them, or between them."""
    found, wanted = list[Record](), Wanted(entry)
    for stream in opened(path, path.name, entry.max_bytes, whole=entry.format in WHOLE):
        here = list(READERS[entry.format](stream, entry, wanted))
        weights = [(record.bytes or 0) if record.weight is None else record.weight for record in here]
        assert stream.bytes == sum(weights) + stream.between, (stream.bytes, weights, stream.between)
        assert min([0, stream.between, *weights]) == 0
        found += here
    return found


def read(path: Path, data: bytes, format: str, columns: tuple[str, ...] = ("q",), **options: Any) -> list[tuple[int, Any]]:
    """Number and values, or reason, of each record in these bytes."""
    path.write_bytes(data)
    return [
        (record.number, record.values if record.values is not None else record.reason)
        for record in all_records(path, source(format, columns, **options))
    ]
