"""`koreason score`: verdicts, the scores file, determinism, and what it refuses."""

import json

import polars as pl
import pytest
from damage import refuses_damage

from koreason.records.manifest import read_manifest

MATH_ROWS = [("a", 0, "<think>\\boxed{1}</think>\\boxed{5,000원}", "stop"), ("b", 0, "\\boxed{6}", "stop")]
CHOICE = [{"id": str(n), "question": "수도는?", "options": ["부산", "서울"], "gold": gold} for n, gold in enumerate("BBAA")]


def test_scores_of_values(workbench):
    assert workbench.score(workbench.spec(), workbench.generations(MATH_ROWS)) == 0
    assert workbench.verdicts() == ["correct", "wrong"]
    scored = pl.read_parquet(workbench.folder / "scores" / "scored.parquet")
    assert scored.rows() == [("a", 0, "money", "5000", "5,000원", True, "correct"), ("b", 0, "number", "5", "6", False, "wrong")]
    scores = workbench.scores()
    assert scores["accuracy"]["mean"] == 0.5 and scores["categories"]["money"]["mean"] == 1.0
    assert scores["mean_tokens"] == 10 and scores["chance"] is None
    assert set(scores["meaning"]["accuracy"]) == set(scores["accuracy"])
    counts = read_manifest(workbench.folder / "scores")["counts"]
    assert counts["answers"] == 2 and counts["verdicts"]["correct"] == 1 and sum(counts["verdicts"].values()) == 2


def test_each_way_to_be_wrong_has_its_name(workbench):
    answers = {
        "correct": ("\\boxed{5}", "stop"),
        "wrong": ("\\boxed{6}", "stop"),
        "unreadable": ("\\boxed{모름}", "stop"),
        "no_box": ("다섯인지 모르겠습니다", "stop"),
        "unfinished": ("<think>\\boxed{5}", "stop"),
        "token_limit": ("\\boxed{5}", "length"),
        "repetition": ("\\boxed{5}", "repetition"),
        "refused": ("", "refused:prompt_too_long"),
        "timeout": ("\\boxed{2^{2^{2^{2^{2^{2^2}}}}}}", "stop"),
    }
    items = [{"id": name, "question": "2 더하기 3은?", "gold": "5"} for name in answers]
    generations = workbench.generations([(name, 0, *answers[name]) for name in answers])
    assert workbench.score(workbench.spec(items), generations) == 0
    assert workbench.verdicts() == sorted(answers)
    assert workbench.scores()["accuracy"]["mean"] == pytest.approx(1 / 9, abs=1e-6)


def test_scores_of_choices_over_repeats(workbench):
    rows = [(str(n), repeat, f"\\boxed{{{box}}}", "stop") for repeat, boxes in enumerate(["BBBB", "2서B①"]) for n, box in enumerate(boxes)]
    assert workbench.score(workbench.spec(CHOICE, kind="choice", repeats=2), workbench.generations(rows)) == 0
    scores = workbench.scores()
    assert scores["accuracy"]["per_repeat"] == [0.5, 0.5]
    assert scores["chance"] == 0.5
    assert scores["verdicts"]["unreadable"] == 1


def test_the_same_answers_give_the_same_bytes(workbench):
    spec = workbench.spec(CHOICE, kind="choice")
    rows = [(str(n), 0, f"\\boxed{{{box}}}", "stop") for n, box in enumerate("BA1C")]
    for out, given in (("one", rows), ("two", rows[::-1])):
        assert workbench.score(spec, workbench.generations(given), out) == 0
    one, two = ((workbench.folder / out / "manifest.json").read_bytes() for out in ("one", "two"))
    assert one == two


def refused(workbench, capsys, spec, generations, *words):
    assert workbench.score(spec, generations) == 2
    error = capsys.readouterr().err
    [line] = [line for line in error.splitlines() if line.startswith("koreason:")]
    assert all(word in line for word in words) and "Traceback" not in error
    assert not (workbench.folder / "scores" / "manifest.json").exists()


def test_answers_that_were_tampered_with(workbench, capsys):
    generations = workbench.generations(MATH_ROWS)
    spec, out = workbench.spec(), workbench.folder / "scores"
    refuses_damage(lambda: workbench.score(spec, generations), generations.parent / "generations.parquet", out, capsys)


def test_answers_that_are_not_those_asked_for(workbench, capsys):
    refused(workbench, capsys, workbench.spec(), workbench.generations([]), "holds no answers")
    refused(workbench, capsys, workbench.spec(), workbench.generations(MATH_ROWS[:1]), "1 missing")
    refused(workbench, capsys, workbench.spec(), workbench.generations(MATH_ROWS * 2), "2 double")
    refused(workbench, capsys, workbench.spec(), workbench.generations([*MATH_ROWS, ("c", 0, "", "stop")]), "1 not asked for")
    refused(workbench, capsys, workbench.spec(), workbench.generations([("a", 0, "", "odd"), MATH_ROWS[1]]), "odd")


def test_answers_that_are_not_there(workbench, capsys):
    refused(workbench, capsys, workbench.spec(), workbench.folder / "nowhere" / "manifest.json", "nowhere")
    manifest = workbench.folder / "manifest.json"
    manifest.write_text(json.dumps({"stage": "generate", "files": {}, "counts": {}}))
    refused(workbench, capsys, workbench.spec(), manifest, "generations.parquet")


def test_repeats_have_figures_of_their_own(workbench):
    rows = [
        (item, repeat, f"\\boxed{{{box}}}", "stop")
        for item, boxes in {"a": "5000 5000 1", "b": "6 7 5"}.items()
        for repeat, box in enumerate(boxes.split())
    ]
    assert workbench.score(workbench.spec(repeats=3), workbench.generations(rows)) == 0
    found = workbench.scores()["at_k"]
    assert [found[name]["mean"] for name in ("pass", "avg", "maj")] == [1.0, 0.5, pytest.approx(2 / 3, abs=1e-6)]
    assert 0 <= workbench.scores()["reliability"]["agreement"] <= 1


def test_items_of_a_passage_widen_the_interval(workbench):
    items = [{"id": f"{n:02d}", "question": f"{n}+1은?", "gold": str(n + 1), "cluster": f"passage {n // 6}"} for n in range(24)]
    rows = [(f"{n:02d}", 0, f"\\boxed{{{n + 1 if n < 12 else 0}}}", "stop") for n in range(24)]
    spec = workbench.spec(items)
    assert workbench.score(spec, workbench.generations(rows)) == 0
    together = workbench.scores()
    assert together["clusters"] == 4 and together["accuracy"]["se_over_clusters"] > 2 * together["accuracy"]["se_over_items"]
    alone = workbench.spec([{key: value for key, value in item.items() if key != "cluster"} for item in items])
    assert workbench.score(alone, workbench.generations(rows), "alone") == 0
    found = workbench.scores("alone")["accuracy"]
    assert found["se_over_clusters"] is None
    assert found["interval_95"][0] > together["accuracy"]["interval_95"][0]
