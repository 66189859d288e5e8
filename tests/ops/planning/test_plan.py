"""`koreason plan` against the real Snakemake, and the budget that stops a run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workflow_copy import HOME, Workflow

from koreason.config.rules import RULES
from koreason.config.site import Budget, GpuPartition, Overrides, Site
from koreason.ops.planning import disk
from koreason.ops.planning.budget import cost, excess, longest_chain
from koreason.workflow.dryrun import Planned, what_changed

Result = subprocess.CompletedProcess[str]

SITE = """\
cpu: {partition: cpu, max_runtime: 1440}
gpu: {partition: gpu, max_runtime: 15}
jobs: 4
rules: {train: {nodes: 2, gpus: 1, threads: 1, runtime: 30}}
budget: BUDGET
"""


def planned(rule: str, output: str, *after: str, **wildcards: str) -> Planned:
    return Planned(rule, output, wildcards, after, ())


def test_hours_count_nodes_tasks_cores_and_gpus() -> None:
    resources = {
        "train": {"mem_mb": 1000, "runtime": 90, "threads": 8, "gpus": 4, "nodes": 2},
        "report": {"mem_mb": 1, "runtime": 30, "threads": 1, "gpus": 0},
    }
    costs = cost({"train": 3, "page": 1}, resources, None)
    assert (costs["train"].hours, costs["train"].gpu_hours, costs["train"].core_hours) == (4.5, 36.0, 72.0)
    assert costs["page"].hours == 0.5
    site = Site(gpu=GpuPartition(), rules={"train": Overrides(nodes=1, tasks=2, runtime=60)})
    there = cost({"train": 3}, resources, site)["train"]
    assert (there.gpu_hours, there.core_hours) == (12.0, 48.0)


def test_the_budget_is_kept_to_the_hour() -> None:
    costs = cost({"train": 1}, {"train": {"mem_mb": 1, "runtime": 60, "threads": 8, "gpus": 4}}, None)
    assert excess(costs, None) is None
    assert excess(costs, Site(budget=Budget(gpu_hours=4, core_hours=8))) is None
    assert excess(costs, Site(budget=Budget(gpu_hours=3.9))) == "4.0 gpu-hours are planned and 3.9 allowed"
    both = excess(costs, Site(budget=Budget(gpu_hours=1, core_hours=1)))
    assert both == "4.0 gpu-hours are planned and 1.0 allowed and 8.0 core-hours are planned and 1.0 allowed"


def test_the_longest_chain_is_what_waits_for_each_other() -> None:
    resources = {
        name: {"mem_mb": 1, "runtime": minutes, "threads": 1, "gpus": 0} for name, minutes in [("base", 60), ("trace", 120), ("select", 30)]
    }
    jobs = [planned("select", "s", "t1", "t2"), planned("trace", "t1", "b"), planned("trace", "t2", "b"), planned("base", "b")]
    assert longest_chain(jobs, cost({"base": 1, "trace": 2, "select": 1}, resources, None)) == 3.5


def test_changed_parameters_are_named() -> None:
    before = ['{"min_chars": 50, "limit": 96}', "aaaa", '{"name": "Korean"}']
    assert what_changed(before, {"spec": '{"min_chars": 60, "limit": 96}'}) == ["params: spec.min_chars: 50 -> 60"]
    assert what_changed(before, {"code": "bbbb"}) == ["params: the stage's code changed"]
    assert what_changed(before, {"environment": "cccc"}) == ["params: its environment's lock or image changed"]
    assert what_changed(before, {"language": '{"name": "Ainu"}'}) == ['params: language.name: "Korean" -> "Ainu"']
    assert what_changed(["gone"], {}) == ["params have changed since last execution"]


def test_of_a_nested_value_the_part_that_changed_is_shown() -> None:
    def changed(before: object, now: object) -> list[str]:
        return what_changed([json.dumps({"filters": before, "seed": 1})], {"spec": json.dumps({"filters": now, "seed": 1})})

    wide = {"max_loop_ratio": 4.0, "max_think_share": 0.9, "min_answer_share": 0.05, "measures": {"burstiness": {"min": 0.1}}}
    assert changed(wide, wide | {"min_answer_share": 0.3}) == ["params: spec.filters.min_answer_share: 0.05 -> 0.3"]
    deep = wide | {"measures": {"burstiness": {"min": 0.2}}}
    assert changed(wide, deep) == ["params: spec.filters.measures.burstiness.min: 0.1 -> 0.2"]
    assert changed(["a", "b", "c"], ["a", "c", "d"]) == ['params: spec.filters: without "b", with "d"']
    assert changed(["a", "b"], ["b", "a"]) == ["params: spec.filters: in another order"]
    text = "a system prompt that says the same for a long while and then "
    [line] = changed(text + "thinks", text + "answers")
    assert line.endswith('... and then thinks" -> ... and then answers"') or ("thinks" in line and "answers" in line), line


def test_disk_follows_its_formula(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "bases": {"b": {"parameters": 1000}},
        "pools": {"p": {"limit": 100}, "q": {}},
        "recipes": {"r": {"shards": 4, "samples": 2, "sampling": {"max_tokens": 10}}},
        "mixes": {"m": {"quotas": {"A": 5, "B": 5}, "filters": {"max_tokens": 10}}},
        "models": {"l": {"base": "b", "dtype": "bfloat16"}},
        "schedules": {"s": {"keep_checkpoints": 2}},
    }
    jobs = [
        planned("base", "1", base="b"),
        planned("trace", "2", pool="p", recipe="r", shard="x"),
        planned("select", "3", mix="m"),
        planned("pack", "4", mix="m", base="b"),
        planned("train", "5", model="l", mix="m", schedule="s"),
        planned("train", "6", model="l", mix="m2", schedule="s"),
    ]
    sizes = disk.peak(jobs, config, tmp_path, at_once=1)
    assert sizes == {"base": 2000, "trace": 25 * 2 * 10 * 4 * 2, "select": 400, "pack": 500, "train": 4000, "checkpoints": 36000}
    assert disk.peak(jobs, config, tmp_path, at_once=9)["checkpoints"] == 72000
    mix = config["mixes"]["m"]
    mix["quotas"] = {"A": 10**9}
    (tmp_path / "set.jsonl").write_bytes(b"x" * 700)
    (tmp_path / "more.jsonl.gz").write_bytes(b"x" * 10)
    config["imported"] = {"i": {"root": str(tmp_path), "files": {"set.jsonl": "0", "more*": "0"}}, "away": {"files": {"gone": "0"}}}
    mix["traces"] = [{"pool": "p", "recipe": "r"}, {"imported": "i"}]
    drawn = 100 * 2 * 10 + 700 + 10 * 20
    assert disk.peak(jobs[2:4], config, tmp_path, 1) | {"select": drawn * 4, "pack": drawn * 5} == disk.peak(jobs[2:4], config, tmp_path, 1)
    mix["traces"].append({"imported": "away"})
    assert disk.peak(jobs[2:3], config, tmp_path, 1)["select"] == 10**9 * 10 * 4, "what cannot be told bounds nothing"
    unknown = [planned("trace", "2", pool="q", recipe="r", shard="x")]
    assert disk.peak(unknown, config, tmp_path, 1)["trace"] == 4096 * 2 * 10 * 4 * 2
    (tmp_path / "pools" / "q").mkdir(parents=True)
    (tmp_path / "pools" / "q" / "manifest.json").write_text('{"files": {"prompts.parquet": {"rows": 40}}}', encoding="utf-8")
    assert disk.peak(unknown, config, tmp_path, 1)["trace"] == 10 * 2 * 10 * 4 * 2


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    return Workflow.copied_to(tmp_path / "run")


def plan(workflow: Workflow, *arguments: str, site: str = "") -> Result:
    """`koreason plan` in the copy's folder."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("KOREASON_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    if site:
        (workflow.folder / "site.yaml").write_text(site, encoding="utf-8")
        environment["KOREASON_SITE"] = str(workflow.folder / "site.yaml")
    command = [sys.executable, "-m", "koreason", "plan", *arguments, "--configfile", "config/demo.yaml"]
    return subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True, timeout=300)


