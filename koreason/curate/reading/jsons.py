"""Readers of JSON: one object a line, and one array or object for all.

for record in read_jsonl(stream, source, wanted): ...
"""

import json
from collections.abc import Iterator
from typing import Any

from koreason.curate.reading import records
from koreason.curate.reading.elements import Splitter, splits_letters
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.lines import lines
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError


def read_jsonl(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """One JSON object a line; a record's number is its line's, where all records are lines of their own."""
    after = 0  # records beyond one a line, in lines that hold several
    names, encoding, scan = wanted.names, source.encoding, json.JSONDecoder().scan_once  # type: ignore[attr-defined]
    plain = wanted.plain
    for number, first, line, length in lines(stream):
        if plain:  # what nearly all lines are; each other goes the long way, which gives the same for these, too
            try:
                text = line.decode(encoding)  # type: ignore[union-attr]
                value, end = scan(text, 0)
            except (ValueError, StopIteration, RecursionError, AttributeError):
                end = 0
            if end and end == len(text) and type(value) is dict:
                yield Record(number, tuple(map(value.get, names)), first, length, line)
                continue
        for record in found_in(line, source.encoding, wanted, number + after, first, length):
            yield record
        after += record.number - number - after
        plain = wanted.plain


def read_json(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """An array of objects, or an object whose values are the records, or the array in it to which the question's path leads.

    An object that has the question's column itself is one record, as in folders with a file for each; and an object of at most 16 MiB
    is read as a whole where columns lie outside of the array.
    """
    if splits_letters(source.encoding):
        raise UserError(f"JSON in {source.encoding} cannot be cut safely", stream.where, "convert it to UTF-8")
    if (not wanted.lists or wanted.around) and (found := _one(stream, source.encoding, wanted)):
        yield from found_in(found[1], source.encoding, wanted, 1, found[0], len(found[1]))
        return
    keys = wanted.lists[0].split(".") if wanted.lists else []
    splitter, number = Splitter(stream, keys), 0
    for first, data, length in splitter.run():
        for record in found_in(data, source.encoding, wanted, number + 1, first, length, keys if splitter.descended else []):
            yield record
            number = record.number


def _one(stream: Stream, encoding: str, wanted: Wanted) -> tuple[int, bytes] | None:
    """Where the one object that a file holds begins, and its bytes; None where its values or items are the records, or it is none."""
    if not stream.head().lstrip().startswith(b"{") or (whole := stream.whole(records.MAX_RECORD_BYTES)) is None:
        return None
    try:
        value = json.loads(whole.decode(encoding))
    except (ValueError, RecursionError):  # which is told record by record
        return None
    if not wanted.lists and not wanted.is_record(value):
        return None
    data = whole.strip()
    stream.between += len(whole) - len(data)
    return stream.start + len(whole) - len(whole.lstrip()), data


def found_in(
    data: bytes | None, encoding: str, wanted: Wanted, number: int, first: int, length: int, around: list[str] | None = None
) -> Iterator[Record]:
    """The records in one JSON value, which share its bytes between them; one that says what is wrong where there is none.

    Args:
        data: its bytes; None where they were too many.
        encoding: of the bytes.
        wanted: which columns.
        number: of the first record.
        first: where the bytes lie.
        length: how many they are.
        around: keys that lead to the list whose item it is.
    """
    if data is None:
        yield Record(number, None, first, length, "", Unused.oversized)
        return
    try:
        value = json.loads(data.decode(encoding))
    except UnicodeDecodeError:
        yield Record(number, None, first, length, data, Unused.encoding)
        return
    except (ValueError, RecursionError):
        yield Record(number, None, first, length, data, Unused.not_json)
        return
    rows = wanted.rows(_inside(value, around) if around else value)
    if not rows:  # its list is empty
        yield Record(number, None, first, length, data, Unused.no_records, skipped=True)
        return
    share = length // len(rows)
    for index, row in enumerate(rows):
        weight = share if index else length - share * (len(rows) - 1)
        if isinstance(row, Unused):
            yield Record(number + index, None, first, length, data, row, weight=weight)
        else:
            yield Record(number + index, row, first, length, data, weight=weight)


def _inside(value: Any, keys: list[str]) -> Any:
    """The value as the only item of the list at a path of keys."""
    value = [value]
    for key in reversed(keys):
        value = {key: value}
    return value
