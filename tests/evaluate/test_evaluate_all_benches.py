"""All benchmarks of the paper, in the formats of their sources, answered by one engine in one process and scored by every profile."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from small_engine import ENGINE, SAMPLING

from koreason.cli import main
from koreason.config.effects import given
from koreason.config.files.layers import read_catalogue
from koreason.evaluate.spec import PROFILE_NAMES
from koreason.records.stage import Stage

sys.path.insert(0, str(Path(__file__).parents[1] / "benches"))
from public import FORMATS

pytestmark = pytest.mark.slow


def test_one_engine_answers_them_all(home, tmp_path):
    entries = read_catalogue(home)["benches"]
    counts = {}
    for name, write in FORMATS.items():
        folder = tmp_path / "hub" / name
        folder.mkdir(parents=True)
        counts[name] = len(write(folder))
        spec = given("bench", "benches", entries[name] | {"hub": str(folder), "revision": None, "items": counts[name]})
        assert main(["bench", "--spec", json.dumps(spec), "--out", str(tmp_path / "benches" / name)]) == 0
    model = tmp_path / "tiny"
    run = [str(home / "envs" / "run"), "vllm", "python"]
    subprocess.run([*run, str(home / "tests/engine/tiny_model.py"), str(model), "--printable"], check=True, capture_output=True)
    with Stage(model, "base", {}, []) as stage:
        for path in sorted(path for path in model.glob("*") if path.is_file()):
            stage.take(path)
    # the paper's asking, of what a tiny model can: its instruction, and answers that end in a box of random characters
    paper = given("generate", "benches", entries["kmmlu_redux"])
    asking = {**paper, "prefill": "\\boxed{", "repeats": 2, "sampling": SAMPLING, "engine": {**ENGINE, "max_model_len": 1024}}
    command = [*run, str(home / "tests/evaluate/answer_all.py"), str(model), json.dumps(asking), str(tmp_path / "evals")]
    done = subprocess.run([*command, *(str(tmp_path / "benches" / name) for name in FORMATS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"engines": 1}
    for name, items in counts.items():
        scoring = json.dumps(given("score", "benches", entries[name]))
        folder = tmp_path / "evals" / name
        words = ["--bench", str(tmp_path / "benches" / name), "--generations", str(folder / "generations" / "manifest.json")]
        words[1] += "/manifest.json"
        assert main(["score-bench", "--spec", scoring, *words, "--out", str(folder / "scores")]) == 0, name
        readings = pl.read_parquet(folder / "scores" / "readings.parquet")
        assert readings.height == items * 2 * len(PROFILE_NAMES) and readings["cluster"].null_count() == 0
        prompts = pl.read_parquet(folder / "generations" / "generations.parquet")["prompt"]
        assert all(prompt.endswith("\\boxed{N}.") for prompt in prompts)
