"""Records of a benchmark's source: a JSON Lines file whose bytes are known, or one split of a Hugging Face data set.

records, where = read_source(source)
"""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from koreason import mirrored
from koreason.benches.spec import Items
from koreason.config.load import expand
from koreason.config.pinned import is_folder, pinned
from koreason.errors import UserError
from koreason.records.digests import sha256_file

READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    ".parquet": lambda path: pl.read_parquet(path).to_dicts(),
    ".jsonl": lambda path: _json_lines(path),
    ".csv": lambda path: _csv(path),
    ".arrow": lambda path: pl.read_ipc_stream(path).to_dicts(),
}


def read_source(source: Items) -> tuple[list[dict[str, Any]], object]:
    """The source's records in their order, and what to call the source in messages.

    Raises:
        UserError: the source is missing, is not the one that was pinned, or cannot be read.
    """
    if (source.file is None) == (source.hub is None):
        raise UserError("exactly one of 'file' and 'hub' must say where a benchmark's items are", "benches")
    if source.file is not None:
        path = expand(source.file)
        return _read_file(path, source.sha256), path
    return _read_hub(source), source.hub


def _read_file(path: Path, sha256: str | None) -> list[dict[str, Any]]:
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


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """Records line by line, whatever the first ones look like: a gold may be a number here and a text there."""
    records = []
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError:
                raise UserError("not UTF-8", f"{path}:{number}", "convert the file to UTF-8 and set its new 'sha256'") from None
            except (ValueError, RecursionError) as error:
                raise UserError(f"not JSON ({error})", f"{path}:{number}") from None
            if not isinstance(record, dict):
                raise UserError("not a JSON object", f"{path}:{number}")
            records.append(record)
    return records


def _csv(path: Path) -> list[dict[str, Any]]:
    """Records of a CSV file with a header, all fields as text, an empty one as missing."""
    records: list[dict[str, Any]] = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            for record in rows:
                if None in record or None in record.values():
                    raise UserError("has another number of fields than the header", f"{path}:{rows.line_num}", "mend the line")
                records.append({name: value if value != "" else None for name, value in record.items()})
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"not readable as CSV ({error})", f"{path}:{rows.line_num + 1}", "save it as UTF-8, fields quoted") from None
    return records


def _read_hub(source: Items) -> list[dict[str, Any]]:
    """Rows of one split: of a local folder, or of a data set fetched at its commit (with HF_HUB_OFFLINE=1 from the cache)."""
    hub, split = str(source.hub), source.split or "test"
    folder = expand(hub)
    if not folder.is_dir():
        if is_folder(hub):
            raise UserError("no such folder", folder, "mend its 'hub' in benches")
        folder = _snapshot(hub, source.revision, source.digest)
    files = sorted(path for path in folder.rglob("*") if path.suffix in READERS and _belongs(path.relative_to(folder), split, source.name))
    if not files:
        subset = f" of the subset '{source.name}'" if source.name else ""
        raise UserError(
            f"has no {', '.join(READERS)} file{subset} for the split '{split}'", folder, "mend its 'name' or 'split' in benches"
        )
    try:
        return [record for path in files for record in READERS[path.suffix](path)]
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not readable ({error})", folder, "fetch the data set again") from None


def _snapshot(hub: str, revision: str | None, digest: str | None) -> Path:
    commit = pinned(hub, revision)
    if mirror := mirrored.folder_of("datasets", hub, commit, digest):
        return mirror
    from huggingface_hub import snapshot_download  # only benchmarks from the hub need it
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        patterns = [f"*{suffix}" for suffix in READERS]
        return Path(snapshot_download(hub, repo_type="dataset", revision=commit, allow_patterns=patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"not to be had from the hub at {commit} ({first})", hub, "check its name, and fetch it where the internet is"
        ) from None


def _belongs(path: Path, split: str, subset: str | None) -> bool:
    """Tell whether `path` is of the split, as `data/test-00000-of-00001.parquet` is of `test`, and of the subset.

    A subset is a folder, or the start of a file's name: `CLIcK/test.jsonl`, `CLIcK-test.jsonl`.
    """
    parts = path.with_suffix("").parts
    of_split = any(split in re.split(r"[^A-Za-z0-9]+", part) for part in parts)
    of_subset = subset is None or subset in parts[:-1] or re.match(rf"{re.escape(subset)}[^A-Za-z0-9]", parts[-1]) is not None
    return of_split and of_subset
