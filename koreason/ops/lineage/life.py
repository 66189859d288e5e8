"""A prompt's life below `results/`, stage by stage, as plain values; what a run has not made yet is left out.

found = resolve(results, "5f0c31")
life(results, found, config)["pools"][0]["reason"]       # "too_short"; null: kept
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.parts import IMPORTED, source_of
from koreason.errors import UserError
from koreason.ops.lineage import dump
from koreason.ops.lineage.changes import marked
from koreason.ops.lineage.places import Row, at, beginning_so, collected, numbered, outputs, same_row, scanned, sorted_rows
from koreason.ops.lineage.settings import Config, entry, parts_of, source_entry
from koreason.records.manifest import MANIFEST, read_manifest
from koreason.shards import holds
from koreason.tables import CLEANED, GIVEN, GIVEN_BESIDE, MEASURES, PROMPTS

MOST_TWINS = 20  # of a group, looked up one by one
CHANGING = ("question", "passage", "options", "gold", "answer")


@dataclass(frozen=True)
class Prompt:
    """A prompt as its source has it, or the finished traces that it came with, and the number of its row in a source."""

    prompt_id: str
    source: str
    row: int
    record: Row


def resolve(results: Path, start: str) -> Prompt:
    """The prompt whose id begins so.

    Raises:
        UserError: none does, or several do.
    """
    found = [
        Prompt(row["prompt_id"], folder.name, number, row)
        for folder in outputs(results, "sources", 1)
        for number, row in numbered(folder, "prompts.parquet", start, list(PROMPTS))
    ]
    found += imported(results, start)
    if not found:
        raise UserError(
            f"no prompt's id begins with '{start}'", results / "sources", "ids stand in dropped.parquet, mix.parquet and the like"
        )
    if len(found) > 1:
        named = ", ".join(sorted(prompt.prompt_id for prompt in found)[:4])
        raise UserError(f"{len(found)} prompts' ids begin with '{start}'", "PROMPT_ID", f"write more of it: {named}")
    return found[0]


def imported(results: Path, start: str) -> list[Prompt]:
    """Prompts of finished traces whose id begins so, once each."""
    found: dict[str, Prompt] = {}
    for folder in outputs(results, "traces/imported", 2):
        asked = {row["prompt_id"]: row["question"] for row in beginning_so(folder, "traces.parquet", start, ["prompt_id", "question"])}
        for given in beginning_so(folder, GIVEN_BESIDE, start, list(GIVEN)) if asked else ():
            record = {"question": asked[given["prompt_id"]], **given, "url": None, "parents": None}
            found.setdefault(given["prompt_id"], Prompt(given["prompt_id"], source_of(folder.parent.name), 0, record))
    return list(found.values())


def life(results: Path, prompt: Prompt, config: Config, far: bool = False) -> dict[str, Any]:
    """All that is known of a prompt."""
    source = source_entry(config, results, prompt.source)
    pools = in_pools(results, prompt.prompt_id)
    mixes = in_mixes(results, prompt.prompt_id, config)
    return {
        "prompt_id": prompt.prompt_id,
        "source": {"name": prompt.source, **{key: source.get(key) for key in ("category", "licence")}, "url": prompt.record["url"]},
        "text": prompt.record["question"],
        "dump": dump.reread(prompt.record, source, far),
        "parents": prompt.record["parents"] or [],
        "children": children(results, prompt.prompt_id),
        "cleaned": list(cleaned(results, prompt)),
        "pools": pools,
        "twins": twins(results, prompt.prompt_id),
        "overlaps": overlaps(results, prompt.prompt_id),
        "traces": traces(results, prompt.prompt_id),
        "mixes": mixes,
        "packed": packed(results, prompt.prompt_id),
        "models": models(results, [mix["mix"] for mix in mixes if mix["taken"]]),
        "not_made": not_made(results, prompt.source, config),
    }


def cleaned(results: Path, prompt: Prompt) -> list[Row]:
    """Per pool: what cleaning changed in each text, and what was measured."""
    found = []
    for folder in (folder for folder in outputs(results, "cleaned", 2) if folder.name == prompt.source):
        row = same_row(folder, "texts.parquet", prompt.row, prompt.prompt_id, list(CLEANED))
        if row is None:
            continue
        changes = {column: marked(_text(prompt.record[column]), _text(row[column])) for column in CHANGING}
        changes = {column: found for column, found in changes.items() if found}
        found.append({"pool": folder.parent.name, "changes": changes, "measures": {name: row[name] for name in MEASURES}})
    return found


def _text(value: str | list[str] | None) -> str | None:
    return "\n".join(value) if isinstance(value, list) else value


def in_pools(results: Path, prompt_id: str) -> list[Row]:
    """Per pool that was given the prompt: the reason and the evidence for dropping it (null: kept), and whom it stands for."""
    return [found for folder in outputs(results, "pools", 1) if (found := verdict(folder, prompt_id))]


def verdict(folder: Path, prompt_id: str) -> Row | None:
    """What one pool decided; None where it was not given the prompt."""
    for _, row in numbered(folder, "prompts.parquet", prompt_id, ["prompt_id", "twins"]):
        return {"pool": folder.name, "reason": None, "evidence": "", "stands_for": row["twins"]}
    for _, row in numbered(folder, "dropped.parquet", prompt_id, ["prompt_id", "reason", "evidence"]):
        return {"pool": folder.name, "reason": row["reason"], "evidence": row["evidence"], "stands_for": 0}
    return None


def twins(results: Path, prompt_id: str) -> list[Row]:
    """Per search for duplicates: the prompt's group, and what the pools decided of each of its members."""
    found = []
    for folder in outputs(results, "duplicates", 1):
        for row in sorted_rows(folder, "duplicates.parquet", prompt_id):
            table = scanned(folder, "duplicates.parquet").filter((pl.col("group") == row["group"]) & (pl.col("prompt_id") != prompt_id))
            others = collected(table.select("prompt_id", "similarity", "method"), folder).sort("prompt_id").to_dicts()
            for other in others[:MOST_TWINS]:
                pools = [results / "pools" / pool for pool in folder.name.split("+")]
                decided = [verdict(pool, other["prompt_id"]) for pool in pools if (pool / MANIFEST).is_file()]
                other["pools"] = {said["pool"]: said["reason"] for said in decided if said}
            found.append({"in": folder.name, **row, "others": others[:MOST_TWINS], "more": max(len(others) - MOST_TWINS, 0)})
    return found


