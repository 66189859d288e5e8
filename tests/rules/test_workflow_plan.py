"""The plan of the paper's experiment, and what every rule states, read from the real Snakemake's dry run."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from workflow_copy import HOME, Workflow, read_config

from koreason.config.rules import RULES, resources_of

MINE = [rule for rule in RULES if rule != "import_traces"]  # the paper imports nothing: see test_workflow_imported.py
pytestmark = pytest.mark.xdist_group("paper")


@dataclass
class Job:
    """One job of a dry run, as Snakemake prints it."""

    rule: str
    output: str = ""
    log: str = ""
    benchmark: str = ""
    threads: int = 1
    resources: dict[str, str] = field(default_factory=dict)


def jobs_of(text: str) -> list[Job]:
    jobs = []
    for block in re.split(r"^(?=(?:local)?rule \w+:$)", text, flags=re.MULTILINE)[1:]:
        lines = dict(re.findall(r"^    (\w+): (.*)$", block, re.MULTILINE))
        resources = dict(pair.split("=", 1) for pair in lines.get("resources", "").split(", ") if "=" in pair)
        rule = re.match(r"(?:local)?rule (\w+)", block)
        assert rule
        jobs.append(
            Job(rule[1], lines.get("output", ""), lines.get("log", ""), lines.get("benchmark", ""), int(lines.get("threads", 1)), resources)
        )
    return jobs


@pytest.fixture(scope="module")
def paper() -> dict[str, Any]:
    return read_config(HOME / "config", "paper")


@pytest.fixture(scope="module")
def jobs(paper: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("paper") / "run")
    workflow.config = paper
    return jobs_of(workflow.snakemake("--dry-run", "--cores", "64").stdout)


def test_the_paper_is_planned_whole(jobs: list[Job]) -> None:
    traces = Counter(job.output.split("/")[3] for job in jobs if job.rule == "trace")
    assert traces["en_ko"] == 1414  # 5.79M prompts, 4,096 a shard
    assert set(traces) == {"en_ko", "exams_en_ko", "ot_en_ko", "ot_en", "ot_ko", "ot_ru_ko", "ot_zh_ko"}
    assert len({shards for recipe, shards in traces.items() if recipe.startswith("ot_")}) == 1
    counts = Counter(job.rule for job in jobs)
    assert counts["train"] == 9 + 2 * (6 + 5)  # tables 5, 3 and 2
    assert counts["generate"] == counts["score"] == 9 * 9 * 2 + 2 * (6 + 5) * 3
    assert counts["select"] == 1 + 6 + 5
    assert counts["base"] == 1 + 9
    assert counts["bench"] == 9 + 1  # MCLM as one benchmark, in the ablations


def test_nine_models_are_judged_by_nine_benchmarks(jobs: list[Job]) -> None:
    cells = {tuple(job.output.split("/")[2:6]) for job in jobs if job.rule == "score"}
    for mix in ("base", "yisang_hq"):
        assert len({model for model, mixed, *_ in cells if mixed == mix}) == 9
        assert len({bench for _, mixed, _, bench in cells if mixed == mix}) == 9
        assert sum(mixed == mix for _, mixed, *_ in cells) == 81
    schedules = {model: schedule for model, mix, schedule, _ in cells if mix == "yisang_hq"}
    assert [model for model, schedule in schedules.items() if schedule == "final_35b"] == ["KO-REAson-AX3_1-35B-1009"]


def test_models_of_one_tokenizer_share_packed_data(jobs: list[Job], paper: dict[str, Any]) -> None:
    packed = [job.output for job in jobs if job.rule == "pack" and "/yisang_hq/" in job.output]
    models = {job.output.split("/")[2] for job in jobs if job.rule == "train"}
    tokenizers = {paper["bases"][paper["models"][model]["base"]]["tokenizer"] for model in models}
    assert len(packed) == len(set(packed)) == len(tokenizers) < len(models)


@pytest.mark.parametrize("rule", MINE)
def test_a_rule_states_what_it_needs(rule: str, jobs: list[Job], paper: dict[str, Any]) -> None:
    asked = paper["resources"][resources_of(rule)]
    of_rule = [job for job in jobs if job.rule == rule]
    assert of_rule
    for job in of_rule:
        assert job.threads == asked["threads"]
        assert int(job.resources["mem_mb"]) == asked["mem_mb"]
        assert int(job.resources["runtime"]) == asked["runtime"]
        assert int(job.resources.get("gpu", 0)) == asked["gpus"]
        assert job.output.split(", ")[0].endswith("/manifest.json")
        assert job.output.count(", ") == (3 if rule == "page" else 0)  # what `snakemake --report` shows is declared, too


def test_no_two_jobs_share_a_log_or_a_benchmark_file(jobs: list[Job]) -> None:
    made = [job for job in jobs if job.rule in MINE]
    for files in ([job.log for job in made], [job.benchmark for job in made]):
        assert all(files)
        assert len(set(files)) == len(made)


def test_rules_know_no_cluster() -> None:
    for path in [HOME / "Snakefile", *(HOME / "rules").glob("*.smk"), *(HOME / "config").glob("*.yaml")]:
        found = re.findall(
            r"(?i)\b(?:slurm\w*|s(?:batch|run|info|queue|acct)|partition|gres|qos|squeue)\b", path.read_text(encoding="utf-8")
        )
        assert not found, f"{path.name}: {found}"


def test_bare_commands_find_the_demo_and_nothing_to_complain_of(tmp_path: Path) -> None:
    workflow = Workflow.copied_to(tmp_path / "run")
    linted = workflow.snakemake("--lint", config=False)
    assert "Congratulations" in linted.stderr, linted.stderr
    bare = workflow.snakemake("--dry-run", config=False)
    assert "no configuration is given: this is config/demo.yaml" in bare.stderr
    named = workflow.snakemake("--dry-run").stdout  # planned from a file of another name, which the report's folder has
    assert {(job.rule, job.output.replace("reports/selection", "reports/demo")) for job in jobs_of(named)} == {
        (job.rule, job.output) for job in jobs_of(bare.stdout)
    }


@pytest.mark.parametrize("given", [("--config", 'run={"experiments": []}'), ("--configfile", "config/config.yaml")])
def test_a_configuration_without_experiments_is_refused(given: tuple[str, str], tmp_path: Path) -> None:
    assert refused(Workflow.copied_to(tmp_path / "run"), *given).startswith("koreason: run.experiments: is empty")


def refused(workflow: Workflow, *given: str) -> str:
    """What the user reads when the workflow refuses its configuration, or what is given: one line, and nothing has run."""
    result: subprocess.CompletedProcess[str] = workflow.snakemake(*given, check=False, config=not given)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert not (workflow.folder / "results").exists()
    lines = [line for line in result.stderr.splitlines() if line.startswith("koreason: ")]
    assert len(lines) == 1
    return lines[0]


def test_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    workflow = Workflow.copied_to(tmp_path / "run")
    schedule = workflow.config["run"]["experiments"][0]["schedules"][0]
    settings = workflow.config["schedules"][schedule]
    settings["wamup_share"] = settings.pop("warmup_share")
    assert refused(workflow) == f"koreason: schedules.{schedule}: unknown key 'wamup_share'; did you mean 'warmup_share'?"


def test_a_reference_to_nothing_is_refused(tmp_path: Path) -> None:
    workflow = Workflow.copied_to(tmp_path / "run")
    workflow.config["run"]["experiments"][0]["mixes"] = ["no_such_mix"]
    line = refused(workflow)
    assert line.startswith("koreason: run.experiments[0].mixes[0]: 'no_such_mix' is not in mixes; ")
    assert next(iter(workflow.config["mixes"])) in line
