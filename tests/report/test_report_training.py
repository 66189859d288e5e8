"""What the page shows of training: the curve, and the loss on documents kept back."""

import json

import pytest
from report_tree import Tree

from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage


def test_the_loss_on_documents_kept_back_is_shown(tree: Tree) -> None:
    assert tree.report() == 0
    figure = (tree.out / "figures" / "loss-small-mixed-short.svg").read_text(encoding="utf-8")
    assert figure.count("documents kept back: ") == 2, "a dot for each epoch"
    assert "on documents kept back it was least after step 24" in tree.page()
    assert tree.table("training")["held_out_loss"].count() == 2


def test_long_training_is_drawn_thin(tree: Tree, built: Tree) -> None:
    path = tree.results / "models/small/mixed/short/metrics.jsonl"
    row = json.loads(path.read_text().splitlines()[0])
    with Stage(path.parent, "train", {}, []) as stage:
        stage.counts.update(read_manifest(built.results / "models/small/mixed/short")["counts"])
        stage.path(path.name).write_text(
            "".join(json.dumps({**row, "step": step, "loss": 3 - step / 10_000}) + "\n" for step in range(1, 9001))
        )
        stage.add(path.name)
    assert tree.report() == 0
    assert (tree.out / "figures" / "loss-small-mixed-short.svg").stat().st_size < 12_000
    assert tree.table("training").height == 9000


def test_small_figures_are_no_zeros_in_the_tables(tree: Tree, built: Tree) -> None:
    path = tree.results / "models/small/mixed/short"
    steps = [json.loads(line) for line in (path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    with Stage(path, "train", {}, []) as stage:
        stage.counts.update(read_manifest(built.results / "models/small/mixed/short")["counts"])
        lines = [json.dumps(step | {"lr": 5.4e-7 / (place + 1)}) for place, step in enumerate(steps)]
        stage.path("metrics.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        stage.add("metrics.jsonl", rows=len(lines))
    assert tree.report() == 0
    assert tree.table("training")["lr"].head(3).to_list() == pytest.approx([5.4e-7, 2.7e-7, 1.8e-7], rel=1e-8)
