"""`koreason compare` and its statistics: against SciPy, against simulated nulls, and through the command line."""

import gzip
import json
import random
import statistics
from pathlib import Path

import pytest
from scipy import stats as scipy_stats

from koreason.cli import main
from koreason.statistics.paired import holm, mcnemar, paired


def test_mcnemar_is_the_exact_binomial_test() -> None:
    for lost, won in [(0, 0), (1, 0), (3, 12), (40, 41), (7, 7), (200, 150), (0, 30)]:
        expected = scipy_stats.binomtest(lost, lost + won, 0.5).pvalue if lost + won else 1.0
        assert mcnemar(lost, won) == pytest.approx(expected, abs=1e-9)


def test_holm_by_hand() -> None:
    # 0.01 * 4; 0.02 * 3; 0.03 * 2; 0.04, none below the one before
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9]) == [0.9] and holm([]) == []


def test_a_paired_difference_by_scipy() -> None:
    chance = random.Random(1)
    first = {str(item): [chance.random() < 0.5 for _ in range(3)] for item in range(80)}
    second = {str(item): [chance.random() < 0.6 for _ in range(3)] for item in range(80)}
    found = paired(first, second, seed=1)
    differences = [statistics.fmean(second[item]) - statistics.fmean(first[item]) for item in first]
    assert found.error == pytest.approx(scipy_stats.sem(differences), abs=1e-9)
    assert found.p == pytest.approx(2 * scipy_stats.t.sf(abs(found.difference) / found.error, 79), abs=1e-9)
    assert found.low < found.difference < found.high and found.test == "clustered by item"
    assert (found.low, found.high) == (paired(first, second, seed=1).low, paired(first, second, seed=1).high)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * found.error, abs=1e-6)


def rejected(runs: int, items: int, repeats: int) -> float:
    """Share of simulated pairs of equal models that a test at 5% tells apart; items are hard or easy for both."""
    chance, found = random.Random(5), 0
    for _ in range(runs):
        ease = [chance.random() for _ in range(items)]
        one, other = ({str(n): [chance.random() < p for _ in range(repeats)] for n, p in enumerate(ease)} for _ in range(2))
        found += paired(one, other, seed=1).p < 0.05
    return found / runs


def test_equal_models_are_seldom_told_apart() -> None:
    assert rejected(80, 60, 1) <= 0.05 + 0.04  # exact, so at most 5%, within what 80 runs can say
    assert rejected(80, 100, 2) <= 0.05 + 0.06


def verdicts(path: Path, right: str, profile: str = "robust") -> str:
    rows = [{"id": str(n), "profile": profile, "verdict": "", "correct": letter == "1"} for n, letter in enumerate(right)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_the_command_says_what_the_test_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = verdicts(tmp_path / "a.jsonl", "0" * 15 + "111" + "1" * 20)
    second = verdicts(tmp_path / "b.jsonl", "1" * 12 + "000" + "000" + "1" * 20 + "1")
    assert main(["compare", first, second, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["only_first"], found["only_second"], found["unmatched"]) == (38, 3, 12, 1)
    assert found["p"] == pytest.approx(0.03515625) and found["p_holm"] == found["p"]
    assert main(["compare", first, second, second]) == 0
    assert "by Holm over 2 comparisons" in capsys.readouterr().out


def test_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, empty = verdicts(tmp_path / "a.jsonl", "01"), verdicts(tmp_path / "b.jsonl", "")
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"id": 1}\n', encoding="utf-8")
    for other, words in [(empty, "holds no verdicts"), (str(odd), "is no verdict"), (str(tmp_path / "no.jsonl"), "no such file")]:
        assert main(["compare", first, other]) == 2
        assert words in capsys.readouterr().err


def test_without_spread_nothing_is_certain() -> None:
    """All clusters differ alike: as few as there are, the exact sign test says what they show, and the interval goes with it."""
    for items, p in ((1, 1.0), (2, 0.5), (3, 0.25), (8, 2**-7)):
        wrong, right = ({str(n): [said, said] for n in range(items)} for said in (False, True))
        found = paired(wrong, right, seed=1)
        assert found.p == pytest.approx(p) and found.difference == 1 and found.high == 1
        assert (found.low > 0) == (p < 0.05) and found.error > 0
        same = paired(right, right, seed=1)
        assert same.p == 1 and same.low == -same.high <= 0 and (same.low < -0.3 or items == 8)
    third = {str(n): [True, False, False] for n in range(3)}  # means that are rounded
    assert paired({key: [False] * 3 for key in third}, third, seed=1).p == pytest.approx(0.25)
    clusters = {str(n): str(n // 5) for n in range(10)}
    assert paired({key: [False] for key in clusters}, {key: [True] for key in clusters}, 1, clusters).p == 0.5
    many = {str(n): [True] for n in range(3_000)}
    assert paired({key: [False, False] for key in many}, many, seed=1).low > 0.9


def test_what_no_number_can_say_is_null_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = verdicts(tmp_path / "a.jsonl", "0"), verdicts(tmp_path / "b.jsonl", "1")
    assert main(["compare", first, second, "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (found["low"], found["high"], found["error"], found["detectable"]) == (-1, 1, None, None)
    assert main(["compare", first, second]) == 0
    assert "none that there can be" in capsys.readouterr().out


def test_an_item_alone_is_of_no_cluster_of_its_name() -> None:
    clusters = {"a": "1", "b": "1"}  # and the item "1" shares nothing
    answers = {"a": [True], "b": [False], "1": [True]}
    assert paired(answers, answers, 1, clusters).clusters == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"id": "1", "profile": "robust", "correct": true, "x": "\xff"}\n', "not UTF-8"),
        (b"[" * 100_000 + b"\n", "nested without end"),
        (b'{"id": null, "profile": "robust", "correct": true}\n', "is no verdict"),
        (b'{"id": NaN, "profile": "robust", "correct": true}\n', "is no verdict"),
        (b"\n", "holds no verdicts"),
        (b"\x1f\x8b broken", "not readable"),
    ],
)
def test_verdicts_that_cannot_be_read_are_one_line(text: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = tmp_path / "odd.jsonl"
    odd.write_bytes(text)
    assert main(["compare", verdicts(tmp_path / "a.jsonl", "01"), str(odd)]) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1


def test_verdicts_may_be_compressed_and_begin_with_a_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = Path(verdicts(tmp_path / "a.jsonl", "0101"))
    packed, marked = tmp_path / "b.jsonl.gz", tmp_path / "c.jsonl"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes() + b"\n")
    assert main(["compare", str(plain), str(packed), str(marked)]) == 0
    assert capsys.readouterr().out.count("4 items") == 2
