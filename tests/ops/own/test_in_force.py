"""Values in force, and where each comes from."""

from pathlib import Path

import pytest

from koreason.cli import main

MINE = "schedules: {mine: {like: laptop_short, lr: 5e-5}}\nrecipes: {mine: {like: smollm2_mixed, sampling: {top_k: 7}}}\n"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, list[str]]:
    assert main(["config", *arguments]) == 0
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    return {row[0]: row[1].rsplit("  ", 1) if len(row) > 1 else [] for row in rows}


def test_each_value_says_where_it_comes_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(MINE, encoding="utf-8")
    rows = {key: [part.strip() for part in row] for key, row in told(capsys, "schedules.mine", "--configfile", str(file)).items()}
    assert rows["lr"] == ["5e-05", str(file)]
    assert rows["epochs"] == ["1", "like laptop_short, config/config.yaml"]
    rows = {key: [part.strip() for part in row] for key, row in told(capsys, "recipes.mine", "--configfile", str(file)).items()}
    assert rows["top_k"] == ["7", str(file)]
    assert rows["temperature"] == ["0.6", "like smollm2_mixed, config/config.yaml"]
    assert rows["retry"] == ["null", "default"]


def test_a_run_s_entries(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    rows = told(capsys, "--configfile", str(home / "config" / "taste.yaml"))
    assert {"pools.taste", "mixes.taste_mix", "bases.smollm2-135m", "run"} <= rows.keys()
    assert rows["min_chars"][0].strip() == "20" and rows["min_chars"][1].strip().endswith("taste.yaml")


def test_what_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "laptop_shrt"]) == 2
    assert "did you mean 'laptop_short'?" in capsys.readouterr().err
