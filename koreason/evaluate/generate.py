"""Let a model answer a benchmark, each item as often as it has repeats.

    koreason generate --model try/models/smollm2/demo/short/manifest.json --bench try/benches/ko_math/manifest.json \\
      --journal try/evals/smollm2/demo/short/ko_math/journal --out try/evals/smollm2/demo/short/ko_math/generations \\
      --spec '{"instruction": "최종 정답을 \\\\boxed{} 안에 작성해 주세요.", "prefill": "<think>\\n", "repeats": 1, "seed": 41,
      "sampling": {"temperature": 0.7, "top_p": 0.9, "top_k": 0, "min_p": 0.0, "max_tokens": 32, "segment_tokens": 32,
      "think_tokens": 8, "think_end": "\\n</think>\\n\\n$\\\\boxed{"},
      "engine": {"dtype": "float32", "max_model_len": 1024, "max_num_seqs": 32,
      "tensor_parallel": 1, "kv_cache_gib": 1, "gpu_memory_utilization": 0.9}}'

Writes `generations.parquet`, one row per item and repeat, sorted. Scoring is a stage of its own, so that a better
scorer needs no new answers. A prompt that does not fit the model is a row too, with its reason as `finish`. An answer
that the journal holds is not drawn again; it is known by a digest of all that decides it (the prompt's tokens,
sampling, the model's files, seed). SIGTERM or SIGUSR1 ends the run with status 75 and every segment drawn so far in the journal.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from koreason.benches.items import Item, read_items
from koreason.config.load import add_spec, note_how, read_spec
from koreason.engine.answers import Request
from koreason.engine.drawing import Model, draw
from koreason.engine.journals.journal import WHOLE
from koreason.engine.journals.ledger import write_ledger
from koreason.engine.signals import Notice
from koreason.evaluate.asking import answer_seed, question_text
from koreason.evaluate.spec import Asking
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Asking)
    parser.add_argument("--bench", required=True, type=Path, metavar="MANIFEST", help="manifest of the benchmark's items")
    parser.add_argument("--model", required=True, type=Path, metavar="MANIFEST", help="manifest beside the model's files")
    parser.add_argument("--journal", required=True, type=Path, metavar="DIR", help="journal of the answers of this model to this benchmark")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the answers and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Draw the answers that the journal lacks, then write the table."""
    notice = Notice()
    asking = read_spec(arguments.spec, Asking, arguments.how)
    items = read_items(arguments.bench)
    model = Model.read(arguments.model, asking.prefill, asking.sampling, asking.engine)
    model.renderer.refuse_unfit(None)
    asked = requests(items, asking, model)
    with Stage(arguments.out, "generate", json.loads(arguments.spec), [arguments.model, arguments.bench]) as stage:
        drawn, stage.run = draw(asked, model, arguments.journal, WHOLE, notice)
        note_how(stage.run, arguments)
        frame = table(items, asked, drawn, asking.repeats)
        write_table(frame, stage, "generations.parquet", GENERATIONS)
        write_ledger(stage, zip(({"item_id": i.id, "repeat": repeat} for i, repeat in answers(items, asking.repeats)), drawn, strict=True))
        stage.counts |= {"items": len(items), "repeats": asking.repeats, "answers": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"]).items()))


def answers(items: list[Item], repeats: int) -> list[tuple[Item, int]]:
    """Every (item, repeat), the repeats of an item one after the other: they share their prompt's keys and values."""
    return [(item, repeat) for item in items for repeat in range(repeats)]


def requests(items: list[Item], asking: Asking, model: Model) -> list[Request]:
    """One request per item and repeat."""
    return [
        model.request(
            [{"role": "user", "content": question_text(item, asking.instruction)}], seed=answer_seed(asking.seed, item.id, repeat)
        )
        for item, repeat in answers(items, asking.repeats)
    ]


def table(items: list[Item], asked: list[Request], drawn: list[dict[str, Any]], repeats: int) -> pl.DataFrame:
    """Rows of the contract GENERATIONS, sorted by item and repeat."""
    rows = [
        (item.id, repeat, request.messages[-1]["content"], row["text"], row["finish"], row["tokens"], request.seed)
        for (item, repeat), request, row in zip(answers(items, repeats), asked, drawn, strict=True)
    ]
    return pl.DataFrame(rows, schema=GENERATIONS, orient="row")
