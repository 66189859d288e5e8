"""Score a benchmark's answers and say how far the score can be trusted.

    koreason score-bench --spec '{"kind": "math", "version": 1}' --bench try/benches/ko_math/manifest.json \\
      --generations try/evals/smollm2/demo/short/ko_math/generations/manifest.json --out try/evals/smollm2/demo/short/ko_math/scores

Writes `scored.parquet`, one row per answer with its verdict, and `scores.json`. Only the verdict `correct` counts: an
answer without a box, cut off, or too costly to compare is wrong, and is counted under its own name.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.answers.compared import BY_FINISH, compare_once
from koreason.answers.extract import after_thinking, first_box, label
from koreason.benches.items import Item, read_items
from koreason.config.load import add_spec, read_spec
from koreason.errors import UserError
from koreason.evaluate import stats
from koreason.evaluate.spec import Scoring
from koreason.records.digests import write_atomically
from koreason.records.held import held
from koreason.records.manifest import again
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, SCORED, read_table, write_table

VERDICTS = {
    "correct": "the box holds the gold answer",
    "wrong": "the box holds another answer",
    "unreadable": "the box holds no single option, or nothing that reads as a value",
    "no_box": "no complete \\boxed{} after the thinking",
    "unfinished": "the thinking was never closed",
    "token_limit": "cut off at the token limit, whatever it had said by then",
    "repetition": "ended by the engine because it repeated itself",
    "refused": "no answer was drawn: the prompt did not fit the model, or the engine failed on it",
    "timeout": "comparing it took too much processor time",
    "crash": "comparing it took too much memory or ended its process",
}
GENERATIONS_FILE = "generations.parquet"


@dataclass(frozen=True)
class Scorer:
    """How answers to one kind of benchmark are judged.

    Attributes:
        judge: from a box's content and the item to the answer as it is shown, and its verdict; None leaves it to a comparison of values.
        guessable: whether guessing among the options can be right.
    """

    judge: Callable[[str, Item], tuple[str, str | None]]
    guessable: bool


def judge_choice(box: str, item: Item) -> tuple[str, str | None]:
    """An answer to a choice: the label that its box means."""
    found = label(box, item.options)
    return found or box, "unreadable" if found is None else "correct" if found == item.gold else "wrong"


def judge_value(box: str, item: Item) -> tuple[str, str | None]:
    """An answer that is a value."""
    return box, None


# of each kind in koreason/benches/kinds.py
SCORERS = {"choice": Scorer(judge_choice, guessable=True), "math": Scorer(judge_value, guessable=False)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Scoring)
    parser.add_argument("--bench", required=True, type=Path, metavar="MANIFEST", help="manifest of the benchmark's items")
    parser.add_argument("--generations", required=True, type=Path, metavar="MANIFEST", help="manifest of the answers")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the scores and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Score one model's answers to one benchmark."""
    scoring = read_spec(arguments.spec, Scoring)
    scorer = SCORERS.get(scoring.kind)
    if scorer is None:
        raise UserError(f"no scorer for the kind {scoring.kind!r}", "benches", f"accepted: {', '.join(SCORERS)}")
    items = read_items(arguments.bench)
    generations, repeats = read_generations(arguments.generations, items)
    with Stage(arguments.out, "score", json.loads(arguments.spec), [arguments.generations, arguments.bench]) as stage:
        scored = score(generations, items, scorer)
        write_table(scored, stage, "scored.parquet", SCORED)
        found = scores(scored, generations, items, repeats, scoring)
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


def score(generations: pl.DataFrame, items: list[Item], scorer: Scorer) -> pl.DataFrame:
    """Rows of the contract SCORED, in the order of `generations`."""
    by_id = {item.id: item for item in items}
    boxes, verdicts, pairs = [], [], []
    for item_id, response, finish in generations.select("item_id", "response", "finish").iter_rows():
        box, verdict = examine(response, finish)
        if verdict is None and box is not None:
            item = by_id[item_id]
            box, verdict = scorer.judge(box, item)
            if verdict is None:
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


def scores(scored: pl.DataFrame, generations: pl.DataFrame, items: list[Item], repeats: int, scoring: Scoring) -> dict[str, Any]:
    """What `scores.json` holds: the accuracy with its spreads, per category, and what became of the answers."""
    counted = Counter(scored["verdict"])
    categories = {
        str(name): {"items": rows["item_id"].n_unique(), **stats.summary(_by_item(rows))}
        for (name,), rows in scored.group_by("category", maintain_order=True)
    }
    return {
        "kind": scoring.kind,
        "version": scoring.version,
        "items": scored["item_id"].n_unique(),
        "repeats": repeats,
        "answers": scored.height,
        "accuracy": stats.summary(_by_item(scored)),
        "chance": chance(items) if SCORERS[scoring.kind].guessable else None,
        "categories": dict(sorted(categories.items())),
        "verdicts": {verdict: counted[verdict] for verdict in VERDICTS},
        "mean_tokens": round(float(generations["tokens"].mean() or 0), 6),  # type: ignore[arg-type]
        "meaning": {"accuracy": stats.MEANING, "verdicts": VERDICTS},
    }


def chance(items: list[Item]) -> float | None:
    """Accuracy of guessing among the options; None where they stand in the questions' text."""
    if not all(item.options for item in items):
        return None
    return round(sum(1 / len(item.options) for item in items) / len(items), 6)


def _by_item(scored: pl.DataFrame) -> dict[str, list[bool]]:
    grouped = scored.group_by("item_id", maintain_order=True).agg("correct")
    return dict(grouped.iter_rows())
