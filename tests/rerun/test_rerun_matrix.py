"""What each change makes the workflow do again: the real Snakemake, rules and digests over a finished run."""

import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from damage import flip
from workflow_copy import PARTS, Workflow, made_by, names, of_trained_models

from koreason.cli import main
from koreason.config.rules import RULES
from koreason.identity.code import LEFT_OUT

SCORED = ("generate", "score", "page")
VERDICTS = ("dedup", "decontaminate", "pool")
OF_MIX = ("decontaminate_mix", "pack", "train", *SCORED)
FROM_TRACES = ("trace", "decontaminate_traces", "measure", "select", *OF_MIX)
STAGES = set(RULES) - {"augment", "judge", "import_traces"}


def without_made(workflow: Workflow) -> Workflow:
    """The demo without what is made of a pool, or imported: tests/rules and `test_rerun_keys.py` look at those."""
    made = {name: source["pool"] for name, source in workflow.config["sources"].items() if source.get("pool")}
    for pool in workflow.config["pools"].values():
        pool["sources"] = [source for source in pool["sources"] if source not in made]
    for name, pool in made.items():
        del workflow.config["sources"][name], workflow.config["pools"][pool]
    return workflow.without_imported()


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path]:
    """The plan of a whole run, and the folder in which it was carried out."""
    workflow = without_made(Workflow.copied_to(tmp_path_factory.mktemp("finished") / "run"))
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
    return without_made(Workflow(shutil.copytree(first_run[1], tmp_path / "run")))


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
    for file in [finished.folder / "Snakefile", *(finished.folder / "rules").rglob("*.*")]:
        file.write_text(file.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    # the page shows the filters' docstrings, and nothing else follows them
    assert set(finished.plan().values()) == {"page"}


def test_what_shows_and_does_not_compute(finished: Workflow) -> None:
    for module in (*LEFT_OUT, "koreason.records.stage", "koreason.records.manifest"):
        finished.edit(f"{module.replace('.', '/')}.py", new="\nEDITED = 1\n")
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
    assert set(plan.values()) == {"select", *OF_MIX}
    assert all("/another/" in output for output, rule in plan.items() if rule != "page")


def test_an_edit_in_langmix(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/select/langmix.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "select", *OF_MIX)


def test_an_edit_of_a_measure_plans_no_trace(finished: Workflow, everything: dict[str, str]) -> None:
    for file in ("measures", "words", "loops"):
        finished.edit(f"koreason/switching/{file}.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "measure", "select", *OF_MIX)
    finished.run("mixes")
    assert finished.plan() == {}, "measures that come out as they were change no mix"


def test_answers_are_judged_where_it_is_asked_for(finished: Workflow, everything: dict[str, str]) -> None:
    finished.config["run"]["report"]["judged"] = True
    measured = made_by(everything, "measure")
    plan = finished.plan()
    assert made_by(plan, "judge") == {output.replace("/measures/", "/judged/") for output in measured}
    assert set(plan) - made_by(plan, "judge") == made_by(everything, "page")
    finished.run()
    finished.edit("koreason/answers/values.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(plan, "judge") | made_by(everything, "score", "page"), "no mix goes by it"
    mix = names(everything, "select", 2)[0]
    finished.config["mixes"][mix]["filters"]["drop_wrong"] = True
    assert f"results/mixes/{mix}/manifest.json" in finished.plan()


def test_items_are_looked_for_in_mixes_that_are_scored_unless_the_page_leaves_it_out(
    finished: Workflow, everything: dict[str, str]
) -> None:
    looked = made_by(everything, "decontaminate_mix")
    assert looked == {f"results/contamination/{mix}/manifest.json" for mix in names(everything, "score", 3) if mix != "base"}
    report, block = finished.config["run"]["report"], finished.config["run"]["experiments"][0]
    report["contamination"] = False
    shutil.rmtree(finished.folder / "results/contamination")
    assert set(finished.plan()) == made_by(everything, "page")
    finished.run()
    del report["contamination"]
    assert set(finished.plan()) == looked | made_by(everything, "page")
    finished.run()
    block["benches"], block["base"] = block["benches"][:1], False
    assert set(finished.plan()) == looked | made_by(everything, "page"), "another benchmark is another search, and no training"
    block["benches"], block["base"] = [], False
    assert set(finished.plan()) == made_by(everything, "page"), "what is not scored is not looked through"


@pytest.mark.parametrize(("strategy", "judged"), [("diverse", False), ("hardest", True), ("consensus", True)])
def test_a_strategy_draws_a_mix_anew_and_plans_what_it_goes_by(
    finished: Workflow, everything: dict[str, str], strategy: str, judged: bool
) -> None:
    mix = finished.config["mixes"][names(everything, "select", 2)[0]]
    mix["strategies"] = {next(iter(mix["quotas"])): strategy}
    plan = finished.plan()
    assert set(plan.values()) == {"select", *OF_MIX} | ({"judge"} if judged else set())


def test_a_template_without_a_system_role_is_refused_before_the_first_job(finished: Workflow, everything: dict[str, str]) -> None:
    recipe = finished.config["recipes"]["smollm2_mixed"]
    recipe["seed"] += 1  # so that traces are planned
    path = finished.folder / "results" / "bases" / recipe["teacher"] / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"template": {"system": "left out"}}))
    finished.snakemake("--dry-run")  # which writes the configuration
    words = [sys.executable, "-m", "koreason", "check", "traces", "--no-network", "--configfile", "selection.yaml"]
    home = dict.fromkeys(("PYTHONPATH", "KOREASON_HOME"), str(finished.folder))  # images that were built here are no matter of the copy
    checked = subprocess.run(words, cwd=finished.folder, env=os.environ | home, capture_output=True, text=True, check=False)
    assert checked.returncode == 2, checked
    assert "recipes.smollm2_mixed.system: the chat template of its teacher smollm2-135m has no system role" in checked.stdout