def overlaps(results: Path, prompt_id: str) -> list[Row]:
    """Overlaps with benchmarks, of the prompt and of its traces (`recipe`, `sample`)."""
    found = []
    for depth in (1, 2):
        for folder in outputs(results, "overlaps", depth):
            where = {"pool": folder.name, "recipe": None} if depth == 1 else {"pool": folder.parent.name, "recipe": folder.name}
            found += [{**where, **row} for row in sorted_rows(folder, "overlaps.parquet", prompt_id)]
    return found


def traces(results: Path, prompt_id: str) -> list[Row]:
    """Its traces, without their texts."""
    columns = ["sample", "request_key", "finish", "tokens", "prompt_tokens", "think_share", "answer_share"]
    return [
        {"pool": folder.parts[-3], "recipe": folder.parts[-2], "shard": folder.name, "path": str(folder / "traces.parquet"), **row}
        for folder in outputs(results, "traces", 3)
        if holds(folder.name, prompt_id)
        for row in sorted_rows(folder, "traces.parquet", prompt_id, columns)
    ]


def in_mixes(results: Path, prompt_id: str, config: Config) -> list[Row]:
    """Per mix that was given a trace of the prompt: the samples that it took, and why it left the others."""
    found = []
    for folder in outputs(results, "mixes", 1):
        taken = sorted_rows(folder, "mix.parquet", prompt_id, ["sample", "category", "why_kept"])
        left = sorted_rows(folder, "dropped.parquet", prompt_id)
        parts = parts_of(folder)
        for row in left:
            row["traces"] = parts[row["part"]] if len(parts) > 1 and "part" in row else None
        if not taken and not left:
            continue
        counts = read_manifest(folder)["counts"].get("categories", {})
        quotas = entry(config, "mixes", folder.name).get("quotas")
        found.append({"mix": folder.name, "taken": taken, "left": left, "categories": counts, "quotas": quotas})
    return found


def packed(results: Path, prompt_id: str) -> list[Row]:
    """Its documents in mixes packed for a tokenizer, and those that could not be packed."""
    found = []
    for folder in outputs(results, "packed", 2):
        where = {"mix": folder.parent.name, "tokenizer": folder.name, "reason": None}
        found += [{**where, **row} for row in sorted_rows(folder, "documents.parquet", prompt_id, ["sample", "tokens"])]
        found += [{**where, "tokens": 0, **row} for row in sorted_rows(folder, "dropped.parquet", prompt_id, ["sample", "reason"])]
    return found


def models(results: Path, mixes: list[str]) -> list[Row]:
    """The models that were trained on some mixes."""
    return [
        {"model": folder.parts[-3], "mix": folder.parts[-2], "schedule": folder.name, "path": str(folder)}
        for folder in outputs(results, "models", 3)
        if folder.parts[-2] in mixes
    ]


def children(results: Path, prompt_id: str) -> list[Row]:
    """Prompts that were made of this one."""
    found = []
    for folder in outputs(results, "sources", 1):
        first = at(folder, "prompts.parquet", 0, ["parents"])
        if not first or not first["parents"]:  # a source is made of a pool, or it is not
            continue
        table = scanned(folder, "prompts.parquet").filter(pl.col("parents").list.contains(prompt_id))
        found += [{"source": folder.name, **row} for row in collected(table.select("prompt_id"), folder).to_dicts()]
    return found


def not_made(results: Path, source: str, config: Config) -> list[str]:
    """What the configuration would make of the prompt and is not there yet."""
    pools = [name for name, pool in config.get("pools", {}).items() if source in pool.get("sources", [])]
    mixes = [
        name
        for name, mix in config.get("mixes", {}).items()
        if any(part.get("pool") in pools or (part.get(IMPORTED) and source_of(part[IMPORTED]) == source) for part in mix.get("traces", []))
    ]
    wanted = {mix for block in config.get("run", {}).get("experiments", []) for mix in block.get("mixes") or ()}
    used = {part.get("pool") for mix in mixes if mix in wanted for part in config["mixes"][mix]["traces"]}
    folders = [*(f"cleaned/{pool}/{source}" for pool in pools if pool in used), *(f"pools/{pool}" for pool in pools if pool in used)]
    return [
        folder for folder in [*folders, *(f"mixes/{mix}" for mix in mixes if mix in wanted)] if not (results / folder / MANIFEST).is_file()
    ]
