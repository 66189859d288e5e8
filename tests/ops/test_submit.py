"""`koreason submit`: the rules' own commands, one array, found again after a kill, and Snakemake knows what was made."""

import argparse
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from koreason import home
from koreason.cluster import array, asks, turn
from koreason.cluster.array import OVER, Array, Unit
from koreason.cluster.job import this_job
from koreason.config import site as sites
from koreason.errors import UserError
from koreason.identity import environment
from koreason.ops import submit
from koreason.workflow import driver, dryrun
from tests.workflow_copy import Workflow

SITE = sites.Site(account="lab", cpu=sites.Partition("cpu"), gpu=sites.GpuPartition("gpu", model="a100"), poll=0)
NEED = {"mem_mb": 4000, "runtime": 90, "threads": 2, "gpus": 0}


class Fake:
    """A queue in memory: each question makes one more unit, until the driver is killed after so many questions."""

    def __init__(self, *_: object) -> None:
        self.logs = driver.LOGS / "rule_trace"

    arrays: dict[str, Array]
    killed_after = 10**6
    asked = 0
    works = True

    def submit(self, name: str, tasks: list[array.Task]) -> str:
        Fake.arrays[name] = Array(name, str(100 + len(self.arrays)), tasks)
        return self.arrays[name].id

    def states(self, name: str) -> dict[int, str]:
        if name not in self.arrays:
            return {}
        Fake.asked += 1
        if self.asked > self.killed_after:
            raise KeyboardInterrupt
        waiting = [unit for task in self.arrays[name].tasks for unit in task if not Path(unit.made).exists()]
        for unit in waiting[: int(self.works)]:
            Path(unit.made).parent.mkdir(parents=True, exist_ok=True)
            Path(unit.made).write_text("{}")
        made = [all(Path(unit.made).exists() for unit in task) for task in self.arrays[name].tasks]
        return {index: "COMPLETED" if done else "RUNNING" for index, done in enumerate(made)}


@pytest.fixture
def slurm(monkeypatch):
    Fake.arrays, Fake.asked, Fake.killed_after, Fake.works = {}, 0, 10**6, True
    monkeypatch.setattr(array, "Slurm", Fake)
    monkeypatch.setattr(submit, "refuse_strangers", lambda state, logs: None)
    monkeypatch.setattr(submit, "longest_array", lambda: 1001)
    monkeypatch.setattr(driver, "take", lambda *_: None)
    monkeypatch.delenv(asks.OWN_JOBS, raising=False)
    return Fake


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    found = Workflow.copied_to(tmp_path_factory.mktemp("prepared")).without_imported()
    (found.folder / "site.yaml").write_text("account: lab\ncpu: {partition: cpu}\npoll: 0\n")
    found.run("pools", "bases")
    return found.folder


@pytest.fixture
def workflow(prepared, tmp_path, monkeypatch):
    """A copy of the workflow in which everything before the traces is there."""
    found = Workflow(shutil.copytree(prepared, tmp_path / "copy")).without_imported()
    monkeypatch.chdir(found.folder)
    for module in (home, dryrun, submit, environment):
        monkeypatch.setattr(module, "HOME", found.folder)
    environment.environment_digest.cache_clear()
    monkeypatch.setenv("KOREASON_SITE", str(found.folder / "site.yaml"))
    yield found
    environment.environment_digest.cache_clear()


def the_traces(workflow: Workflow) -> tuple[str, str, int]:
    [part] = [part for mix in workflow.config["mixes"].values() for part in mix["traces"]][:1]
    return part["pool"], part["recipe"], workflow.config["recipes"][part["recipe"]]["shards"]


def call(workflow: Workflow, *words: str) -> int:
    pool, recipe, _ = the_traces(workflow)
    parser = argparse.ArgumentParser()
    submit.add_arguments(parser)
    return submit.main(parser.parse_args(["trace", "--configfile", "selection.yaml", "--pool", pool, "--recipe", recipe, *words]))


