"""Score a benchmark's answers and say how far the score can be trusted.

    envs/run data python -m koreason score --spec '{"kind": "math", ...}' --generations DIR/generations/manifest.json --out DIR

Writes `scored.parquet`, one row per answer with its verdict, and `scores.json`. Only the verdict `correct` counts: an
answer without a box, cut off, or too costly to compare is wrong, and is counted under its own name.
"""

import argparse
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from koreason.errors import UserError
from koreason.evaluate import stats
from koreason.evaluate.benches import Item, load_items
from koreason.evaluate.extract import after_thinking, first_box, label
from koreason.evaluate.judge import Judge
from koreason.evaluate.spec import Bench
from koreason.manifest import Stage, read_manifest, sha256_file, write_atomically
from koreason.progress import bar
from koreason.settings import add_spec, read_spec
from koreason.tables import GENERATIONS, SCORED, read_table, write_table

SUMMARY = "score a benchmark's answers"
VERDICTS = {
    "correct": "the box holds the gold answer",
    "wrong": "the box holds another answer",
    "unreadable": "the box holds no single option, or nothing that reads as a value",
    "no_box": "no complete \\boxed{} after the thinking",
    "unfinished": "the thinking was never closed",
    "token_limit": "cut off at the token limit, whatever it had said by then",
    "repetition": "ended by the engine because it repeated itself",
    "refused": "the prompt did not fit the model: no answer was drawn",
    "timeout": "comparing it took too much processor time",
    "crash": "comparing it took too much memory or ended its process",
}
BY_FINISH = {"length": "token_limit", "repetition": "repetition", "refused": "refused"}
MOST_WORKERS = 8
GENERATIONS_FILE = "generations.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Bench)
    parser.add_argument("--generations", required=True, type=Path, metavar="MANIFEST", help="manifest of the answers")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the scores and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Score one model's answers to one benchmark."""
    bench = read_spec(arguments.spec, Bench)
    items = load_items(bench)
    generations = read_generations(arguments.generations, items, bench.repeats)
    with Stage(arguments.out, "score", json.loads(arguments.spec), [arguments.generations]) as stage:
        scored = score(generations, items, bench)
        write_table(scored, stage, "scored.parquet", SCORED)
        found = scores(scored, generations, items, bench)
        write_atomically(stage.path("scores.json"), json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        stage.add("scores.json")
        stage.counts |= {key: found[key] for key in ("items", "repeats", "answers", "verdicts")}


def read_generations(manifest: Path, items: list[Item], repeats: int) -> pl.DataFrame:
    """The answers, sorted by item and repeat, exactly those that the benchmark asks for.

    Raises:
        UserError: the file is not the one its manifest describes, or answers are missing, extra or double.
    """
    facts = read_manifest(manifest)["files"].get(GENERATIONS_FILE)
    path = manifest.parent / GENERATIONS_FILE
    again = "delete its folder and run `generate` again"
    if facts is None:
        raise UserError(f"declares no {GENERATIONS_FILE}", manifest, again)
    if not path.is_file() or sha256_file(path) != facts["sha256"]:
        raise UserError("is not the file that its manifest describes", path, again)
    frame = read_table(path, GENERATIONS).sort("item_id", "repeat")
    if frame.is_empty():
        raise UserError("holds no answers", path, again)
    expected = [(item.id, repeat) for item in items for repeat in range(repeats)]
    if frame.select("item_id", "repeat").rows() != sorted(expected):
        found, wanted = set(frame.select("item_id", "repeat").rows()), set(expected)
        differs = f"{len(wanted - found)} missing, {len(found - wanted)} not asked for, {frame.height - len(found)} double"
        raise UserError(f"does not hold one answer per item and repeat ({differs})", path, again)
    return frame


def score(generations: pl.DataFrame, items: list[Item], bench: Bench) -> pl.DataFrame:
    """Rows of the contract SCORED, in the order of `generations`."""
    by_id = {item.id: item for item in items}
    boxes, verdicts, pairs = [], [], []
    for item_id, response, finish in generations.select("item_id", "response", "finish").iter_rows():
        box, verdict = examine(response, finish)
        if verdict is None and box is not None:
            item = by_id[item_id]
            if bench.kind == "choice":
                found = label(box, item.options)
                verdict = "unreadable" if found is None else "correct" if found == item.gold else "wrong"
                box = found or box
            else:
                pairs.append((item.gold, box))
        boxes.append(box)
        verdicts.append(verdict)
    outcomes = compare_once(pairs)
    remaining = iter(pairs)
    verdicts = [outcomes[next(remaining)] if verdict is None else verdict for verdict in verdicts]
    return generations.select(
        "item_id",
        "repeat",
        pl.Series("category", [by_id[key].category for key in generations["item_id"]], pl.String),
        pl.Series("gold", [by_id[key].gold for key in generations["item_id"]], pl.String),
        pl.Series("extracted", boxes, pl.String),
        pl.Series("correct", [verdict == "correct" for verdict in verdicts], pl.Boolean),
        pl.Series("verdict", verdicts, pl.String),
    )


def examine(response: str, finish: str) -> tuple[str | None, str | None]:
    """The answer's box, and its verdict where that is settled without comparing (paper, C.2)."""
    if finish != "stop":
        kind = finish.split(":")[0]
        if kind not in BY_FINISH:
            raise UserError(f"unknown finish {finish!r}", GENERATIONS_FILE, f"known: stop, {', '.join(BY_FINISH)}")
        return None, BY_FINISH[kind]
    text = after_thinking(response)
    if text is None:
        return None, "unfinished"
    box = first_box(text)
    return box, "no_box" if box is None else None


def compare_once(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Outcome of each different (gold, box)."""
    different = list(dict.fromkeys(pairs))
    workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS, 1 + len(different) // 100)  # one costs a second to start
    with Judge(workers) as judge:
        outcomes = bar(judge.compare(different), total=len(different), what="comparisons", unit="answer")
        return dict(zip(different, outcomes, strict=True))


def scores(scored: pl.DataFrame, generations: pl.DataFrame, items: list[Item], bench: Bench) -> dict[str, Any]:
    """What `scores.json` holds: the accuracy with its spreads, per category, and what became of the answers."""
    counted = Counter(scored["verdict"])
    categories = {
        str(name): {"items": rows["item_id"].n_unique(), **stats.summary(_by_item(rows))}
        for (name,), rows in scored.group_by("category", maintain_order=True)
    }
    return {
        "kind": bench.kind,
        "role": bench.role,
        "version": bench.version,
        "items": scored["item_id"].n_unique(),
        "repeats": bench.repeats,
        "answers": scored.height,
        "accuracy": stats.summary(_by_item(scored)),
        "chance": chance(items, bench),
        "categories": dict(sorted(categories.items())),
        "verdicts": {verdict: counted[verdict] for verdict in VERDICTS},
        "mean_tokens": round(float(generations["tokens"].mean() or 0), 6),  # type: ignore[arg-type]
        "meaning": {"accuracy": stats.MEANING, "verdicts": VERDICTS},
    }


def chance(items: list[Item], bench: Bench) -> float | None:
    """Accuracy of guessing among the options; None where there is nothing to guess among, or it is not known."""
    if bench.kind != "choice" or not all(item.options for item in items):
        return None
    return round(sum(1 / len(item.options) for item in items) / len(items), 6)


def _by_item(scored: pl.DataFrame) -> dict[str, list[bool]]:
    grouped = scored.group_by("item_id", maintain_order=True).agg("correct")
    return dict(grouped.iter_rows())