def rows(text: str) -> dict[str, list[str]]:
    """First lines of the table and of the reasons, by rule."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if words:
            found.setdefault(words[0], words[1:])
    return found


def squeezed(text: str) -> str:
    """A table without its columns' widths."""
    return re.sub(" +", " ", text)


def test_a_first_run_is_planned_whole(workflow: Workflow) -> None:
    result = plan(workflow)
    assert result.returncode == 0, result.stderr
    found = rows(result.stdout)
    assert found["trace"][0] == "2" and found["ingest"][0] == "6" and found["total"][0] == "60"
    assert "the longest chain of jobs asks for 2.1 hours" in result.stdout
    assert " ingest 6 output files have to be generated\n" in squeezed(result.stdout)
    assert "checkpoints 4.8" in result.stdout  # 134.5M parameters, 12 bytes, three times
    assert "none: costs on this machine" in result.stdout


def test_a_budget_that_is_exceeded_is_refused_by_plan_and_by_snakemake(workflow: Workflow) -> None:
    site = SITE.replace("BUDGET", "{gpu_hours: 0.5}")
    result = plan(workflow, site=site)
    assert result.returncode == 2
    assert result.stderr.startswith("koreason: budget: 2.0 gpu-hours are planned and 0.5 allowed; ")
    assert len(result.stderr.splitlines()) == 1
    assert "2 x 1 GPU, 1 core, 9 GB, 30 min, in 2 turns" in result.stdout
    command = [Path(sys.executable).parent / "snakemake", "--cores", "2", "--configfile", "config/demo.yaml"]
    environment = {**os.environ, "KOREASON_SITE": str(workflow.folder / "site.yaml")}
    run = subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("koreason: budget: 2.0 gpu-hours are planned and 0.5 allowed; ")
    assert "Traceback" not in run.stderr
    assert not (workflow.folder / "results").exists()


