"""Several answers to one item: against enumeration, and against SciPy."""

import itertools
import random
import statistics

import pytest
from scipy import stats as scipy_stats

from koreason.statistics.repeats import MEANING, at_k, majority, pass_at, reliability


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
        "by_k": {"1": {"pass": {"mean": 0.25, "se_over_items": 0.25}, "maj": {"mean": 0.25, "se_over_items": 0.25}}},
    }
    assert set(found) == set(MEANING)


def test_fewer_answers_than_there_are() -> None:
    answers = {"a": [("5", True), ("5", True), ("6", False), ("7", False)], "b": [(None, False)] * 4}
    found = at_k(answers)["by_k"]
    assert set(found) == {"1", "2"}
    assert found["2"]["pass"]["mean"] == pytest.approx((5 / 6 + 0) / 2, abs=1e-6)  # of six pairs one has no right answer
    assert found["2"]["maj"]["mean"] == pytest.approx((1 + 4 * 0.5 + 0) / 6 / 2, abs=1e-6)  # one pair agrees on it, four are a tie


def test_reliability_is_the_intraclass_correlation() -> None:
    draw = random.Random(2)
    correct = {str(item): [draw.random() < ease for _ in range(4)] for item, ease in enumerate([0.1, 0.4, 0.5, 0.9, 0.95] * 20)}
    ratio = scipy_stats.f_oneway(*([float(answer) for answer in answers] for answers in correct.values())).statistic
    found = reliability(correct)
    assert found is not None
    assert found["single"] == pytest.approx((ratio - 1) / (ratio + 3), abs=1e-6)
    assert found["mean"] == pytest.approx(1 - 1 / ratio, abs=1e-6)
    assert found["agreement"] is not None and 0.5 < found["agreement"] < 1
    assert reliability({"a": [True, True], "b": [False, False]}) == {"agreement": 1.0, "single": 1.0, "mean": 1.0}
    assert reliability({"a": [True, True], "b": [True, True]}) == {"agreement": 1.0, "single": None, "mean": None}
    assert reliability({"a": [True], "b": [False]}) is None
