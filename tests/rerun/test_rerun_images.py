"""What another image makes the workflow do again: the rules that run in it, and what reads their results."""

import json
import shutil
from pathlib import Path

import pytest
from workflow_copy import Workflow

pytestmark = pytest.mark.slow
RECORDED = {"data": "a", "vllm": "b", "megatron": "c"}


def record(workflow: Workflow, **digests: str) -> None:
    path = workflow.folder / "containers" / "images.lock.json"
    path.parent.mkdir(exist_ok=True)
    entry = {"file": "x.sif", "lock": "", "definition": "", "flavour": "cpu"}
    path.write_text(json.dumps({name: entry | {"sha256": digest} for name, digest in digests.items()}))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A finished run in the three images `a`, `b` and `c`."""
    workflow = Workflow.copied_to(tmp_path_factory.mktemp("images") / "run")
    record(workflow, **RECORDED)
    workflow.run()
    return workflow


@pytest.mark.parametrize(
    ("image", "stages", "rest"),
    [
        (
            "data",
            {
                "pools": {"ingest", "clean", "sketch", "dedup", "decontaminate", "pool", "bench", "augment"},
                "benches": {"bench"},
                "mixes": {"import_traces", "decontaminate_traces", "measure", "select"},
            },
            {"decontaminate_mix", "score", "page"},
        ),
        ("vllm", {"bases": {"base"}, "traces": {"trace"}}, {"generate", "score", "page"}),  # scores read what is generated anew
        ("megatron", {"models": {"pack", "train"}}, set()),
    ],
)
def test_the_rules_of_another_image_run_again_and_no_others(
    finished: Workflow, tmp_path: Path, image: str, stages: dict[str, set[str]], rest: set[str]
) -> None:
    workflow = Workflow(shutil.copytree(finished.folder, tmp_path / "run"))
    record(workflow, **RECORDED | {image: "other"})
    for target, rules in stages.items():
        assert set(workflow.plan(target).values()) == rules
        workflow.run(target)
    assert set(workflow.plan().values()) == rest


def test_an_image_built_anew_with_the_same_bytes_makes_nothing_run(finished: Workflow) -> None:
    record(finished, **dict(reversed(RECORDED.items())))
    assert finished.plan() == {}


def test_another_pin_makes_nothing_run_until_its_image_is_built(finished: Workflow, tmp_path: Path) -> None:
    workflow = Workflow(shutil.copytree(finished.folder, tmp_path / "run"))
    workflow.edit("envs/megatron.lock", new="another==1.0\n")
    assert workflow.plan() == {}
