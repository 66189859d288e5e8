"""What an entry of the catalogue says of its files: whether they can be read, and the streams in them.

source = readable(source, "source forum")
for stream in streams(source): ...
"""

import codecs
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from koreason.config.pinned import is_folder
from koreason.config.variables import expand
from koreason.curate.reading.readers import WHOLE
from koreason.curate.reading.streamed.streams import Stream, opened
from koreason.curate.spec import Source
from koreason.errors import UserError
from koreason.intake.named import named


def readable(source: Source, where: str) -> Source:
    """The entry, once its files can be read.

    Raises:
        UserError: it names no files, or has an unknown encoding or separator.
    """
    for wrong in unreadable(source, where):
        raise wrong
    # a byte order mark is left out in any case
    return replace(source, encoding="utf-8") if codecs.lookup(source.encoding).name == "utf-8-sig" else source


def unreadable(source: Source, where: str) -> Iterator[UserError]:
    """Each thing for which an entry's files cannot be read."""
    if not source.files and (source.format != "datasets" or is_folder(source.hub or "")):
        yield UserError("names no files", f"{where}.files", "list each with its SHA-256")
    if source.separator is not None and (len(source.separator) != 1 or not source.separator.isascii() or source.separator in '"\r\n'):
        yield UserError(f"is {source.separator!r}", f"{where}.separator", "accepted: one ASCII character, no quote and no line end")
    try:
        encoding = codecs.lookup(source.encoding).name
        separable = encoding == "utf-8-sig" or "\n<row ".encode(encoding) == b"\n<row "
    except (LookupError, UnicodeError, ValueError):
        separable = False
    if not separable:
        do = "UTF-16 and UTF-32 are known by their byte order mark: leave `encoding` out; else convert the file to UTF-8"
        yield UserError(f"encoding '{source.encoding}' is unknown or no superset of ASCII", where, do)


def checked_files(source: Source) -> Iterator[tuple[str, Path]]:
    """Each file's name and path, once its bytes are known to be the catalogue's; see `named`."""
    yield from named(source.files, expand(source.hub if source.hub and is_folder(source.hub) else source.root))


def streams(source: Source) -> Iterator[Stream]:
    """The streams in the source's files, to be read one after the other."""
    files = list(checked_files(source))
    if source.format == "datasets":
        yield Stream(source.hub or "", Path(source.hub or ""), iter(()))
        return
    for name, path in files:
        yield from opened(path, name, source.max_bytes, whole=source.format in WHOLE)
