"""A finished run with a mix of real rows and a tiny model, as stages would have left it: what is published is made of it."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from made_model import made

from koreason.cli import parser_for
from koreason.engine.thinking import joined
from koreason.publish.command import main
from koreason.records.stage import Stage
from koreason.tables import MIX, write_table
from tests.conftest import HOME

SAMPLING = {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0, "max_tokens": 112}
PHONE = "전화는 010-2345-6789 입니다."
COUNTS = {"input": 9, "kept": 6, "dropped": {"too_short": 2, "contaminated": 1}}


def configuration(**changes: Any) -> dict[str, Any]:
    """The configuration of the run, with other entries laid over its tables."""
    base = {
        "package": "llm_small",
        "gguf": "small.gguf",
        "sha256": "0" * 64,
        "tokenizer": "small",
        "licence": "Apache-2.0",
        "parameters": 5000,
    }
    config: dict[str, Any] = {
        "languages": {"ko": json.loads(json.dumps(korean()))},
        "bases": {"small": base, "big": base | {"hub": "lab/big", "revision": "1" * 40}},
        "sources": {
            "quiz": {"format": "tsv", "licence": "A", "category": "Exams", "files": {"quiz.tsv": "0" * 64}},
            "forum": {"format": "jsonl", "licence": "B", "category": "Daily", "files": {"forum.jsonl": "0" * 64}},
            "styled": {"format": "augmented", "licence": "A", "category": "Exams", "pool": "first"},
        },
        "pools": {
            "first": {"sources": ["quiz"], "language": "ko", "mask_personal_data": ["Daily"]},
            "all": {"sources": ["quiz", "forum", "styled"], "language": "ko", "mask_personal_data": ["Daily"]},
        },
        "recipes": {"mixed": {"teacher": "big", "language": "ko", "system": "Think in `English` | keep Korean.", "sampling": SAMPLING}},
        "imported": {},
        "mixes": {"mix": {"traces": [{"pool": "all", "recipe": "mixed"}]}},
        "models": {"student": {"base": "small"}},
        "schedules": {"short": {"epochs": 1, "max_steps": 2, "lr": 5e-05, "decay": "cosine", "seed": 11}},
        "benches": {"ko_math": {"kind": "math", "sampling": SAMPLING}},
        "run": {"report": {"title": "A run", "note": "A handful of rows."}, "experiments": []},
    }
    for table, entries in changes.items():
        config[table] = {name: config[table].get(name, {}) | entry for name, entry in entries.items()} | {
            name: entry for name, entry in config[table].items() if name not in entries
        }
    return config


def korean() -> dict[str, Any]:
    from koreason.config.files.layers import read_catalogue

    found: dict[str, Any] = read_catalogue(HOME)["languages"]["ko"]
    return found


def rows(**changes: Any) -> list[dict[str, Any]]:
    """Rows of a mix: of the quiz, of the forum, and made of the quiz."""
    return [
        {
            "prompt_id": f"{number:024x}",
            "sample": 0,
            "source": source,
            "category": "Daily" if source == "forum" else "Exams",
            "licence": "B" if source == "forum" else "A",
            "messages": [
                {"role": "user", "content": changes.get("question", f"{number} + {number} = ?")},
                {"role": "assistant", "content": joined("Okay, 더하면 된다.", f"정답은 {2 * number}")},
            ],
            "why_kept": "passes every filter",
        }
        for number, source in enumerate(["quiz", "quiz", "quiz", "forum", "forum", "styled"])
    ]


def build(folder: Path, patch: pytest.MonkeyPatch, mix: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
    """Make the run; returns its folder."""
    folder.mkdir(parents=True)
    with patch.context() as inside:
        inside.chdir(folder)
        for name, value in {"COMMIT": "c" * 40, "ENVIRONMENT": "data:" + "e" * 64, "PACKAGE": "p" * 32, "CODE": "0" * 16}.items():
            inside.setenv(f"KOREASON_{name}", value)
        made_of("pools/all", "pool", [], COUNTS)
        made_of("traces/all/mixed/00000-of-00001", "trace", ["pools/all"], {"rows": 9})
        with Stage(Path("results/mixes/mix"), "select", {}, manifests("traces/all/mixed/00000-of-00001")) as stage:
            write_table(pl.DataFrame(mix or rows(), schema=MIX), stage, "mix.parquet", MIX)
            stage.counts |= {"input": 9, "kept": 6, "dropped": {"over_quota": 3}}
        made_of("packed/mix/small", "pack", ["mixes/mix"], {"documents": 6, "tokens": 600, "loss_tokens": 450})
        train("models/student/mix/short", ["packed/mix/small"])
        for which in ("mix/short", "base/base"):
            score(f"evals/student/{which}/ko_math/scores", ["models/student/mix/short"] if which != "base/base" else [])
    kept = folder / ".koreason" / "configs"
    kept.mkdir(parents=True)
    (kept / "c.json").write_text(json.dumps(configuration(**changes)), encoding="utf-8")
    return folder


def manifests(*places: str) -> list[Path]:
    return [Path("results") / place / "manifest.json" for place in places]


def made_of(place: str, stage: str, inputs: list[str], counts: dict[str, Any]) -> None:
    with Stage(Path("results") / place, stage, {}, manifests(*inputs)) as job:
        job.path("rows.txt").write_text(place)
        job.add("rows.txt")
        job.counts |= counts


def train(place: str, inputs: list[str]) -> None:
    with Stage(Path("results") / place, "train", {"model": {"dtype": "float32"}}, manifests(*inputs)) as job:
        for path in sorted(made(Path("tiny")).iterdir()):
            path.replace(job.path(path.name))
            job.add(path.name)
        always = {"epoch": 1, "grad_norm": 1.0, "lr": 5e-5, "tokens": 300, "loss_tokens": 225}
        steps = [{"step": step, "loss": 2.0 / step, **always} for step in (1, 2)]
        job.path("metrics.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
        job.add("metrics.jsonl", rows=2)
        job.counts |= {"steps": 2, "tokens": 600, "loss_tokens": 450}
    lines = [{"stage": "train", "start": 0.0, "end": 1800.0, "exit": 0, "gpus": "0,1", "outputs": 1, "signal": None}]
    (Path("results") / place / "attempts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def score(place: str, inputs: list[str]) -> None:
    accuracy = {"mean": 0.525, "per_repeat": [0.5, 0.55], "interval_95": [0.41, 0.637], "se_over_items": 0.061}
    with Stage(Path("results") / place, "score", {}, manifests(*inputs)) as job:
        job.path("scores.json").write_text(json.dumps({"accuracy": accuracy, "items": 20, "repeats": 2, "profile": "robust"}))
        job.add("scores.json")


def publish(run: Path, kind: str, name: str, *options: object) -> int:
    """`koreason publish`, in this process; a mistake of the user's is raised."""
    return main(parser_for("publish").parse_args([kind, name, "--run", str(run), *map(str, options)]))
