"""Statistics against values worked out by hand and against simple definitions on real samples."""

import gzip
import json
import math
import statistics

import pytest

from koreason.statistics.summary import MEANING, clustered_error, effective_size, per_repeat, summary, wilson


def test_two_items_two_repeats_by_hand():
    correct = {"a": [True, False], "b": [True, True]}
    # repeats: 2/2 and 1/2; item means: 0.5 and 1
    assert per_repeat(correct) == [1.0, 0.5]
    found = summary(correct)
    assert found["mean"] == 0.75
    assert found["sd_over_repeats"] == pytest.approx(math.sqrt(0.125), abs=1e-6)
    assert found["se_over_repeats"] == pytest.approx(0.25)
    assert found["se_over_items"] == pytest.approx(0.25)  # sd of (0.5, 1) is 0.353553, over the root of 2
    assert set(found) == set(MEANING)


def test_one_repeat_is_a_plain_share():
    correct = {str(index): [index < 20] for index in range(30)}
    assert clustered_error(correct) == pytest.approx(math.sqrt((2 / 3) * (1 / 3) / 29))
    assert effective_size(correct) == pytest.approx(30)
    found = summary(correct)
    assert found["sd_over_repeats"] is None and found["se_over_repeats"] is None
    assert found["interval_95"] == pytest.approx([0.48780, 0.80769], abs=1e-5)


def test_wilson_against_published_values():
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for hits, size, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]:
        assert wilson(hits / size, size) == pytest.approx((low, high), abs=5e-5)


def test_repeats_that_never_differ_add_no_certainty():
    once = {str(index): [index % 3 == 0] for index in range(30)}
    thrice = {key: answers * 3 for key, answers in once.items()}
    assert summary(thrice)["interval_95"] == summary(once)["interval_95"]
    assert summary(thrice)["sd_over_repeats"] == 0


def test_all_wrong_still_has_an_interval():
    found = summary({str(index): [False, False] for index in range(30)})
    assert found["interval_95"] == pytest.approx([0, 0.113513], abs=1e-6)


def test_a_single_item_has_no_error_over_items():
    assert summary({"a": [True]})["se_over_items"] is None


def test_eight_samples_of_real_answers(real_data):
    with gzip.open(real_data / "scoring" / "math_qwen25math_rm_example" / "data.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    correct = {}
    for row in rows:
        correct.setdefault(row["id"].split("/")[0], []).append(bool(row["correct"]))
    found = summary(correct)
    assert found["mean"] == pytest.approx(728 / 800)
    columns = [statistics.fmean(answers[repeat] for answers in correct.values()) for repeat in range(8)]
    assert found["per_repeat"] == pytest.approx(columns)
    assert found["sd_over_repeats"] == pytest.approx(statistics.stdev(columns), abs=1e-6)
    # the cluster-robust error of a regression on a constant, written out
    residuals = [sum(answer - 0.91 for answer in answers) for answers in correct.values()]
    assert found["se_over_items"] == pytest.approx(math.sqrt(sum(r * r for r in residuals) * 100 / 99) / 800, abs=1e-6)
    # clustering matters: as if independent, the error would be less than half
    assert found["se_over_items"] > 2 * math.sqrt(0.91 * 0.09 / 800)
    assert 100 <= effective_size(correct) <= 800


def test_items_that_were_answered_unequally_often() -> None:
    """The share is of answers, and so is its error: the ratio of two sums over items, by its linear form."""
    correct = {"a": [True], "b": [False, False, True], "c": [True, True], "d": [False]}
    share = 4 / 7
    residuals = [sum(each) - share * len(each) for each in correct.values()]
    assert clustered_error(correct) == pytest.approx(math.sqrt(sum(one * one for one in residuals) * 4 / 3) / 7)


def test_items_that_are_all_right_equally_often_have_no_spread_between_them() -> None:
    for repeats in (2, 3, 7):
        assert effective_size({str(n): [True] + [False] * (repeats - 1) for n in range(9)}) == 9
