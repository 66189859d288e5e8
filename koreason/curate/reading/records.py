"""What a reader makes of a file: records, each with its place, so that every byte is accounted for.

for record in READERS["jsonl"](stream, source, wanted): ...
"""

from typing import Any, NamedTuple

from koreason.curate.reasons import Unused

# No prompt is this long; a longer record is damage, and must not be gathered in memory.
MAX_RECORD_BYTES = 1 << 24


class Record(NamedTuple):
    """One record of a dump.

    Attributes:
        number: its place in the file, from 1.
        values: of the columns that the source's map names, in the order of `Wanted.names`; None where it could not be read.
        first, bytes: where its bytes lie in the decompressed file; None in formats whose records have no bytes of their own.
        raw: as found, for `rejected.jsonl`; made readable only where it is rejected.
        reason: why it has no values: what is wrong with it, or what it is instead of a question.
        skipped: whether it is sound but no question, which is nothing to reject.
        weight: its share of the file's bytes, where several records come from the same bytes; None: all of `bytes`.
    """

    number: int
    values: tuple[Any, ...] | None
    first: int | None = None
    bytes: int | None = None
    raw: Any = ""
    reason: Unused | None = None
    skipped: bool = False
    weight: int | None = None


def encodable(text: str) -> bool:
    """Tell whether a text can be stored: lone surrogates, from damaged bytes or JSON escapes, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
