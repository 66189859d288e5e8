"""Reader of Hugging Face data sets: from the hub at a commit, or from a folder that `save_to_disk` wrote.

for record in read_dataset(source): ...
"""

import re
from collections.abc import Iterator
from typing import Any

from koreason.curate.readers import BATCH_ROWS, arrow_records, require_columns, wanted_columns
from koreason.curate.records import Record
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.settings import expand


def is_folder(source: Source) -> bool:
    """Tell whether `hub` is a path and not a hub id."""
    return (source.hub or "").startswith(("/", ".", "~", "$"))


def read_dataset(source: Source) -> Iterator[Record]:
    """Rows of one split, in order.

    Raises:
        UserError: the entry does not pin what it names, or it cannot be loaded.
    """
    if not source.hub:
        raise UserError("lacks `hub`, a Hugging Face id or a folder", "format datasets")
    if not is_folder(source) and not re.fullmatch(r"[0-9a-f]{40}", source.revision or ""):
        raise UserError(f"revision {source.revision!r} is not a full commit id", source.hub, "branches move: give the commit's 40 digits")
    try:
        data = _load(source)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be loaded ({error})", source.hub, "check its name, revision and split, and the network") from None
    if isinstance(data, dict):
        raise UserError(f"needs `split`: one of {', '.join(data)}", source.hub)
    if data.column_names is not None:
        require_columns(source, data.column_names, source.hub)
        data = data.select_columns(wanted_columns(source))
    yield from arrow_records(data.with_format("arrow").iter(batch_size=BATCH_ROWS))


def _load(source: Source) -> Any:
    import datasets

    assert source.hub is not None
    if not is_folder(source):
        # streamed, because the hub's copy is larger than the columns that are read
        return datasets.load_dataset(source.hub, source.name, split=source.split, revision=source.revision, streaming=True)
    data = datasets.load_from_disk(str(expand(source.hub)))
    if source.split and isinstance(data, dict):
        if source.split not in data:
            raise UserError(f"has no split {source.split}", source.hub, f"it has {', '.join(data)}")
        return data[source.split]
    return data
