"""What each change makes the workflow do again: the real Snakemake, rules and digests over a finished run."""

import ast
import copy
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from workflow_copy import PARTS, Workflow, made_by, names, of_trained_models

SCORED = ("generate", "score", "page")
STAGES = {"base", "ingest", "clean", "trace", "select", "pack", "train", "generate", "score", "page"}


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path]:
    """The plan of a whole run, and the folder in which it was carried out."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("finished") / "run")
    plan = workflow.plan()
    workflow.run()
    return plan, workflow.folder


@pytest.fixture
def everything(first_run: tuple[dict[str, str], Path]) -> dict[str, str]:
    """Every output of the run and its rule."""
    return first_run[0]


@pytest.fixture
def finished(first_run: tuple[dict[str, str], Path], tmp_path: Path) -> Workflow:
    """The finished run, in another folder: nothing may depend on where it lies."""
    return Workflow(shutil.copytree(first_run[1], tmp_path / "run"))


def test_the_first_plan_has_every_stage(everything: dict[str, str]) -> None:
    assert set(everything.values()) == STAGES


def test_nothing_changed(finished: Workflow) -> None:
    assert finished.plan() == {}


def test_comments_and_docstrings(finished: Workflow) -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for file in (finished.folder / "koreason").rglob("*.py"):
        lines = file.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, documented) and ast.get_docstring(node):
                first = node.body[0].lineno - 1
                lines[first] = lines[first].replace('"""', '"""Edited: ', 1)
        file.write_text("\n".join([*lines, "# a comment", ""]), encoding="utf-8")
    for file in [finished.folder / "Snakefile", *(finished.folder / "rules").iterdir()]:
        file.write_text(file.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    assert finished.plan() == {}


def test_reordered_keys(finished: Workflow) -> None:
    def reverse(value: object) -> object:
        return {key: reverse(item) for key, item in reversed(value.items())} if isinstance(value, dict) else value

    finished.config = reverse(finished.config)
    assert finished.plan() == {}


def test_shuffled_mtimes(finished: Workflow) -> None:
    chance = random.Random(1)
    for file in finished.folder.rglob("*"):
        if file.is_file() and ".snakemake" not in file.parts:
            moment = 1.7e9 + chance.random() * 1e7
            os.utime(file, (moment, moment))
    assert finished.plan() == {}


def test_fresh_checkout(finished: Workflow) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *identity, *arguments], cwd=finished.folder, check=True, capture_output=True)

    git("init")
    git("add", *PARTS)
    git("commit", "-m", "all")
    for part in PARTS:
        path = finished.folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    git("checkout", "--", ".")
    assert finished.plan() == {}


def test_a_new_mix(finished: Workflow, everything: dict[str, str]) -> None:
    mix = finished.config["mixes"][names(everything, "select", 2)[0]]
    finished.config["mixes"]["another"] = {**copy.deepcopy(mix), "seed": mix["seed"] + 1}
    for block in finished.config["run"]["experiments"]:
        block["mixes"].append("another")
    plan = finished.plan()
    assert set(plan.values()) == {"select", "pack", "train", *SCORED}
    assert all("/another/" in output for output, rule in plan.items() if rule != "page")


def test_an_edit_in_langmix(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/select/langmix.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "select", "pack", "train", *SCORED)


def test_an_edit_in_the_training_loop(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/train/loop.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "train", *SCORED)


def test_an_edit_in_the_scorer(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/evaluate/score.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(everything, "score", "page")


def test_an_edit_in_the_engine(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/engine/journal.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(everything, "trace", "select", "pack", "train", *SCORED)


def test_an_edit_in_the_traces_and_one_in_the_benchmarks_do_not_meet(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/trace/shard.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "trace", "select", "pack", "train", *SCORED)
    finished.run("traces")
    finished.edit("koreason/evaluate/generate.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(everything, *SCORED)


def test_an_edit_in_the_style_of_the_page(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/report/page.css", new="\nh1 { color: teal }\n")
    assert set(finished.plan()) == made_by(everything, "page")


def test_more_shards(finished: Workflow, everything: dict[str, str]) -> None:
    recipes = names(everything, "trace", 3)
    for recipe in recipes:
        finished.config["recipes"][recipe]["shards"] += 1
    plan = finished.plan()
    assert not made_by(plan, "trace") & set(everything)
    assert len(made_by(plan, "trace")) == len(made_by(everything, "trace")) + len(recipes)
    assert set(plan) - made_by(plan, "trace") == of_trained_models(everything, "select", "pack", "train", *SCORED)


def test_a_new_prompt_in_a_pool(finished: Workflow, everything: dict[str, str]) -> None:
    source = names(everything, "ingest", 2)[0]
    finished.config["sources"][source]["files"] = {"more.jsonl": "0" * 64}
    first = finished.plan("pools")
    assert set(first) == {f"results/sources/{source}/manifest.json"} | made_by(everything, "clean")
    finished.run("pools")
    # every shard is planned, because each may have got one of the new prompts; the journals hold all others' traces
    assert set(finished.plan()) == of_trained_models(everything, "trace", "select", "pack", "train", *SCORED)


def test_an_unchanged_manifest_stops_what_follows(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/curate/clean.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "clean", "trace", "select", "pack", "train", *SCORED)
    finished.run("pools")
    assert finished.plan() == {}


def test_another_lock(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("envs/megatron.lock", new="one-more==1.0\n")
    assert set(finished.plan()) == of_trained_models(everything, "pack", "train", *SCORED)


def test_another_image(finished: Workflow, everything: dict[str, str]) -> None:
    images = finished.folder / "containers" / "images.lock.json"
    images.parent.mkdir(exist_ok=True)
    images.write_text(json.dumps({"megatron": {"file": "megatron.sif", "sha256": "1" * 64}}), encoding="utf-8")
    finished.run()
    assert finished.plan() == {}
    images.write_text(json.dumps({"megatron": {"file": "megatron.sif", "sha256": "2" * 64}}), encoding="utf-8")
    assert set(finished.plan()) == of_trained_models(everything, "pack", "train", *SCORED)


def test_a_deleted_shard_comes_back_alone(finished: Workflow, everything: dict[str, str]) -> None:
    shard = min(made_by(everything, "trace"))
    (finished.folder / shard).unlink()
    assert set(finished.plan("traces")) == {shard}
    finished.run("traces")
    assert finished.plan() == {}
