"""Let a model answer a benchmark, each item as often as it has repeats.

    envs/run vllm python -m koreason generate --spec '{"kind": "math", ...}' --model results/bases/qwen3-32b/manifest.json \\
        --journal DIR/journal --out DIR/generations

Writes `generations.parquet`, one row per item and repeat, sorted. Scoring is a stage of its own, so that a better
scorer needs no new answers. A prompt that does not fit the model is a row too, with its reason as `finish`. An answer
that the journal holds is not drawn again; it is known by a digest of all that decides it (question, sampling, the
model's files, seed). SIGTERM or SIGUSR1 ends the run with status 75 and every segment drawn so far in the journal.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from koreason.engine.drawing import Model, draw
from koreason.engine.generator import Request
from koreason.engine.journal import WHOLE
from koreason.engine.signals import Notice
from koreason.evaluate.benches import Item, answer_seed, load_items, question_text
from koreason.evaluate.spec import Bench
from koreason.manifest import Stage
from koreason.settings import add_spec, read_spec
from koreason.tables import GENERATIONS, write_table

SUMMARY = "let a model answer a benchmark"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Bench)
    parser.add_argument("--model", required=True, type=Path, metavar="MANIFEST", help="manifest beside the model's files")
    parser.add_argument("--journal", required=True, type=Path, metavar="DIR", help="journal of the answers of this model to this benchmark")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the answers and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Draw the answers that the journal lacks, then write the table."""
    notice = Notice()
    bench = read_spec(arguments.spec, Bench)
    items = load_items(bench)
    model = Model.read(arguments.model, bench.prefill, bench.sampling, bench.engine)
    asked = requests(items, bench, model)
    with Stage(arguments.out, "generate", json.loads(arguments.spec), [arguments.model]) as stage:
        drawn, stage.run = draw(asked, model, arguments.journal, WHOLE, notice)
        frame = table(items, asked, drawn, bench)
        write_table(frame, stage, "generations.parquet", GENERATIONS)
        stage.counts |= {"items": len(items), "repeats": bench.repeats, "answers": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"]).items()))


def answers(items: list[Item], bench: Bench) -> list[tuple[Item, int]]:
    """Every (item, repeat), the repeats of an item one after the other: they share their prompt's keys and values."""
    return [(item, repeat) for item in items for repeat in range(bench.repeats)]


def requests(items: list[Item], bench: Bench, model: Model) -> list[Request]:
    """One request per item and repeat."""
    return [
        model.request([{"role": "user", "content": question_text(item, bench.instruction)}], seed=answer_seed(bench.seed, item.id, repeat))
        for item, repeat in answers(items, bench)
    ]


def table(items: list[Item], asked: list[Request], drawn: list[dict[str, Any]], bench: Bench) -> pl.DataFrame:
    """Rows of the contract GENERATIONS, sorted by item and repeat."""
    rows = [
        (item.id, repeat, request.messages[-1]["content"], row["text"], row["finish"], row["tokens"], request.seed)
        for (item, repeat), request, row in zip(answers(items, bench), asked, drawn, strict=True)
    ]
    return pl.DataFrame(rows, schema=GENERATIONS, orient="row")
