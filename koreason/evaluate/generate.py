"""Let a model answer a benchmark, each item as often as it has repeats.

    envs/run vllm python -m koreason generate --spec '{"kind": "math", ...}' --model results/bases/qwen3-32b/manifest.json --out DIR

Writes `generations.parquet`, one row per item and repeat, sorted. Scoring is a stage of its own, so that a better
scorer needs no new answers. A prompt that does not fit the model is a row too, with its reason as `finish`.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import polars as pl

from koreason.evaluate.benches import Item, answer_seed, load_items, question_text
from koreason.evaluate.spec import Bench
from koreason.manifest import Stage, read_manifest
from koreason.progress import bar
from koreason.settings import add_spec, read_spec
from koreason.tables import GENERATIONS, write_table
from koreason.trace.engine import Answer, Generator, Request

SUMMARY = "let a model answer a benchmark"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Bench)
    parser.add_argument("--model", required=True, type=Path, metavar="MANIFEST", help="manifest beside the model's files")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the answers and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Answer one benchmark with one model."""
    bench = read_spec(arguments.spec, Bench)
    items = load_items(bench)
    read_manifest(arguments.model)
    with Stage(arguments.out, "generate", json.loads(arguments.spec), [arguments.model]) as stage:
        asked = requests(items, bench)
        generator = Generator(arguments.model.parent, bench.sampling, bench.engine)
        answers = list(bar(generator.answers(asked), total=len(asked), what="answers", unit="answer"))
        frame = table(items, asked, answers, bench)
        write_table(frame, stage, "generations.parquet", GENERATIONS)
        stage.counts |= {"items": len(items), "repeats": bench.repeats, "answers": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"]).items()))
        stage.run |= {
            "drawn_tokens": generator.drawn_tokens,
            "engine_seconds": generator.seconds,
            "engine_start_seconds": generator.start_seconds,
            "tokens_per_second": generator.drawn_tokens / generator.seconds if generator.seconds else None,
        }


def request_key(item_id: str, repeat: int) -> str:
    """Names one answer among those in flight."""
    return f"{repeat}/{item_id}"


def requests(items: list[Item], bench: Bench) -> list[Request]:
    """One request per item and repeat, the repeats of an item one after the other: they share their prompt's keys and values."""
    return [
        Request(
            key=request_key(item.id, repeat),
            messages=[{"role": "user", "content": question_text(item, bench.instruction)}],
            prefill=bench.prefill,
            seed=answer_seed(bench.seed, item.id, repeat),
        )
        for item in items
        for repeat in range(bench.repeats)
    ]


def table(items: list[Item], asked: list[Request], answers: list[Answer], bench: Bench) -> pl.DataFrame:
    """Rows of the contract GENERATIONS, sorted by item and repeat."""
    by_key = {answer.key: answer for answer in answers}
    by_request = {request.key: request for request in asked}
    rows = []
    for item in items:
        for repeat in range(bench.repeats):
            key = request_key(item.id, repeat)
            answer, request = by_key[key], by_request[key]
            prompt = request.messages[-1]["content"]
            rows.append((item.id, repeat, prompt, answer.text, answer.finish, answer.tokens, request.seed))
    return pl.DataFrame(rows, schema=GENERATIONS, orient="row")
