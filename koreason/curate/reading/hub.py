"""Reader of Hugging Face data sets: from the hub at a commit, or from a folder that `save_to_disk` wrote.

for record in read_dataset(stream, source, wanted): ...
"""

from collections.abc import Iterator
from typing import Any

from koreason import mirrored
from koreason.config.load import expand
from koreason.config.pinned import is_folder, pinned
from koreason.curate.reading.arrow import BATCH_ROWS, arrow_records
from koreason.curate.reading.records import Record
from koreason.curate.reading.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.spec import Source
from koreason.errors import UserError


def read_dataset(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """Rows of one split, in order.

    Raises:
        UserError: the entry does not pin what it names, or it cannot be loaded.
    """
    if not source.hub:
        raise UserError("lacks `hub`, a Hugging Face id or a folder", "format datasets")
    if not is_folder(source.hub):
        pinned(source.hub, source.revision)
    try:
        data = _load(source)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be loaded ({error})", source.hub, "check its name, revision and split, and the network") from None
    if isinstance(data, dict):
        raise UserError(f"needs `split`: one of {', '.join(data)}", source.hub)
    if data.column_names is not None:
        wanted.require(data.column_names, source.hub)
        data = data.select_columns([name for name in data.column_names if name in {*wanted.names, *wanted.heads()}])
    stream.rows = getattr(data, "num_rows", None)
    yield from arrow_records(data.with_format("arrow").iter(batch_size=BATCH_ROWS), stream, wanted)


def _load(source: Source) -> Any:
    import datasets

    assert source.hub is not None
    mirror = None if is_folder(source.hub) else mirrored.folder_of("datasets", source.hub, str(source.revision), source.digest)
    if mirror:  # its card and its folders say what is of which subset and split, as on the hub
        return datasets.load_dataset(str(mirror), source.name, split=source.split, streaming=True)
    if not is_folder(source.hub):
        # streamed, because the hub's copy is larger than the columns that are read
        return datasets.load_dataset(source.hub, source.name, split=source.split, revision=source.revision, streaming=True)
    data = datasets.load_from_disk(str(expand(source.hub)))
    if source.split and isinstance(data, dict):
        if source.split not in data:
            raise UserError(f"has no split {source.split}", source.hub, f"it has {', '.join(data)}")
        return data[source.split]
    return data
