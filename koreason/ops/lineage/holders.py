"""Everything below `results/` that holds a prompt: files with how many of its rows, journals, and models that learnt from it.

    holders(results, prompt, known)      # [{"path": "results/pools/demo/prompts.parquet", "rows": 1, "goes": True}, …]

`known` is its life. `goes`: the next run that honours the exclusion writes the artefact without the prompt.
"""

import json
from pathlib import Path
from typing import Any

from koreason.config.joined.parts import IMPORTED
from koreason.ops.lineage.life import Prompt
from koreason.ops.lineage.places import Row, outputs, sorted_rows
from koreason.records.manifest import MANIFEST
from koreason.shards import holds
from koreason.tables import GIVEN_BESIDE

KEY = b'{"key": "'


def holders(results: Path, prompt: Prompt, known: dict[str, Any]) -> list[Row]:
    """Files and models that hold the prompt, in the order in which they were made."""
    found = []
    if not prompt.source.startswith(f"{IMPORTED}/"):
        found.append(_row(results / "sources" / prompt.source / "prompts.parquet", 1, goes=False))
    for row in known["cleaned"]:
        found.append(_row(results / "cleaned" / row["pool"] / prompt.source / "texts.parquet", 1, goes=False))
    for folder in outputs(results, "sketches", 2):
        if folder.name == prompt.source and (rows := sorted_rows(folder, "sketch.parquet", prompt.prompt_id, ["prompt_id"])):
            found.append(_row(folder / "sketch.parquet", len(rows), goes=False))
    found += [_row(results / "duplicates" / row["in"] / "duplicates.parquet", 1, goes=False) for row in known["twins"]]
    for pool, recipe in dict.fromkeys((row["pool"], row["recipe"]) for row in known["overlaps"]):
        count = sum((row["pool"], row["recipe"]) == (pool, recipe) for row in known["overlaps"])
        found.append(_row(results.joinpath("overlaps", pool, *([recipe] if recipe else []), "overlaps.parquet"), count, goes=bool(recipe)))
    for row in known["pools"]:
        if row["reason"] is None:
            found.append(_row(results / "pools" / row["pool"] / "prompts.parquet", 1, goes=True))
    for path in dict.fromkeys(row["path"] for row in known["traces"]):
        found.append(_row(Path(path), sum(row["path"] == path for row in known["traces"]), goes=True))
        if Path(path).with_name(GIVEN_BESIDE).is_file():
            found.append(_row(Path(path).with_name(GIVEN_BESIDE), found[-1]["rows"], goes=True))
    keys = {row["request_key"] for row in known["traces"]}
    found += [_row(path, count, goes=False) for path, count in in_journals(results, prompt.prompt_id, keys)]
    for row in known["mixes"]:
        if row["taken"]:
            found.append(_row(results / "mixes" / row["mix"] / "mix.parquet", len(row["taken"]), goes=True))
    for folder in outputs(results, "contamination", 1):
        if rows := sorted_rows(folder, "overlaps.parquet", prompt.prompt_id, ["prompt_id"]):
            found.append(_row(folder / "overlaps.parquet", len(rows), goes=True))
    for mix, tokenizer in dict.fromkeys((row["mix"], row["tokenizer"]) for row in known["packed"] if not row["reason"]):
        count = sum((row["mix"], row["tokenizer"], row["reason"]) == (mix, tokenizer, None) for row in known["packed"])
        found.append(_row(results / "packed" / mix / tokenizer, count, goes=True))
    found += [_row(Path(row["path"]), None, goes=True) for row in known["models"]]
    if known["pools"] or known["traces"]:
        found += [_row(path.with_name("index.html"), None, goes=True) for path in sorted(results.glob(f"reports/*/{MANIFEST}"))]
    return found


def _row(path: Path, rows: int | None, *, goes: bool) -> Row:
    return {"path": str(path), "rows": rows, "goes": goes}


def in_journals(results: Path, prompt_id: str, keys: set[str]) -> list[tuple[Path, int]]:
    """Journals of traces that hold answers to requests with these keys, with how many; those that may hold the prompt are read whole."""
    found = []
    for journal in sorted(results.glob("traces/*/*/journal/*-of-*/rows.jsonl")):
        if keys and holds(journal.parent.name, prompt_id):
            with open(journal, "rb") as file:
                count = sum(_key(line) in keys for line in file)
            if count:
                found.append((journal, count))
    return found


def _key(line: bytes) -> str:
    """The key of a journal's line, which stands first; empty in a torn line."""
    if line.startswith(KEY):
        return line[len(KEY) : line.find(b'"', len(KEY))].decode("utf-8", "replace")
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return ""
