"""A benchmark's items, from a JSON Lines file whose bytes are known or from a Hugging Face data set.

items = load_items(bench)
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.errors import UserError
from koreason.evaluate.spec import Bench
from koreason.manifest import sha256_file
from koreason.settings import expand

LABELS_UNKNOWN = 10  # A to J: the most options that any benchmark of the paper has
COLUMNS = ("id", "category", "question", "options", "gold")
READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".jsonl": pl.read_ndjson,
    ".csv": lambda path: pl.read_csv(path, infer_schema=False),
    ".arrow": pl.read_ipc_stream,
}


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        id: unique within its benchmark.
        category: part of the benchmark that it is reported under; empty where the benchmark has none.
        options: of a choice, in the order of their labels A, B, ...; empty where the question's text holds them.
        gold: the right option's label for a choice, else a value as LaTeX.
    """

    id: str
    category: str
    question: str
    options: list[str]
    gold: str


def load_items(bench: Bench) -> list[Item]:
    """Read all items of `bench`, sorted by id.

    Raises:
        UserError: the source is missing or not the one that was pinned, or an item is incomplete or stands twice.
    """
    if (bench.file is None) == (bench.hub is None):
        raise UserError("exactly one of 'file' and 'hub' must say where a benchmark's items are", "benches")
    where: object
    if bench.file is not None:
        where = expand(bench.file)
        records = _read_file(where, bench.sha256)
    else:
        where = bench.hub
        records = _read_hub(bench)
    columns = bench.columns or {}
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise UserError(f"'columns' maps {', '.join(unknown)}", "benches", f"it may map {', '.join(COLUMNS)}")
    items = [_item(record, f"{where}:{number}", number, columns, bench.kind) for number, record in enumerate(records, 1)]
    if not items:
        raise UserError("holds no items", where)
    twice = sorted(key for key, count in Counter(item.id for item in items).items() if count > 1)
    if twice:
        raise UserError(f"{len(twice)} ids stand more than once, the first is {twice[0]!r}", where, "give each item its own id")
    return sorted(items, key=lambda item: item.id)


def question_text(item: Item, instruction: str) -> str:
    """What the model is asked: question, labelled options, instruction (paper, figure 7), with blank lines between."""
    options = "\n".join(f"{chr(ord('A') + index)}. {option}" for index, option in enumerate(item.options))
    return "\n\n".join(part for part in (item.question, options, instruction) if part)


def answer_seed(seed: int, item_id: str, repeat: int) -> int:
    """Seed of one answer, from 0 to 2**31 - 1; other items and repeats do not move it."""
    key = json.dumps([seed, item_id, repeat], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") >> 1


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
    records = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise UserError(f"not JSON ({error})", f"{path}:{number}") from None
            if not isinstance(record, dict):
                raise UserError("not a JSON object", f"{path}:{number}")
            records.append(record)
    return records


def _read_hub(bench: Bench) -> list[dict[str, Any]]:
    """Rows of one split: of a local folder, or of a data set fetched at its commit (with HF_HUB_OFFLINE=1 from the cache)."""
    hub, split = str(bench.hub), bench.split or "test"
    folder = expand(hub)
    if not folder.is_dir():
        if hub.startswith(("/", ".", "~", "$")):
            raise UserError("no such folder", folder, "mend its 'hub' in benches")
        folder = _snapshot(hub, bench.revision)
    files = sorted(path for path in folder.rglob("*") if path.suffix in READERS and _belongs(path.relative_to(folder), split, bench.name))
    if not files:
        subset = f" of the subset '{bench.name}'" if bench.name else ""
        raise UserError(
            f"has no {', '.join(READERS)} file{subset} for the split '{split}'", folder, "mend its 'name' or 'split' in benches"
        )
    try:
        return [record for path in files for record in READERS[path.suffix](path).to_dicts()]
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not readable ({error})", folder, "fetch the data set again") from None


def _snapshot(hub: str, revision: str | None) -> Path:
    if not re.fullmatch(r"[0-9a-f]{40}", revision or ""):
        raise UserError(f"revision {revision!r} is not a full commit id", hub, "branches move: give the commit's 40 digits")
    from huggingface_hub import snapshot_download  # only benchmarks from the hub need it
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        patterns = [f"*{suffix}" for suffix in READERS]
        return Path(snapshot_download(hub, repo_type="dataset", revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"not to be had from the hub at {revision} ({first})", hub, "check its name, and fetch it where the internet is"
        ) from None


def _belongs(path: Path, split: str, subset: str | None) -> bool:
    """Tell whether `path` is of the split, as `data/test-00000-of-00001.parquet` is of `test`, and of the subset.

    A subset is a folder, or the start of a file's name: `CLIcK/test.jsonl`, `CLIcK-test.jsonl`.
    """
    parts = path.with_suffix("").parts
    of_split = any(split in re.split(r"[^A-Za-z0-9]+", part) for part in parts)
    of_subset = subset is None or subset in parts[:-1] or re.match(rf"{re.escape(subset)}[^A-Za-z0-9]", parts[-1]) is not None
    return of_split and of_subset


def _item(record: dict[str, Any], where: str, number: int, columns: dict[str, str], kind: str) -> Item:
    value = {name: record.get(columns.get(name, name)) for name in COLUMNS}
    for name in ("question", "gold"):
        if value[name] is None or not str(value[name]).strip():
            raise UserError(f"lacks '{columns.get(name, name)}'", where, "complete the item")
    options = value["options"] or []
    if not isinstance(options, list) or len(options) == 1:
        raise UserError(f"'{columns.get('options', 'options')}' is not a list of options", where, "mend the item")
    gold = str(value["gold"]).strip()
    return Item(
        id=str(value["id"]) if value["id"] is not None else f"{number:06d}",
        category=str(value["category"] or ""),
        question=str(value["question"]).strip(),
        options=[str(option).strip() for option in options],
        gold=_gold_label(gold, len(options) or LABELS_UNKNOWN, where) if kind == "choice" else gold,
    )


def _gold_label(gold: str, count: int, where: str) -> str:
    position = (
        int(gold) - 1 if re.fullmatch(r"[0-9]{1,2}", gold) else ord(gold.upper()) - ord("A") if re.fullmatch(r"[A-Za-z]", gold) else -1
    )
    if not 0 <= position < count:
        raise UserError(f"its gold {gold[:40]!r} is no label of {count} options", where, "give a letter from A, or a number from 1")
    return chr(ord("A") + position)
