"""Write finished evaluations in the forms that other tools read.

    koreason interchange --out shared results/evals/smollm2/demo/short/ko_math

Below `--out`: `lm-eval/`, a task and its log of samples for lm-evaluation-harness; `inspect/*.eval`, logs for Inspect; `every-eval-ever/`,
by that project's schema; `.eval_results/`, for a model's repository on the Hugging Face hub; and `card.md`, a table for its card. Several
evaluations of one model may be given. The benchmarks are found beside them, under `results/benches`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.evaluate.interchange.every import every_eval_ever
from koreason.evaluate.interchange.finished import Finished, finished
from koreason.evaluate.interchange.harness import lm_eval
from koreason.evaluate.interchange.hub import card, eval_results
from koreason.evaluate.interchange.inspect_log import inspect
from koreason.records.digests import write_atomically
from koreason.records.manifest import RUN
from koreason.system.neighbours import created

LEVELS = 5  # from results/ down to an evaluation's folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("evaluations", nargs="+", type=Path, metavar="FOLDER", help="results/evals/MODEL/MIX/SCHEDULE/BENCH")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the files go")


def main(arguments: argparse.Namespace) -> None:
    """Read the evaluations and write all forms of them."""
    folders = [folder.resolve() for folder in arguments.evaluations]
    found = [finished(folder, _bench(folder)) for folder in folders]
    names = sorted({one.name for one in found})
    if len(names) > 1 or len({one.bench for one in found}) < len(found):
        raise UserError(f"of several models, or of one benchmark twice: {', '.join(names)}", "evaluations", "give one model's at a time")
    entries = {one.bench: _entry(_bench(folder)) for one, folder in zip(found, folders, strict=True)}
    for name, content in files(found, entries).items():
        path = arguments.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            with created(path) as file:
                file.write(content)
        else:
            write_atomically(path, content)
    print(f"{len(found)} evaluations of {names[0]} in {arguments.out}")


def files(found: list[Finished], entries: dict[str, dict[str, Any]]) -> dict[str, str | bytes]:
    """All files by their names."""
    made: dict[str, str | bytes] = {"card.md": card(found), **eval_results(found, entries)}
    for one in found:
        made |= lm_eval(one)
        made |= every_eval_ever(one, entries[one.bench])
        made[f"inspect/{one.bench}.eval"] = inspect(one)
    return made


def _bench(folder: Path) -> Path:
    if len(folder.parents) < LEVELS:
        raise UserError("is no evaluation", folder, "give results/evals/MODEL/MIX/SCHEDULE/BENCH")
    return folder.parents[LEVELS - 1] / "benches" / folder.name


def _entry(bench: Path) -> dict[str, Any]:
    """What `bench` was given of the benchmark's entry."""
    try:
        spec: dict[str, Any] = json.loads((bench / RUN).read_text(encoding="utf-8"))["spec"]
    except (OSError, ValueError, KeyError):
        return {}
    return spec
