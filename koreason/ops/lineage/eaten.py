"""What a filter ate: a seeded sample of what was dropped for one reason, with the evidence and the beginning of each text.

eaten(results, "too_short", {"pools": "demo"}, 20, seed=0)      # [{"where": "pool demo", "dropped": 312, "sample": […]}]
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.parts import source_of
from koreason.errors import UserError
from koreason.ops.lineage.places import Row, collected, numbered, outputs, scanned, sorted_rows
from koreason.ops.lineage.settings import parts_of
from koreason.records.manifest import MANIFEST, again
from koreason.shards import holds
from koreason.shown import beginning, blanked

LONG = 200  # characters shown of each text
KINDS = {"pools": "pool", "mixes": "mix", "sources": "source"}


def eaten(results: Path, reason: str, chosen: dict[str, str | None], size: int, seed: int) -> list[Row]:
    """Of each place that dropped for this reason how many, and a sample.

    Args:
        chosen: `pools`, `mixes` or `sources` to the one that is looked at; all of all kinds where none is named.

    Raises:
        UserError: the one that is named is not there, or nothing was dropped for this reason.
    """
    one = {kind: name for kind, name in chosen.items() if name}
    places = [
        (kind, name, folder) for kind in one or KINDS for name, folder in named_folders(results, kind) if one.get(kind) in (None, name)
    ]
    if not places:
        named = next(iter(one.items()), ("pools", "*"))
        raise UserError("no such output", results / named[0] / named[1] / MANIFEST, "it is not made yet, or has another name")
    looks = {"pools": of_pool, "mixes": of_mix, "sources": of_source}
    known: Counter[str] = Counter()
    found = []
    for kind, name, folder in places:
        counts, rows = looks[kind](results, folder, reason, random.Random(f"{seed}/{kind}/{name}/{reason}"), size)
        known.update(counts)
        if rows:
            found.append({"where": f"{KINDS[kind]} {name}", "dropped": counts[reason], "sample": rows})
    if not found:
        others = ", ".join(f"{name} ({count:,})" for name, count in known.most_common()) or "nothing was dropped"
        raise UserError(f"nothing was dropped for the reason '{reason}'", "--reason", f"there is: {others}")
    return found


def named_folders(results: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """Outputs of a kind by name; finished traces are sources, too, and each of their shards has what became of all records."""
    yield from ((folder.name, folder) for folder in outputs(results, kind, 1))
    if kind == "sources":
        shards = outputs(results, "traces/imported", 2)
        yield from {source_of(folder.parent.name): folder for folder in reversed(shards)}.items()


def of_pool(results: Path, folder: Path, reason: str, chance: random.Random, size: int) -> tuple[Counter[str], list[Row]]:
    """Prompts that a pool dropped, with their texts as their sources have them."""
    table = scanned(folder, "dropped.parquet")
    counts = _counts(table, folder)
    mine = table.with_row_index("place").filter(pl.col("reason") == reason).select("place")
    places = _chosen(collected(mine, folder)["place"].to_list(), chance, size)
    columns = ["prompt_id", "source", "evidence"]
    rows = [collected(table.slice(place, 1).select(columns), folder).to_dicts()[0] for place in places]
    for row in rows:
        source = results / "sources" / row["source"]
        texts = numbered(source, "prompts.parquet", row["prompt_id"], ["question"]) if (source / MANIFEST).is_file() else []
        row["text"] = shown(texts[0][1]["question"] if texts else "")
        row["evidence"] = beginning(row["evidence"], LONG)
    return counts, rows


def of_mix(results: Path, folder: Path, reason: str, chance: random.Random, size: int) -> tuple[Counter[str], list[Row]]:
    """Traces that a mix dropped, with the beginnings of their texts."""
    table = scanned(folder, "dropped.parquet")
    counts = _counts(table, folder)
    parts = parts_of(folder) if "part" in table.collect_schema() else []
    columns = ["prompt_id", "sample", *(["part"] if parts else [])]
    dropped = collected(table.filter(pl.col("reason") == reason).select(columns), folder).rows()
    rows = []
    for prompt_id, sample, *part in _chosen(dropped, chance, size):
        row = {"prompt_id": prompt_id, "sample": sample, "source": None, "evidence": "", "text": ""}
        for shard in outputs(results, f"traces/{parts[part[0]]}", 1) if part else outputs(results, "traces", 3):
            columns = ["sample", "source", "question", "think", "answer", "finish", "tokens", "think_share", "answer_share"]
            traces = sorted_rows(shard, "traces.parquet", prompt_id, columns) if holds(shard.name, prompt_id) else []
            for trace in (trace for trace in traces if trace["sample"] == sample):
                shares = f"target share {trace['think_share'] or 0:.3f} and {trace['answer_share'] or 0:.3f}"
                row |= {"source": trace["source"], "evidence": f"{trace['finish']}, {trace['tokens']} tokens, {shares}"}
                row["text"] = " | ".join(shown(trace[part]) for part in ("question", "think", "answer"))
        rows.append(row)
    return counts, rows


def of_source(results: Path, folder: Path, reason: str, chance: random.Random, size: int) -> tuple[Counter[str], list[Row]]:
    """Records of a dump that could not be used; read as a stream."""
    source = folder.name if folder.parent.name == "sources" else source_of(folder.parent.name)
    counts: Counter[str] = Counter()
    sample: list[tuple[int, Row]] = []
    for number, record in enumerate(_rejected(folder / "rejected.jsonl")):
        counts[record["reason"]] += 1
        if record["reason"] != reason:
            continue
        row = {
            "prompt_id": record.get("prompt_id"),
            "source": source,
            "evidence": f"{record['file']} record {record['record']}",
            "text": shown(record["raw"]),
        }
        # each record of the reason comes in with the same chance
        if len(sample) < size:
            sample.append((number, row))
        elif (place := chance.randrange(counts[reason])) < size:
            sample[place] = (number, row)
    return counts, [row for _, row in sorted(sample, key=lambda pair: pair[0])]


def _rejected(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    try:
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)
    except ValueError as error:
        raise UserError(f"not JSON in each line ({error})", path, again(path.parent)) from None


def _counts(table: pl.LazyFrame, folder: Path) -> Counter[str]:
    return Counter(dict(collected(table.group_by("reason").len(), folder).iter_rows()))


def _chosen(items: list[Any], chance: random.Random, size: int) -> list[Any]:
    """A sample in the order of the items."""
    places = chance.sample(range(len(items)), min(size, len(items)))
    return [items[place] for place in sorted(places)]


def shown(text: str | None) -> str:
    """The beginning of a text that no stage may have masked."""
    return beginning(blanked((text or "")[: 4 * LONG]), LONG)


def lines(found: list[Row]) -> list[str]:
    """As people read it."""
    told = []
    for place in found:
        told += ["", f"{place['where']}: {place['dropped']:,} dropped, {len(place['sample'])} of them:"]
        for row in place["sample"]:
            sample = f" sample {row['sample']}" if "sample" in row else ""
            told.append(f"  {row['prompt_id'] or '-'}{sample}  {row['source'] or ''}  {row['evidence']}".rstrip())
            told.append(f"      {row['text']}")
    return told[1:]
