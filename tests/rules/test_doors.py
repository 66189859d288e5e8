"""Doors: runs that begin in the middle or end before the end. Each is an example in config/doors, and is run here."""

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml
from workflow_copy import HOME, Workflow, made_by

from koreason.config.checks.check import ConfigError, check
from koreason.config.files.layers import layered

DOORS = HOME / "config" / "doors"
SCREEN = 40
# what each ends with, laid over which configuration, and how many jobs of these there are; nothing behind it is planned
ENDS = {
    "pools": ("taste", "pool", {"trace", "select", "train", "generate"}),
    "traces": ("taste", "trace", {"select", "train", "generate"}),
    "mixes": ("taste", "select", {"train", "generate"}),
    "models": ("taste", "train", {"generate"}),
    "finished": ("demo", "select", {"trace", "train", "generate"}),
    "evaluate": (None, "score", {"ingest", "trace", "select", "train"}),
    "sft": (None, "select", {"trace", "train", "generate"}),
}


def files(name: str) -> list[Path]:
    below = ENDS[name][0]
    return [*([HOME / "config" / f"{below}.yaml"] if below else []), DOORS / f"{name}.yaml"]


def test_every_door_is_known_and_fits_a_screen() -> None:
    assert {path.stem for path in DOORS.glob("*.yaml")} == ENDS.keys()
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= SCREEN for path in DOORS.glob("*.yaml"))
    page = (HOME / "docs" / "doors.md").read_text(encoding="utf-8")
    assert all(f"config/doors/{name}.yaml" in page for name in ENDS)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    return Workflow.copied_to(tmp_path_factory.mktemp("doors") / "workflow")


@pytest.mark.parametrize("name", ENDS)
def test_a_door_plans_what_it_needs_and_the_page(name: str, copy: Workflow) -> None:
    _, last, behind = ENDS[name]
    copy.config = layered(files(name))
    plan = copy.plan()
    assert made_by(plan, last) and not made_by(plan, *behind), plan
    assert plan["results/reports/selection/manifest.json"] == "page"


REFUSED = {
    "half a part": ({"traces": [{"pool": "taste"}]}, "accepted: `pool` and `recipe`, or `imported`"),
    "nothing": ({}, "names nothing"),
    "no model": ({"mixes": ["taste_mix"], "schedules": ["laptop_short"]}, "names schedules and no models"),
    "no schedule": ({"models": ["smollm2"], "mixes": ["taste_mix"]}, "name both"),
    "nobody asked": ({"models": ["smollm2"], "benches": ["ko_math"]}, "set base: true"),
    "nothing asked": ({"models": ["smollm2"], "mixes": ["taste_mix"], "schedules": ["laptop_short"], "base": True}, "there are no benches"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_experiment_that_lacks_something_says_what(case: str) -> None:
    block, said = REFUSED[case]
    config = layered([HOME / "config" / "taste.yaml"])
    config["run"] |= {"experiments": [block], "name": "taste"}
    with pytest.raises(ConfigError, match=rf"run\.experiments\[0\].*: .*{said}"):
        check(config)


def test_the_set_without_thinking_is_the_answers_of_the_demo() -> None:
    plain, worked = (
        [json.loads(line) for line in (HOME / "data" / "demo" / name).read_text(encoding="utf-8").splitlines()]
        for name in ("plain.jsonl", "worked.jsonl")
    )
    for row, whole in zip(plain, worked, strict=False):
        assert [turn["content"] for turn in row["messages"]] == [whole["instruction"], whole["response"].split("</think>")[1].strip()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pools", "sft", "finished"])
def test_a_door_without_engines_runs_to_its_page(name: str, tmp_path: Path) -> None:
    command = [HOME / "envs/run", "data", "snakemake", "--cores", "2", "--directory", tmp_path, "--configfile", *files(name)]
    done = subprocess.run([*command, "--quiet", "rules", "host"], capture_output=True, text=True, timeout=300)
    page = tmp_path / "results" / "reports" / name / "index.html"
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.splitlines()[-1] == f"koreason: report: {page}"
    assert yaml.safe_load((DOORS / f"{name}.yaml").read_text())["run"].get("report", {}).get("title", "koreason") in page.read_text()
    if name == "sft":
        mix = pl.read_parquet(tmp_path / "results" / "mixes" / "my_set" / "mix.parquet")
        assert mix.height == 48
        said = [message["content"] for messages in mix["messages"] for message in messages if message["role"] == "assistant"]
        assert all("<think>" not in text and "\\boxed{" in text for text in said)
