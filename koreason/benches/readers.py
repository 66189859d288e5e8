"""Records of a benchmark's source: a JSON Lines file whose bytes are known, or files of a Hugging Face data set.

records, where = read_source(source)     # each with `$file` and `$folder`, the names of where it stands
"""

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from koreason.benches.spec import Items
from koreason.config.pinned import is_folder
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.intake import arrow, tabulated
from koreason.intake.datasets import files_of, snapshot
from koreason.intake.folders import globbed, members
from koreason.intake.jsons import loaded
from koreason.records.digests import sha256_file

Record = dict[str, Any]
READERS: dict[str, Callable[[Path], list[Record]]] = {
    ".parquet": lambda path: list(arrow.records(path)),
    ".jsonl": lambda path: _json_lines(path),
    ".json": lambda path: _json(path),
    ".csv": lambda path: _csv(path),
    ".arrow": lambda path: list(arrow.records(path, arrow.streamed(path))),
}
ANY_DATA = re.compile(r".*(?:" + "|".join(map(re.escape, READERS)) + ")")


def read_source(source: Items) -> tuple[list[Record], object]:
    """The source's records in their order, and what to call the source in messages.

    Raises:
        UserError: the source is missing, is not the one that was pinned, or cannot be read.
    """
    if (source.file is None) == (source.hub is None):
        raise UserError("exactly one of 'file' and 'hub' must say where a benchmark's items are", "benches")
    if source.file is not None:
        path = expand(source.file)
        return _placed(_read_file(path, source.sha256), path), path
    return _read_hub(source), source.hub


def _placed(records: list[Record], path: Path) -> list[Record]:
    return [record | {"$file": path.stem, "$folder": path.parent.name} for record in records]


def _read_file(path: Path, sha256: str | None) -> list[Record]:
    if not path.is_file():
        raise UserError("no such benchmark file", path, "mend its 'file' in benches")
    found = sha256_file(path)
    if sha256 is None:
        raise UserError("its 'sha256' is not set", path, f"if this is the right file, set it to {found}")
    if found != sha256:
        raise UserError(
            f"its SHA-256 is {found}, the configuration asks for {sha256}", path, "get that file, or mend 'sha256' and raise 'version'"
        )
    return _csv(path) if path.suffix == ".csv" else _json_lines(path)


def _json_lines(path: Path) -> list[Record]:
    """Records line by line, whatever the first ones look like: a gold may be a number here and a text there."""
    records = []
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():  # as between files that were put together
                continue
            try:
                record = loaded(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)
            except UnicodeDecodeError:
                raise UserError("not UTF-8", f"{path}:{number}", "convert the file to UTF-8 and set its new 'sha256'") from None
            except ValueError as error:
                raise UserError(f"not JSON ({error})", f"{path}:{number}") from None
            if not isinstance(record, dict):
                raise UserError("not a JSON object", f"{path}:{number}")
            records.append(record)
    return records


def _csv(path: Path) -> list[Record]:
    with open(path, "rb") as file:
        return [record for _, record in tabulated.rows(file, path)]


def _json(path: Path) -> list[Record]:
    """Records of a file that is one JSON list, or of JSON Lines under that name."""
    try:
        found = loaded(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError:
        raise UserError("not UTF-8", path, "fetch the data set again") from None
    except ValueError:
        return _json_lines(path)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise UserError("is no list of objects", path, "name other files in 'files'")
    return found


def _read_hub(source: Items) -> list[Record]:
    """Rows of the files that are named, or of one split: of a local folder, or of a data set fetched at its commit.

    With HF_HUB_OFFLINE=1 a data set comes from the cache.
    """
    hub, split = str(source.hub), source.split or "test"
    folder = expand(hub) if is_folder(hub) else snapshot(hub, source.revision, split, source.name, source.digest, source.files)
    if not folder.is_dir():
        raise UserError("no such folder", hub, "mend its 'hub' in benches")
    files = files_of(folder, split, source.name) if source.files is None else _named(folder, source.files)
    return [record for path in files for record in _placed(READERS[path.suffix](path), path)]


def _named(folder: Path, patterns: list[str]) -> list[Path]:
    """The files that any of the patterns names, each of which has to name one."""
    files = {path.relative_to(folder).as_posix(): path for path in members(folder, ANY_DATA)}
    wanted: set[str] = set()
    for pattern in patterns:
        found = set(globbed(pattern, list(files), "benches"))
        if not found:
            there = ", ".join(files)[:200] or f"no {', '.join(READERS)} file"
            raise UserError(f"has no file '{pattern}'", folder, f"mend its 'files' in benches; there is {there}")
        wanted |= found
    return [path for name, path in files.items() if name in wanted]
