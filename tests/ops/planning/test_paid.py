"""What a plan need not pay for again, and what it says of results that make way."""

import json
from pathlib import Path
from typing import Any

import pytest

from koreason.config.effects import identity
from koreason.config.files.layers import layered
from koreason.ops.planning import paid
from koreason.ops.planning.budget import cost
from koreason.records.digests import sha256_file
from koreason.workflow.dryrun import Planned

HOME = Path(__file__).resolve().parents[3]
TRACES = "results/traces/taste/smollm2_mixed"
ANSWERS = "results/evals/smollm2/base/base/ko_math/generations"


@pytest.fixture
def config() -> dict[str, Any]:
    return layered([HOME / "config" / "taste.yaml"])


@pytest.fixture(autouse=True)
def run(config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces of six of eight prompts and the base's answers, as earlier jobs left them."""
    monkeypatch.chdir(tmp_path)
    base = Path("results/bases/smollm2-135m/manifest.json")
    base.parent.mkdir(parents=True)
    base.write_text("{}")
    inputs = {str(base): sha256_file(base)}
    made = {"counts": {"rows": 6}}
    for folder, spec in (
        (f"{TRACES}/00000-of-00001", identity("trace", "recipes", config["recipes"]["smollm2_mixed"])),
        (ANSWERS, identity("generate", "benches", config["benches"]["ko_math"])),
    ):
        Path(folder).mkdir(parents=True)
        Path(folder, "run.json").write_text(json.dumps({"spec": spec, "inputs": inputs, "made": made, "stage": "x"}))
        line = {"start": 0.0, "end": 7200.0, "exit": 0, "gpus": "0,1"}
        Path(folder, "attempts.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(line | {"exit": 1}) + "\n")


def jobs() -> list[Planned]:
    trace = {"pool": "taste", "recipe": "smollm2_mixed", "shard": "00000-of-00001"}
    cell = {"model": "smollm2", "mix": "base", "schedule": "base", "bench": "ko_math"}
    return [
        Planned("trace", f"{TRACES}/00000-of-00001/manifest.json", trace, (), ()),
        Planned("generate", f"{ANSWERS}/manifest.json", cell, (), ()),
    ]


def test_what_the_same_recipe_and_model_have_drawn_is_free(config: dict[str, Any]) -> None:
    shares = paid.free(jobs(), config, Path("results"))
    assert shares == {"trace": 0.75, "generate": 1.0}
    resources = {name: {"mem_mb": 1, "runtime": 60, "threads": 1, "gpus": 4} for name in ("trace", "generate")}
    costs = cost({"trace": 1, "generate": 1}, resources, None, shares)
    assert (costs["trace"].gpu_hours, costs["generate"].gpu_hours) == (1.0, 0.0)
    assert paid.told(jobs(), shares)[2].split()[:5] == ["trace", "0.8", "of", "1", "jobs:"]


def test_of_another_recipe_or_model_nothing_is(config: dict[str, Any]) -> None:
    config["recipes"]["smollm2_mixed"]["seed"] += 1
    Path("results/bases/smollm2-135m/manifest.json").write_text("other")
    assert paid.free(jobs(), config, Path("results")) == {}


def test_nor_what_waits_for_a_model_that_is_made_anew(config: dict[str, Any]) -> None:
    base = Planned("base", "results/bases/smollm2-135m/manifest.json", {"base": "smollm2-135m"}, (), ())
    assert "generate" not in paid.free([base, *jobs()], config, Path("results"))


def test_what_makes_way_is_named_with_what_it_had_cost_and_how_to_keep_it() -> None:
    lines = paid.replaced(jobs())
    assert lines[1].startswith("replaces, each only when its successor is whole")
    assert f"  trace                 {TRACES}/00000-of-00001: took 4.0 hours, 8.0 GPU-hours" in lines
    assert "1 of these were left without a manifest by a run that was stopped" in lines[3]
    assert lines[4].strip() == "to keep: give the recipe or the pool another name in the configuration"
