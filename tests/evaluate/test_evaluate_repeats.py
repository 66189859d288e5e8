"""Several answers to one item: against enumeration, and in `scores.json`."""

import itertools
import statistics
from pathlib import Path
from typing import Any

import pytest

from koreason.evaluate.repeats import MEANING, at_k, majority, pass_at


@pytest.mark.parametrize(("samples", "right", "k"), [(4, 1, 2), (5, 0, 3), (5, 5, 1), (6, 2, 3), (8, 3, 8)])
def test_pass_at_k_by_enumeration(samples: int, right: int, k: int) -> None:
    answers = [place < right for place in range(samples)]
    assert pass_at(samples, right, k) == pytest.approx(statistics.fmean(any(drawn) for drawn in itertools.combinations(answers, k)))


def test_the_majority_is_by_what_was_read() -> None:
    assert majority([("5", True), ("5", True), ("6", False)]) == 1
    assert majority([("5", True), ("6", False), ("6", False)]) == 0
    assert majority([("5", True), ("6", False), (None, False), (None, False)]) == 0.5
    assert majority([(None, False)]) == 0


def test_figures_over_items() -> None:
    found = at_k({"a": [("5", True), ("6", False)], "b": [("1", False), ("1", False)]})
    assert found == {
        "pass": {"mean": 0.5, "se_over_items": 0.5},
        "avg": {"mean": 0.25, "se_over_items": 0.25},
        "maj": {"mean": 0.25, "se_over_items": 0.25},
    }
    assert set(found) == set(MEANING)


def test_scores_have_them(workbench: Any, tmp_path: Path) -> None:
    rows = [
        (item, repeat, f"\\boxed{{{box}}}", "stop")
        for item, boxes in {"a": "5000 5000 1", "b": "6 7 5"}.items()
        for repeat, box in enumerate(boxes.split())
    ]
    assert workbench.score(workbench.spec(repeats=3), workbench.generations(rows)) == 0
    found = workbench.scores()["at_k"]
    assert [found[name]["mean"] for name in ("pass", "avg", "maj")] == [1.0, 0.5, pytest.approx(2 / 3, abs=1e-6)]
