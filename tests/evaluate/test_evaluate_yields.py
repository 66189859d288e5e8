"""`koreason yields`: what categories gained, from the evaluations of an ablation."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from koreason.cli import main
from koreason.evaluate.yields import told
from koreason.records.digests import write_atomically
from koreason.records.stage import Stage
from koreason.statistics.gains import proposed
from koreason.tables import READINGS, write_table

ITEMS = 400
# Shares of items that each mix, and the model before training, gets right on every benchmark.
RIGHT = {"base": 0.3, "only_code": 0.5, "only_daily": 0.31, "only_exams": 0.4}


def ablation(folder: Path, hours: float = 2.0) -> None:
    """Results of one model trained on three mixes and asked two benchmarks."""
    for place, (mix, share) in enumerate(RIGHT.items()):
        schedule = "base" if mix == "base" else "short"
        for bench in ("math", "exam"):
            draw = random.Random(f"{mix}{bench}")
            rows = [(f"{n:03d}", 0, "robust", "A", draw.random() < share, "", "box", 0, 1, f"{n:03d}") for n in range(ITEMS)]
            with Stage(folder / "evals" / "m" / mix / schedule / bench / "scores", "score", {}, []) as stage:
                write_table(pl.DataFrame(rows, schema=READINGS, orient="row"), stage, "readings.parquet", READINGS)
                write_atomically(stage.path("scores.json"), json.dumps({"profile": "robust"}))
                stage.add("scores.json")
        if mix == "base":
            continue
        category = mix.removeprefix("only_").title()
        with Stage(folder / "mixes" / mix, "select", {}, []) as stage:
            stage.counts |= {"kept": 10_000 * place, "categories": {category: {"passed": 30_000, "drawn": 10_000 * place - 5}}}
            stage.counts["categories"]["Other"] = {"passed": 10, "drawn": 5}
        trained = folder / "models" / "m" / mix / "short"
        trained.mkdir(parents=True)
        line = {"start": 0.0, "end": 3600.0 * hours / 4, "exit": 0, "gpus": "0,1,2,3", "outputs": 1, "stage": "train"}
        (trained / "attempts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")


def asked(folder: Path, *words: str) -> list[str]:
    return ["yields", "m", "only_code", "only_daily", "only_exams", "--trained-by", "short", "--results", str(folder), *words]


def test_gains_by_category_and_the_mix_that_follows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ablation(tmp_path)
    assert main(asked(tmp_path, "--json", "--rows", "60000")) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    code, daily, exams = found["gains"]
    assert code["gain"] == pytest.approx(0.2, abs=0.05) and code["p"] < 1e-6 and code["hours"] == pytest.approx(2.0)
    assert (code["category"], code["rows"], code["most"]) == ("Code", 10_000, 30_000)
    assert daily["p"] > 0.05
    # twice the rows and half the gain: a quarter of the weight; what is more than there is goes to the other
    assert set(found["quotas"]) == {"Code", "Exams"} and found["quotas"]["Code"] == 30_000
    assert found["quotas"]["Exams"] == 30_000
    assert main(asked(tmp_path, "--rows", "1000")) == 0
    said = capsys.readouterr().out
    assert "quotas: {Code: " in said and "Daily" not in said.splitlines()[-1] and "would have shown" in said
    assert exams["benches"]["math"]["test"] == "McNemar, exact"


def test_quotas_go_by_gain_per_row_and_stay_within_what_there_is() -> None:
    assert proposed({"a": (0.2, 0.01, 1000, 10**6), "b": (0.1, 0.01, 1000, 10**6)}, 300) == {"a": 200, "b": 100}
    assert proposed({"a": (0.2, 0.01, 1000, 50), "b": (0.1, 0.01, 1000, 10**6)}, 300) == {"a": 50, "b": 250}
    assert proposed({"a": (0.01, 0.4, 1000, 50)}, 300) == {}
    assert proposed({"a": (0.2, 0.01, 1000, 50)}, 300) == {"a": 50}


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ablation(tmp_path)
    assert main(["yields", "m", "only_code", "--trained-by", "long", "--results", str(tmp_path)]) == 2
    assert "share no benchmark" in capsys.readouterr().err
    assert main(asked(tmp_path, "--bench", "other")) == 2
    assert "has no scores" in capsys.readouterr().err


def test_what_would_count_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ablation(tmp_path)
    assert main(["yields", "m", "only_code", "only_code", "--trained-by", "short", "--results", str(tmp_path)]) == 2
    assert "mix only_code: is named twice" in capsys.readouterr().err
    other = tmp_path / "mixes" / "more_code"
    with Stage(other, "select", {}, []) as stage:
        stage.counts |= {"kept": 10, "categories": {"Code": {"passed": 10, "drawn": 10}}}
    assert main(["yields", "m", "only_code", "more_code", "--trained-by", "short", "--results", str(tmp_path)]) == 2
    assert "most rows of each are of the category Code" in capsys.readouterr().err


def test_scores_of_other_items_are_no_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ablation(tmp_path)
    scores = tmp_path / "evals/m/only_code/short/math/scores"
    with Stage(scores, "score", {}, []) as stage:
        row = ("other", 0, "robust", "A", True, "", "box", 0, 1, "other")
        write_table(pl.DataFrame([row], schema=READINGS, orient="row"), stage, "readings.parquet", READINGS)
        write_atomically(stage.path("scores.json"), json.dumps({"profile": "robust"}))
        stage.add("scores.json")
    assert main(["yields", "m", "only_code", "--trained-by", "short", "--results", str(tmp_path)]) == 2
    assert "base and only_code have no item in common" in capsys.readouterr().err


def test_quotas_can_be_pasted_whatever_categories_are_called() -> None:
    [_, entry] = told({"Code": 3, "a, b: c #": 4})
    assert yaml.safe_load(entry) == {"quotas": {"Code": 3, "a, b: c #": 4}}
