"""A run executes the code that it planned: what is edited meanwhile waits for the next run."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from workflow_copy import WAITING, Workflow

SOURCE, POOL = (f"results/{name}/manifest.json" for name in ("sources/demo_quiz", "pools/demo"))


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    """The real stages over one small dump; `ingest` waits for a file `go`."""
    found = Workflow.copied_to(tmp_path / "run", stages=True)
    found.config["pools"]["demo"]["sources"] = ["demo_quiz"]
    category = found.config["sources"]["demo_quiz"]["category"]
    found.config["mixes"]["demo_mix"]["quotas"] = {category: 1}
    found.config["pools"]["demo"] |= {"mask_personal_data": [], "twins": {}, "by": {}}
    found.edit("koreason/curate/ingest.py", new=WAITING)
    return found


def planned(workflow: Workflow) -> "subprocess.Popen[str]":
    """A run whose first job has started and waits."""
    process = workflow.start("--", "pools")
    deadline = time.monotonic() + 240
    while not list(workflow.folder.glob("results/sources/*/.attempt-*.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    return process


def go_on(workflow: Workflow, process: "subprocess.Popen[str]") -> str:
    (workflow.folder / "go").touch()
    _, said = process.communicate(timeout=120)
    return said


def made(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    manifest, run = (json.loads((folder / POOL).with_name(name).read_text()) for name in ("manifest.json", "run.json"))
    return manifest, run


def test_what_is_edited_after_planning_waits_for_the_next_run(workflow: Workflow, tmp_path: Path) -> None:
    pool = (workflow.folder / "koreason/curate/pool.py").read_text()
    process = planned(workflow)
    [laid] = (workflow.folder / ".koreason/code").iterdir()
    workflow.edit("koreason/curate/pool.py", new="\nraise SystemExit('the edited code ran')\n")
    workflow.edit("rules/curate.smk", new="\nthis is no rule\n")
    workflow.edit("bin/koreason", new="\nexit 3\n")
    (workflow.folder / "selection.yaml").write_text("no: configuration\n")
    assert process.poll() is None
    said = go_on(workflow, process)
    assert process.returncode == 0, said[-3000:]
    manifest, run = made(workflow.folder)
    assert run["package"] == laid.name

    # the same bytes as a run that nobody disturbed
    other = Workflow.copied_to(tmp_path / "other", stages=True)
    other.config = workflow.config
    other.run("pools")
    assert made(other.folder)[0] == manifest
    assert made(other.folder)[1]["code"] == run["code"]

    # and the next run makes what was edited, and nothing else
    for name in ("rules/curate.smk", "bin/koreason"):
        (workflow.folder / name).write_text((other.folder / name).read_text())
    (workflow.folder / "koreason/curate/pool.py").write_text(f"{pool}\nEDITED = 1\n")
    assert workflow.plan("pools") == {POOL: "pool"}
    workflow.run("pools")
    assert workflow.plan("pools") == {}
    # each package stays for as long as a result names it
    assert {path.name for path in (workflow.folder / ".koreason/code").iterdir()} == {laid.name, made(workflow.folder)[1]["package"]}


def test_a_job_refuses_code_that_is_not_the_planned_one(workflow: Workflow) -> None:
    process = planned(workflow)
    [laid] = (workflow.folder / ".koreason/code").iterdir()
    path = laid / "koreason/curate/pool.py"
    path.chmod(0o644)
    path.write_text(path.read_text() + "\nEDITED = 1\n")
    said = go_on(workflow, process)
    assert process.returncode == 1
    [line] = min((workflow.folder / "logs/curate").glob("clean.*.log")).read_text().splitlines()
    assert line.startswith(f"koreason: {laid}: is not the code that was planned")
    assert line in said, "Snakemake shows the log of what failed"
    assert not (workflow.folder / POOL).parent.exists()
    # what is damaged is laid down anew
    workflow.run("pools")
    assert made(workflow.folder)[1]["package"] == laid.name


def test_a_run_that_plans_while_its_code_is_edited_says_so(workflow: Workflow) -> None:
    """The edit comes between reading the rules and the first job: from a rule's own look-up, which runs in between."""
    workflow.edit("rules/common.smk", "def student(", "open(HOME / 'koreason/errors.py', 'a').write('# x')\n\n\ndef student(")
    done = workflow.snakemake("--", "pools", check=False)
    assert done.returncode == 2
    assert "was edited while the run was being planned; type the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(workflow.folder.glob("results/**/manifest.json"))
    assert not list(workflow.folder.glob(".snakemake/locks/*")), "the next run is not locked out"
