"""Scores of several schedules told apart, each with what is its own; and what is said of chance."""

import html
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from report_tree import Tree, score


def told(tree: Tree) -> str:
    """The page's words."""
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", tree.page())).split())


def test_two_schedules_of_one_model_are_told_apart(tree: Tree) -> None:
    tree.run["schedules"]["long"] = tree.run["schedules"]["short"]
    for folder in ("models/small/mixed", "evals/small/mixed"):
        shutil.copytree(tree.results / folder / "short", tree.results / folder / "long")
    tree.run["experiments"][0]["schedules"] = ["short", "long"]
    assert tree.report() == 0
    figure = (tree.out / "figures" / "scores-exam.svg").read_text(encoding="utf-8")
    assert "small, short" in figure and "small, long" in figure
    assert "small on mixed by long: the loss went" in told(tree)


def test_figures_of_two_schedules_are_each_their_own(tree: Tree) -> None:
    """The last one's test, published figure and words stood beside the first one's score."""
    tree.run["schedules"]["long"] = tree.run["schedules"]["short"]
    evals = tree.results / "evals/small"
    shutil.copytree(tree.results / "models/small/mixed/short", tree.results / "models/small/mixed/long")
    shutil.copytree(evals / "base/base", evals / "mixed/long")  # taught nothing
    tree.run["experiments"][0]["schedules"] = ["short", "long"]
    said = {"where": "a paper", "before": {}, "after": {"tiny": 11.0}, "mixes": ["mixed"]}
    tree.run["benches"]["sums"]["published"] = [said]
    assert tree.report() == 0
    changes = {row["schedule"]: row["difference"] for row in tree.table("paired").filter(pl.col("bench") == "sums").to_dicts()}
    assert changes["long"] == 0 != changes["short"]
    words = told(tree)
    for schedule, after in {"short": "11.0%", "long": "5.0%"}.items():
        assert f"mixed, {schedule} sums 30 × 3" in words
        assert f"small on sums after mixed, {schedule}: 5.0% before training, {after} after" in words
    rows = words.partition("Scores: the student")[2].partition("What became of each answer")[0]
    assert [f"{100 * change:+.1f}" in rows for change in changes.values()] == [True, True]
    published = tree.table("published").sort("schedule").to_dicts()
    assert [(row["schedule"], row["accuracy"]) for row in published] == [("long", pytest.approx(5.0)), ("short", pytest.approx(11.0))]


def test_a_gain_is_by_chance_or_not_by_its_paired_test(tree: Tree, tmp_path: Path) -> None:
    """Each answer that changed was mended, and the intervals overlap: the sentence goes by the test that the table shows."""
    after = tree.results / "evals/small/mixed/short/exam"
    shutil.rmtree(after)
    score(tmp_path / "base/of/exam", "exam", "choice", 0.42)  # draws as the base does
    shutil.move(tmp_path / "base/of/exam", after)
    assert tree.report() == 0
    scores = {row["mix"]: row for row in tree.table("scores").filter(pl.col("bench") == "exam").to_dicts()}
    assert scores["base"]["high"] > scores["mixed"]["low"]
    told = dict(re.findall(r"small on (\w+) after mixed: [^<]*% after(, [^.<]*)\.", tree.page()))
    assert told == {"exam": ", more than chance", "sums": ", which may be chance"}