def test_an_edit_in_the_training_loop(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/train/steps/loop.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "train", *SCORED)


def test_an_edit_in_the_scorer(finished: Workflow, everything: dict[str, str]) -> None:
    for file in ("evaluate/score", "evaluate/profiles/robust", "answers/stated/statements", "answers/options", "answers/units"):
        finished.edit(f"koreason/{file}.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(everything, "score", "page")


def test_an_edit_in_the_engine(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/engine/journals/journal.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == made_by(everything, *FROM_TRACES)


def test_an_edit_in_the_traces_and_one_in_the_benchmarks_do_not_meet(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/trace/shard.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, *FROM_TRACES)
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
    assert set(plan) - made_by(plan, "trace") == of_trained_models(everything, *FROM_TRACES[1:])


def test_each_verdict_reruns_alone(finished: Workflow, everything: dict[str, str]) -> None:
    """A threshold reruns the pool, a benchmark what looks for it, another way of finding twins the search."""
    after = of_trained_models(everything, "pool", *FROM_TRACES)
    pool = finished.config["pools"]["demo"]
    pool["min_chars"] += 1
    assert set(finished.plan()) == after
    pool["min_chars"] -= 1
    pool["near_duplicates"] = 0.9
    assert set(finished.plan()) == made_by(everything, "dedup") | after
    pool["near_duplicates"] = 0.8
    pool["decontaminate"] = pool["decontaminate"][:1]
    assert set(finished.plan()) == made_by(everything, "decontaminate") | after
    pool["by"] = {"Daily": {"max_chars": 4000}}
    pool["decontaminate"] = []
    assert set(finished.plan()) == after - made_by(everything, "decontaminate_traces"), "nothing is looked for"


def test_a_new_prompt_in_a_pool(finished: Workflow, everything: dict[str, str]) -> None:
    source = names(everything, "ingest", 2)[0]
    finished.config["sources"][source]["files"] = {"more.jsonl": "0" * 64}
    first = finished.plan("pools")
    mine = {output for output in made_by(everything, "clean", "sketch") if f"/{source}/" in output}
    assert set(first) == {f"results/sources/{source}/manifest.json"} | mine | made_by(everything, *VERDICTS)
    finished.run("pools")
    # every shard is planned, because each may have got one of the new prompts; the journals hold all others' traces
    assert set(finished.plan()) == of_trained_models(everything, *FROM_TRACES)


def test_a_withdrawn_prompt(finished: Workflow, everything: dict[str, str]) -> None:
    finished.config["run"]["withdrawn"] = ["0" * 24]
    assert set(finished.plan("pools")) == made_by(everything, "pool")
    assert set(finished.plan()) == of_trained_models(everything, "pool", *FROM_TRACES)


def test_an_unchanged_manifest_stops_what_follows(finished: Workflow, everything: dict[str, str]) -> None:
    finished.edit("koreason/curate/pool.py", new="\nEDITED = 1\n")
    assert set(finished.plan()) == of_trained_models(everything, "pool", *FROM_TRACES)
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


def test_what_verify_takes_back_is_made_again_and_nothing_else(
    finished: Workflow, everything: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.folder)
    broken = [min(made_by(everything, rule)) for rule in ("trace", "train")]
    for manifest in broken:
        flip(Path(manifest).with_name("output"))
    assert main(["verify", "--repair"]) == 2
    lines = [line.split(" -- ")[1] for line in capsys.readouterr().out.splitlines() if " -- " in line]
    assert lines == broken
    for manifest in lines:
        assert set(finished.plan(manifest)) == {manifest}
        finished.run(manifest)
    assert main(["verify"]) == 0
    assert finished.plan() == {}
