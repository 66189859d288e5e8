"""Reader of Hugging Face data sets: from the hub at a commit, or from a folder that `save_to_disk` wrote.

for record in read_dataset(stream, source, wanted): ...

`koreason.intake.datasets` says which files they are; each is read as any other of its format.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.config.pinned import is_folder
from koreason.config.variables import expand
from koreason.curate.reading.arrow import arrow_records, read_parquet
from koreason.curate.reading.jsons import read_jsonl
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream, opened
from koreason.curate.reading.tabular.delimited import read_csv
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake.arrow import streamed
from koreason.intake.datasets import files_of, saved, snapshot

TEXTS = {".jsonl": read_jsonl, ".csv": read_csv}


def read_dataset(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """Rows of one split, in order; they are numbered over all of its files.

    Raises:
        UserError: the entry does not pin what it names, or it cannot be read.
    """
    if not source.hub:
        raise UserError("lacks `hub`, a Hugging Face id or a folder", "format datasets")
    before = 0
    for path in _files(source):
        number = 0
        for number, record in enumerate(_records(path, stream, source, wanted), 1):
            yield record._replace(number=before + number) if before else record
        before += number


def _files(source: Source) -> list[Path]:
    hub = str(source.hub)
    if not is_folder(hub):
        return files_of(snapshot(hub, source.revision, source.split, source.name, source.digest), source.split, source.name)
    folder = expand(hub)
    found = saved(folder, source.split) if folder.is_dir() else None
    if found is None:
        raise UserError("is no folder that `save_to_disk` wrote", hub, "correct `hub`, or name its files by their own format")
    return found


def _records(path: Path, stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    if path.suffix in TEXTS:
        for one in opened(path, path.name, source.max_bytes, whole=False):
            # a place in one of several files is none in the data set
            yield from (record._replace(first=None, bytes=None) for record in TEXTS[path.suffix](one, source, wanted))
        return
    one = Stream(stream.name, path, iter(()))
    if path.suffix == ".arrow":
        yield from arrow_records(_wanted(path, one, wanted), one, wanted)
    else:
        yield from read_parquet(one, source, wanted)
    stream.rows = (stream.rows or 0) + (one.rows if one.rows is not None else one.rows_read)
    stream.rows_read += one.rows_read


def _wanted(path: Path, stream: Stream, wanted: Wanted) -> Iterator[Any]:
    """Batches of a saved data set, with the columns that are wanted."""
    for batch in streamed(path):
        wanted.require(batch.schema.names, path)
        yield batch.select([name for name in batch.schema.names if name in {*wanted.names, *wanted.heads()}])
