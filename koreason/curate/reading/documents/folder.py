"""Reader of folders of pages and texts: each file is one record.

for record in read_folder(stream, source, wanted): ...
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from koreason.curate.reading import records
from koreason.curate.reading.documents.pages import BEGINNING, TITLE_CHARS, declared, decoded, title_of_html
from koreason.curate.reading.records import Record, encodable
from koreason.curate.reading.streamed.streams import Stream
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source

HTML, MARKDOWN = (".html", ".htm", ".xhtml"), (".md", ".markdown")
PACKED = (".gz", ".zst", ".bz2", ".xz")
FRONT = re.compile(r"---[ \t]*\r?\n(.{0,65536}?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
FRONT_TITLE = re.compile(r"^title[ \t]*:([^\n]{1,1024})", re.MULTILINE)
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]++(\S[^\n]{0,1023})", re.MULTILINE)


def read_folder(stream: Stream, source: Source, wanted: Wanted) -> Iterator[Record]:
    """One record a file, of all its bytes: `title`, `text` as found, and `path`, its name below the source's root.

    A page's encoding is what its `<meta>` says, and the source's where it says none or is not in it. A Markdown file's front matter
    is no text; its title is the front matter's or the first heading. Any other file is called by its name.
    """
    data, length = gathered(stream)
    if not length:
        return
    if data is None:
        yield Record(1, None, stream.start, length, "", Unused.oversized)
        return
    name = PurePosixPath(stream.name)
    kind = next((suffix for suffix in reversed([suffix.lower() for suffix in name.suffixes]) if suffix not in PACKED), "")
    text = decoded(data, declared(data) if kind in HTML else None, source.encoding)
    if text is None or not encodable(stream.name):
        yield Record(1, None, stream.start, length, data, Unused.encoding)
        return
    title = name.name.split(".")[0] or name.name
    if kind in HTML:
        title = title_of_html(text) or title
    elif kind in MARKDOWN:
        text, title = _markdown(text, title)
    fields = {"title": title, "text": text, "path": stream.name}
    wanted.require(fields, stream.path)
    yield Record(1, wanted.pick(fields), stream.start, length, data)


def gathered(stream: Stream) -> tuple[bytes | None, int]:
    """All of a stream's bytes, or None where they are more than a record may have; and how many they are."""
    parts, length = list[bytes](), 0
    for chunk in stream.chunks():
        length += len(chunk)
        parts = [*parts, chunk] if length <= records.MAX_RECORD_BYTES else []
    return b"".join(parts) if length <= records.MAX_RECORD_BYTES else None, length


def _markdown(text: str, title: str) -> tuple[str, str]:
    front = FRONT.match(text)
    if front:
        text = text[front.end() :]
    found = FRONT_TITLE.search(front[1]) if front else None
    heading = None if found else HEADING.search(text, 0, BEGINNING)
    if found:
        title = found[1].strip().strip("\"'") or title
    elif heading:
        title = heading[1].rstrip(" \t\r#") or title
    return text, title[:TITLE_CHARS]
