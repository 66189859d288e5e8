"""What a change of code costs before it is committed, and results of older code that are taken for current ones."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow_copy import PARTS, Workflow, made_by

Result = subprocess.CompletedProcess[str]
LOOP = "koreason/train/steps/loop.py"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A finished run of stand-ins, in a repository, and all that it made."""
    found = Workflow.copied_to(tmp_path_factory.mktemp("finished") / "run").without_imported()
    everything = found.plan()
    found.run()
    for command in (["init", "--quiet"], ["add", *PARTS], ["commit", "--quiet", "-m", "all"], ["tag", "v1"]):
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *identity, *command], cwd=found.folder, check=True)
    return found.folder, everything


@pytest.fixture
def workflow(finished: tuple[Path, dict[str, str]], tmp_path: Path) -> Workflow:
    return Workflow(shutil.copytree(finished[0], tmp_path / "run", symlinks=True)).without_imported()


@pytest.fixture
def koreason(workflow: Workflow) -> Callable[..., Result]:
    def call(*words: str) -> Result:
        command = [sys.executable, "-m", "koreason", *words, "--configfile", "selection.yaml"]
        environment = {**os.environ, "PYTHONPATH": str(workflow.folder), "KOREASON_HOME": str(workflow.folder)}
        return subprocess.run(command, cwd=workflow.folder, env=environment, capture_output=True, text=True)

    return call


def test_the_price_of_a_change(finished: tuple[Path, dict[str, str]], workflow: Workflow, koreason: Callable[..., Result]) -> None:
    assert koreason("price").stdout == "Nothing runs again: no rule's code, environment or command differs from HEAD.\n"
    workflow.edit("koreason/progress.py", new="\n# another bar\nINTERVAL = 3\n")
    assert koreason("price").stdout.startswith("Nothing runs again")
    workflow.edit(LOOP, new="\nEDITED = 1\n")
    workflow.edit("envs/data.lock", new="another==1.0\n")
    done = koreason("price", "v1")
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.split("why:")[0].splitlines() if line}
    everything = finished[1]
    train = len(made_by(everything, "train"))
    assert rows["train"][:3] == [str(train), "0", str(train)]  # again, behind, made here
    assert int(rows["ingest"][0]) == len(made_by(everything, "ingest"))
    assert (rows["trace"][0], int(rows["trace"][1])) == ("0", len(made_by(everything, "trace")))
    why = [line.split() for line in done.stdout.split("why:\n")[1].splitlines()]
    assert ["train", LOOP] in why and ["ingest", "envs/data.lock"] in why and "trace" not in {line[0] for line in why if line}
    # as Snakemake plans it
    plan = workflow.plan()
    assert sum(int(row[0]) + int(row[1]) for rule, row in rows.items() if rule in set(everything.values())) == len(plan)


def test_a_price_against_nothing_is_one_line(koreason: Callable[..., Result]) -> None:
    done = koreason("price", "v99")
    assert done.returncode == 2 and "git has no state 'v99'" in done.stderr and "Traceback" not in done.stderr


def test_a_result_of_older_code_is_taken_for_current(workflow: Workflow, koreason: Callable[..., Result]) -> None:
    workflow.edit(LOOP, new="\nEDITED = 1\n")
    planned = workflow.plan()
    [model] = made_by(planned, "train")
    shown = koreason("adopt", "train", "--diff")
    assert shown.returncode == 0, shown.stderr
    assert "train: 1 results of code ran, which is " in shown.stdout and f"  {LOOP}: +2 -0\n" in shown.stdout
    assert "+EDITED = 1" in shown.stdout and "Nothing was changed. Give --yes" in shown.stdout
    assert workflow.plan() == planned
    taken = koreason("adopt", "train", "--yes")
    assert taken.returncode == 0 and "taken: 1" in taken.stdout, taken.stderr
    assert workflow.plan() == {}
    run = json.loads((workflow.folder / model).with_name("run.json").read_text())
    assert run["code"] == "ran" and len(run["adopted"]) == 1 and run["adopted"][0]["code"] in shown.stdout
    # what is taken once is made again for the next change
    workflow.edit(LOOP, new="\nEDITED = 2\n")
    assert made_by(workflow.plan(), "train") == {model}


def test_a_result_of_other_settings_is_not_taken(workflow: Workflow, koreason: Callable[..., Result]) -> None:
    workflow.edit(LOOP, new="\nEDITED = 1\n")
    [schedule] = {name for block in workflow.config["run"]["experiments"] for name in block["schedules"]}
    workflow.config["schedules"][schedule]["seed"] += 1
    planned = workflow.plan()
    done = koreason("adopt", "train", "--yes")
    assert done.returncode == 0 and "stays: code, schedule differs, too" in done.stdout and "Nothing to take" in done.stdout
    assert workflow.plan() == planned
    unknown = koreason("adopt", "trian")
    assert unknown.returncode == 2 and "no rule is called 'trian'" in unknown.stderr
