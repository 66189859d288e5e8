"""A prompt's record read again from the dump, and compared with what was recorded of it.

    reread(record, source, root)     # {"path": …, "says": "the dump still says this", "differs": []}

What is compared is each paragraph of each text: how a format quotes, joins or escapes is not known here, so a paragraph may stand in the
record in any of the ways that the formats have.
"""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.config.variables import expand
from koreason.curate.reading.streamed.packed import KINDS, ZIP
from koreason.curate.reading.streamed.streams import MARKS, opened
from koreason.errors import UserError

TEXTS = ("question", "passage", "options", "gold", "answer")
MOST_BYTES = 1 << 24  # no record is longer
FAR = 1 << 26  # bytes that are decompressed without being asked for: less than half a second
HEAD = 512  # bytes by which a file is known

STILL = "the dump still says this"


def reread(record: dict[str, Any], source: dict[str, Any], far: bool) -> dict[str, Any]:
    """Where the record lies, what the dump says there now, and the paragraphs that it lacks.

    Args:
        record: a row of the source's `prompts.parquet`.
        source: its entry: `root` and `encoding`, as far as they are known.
        far: read it also where much has to be decompressed before it.
    """
    origin = record["origin"] or {}
    found = {**origin, "path": None, "says": "", "differs": []}
    if record.get("parents"):
        return found | {"says": f"made of pool {origin.get('file')}, row {origin.get('record')}; no dump holds it"}
    if origin.get("file") is None:
        return found | {"says": "its place in the dump was not recorded"}
    try:
        path = place = expand(source.get("root", ".")) / origin["file"]
        while not path.exists() and path != path.parent:  # of a zip, the member stands behind it
            path = path.parent
        path = path if path.is_file() else place
    except UserError as error:
        return found | {"says": f"not read: {error}"}
    found["path"] = str(path)
    first, size = origin.get("first"), origin.get("bytes")
    if first is None or size is None:
        return found | {"says": "not read: records of this format have no bytes of their own"}
    try:
        if (packed := not plain(path)) and first > FAR and not far:
            return found | {"says": f"not read: {first / 1e6:,.0f} MB of it would be decompressed first; --far does it"}
        data = piece(path, origin["file"], first, min(size, MOST_BYTES), packed)
    except (OSError, UserError) as error:
        return found | {"says": f"not read: {error}"}
    lacking = missing(record, data, source.get("encoding", "utf-8"))
    return found | {"says": "the dump says something else there" if lacking else STILL, "differs": lacking}


def plain(path: Path) -> bool:
    """Whether a file's bytes are those that were read: neither compressed nor of an encoding that was changed on the way."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    return not head.startswith((*ZIP, *(mark for mark, _ in MARKS))) and not any(magic.match(head) for magic, *_ in KINDS)


def piece(path: Path, name: str, first: int, size: int, packed: bool) -> bytes:
    """Some of the bytes that were read of a file, or of a member of a zip, which has its name.

    Raises:
        OSError, UserError: it cannot be read.
    """
    if not packed:
        with open(path, "rb") as file:
            file.seek(first)
            return file.read(size)
    parts, left = list[bytes](), size
    for stream in opened(path, path.name, None):
        if stream.name != path.name and not name.endswith(stream.name):
            continue
        at = 0
        for chunk in stream.chunks():
            at = at or stream.start
            part = chunk[max(first - at, 0) :][:left]
            if at + len(chunk) > first:
                parts.append(part)
                left -= len(part)
            at += len(chunk)
            if left <= 0:
                break
        break
    return b"".join(parts)


def missing(record: dict[str, Any], data: bytes, encoding: str) -> list[str]:
    """The paragraphs of a record's texts that bytes of a dump do not hold, each with its column."""
    ways = [_spaced(text) for text in readings(data.decode(encoding, "replace"))]
    return [
        f"{column}: {paragraph}"
        for column in TEXTS
        for paragraph in paragraphs(record.get(column))
        if not any(_spaced(paragraph) in way for way in ways)
    ]


def readings(text: str) -> Iterator[str]:
    """What a piece of a dump may say: as it stands, unquoted, unescaped, and as JSON."""
    yield text
    yield text.replace('""', '"')
    yield html.unescape(text)
    start = text.lstrip(" \t\r\n,[\ufeff\x1e")
    try:
        value, _ = json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return
    yield "\n\n".join(strings(value))


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, and every part of it as the JSON text by which a source may have taken it."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
            continue
        if isinstance(one, dict | list):
            yield json.dumps(one, ensure_ascii=False)
            todo += one.values() if isinstance(one, dict) else one
        else:
            yield json.dumps(one)


def paragraphs(value: str | list[str] | None) -> list[str]:
    """The parts of a text between empty lines."""
    texts = value if isinstance(value, list) else [value or ""]
    return [part for text in texts for part in text.split("\n\n") if part.strip()]


def _spaced(text: str) -> str:
    return "".join(text.split())
