"""Bases that are not understood are found by `doctor` and `plan`, before anything runs, as far as they are at hand."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from made_model import config_of, made
from slurm_texts import Programs

from koreason.cli import main
from koreason.ops.planning.bases import folder_of, strange
from koreason.records.stage import Stage


def selection(tmp_path: Path, home: Path, folder: Path) -> Path:
    """The demo with a student of its own, from a folder of this machine."""
    config: dict[str, Any] = yaml.safe_load((home / "config" / "taste.yaml").read_text(encoding="utf-8"))
    entry = {"path": str(folder), "tokenizer": "strange", "licence": "A", "parameters": 1}
    [model] = config["run"]["experiments"][0]["models"]
    config["bases"] = {"strange": entry}
    config["models"] = {model: config.get("models", {}).get(model, {}) | {"base": "strange"}}
    path = tmp_path / "strange.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def test_doctor_and_plan_name_what_is_not_understood(
    programs: Programs, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KOREASON_SITE")
    file = selection(tmp_path, home, made(tmp_path / "m", config_of(logit_scale=2.0)))
    assert main(["doctor", "--configfile", str(file)]) == 2
    assert "error    model strange        not understood: config.json: the key 'logit_scale' is not understood" in capsys.readouterr().out
    assert main(["plan", "--configfile", str(file)]) == 0
    assert "the key 'logit_scale' is not understood of a model of type llama; choose another model" in capsys.readouterr().out
    assert main(["check", "--configfile", str(file)]) == 2


CONFIG = {
    "bases": {
        "b": {"path": "{}/m"},
        "teacher": {"path": "{}/m"},
        "far": {"hub": "a/b", "revision": "0" * 40},
        "gone": {"path": "$NOT_SET"},
    },
    "models": {"s": {"base": "b"}},
    "run": {"experiments": [{"models": ["s"], "mixes": ["x"], "schedules": ["y"], "benches": [], "base": False}]},
}


def test_what_is_made_is_looked_at_before_where_it_came_from(tmp_path: Path) -> None:
    config = CONFIG | {"bases": {name: {k: v.format(tmp_path) for k, v in entry.items()} for name, entry in CONFIG["bases"].items()}}
    made(tmp_path / "m", config_of(logit_scale=2.0))
    results = tmp_path / "results"
    assert [bool(strange(name, config, results)) for name in ("b", "teacher", "far", "gone")] == [True, False, False, False]
    made(results / "bases" / "b")
    with Stage(results / "bases" / "b", "base", {}, []):
        pass
    assert folder_of("b", config["bases"]["b"], results) == results / "bases" / "b" and not strange("b", config, results)
    assert strange("b", config, results, ["b"]), "what is planned to be made says nothing"
