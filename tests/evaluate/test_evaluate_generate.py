"""`koreason generate`: with an engine that is played, and with vLLM on a tiny model."""

import json
import subprocess

import polars as pl
import pytest

from koreason.cli import main
from koreason.evaluate.benches import answer_seed
from koreason.manifest import Stage, read_manifest
from koreason.trace.engine import Answer
from koreason.workflow import code_digest


class Played:
    """Answers in reverse order, and refuses the longer question."""

    drawn_tokens, seconds, start_seconds = 30, 2.0, 1.0

    def __init__(self, model, sampling, engine):
        assert (model / "config.json").is_file() and sampling.max_tokens == 24

    def answers(self, requests):
        for request in reversed(list(requests)):
            [message] = request.messages
            refused = "몇 원" in message["content"]
            yield Answer(
                request.key, request.prefill + str(request.seed), "refused:prompt_too_long" if refused else "stop", 9, 0 if refused else 15
            )


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    with Stage(folder, "base", {}, []) as stage:
        stage.path("config.json").write_text("{}")
        stage.add("config.json")
    return folder / "manifest.json"


def test_every_item_and_repeat_is_a_row(workbench, model, monkeypatch):
    monkeypatch.setattr("koreason.evaluate.generate.Generator", Played)
    out = workbench.folder / "out"
    assert main(["generate", "--spec", workbench.spec(repeats=2, prefill="<think>"), "--model", str(model), "--out", str(out)]) == 0
    rows = pl.read_parquet(out / "generations.parquet").to_dicts()
    assert [(row["item_id"], row["repeat"]) for row in rows] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert [row["seed"] for row in rows] == [answer_seed(5, item, repeat) for item in "ab" for repeat in (0, 1)]
    assert all(row["response"] == f"<think>{row['seed']}" for row in rows)
    assert rows[0]["prompt"] == "값은 모두 몇 원인가?\n\n상자에 쓰세요."
    assert [row["finish"] for row in rows] == ["refused:prompt_too_long"] * 2 + ["stop"] * 2
    counts = read_manifest(out)["counts"]
    assert counts == {"items": 2, "repeats": 2, "answers": 4, "tokens": 30, "finish": {"refused:prompt_too_long": 2, "stop": 2}}
    run = json.loads((out / "run.json").read_text())
    assert (run["tokens_per_second"], run["engine_seconds"], run["engine_start_seconds"]) == (15.0, 2.0, 1.0)


def test_what_is_missing_is_named(workbench, model, capsys):
    for model_path, spec, word in (
        (workbench.folder / "none" / "manifest.json", workbench.spec(), "no such manifest"),
        (model, workbench.spec(file="/nowhere.jsonl"), "no such benchmark file"),
    ):
        assert main(["generate", "--spec", spec, "--model", str(model_path), "--out", str(workbench.folder / "out")]) == 2
        assert word in capsys.readouterr().err
    assert not (workbench.folder / "out" / "manifest.json").exists()


def test_scoring_is_no_part_of_what_generate_means(home):
    generate = (home / "koreason" / "evaluate" / "generate.py").read_text(encoding="utf-8")
    assert not any(f"evaluate.{module}" in generate for module in ("score", "extract", "values", "judge", "stats"))
    assert code_digest("koreason.evaluate.generate") != code_digest("koreason.evaluate.score")


@pytest.mark.slow
def test_real_answers_do_not_depend_on_what_is_drawn_beside_them(workbench, home, run):
    model = workbench.folder / "tiny"
    script = home / "tests" / "engines" / "tiny_model.py"
    subprocess.run([home / "envs" / "run", "vllm", "python", script, model], check=True, capture_output=True)
    with Stage(model, "base", {}, []) as stage:
        for path in sorted(model.glob("*")):
            stage.add(path.name)
    spec = json.loads(workbench.spec(repeats=2))
    manifests = []
    for in_flight in (8, 1):
        spec["engine"]["max_num_seqs"] = in_flight
        out = workbench.folder / f"at-once-{in_flight}"
        result = run("vllm", "generate", "--spec", json.dumps(spec), "--model", model / "manifest.json", "--out", out)
        assert result.returncode == 0, result.stderr
        manifests.append((out / "manifest.json").read_bytes())
    assert manifests[0] == manifests[1]
    result = run("data", "score", "--spec", json.dumps(spec), "--generations", out / "manifest.json", "--out", workbench.folder / "scores")
    assert result.returncode == 0, result.stderr
    assert workbench.scores()["answers"] == 4