def test_the_array_runs_the_rules_commands_and_is_found_again(workflow, slurm, capsys):
    pool, recipe, shards = the_traces(workflow)
    folder = Path("results/traces") / pool / recipe
    workflow.config["recipes"][recipe]["shards"] = shards = 4
    text = workflow.snakemake("--dry-run", "--printshellcmds", "--", "traces").stdout
    printed = {line.split("exec ", 1)[-1].join(["exec ", ""]) for line in text.splitlines() if "bin/koreason" in line and " trace " in line}
    assert len(printed) == shards

    slurm.killed_after = 1
    assert call(workflow) == 130
    [first] = slurm.arrays.values()
    assert [len(task) for task in first.tasks] == [1] * shards
    commands = {unit.command for task in first.tasks for unit in task}
    # a Snakemake that is not on the cluster prints what it would run in place
    assert {command.replace(" exec --job ", " exec ") for command in commands} == printed
    assert all("bin/koreason exec --job trace " in command for command in commands)
    [noted] = json.loads((folder / "submitted.json").read_text())
    assert (noted["id"], len(noted["tasks"])) == (first.id, shards)
    made = len(list(folder.glob("*/manifest.json")))
    assert 0 < made < shards

    slurm.killed_after = 10**6
    assert call(workflow) == 0
    assert len(slurm.arrays) == 1, "nothing is submitted twice"
    assert f"found array {first.id}" in capsys.readouterr().err
    assert not (folder / "submitted.json").exists()
    assert workflow.plan("traces") == {}, "Snakemake knows what was made"

    assert call(workflow) == 0
    assert len(slurm.arrays) == 1, "nothing is due"
    workflow.config["recipes"][recipe]["seed"] += 1
    assert len(workflow.plan("traces")) == shards, "Snakemake has the parameters of what was made"
    (folder / f"00001-of-{shards:05d}" / "manifest.json").unlink()
    assert call(workflow, "--shards-per-task", "3") == 0
    [three, one] = list(slurm.arrays.values())[1].tasks
    names = [Path(unit.made).parent.name for unit in three]
    assert (len(names), len(one)) == (3, 1)
    together = turn.merge(three[0].command, names, Path(three[0].made).parent)
    assert f" --shard {' '.join(names)} " in together
    assert f" --out '{folder}/{{shard}}' > logs/" in together


def test_what_a_killed_driver_began_is_not_taken_for_done(workflow, slurm):
    """Snakemake makes again what was finished while nobody looked; another configuration is not waited for."""
    pool, recipe, _ = the_traces(workflow)
    workflow.config["recipes"][recipe]["shards"] = 3
    workflow.snakemake("--dry-run")
    slurm.killed_after = 1
    assert call(workflow) == 130
    unseen = Path(f"results/traces/{pool}/{recipe}/00001-of-00003/manifest.json")
    unseen.parent.mkdir()
    unseen.write_text("{}")
    assert str(unseen) in workflow.plan("traces")
    slurm.killed_after, slurm.works = 10**6, False
    workflow.config["recipes"][recipe]["seed"] += 1
    workflow.snakemake("--dry-run")
    with pytest.raises(UserError, match="another configuration or code; `scancel 100`"):
        call(workflow)
    slurm.works = True
    workflow.config["recipes"][recipe]["seed"] -= 1
    workflow.snakemake("--dry-run")
    assert call(workflow) == 0
    assert len(slurm.arrays) == 1
    assert workflow.plan("traces") == {}


def test_what_an_array_cannot_ask_for_is_refused_and_not_dropped(workflow, slurm):
    line = '        **need("trace", recipes="recipe"),\n'
    workflow.edit("rules/trace.smk", line, f'{line}        licenses="vllm:1",\n        slurm_extra="--comment=x",\n')
    with pytest.raises(UserError, match="rule trace: asks for licenses, slurm_extra, which `submit` cannot ask Slurm for"):
        call(workflow)
    assert not slurm.arrays and not list(Path("results/traces").glob("*/*/submitted.json"))


