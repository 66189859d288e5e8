"""Score a benchmark's answers and say how far the score can be trusted.

    koreason score-bench --spec '{"kind": "math", "version": 1}' --bench try/benches/ko_math/manifest.json \\
      --generations try/evals/smollm2/demo/short/ko_math/generations/manifest.json --out try/evals/smollm2/demo/short/ko_math/scores

Writes `scored.parquet`, one row per answer with the verdict of the first profile, `readings.parquet`, one row per answer and profile
with the rule that read it and from which characters, and `scores.json`. Only the verdict `correct` counts.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from koreason.answers.options import options_in
from koreason.benches.items import Item, read_items
from koreason.benches.kinds import KINDS
from koreason.config.load import add_spec, read_spec
from koreason.errors import UserError
from koreason.evaluate.profiles.readings import Asked, Reading
from koreason.evaluate.reading import VERDICTS, read_answers
from koreason.evaluate.spec import Scoring, check_profiles
from koreason.records.digests import write_atomically
from koreason.records.held import held
from koreason.records.manifest import again
from koreason.records.stage import Stage
from koreason.statistics import summary as stats
from koreason.statistics.repeats import MEANING, RELIABILITY, at_k, reliability
from koreason.tables import GENERATIONS, READINGS, SCORED, read_table, write_table

GENERATIONS_FILE = "generations.parquet"
DIFFERING = 12  # answers that profiles read differently and that scores.json shows
SHOWN = 160  # characters of such an answer, around what was read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Scoring)
    parser.add_argument("--bench", required=True, type=Path, metavar="MANIFEST", help="manifest of the benchmark's items")
    parser.add_argument("--generations", required=True, type=Path, metavar="MANIFEST", help="manifest of the answers")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the scores and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Score one model's answers to one benchmark."""
    scoring = read_spec(arguments.spec, Scoring)
    check_profiles(scoring)
    items = read_items(arguments.bench)
    generations, repeats = read_generations(arguments.generations, items)
    with Stage(arguments.out, "score", json.loads(arguments.spec), [arguments.generations, arguments.bench]) as stage:
        readings = score(generations, items, scoring.profiles)
        scored = table(generations, items, [each[0] for each in readings])
        write_table(scored, stage, "scored.parquet", SCORED)
        write_table(of_profiles(generations, items, readings, scoring.profiles), stage, "readings.parquet", READINGS)
        found = scores(scored, generations, items, repeats, scoring)
        found["profiles"] = {
            name: beside(table(generations, items, [each[place] for each in readings]), items)
            for place, name in enumerate(scoring.profiles)
        }
        found["differing"] = differing(generations, items, readings, scoring.profiles)
        write_atomically(stage.path("scores.json"), json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        stage.add("scores.json")
        stage.counts |= {key: found[key] for key in ("items", "repeats", "answers", "verdicts")}


def read_generations(manifest: Path, items: list[Item]) -> tuple[pl.DataFrame, int]:
    """The answers, sorted by item and repeat, exactly one for each item and repeat; and how many repeats there are.

    Raises:
        UserError: the file is not the one its manifest describes, or answers are missing, extra or double.
    """
    made = held(manifest)
    frame = read_table(made, GENERATIONS_FILE, GENERATIONS).sort("item_id", "repeat")
    repeats = made.made["counts"].get("repeats")
    if repeats is None:
        raise UserError("does not say how often each item was answered", manifest, again(made.folder))
    if frame.is_empty():
        raise UserError("holds no answers", made.folder / GENERATIONS_FILE, again(made.folder))
    expected = [(item.id, repeat) for item in items for repeat in range(repeats)]
    if frame.select("item_id", "repeat").rows() != sorted(expected):
        found, wanted = set(frame.select("item_id", "repeat").rows()), set(expected)
        differs = f"{len(wanted - found)} missing, {len(found - wanted)} not asked for, {frame.height - len(found)} double"
        raise UserError(f"does not hold one answer per item and repeat ({differs})", made.folder / GENERATIONS_FILE, again(made.folder))
    return frame, repeats


def score(generations: pl.DataFrame, items: list[Item], profiles: list[str]) -> list[list[Reading]]:
    """The readings of each answer, a profile each, in the order of `generations`."""
    asked = {item.id: Asked(item.kind, item.question, tuple(item.options), item.gold) for item in items}
    if unclear := [item_id for item_id, one in asked.items() if not one.right]:
        what = f"gold of {len(unclear)} items names none of the options in their questions, the first is {unclear[0]!r}"
        raise UserError(what, "benches", "give a letter from A, or a number from 1, and run bench again")
    rows = generations.select("item_id", "response", "finish").iter_rows()
    return read_answers(((asked[item_id], response, finish) for item_id, response, finish in rows), profiles)


def table(generations: pl.DataFrame, items: list[Item], readings: list[Reading]) -> pl.DataFrame:
    """Rows of the contract SCORED, in the order of `generations`, of one profile."""
    by_id = {item.id: item for item in items}
    return generations.select(
        "item_id",
        "repeat",
        pl.Series("category", [by_id[key].category for key in generations["item_id"]], pl.String),
        pl.Series("gold", [by_id[key].gold for key in generations["item_id"]], pl.String),
        pl.Series("extracted", [reading.extracted for reading in readings], pl.String),
        pl.Series("correct", [reading.verdict == "correct" for reading in readings], pl.Boolean),
        pl.Series("verdict", [reading.verdict for reading in readings], pl.String),
    )


def of_profiles(generations: pl.DataFrame, items: list[Item], readings: list[list[Reading]], profiles: list[str]) -> pl.DataFrame:
    """Rows of the contract READINGS."""
    cluster = {item.id: item.cluster for item in items}
    keys = generations.select("item_id", "repeat").rows()
    rows = [
        (*key, name, one.extracted, one.verdict == "correct", one.verdict, one.rule, one.start, one.end, cluster[key[0]])
        for key, each in zip(keys, readings, strict=True)
        for name, one in zip(profiles, each, strict=True)
    ]
    return pl.DataFrame(rows, schema=READINGS, orient="row")


def beside(scored: pl.DataFrame, items: list[Item]) -> dict[str, Any]:
    """What `scores.json` says of each profile."""
    counted = Counter(scored["verdict"])
    return {"accuracy": stats.summary(_by_item(scored), clusters_of(items)), "verdicts": {name: counted[name] for name in VERDICTS}}


def differing(generations: pl.DataFrame, items: list[Item], readings: list[list[Reading]], profiles: list[str]) -> dict[str, Any]:
    """How many answers profiles credit differently, and the first of them with what each read."""
    gold = {item.id: item.gold for item in items}
    rows = generations.select("item_id", "repeat", "response").iter_rows()
    found = [(row, each) for row, each in zip(rows, readings, strict=True) if len({one.verdict == "correct" for one in each}) > 1]
    shown = []
    for (item_id, repeat, response), each in found[:DIFFERING]:
        end = next((one.end for one in each if one.end is not None), len(response))
        around = response[max(0, end - SHOWN * 3 // 4) : end + SHOWN // 4]
        read = {
            name: {"extracted": (one.extracted or "")[:SHOWN], "verdict": one.verdict, "rule": one.rule}
            for name, one in zip(profiles, each, strict=True)
        }
        shown.append({"item_id": item_id, "repeat": repeat, "gold": gold[item_id][:SHOWN], "answer": around, "read": read})
    return {"answers": len(found), "first": shown}


def scores(scored: pl.DataFrame, generations: pl.DataFrame, items: list[Item], repeats: int, scoring: Scoring) -> dict[str, Any]:
    """What `scores.json` holds: the accuracy with its spreads, per category, and what became of the answers."""
    counted, clusters = Counter(scored["verdict"]), clusters_of(items)
    categories = {
        str(name): {"items": rows["item_id"].n_unique(), **stats.summary(_by_item(rows), clusters)}
        for (name,), rows in scored.group_by("category", maintain_order=True)
    }
    return {
        "kind": scoring.kind,
        "version": scoring.version,
        "items": scored["item_id"].n_unique(),
        "repeats": repeats,
        "answers": scored.height,
        "accuracy": stats.summary(_by_item(scored), clusters),
        "profile": scoring.profiles[0],
        "chance": chance(items),
        "clusters": len(set(clusters.values())),
        "at_k": at_k(_read_by_item(scored)) if repeats > 1 else None,
        "reliability": reliability(_by_item(scored)),
        "categories": dict(sorted(categories.items())),
        "verdicts": {verdict: counted[verdict] for verdict in VERDICTS},
        "mean_tokens": round(float(generations["tokens"].mean() or 0), 6),  # type: ignore[arg-type]
        "meaning": {"accuracy": stats.MEANING, "verdicts": VERDICTS, "at_k": MEANING, "reliability": RELIABILITY},
    }


def chance(items: list[Item]) -> float | None:
    """Accuracy of guessing among the options, none for values; None where no item has any, or some choice's are not known."""
    known = {item.id: len(item.options or _parsed(item.question)) for item in items if KINDS[item.kind].guessable}
    if not known or not all(known.values()):
        return None
    return round(sum(1 / options for options in known.values()) / len(items), 6)


def _parsed(question: str) -> list[str]:
    found = options_in(question)
    return found.texts if found else []


def _read_by_item(scored: pl.DataFrame) -> dict[str, list[tuple[str | None, bool]]]:
    found: dict[str, list[tuple[str | None, bool]]] = {}
    for item, read, correct in scored.select("item_id", "extracted", "correct").iter_rows():
        found.setdefault(item, []).append((read, correct))
    return found


def clusters_of(items: list[Item]) -> dict[str, str]:
    """What each item shares with others."""
    return {item.id: item.cluster for item in items}


def _by_item(scored: pl.DataFrame) -> dict[str, list[bool]]:
    grouped = scored.group_by("item_id", maintain_order=True).agg("correct")
    return dict(grouped.iter_rows())