def test_a_budget_that_is_enough_lets_a_run_start(workflow: Workflow) -> None:
    (workflow.folder / "site.yaml").write_text(SITE.replace("BUDGET", "{gpu_hours: 1, core_hours: 100}"), encoding="utf-8")
    quiz = "results/sources/demo_quiz/manifest.json"
    command = [Path(sys.executable).parent / "snakemake", quiz, "--cores", "2", "--configfile", "config/demo.yaml"]
    environment = {**os.environ, "KOREASON_SITE": str(workflow.folder / "site.yaml")}
    run = subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True, timeout=300)
    assert "rule ingest:" in run.stderr and "are planned" not in run.stderr


def test_a_rerun_says_what_changed(workflow: Workflow) -> None:
    workflow.run("pools")
    assert "Nothing to be done" in plan(workflow, "pools", site=SITE.replace("BUDGET", "{}")).stdout
    workflow.edit("config/demo.yaml", "min_chars: 50", "min_chars: 60")
    workflow.edit("koreason/curate/pool.py", new="\nNEW = 1\n")
    text = plan(workflow, "pools").stdout
    assert " pool 1 params: the stage's code changed; params: spec.min_chars: 50 -> 60 (demo_exams)\n" in squeezed(text)
    assert "ingest" not in rows(text)
    workflow.edit("config/demo.yaml", "max_reject_share: 0.10", "max_reject_share: 0.20")
    text = plan(workflow, "pools").stdout
    assert " ingest 1 params: spec.max_reject_share: 0.1 -> 0.2 (demo_webqa)\n" in squeezed(text)
    assert " clean 2 input files updated by another job (demo" in squeezed(text), "its own, and that of what is made of the exams"


def test_a_target_is_planned_alone(workflow: Workflow) -> None:
    found = rows(plan(workflow, "pools").stdout)
    assert set(found) & {"ingest", "clean", "trace", "train", "pool"} == {"ingest", "clean", "pool"}


def test_mistakes_are_a_line_each(workflow: Workflow) -> None:
    result = plan(workflow, "nonsense")
    assert result.returncode == 2
    assert "No rule to produce nonsense" in result.stderr and len(result.stderr.splitlines()) == 1
    workflow.edit("config/demo.yaml", "min_chars: 50", "min_char: 50")
    result = plan(workflow)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2 and all("did you mean" in line for line in lines), "a line for each pool that has it, by an anchor"


def test_the_plan_knows_every_rule() -> None:
    written = {
        line.split()[1].rstrip(":")
        for path in (HOME / "rules").glob("*.smk")
        for line in path.read_text().splitlines()
        if line.startswith("rule ")
    }
    assert set(RULES) == written
