"""Readers: each turns one file of a dump into records, in the file's order.

    for record in READERS["jsonl"](stream, source, wanted): ...

A reader takes the bytes of `stream.chunks()`, and says of each what became of it: it lies in a record (`first`, `bytes`), or it is
added to `stream.between`. One whose format is in `WHOLE` opens `stream.path` itself, compressed or not, gives records without
places, and sets `stream.rows` where the file tells how many it has. A record that cannot be read comes with its reason; what makes the
whole file unreadable is a `UserError`. Nothing larger than `records.MAX_RECORD_BYTES` is gathered.
"""

from collections.abc import Callable, Iterator

from koreason.curate.reading.arrow import read_parquet
from koreason.curate.reading.documents.discourse import read_discourse
from koreason.curate.reading.documents.folder import read_folder
from koreason.curate.reading.documents.sheets import read_xlsx
from koreason.curate.reading.documents.warc import read_warc
from koreason.curate.reading.hub import read_dataset
from koreason.curate.reading.jsons import read_json, read_jsonl
from koreason.curate.reading.posts import read_stackexchange
from koreason.curate.reading.records import Record
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.tabular.delimited import read_csv, read_tsv
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source

Reader = Callable[[Stream, Source, Wanted], Iterator[Record]]

READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
    "stackexchange": read_stackexchange,
    "discourse": read_discourse,
    "xlsx": read_xlsx,
    "folder": read_folder,
    "warc": read_warc,
    "datasets": read_dataset,
}
WHOLE = frozenset({"parquet", "xlsx", "datasets"})