def test_in_place(workflow, capsys):
    pool, recipe, _ = the_traces(workflow)
    workflow.config["recipes"][recipe]["shards"] = 2
    workflow.snakemake("--dry-run")
    command = [sys.executable, "-m", "koreason", "submit", "trace", "--configfile", "selection.yaml", "--pool", pool, "--recipe", recipe]
    variables = {**os.environ, "PYTHONPATH": str(workflow.folder), "KOREASON_HOME": str(workflow.folder)}
    del variables["KOREASON_SITE"]
    done = subprocess.run([*command, "--local"], cwd=workflow.folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert workflow.plan("traces") == {}
    (workflow.folder / "bin" / "koreason").write_text("#!/bin/sh\n[ $1 = check ] && exit\necho no room here\nexit 3\n")
    (workflow.folder / "results/traces" / pool / recipe / "00001-of-00002" / "manifest.json").unlink()
    done = subprocess.run([*command, "--local"], cwd=workflow.folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    log = f"logs/trace/trace.{pool}.{recipe}.00001-of-00002.log"
    assert f"00001-of-00002: exit status 3: no room here (log: {log})" in done.stderr
    done = subprocess.run(command, cwd=workflow.folder, env=variables, capture_output=True, text=True)
    assert (done.returncode, "site file: there is none" in done.stderr) == (2, True)
    (workflow.folder / "results/pools" / pool / "manifest.json").unlink()
    done = subprocess.run([*command, "--local"], cwd=workflow.folder, env=variables, capture_output=True, text=True)
    assert (done.returncode, "has to be made first" in done.stderr) == (2, True)


def test_the_users_mistakes():
    config = {"pools": {"a": {"sources": ["s", "t"]}}, "sources": {"s": {}}, "recipes": {"r": {"shards": 2}}}
    nothing = {"pool": None, "recipe": None, "source": None}
    both = [f"results/cleaned/a/{source}/manifest.json" for source in "st"]
    assert submit.outputs("clean", nothing | {"pool": "a"}, config) == (Path("results/cleaned/a"), both)
    assert submit.outputs("clean", nothing | {"pool": "a", "source": "s"}, config) == (Path("results/cleaned/a"), both[:1])
    with pytest.raises(UserError, match="--pool: is missing; accepted: a"):
        submit.outputs("trace", nothing, config)
    with pytest.raises(UserError, match="--recipe: 'x' is not in recipes"):
        submit.outputs("trace", nothing | {"pool": "a", "recipe": "x"}, config)
    with pytest.raises(UserError, match="`ingest` has no such choice"):
        submit.outputs("ingest", nothing | {"pool": "a", "source": "s"}, config)


def test_stages_make_what_their_rules_declare(home):
    text = "\n".join(path.read_text() for path in sorted((home / "rules").glob("*.smk")))
    rules = dict(re.findall(r'^rule (\w+):.*?    output:\n        "([^"]+)"', text, re.MULTILINE | re.DOTALL))
    assert all(rules[stage] == output for stage, output in submit.STAGES.items())


def test_what_a_task_asks_for():
    found = submit.parameters(SITE, "trace", NEED)
    assert (found["partition"], found["account"], found["mem"], found["time"], found["cpus_per_task"]) == ("cpu", "lab", "4000M", 90, 2)
    assert found["additional_parameters"] == {"requeue": True}
    assert submit.parameters(SITE, "trace", NEED | {"gpus": 2})["gres"] == "gpu:a100:2"
    gpus = sites.Site(gpu=sites.GpuPartition(style="gpus", model="h100"), requeue=False)
    assert submit.parameters(gpus, "trace", NEED | {"gpus": 1})["additional_parameters"] == {"no-requeue": True, "gpus": "h100:1"}
    spread = sites.Site(rules={"trace": sites.Overrides(nodes=2)})
    with pytest.raises(UserError, match="several tasks"):
        submit.parameters(spread, "trace", NEED)


def test_one_command_for_several_shards():
    command = "exec bin/koreason trace --shard A --journal results/t/journal --out results/t/A > logs/A.log 2>&1"
    assert turn.merge(command, ["A"], Path("results/t/A")) == command
    both = "exec bin/koreason trace --shard A B --journal results/t/journal --out 'results/t/{shard}' > logs/A.log 2>&1"
    assert turn.merge(command, ["A", "B"], Path("results/t/A")) == both
    with pytest.raises(ValueError, match="has no single"):
        turn.merge("koreason clean --out results/t/A ", ["A", "B"], Path("results/t/A"))


def test_a_task_that_came_back_leaves_finished_units_alone(tmp_path):
    commands = [f"echo --shard {name} --out {tmp_path}/{name} > {tmp_path}/log" for name in "ABC"]
    made = [str(tmp_path / name / "manifest.json") for name in "ABC"]
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "manifest.json").touch()
    turn.run(commands, made)
    assert (tmp_path / "log").read_text() == f"--shard B C --out {tmp_path}/{{shard}}\n"
    with pytest.raises(SystemExit, match="75"):
        turn.run(["exit 75"], made[1:2])
    turn.run(["exit 1"], made[:1])


class Said:
    """A queue that says what it is told to."""

    def __init__(self, *answers: dict[int, str]) -> None:
        self.answers = list(answers)

    def submit(self, name: str, tasks: list[array.Task]) -> str:
        raise KeyboardInterrupt

    def states(self, name: str) -> dict[int, str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def units(folder: Path, *names: str) -> list[Unit]:
    return [Unit(str(folder / name / "manifest.json"), str(folder / f"{name}.log"), "k", "true") for name in names]


def test_a_driver_killed_while_it_submits_finds_the_array_by_name(tmp_path):
    state, tasks = tmp_path / "submitted.json", [units(tmp_path, "a"), units(tmp_path, "b")]
    Path(tasks[0][0].made).parent.mkdir()
    Path(tasks[0][0].made).touch()
    with pytest.raises(KeyboardInterrupt):
        array.submit(tasks, Said({}), state, [], "trace")
    assert not Path(tasks[0][0].made).exists(), "what was there before is no proof"
    [noted] = array.read_arrays(state)
    assert noted.id == ""
    assert noted.name.startswith("trace-")
    assert array.alive([noted], Said({})) == []
    assert array.alive([noted], Said({0: "PENDING", 1: "COMPLETED"})) == [noted]
    assert [unit.made for unit in array.in_flight([noted], Said({0: "PENDING", 1: "COMPLETED"}))] == [tasks[0][0].made]
    array.write_arrays(state, [])
    assert array.read_arrays(state) == []


def test_failures_are_told_with_their_reason(tmp_path, capsys):
    array_ = Array("n", "7", [units(tmp_path, "a", "b"), units(tmp_path, "c"), units(tmp_path, "d")])
    for name in "ac":
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
    (tmp_path / "b.log").write_text("start\nkoreason: no such file\n\n")
    made = []
    queue = Said({0: "RUNNING", 1: "COMPLETED", 2: "PENDING"}, {0: "FAILED", 1: "COMPLETED", 2: "COMPLETED"})
    failures = array.follow([array_], queue, made.append, done=0, what="trace", poll=0, latency=0)
    assert [Path(unit.made).parent.name for unit in made] == ["a", "c"]
    assert [(Path(failure.unit.made).parent.name, failure.state) for failure in failures] == [("b", "FAILED"), ("d", "COMPLETED")]
    assert submit.report(failures) == 1
    errors = capsys.readouterr().err
    assert f"b: FAILED: koreason: no such file (log: {tmp_path}/b.log)" in errors
    assert "d: COMPLETED: no log was written" in errors


def test_a_file_that_comes_late_is_waited_for(tmp_path):
    late = units(tmp_path, "a")

    class Late(Said):
        def states(self, name: str) -> dict[int, str]:
            if len(self.answers) == 1:
                Path(late[0].made).parent.mkdir(exist_ok=True)
                Path(late[0].made).touch()
            return super().states(name)

    queue = Late({}, {}, {})
    assert array.follow([Array("n", "", [late])], queue, lambda unit: None, done=0, what="x", poll=0.01, latency=30) == []


def test_states_of_tasks():
    assert array.parse_states("0|RUNNING\n11|PENDING\n") == {0: "RUNNING", 11: "PENDING"}
    assert array.parse_states("N/A|COMPLETED\n") == {0: "COMPLETED"}
    assert "REQUEUED" not in OVER
    assert "COMPLETING" not in OVER


def test_an_arrays_task_is_not_called_by_the_arrays_id(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "100")
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    assert this_job() == "100"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "100")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert this_job() == "100_3"


def test_what_submitit_is_handed_is_a_function_of_ours_and_plain_text():
    assert importlib.import_module(turn.run.__module__).run is turn.run
