"""Doors that need engines, and the small run for GPUs, in a copy of a finished taste: what they ask for is there but for a page."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from koreason.records.manifest import read_manifest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ON_CPU = {
    "models": {"smollm2": {"tensor_parallel": 2, "dtype": "float32"}},
    "recipes": {"smollm2_mixed": {"engine": {"dtype": "float32", "gpu_memory_utilization": 0.9}}},
    "benches": {"ko_math": {"engine": {"dtype": "float32", "gpu_memory_utilization": 0.9}}},
    "resources": {rule: {"gpus": 0} for rule in ("trace", "train", "generate")},
}


def run(home: Path, folder: Path, *files: Path, **variables: str) -> str:
    """Run configurations laid over each other, to the end."""
    command = [home / "envs/run", "data", "snakemake", "-s", home / "Snakefile", "--cores", "2", "--quiet", "rules", "host"]
    done = subprocess.run(
        [*command, "--configfile", *files], cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr


@pytest.fixture(scope="module")
def beside(tasted: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished taste, by links: others archive and publish that folder, as one run's."""
    folder = tmp_path_factory.mktemp("beside") / "taste"
    subprocess.run(["cp", "-al", tasted[0], folder], check=True)
    return folder


@pytest.mark.parametrize(("name", "lacks"), [("traces", "selection"), ("mixes", "training"), ("models", "paper")])
def test_a_run_that_stops_shows_what_there_is(name: str, lacks: str, beside: Path, home: Path) -> None:
    said = run(home, beside, home / "config/taste.yaml", home / f"config/doors/{name}.yaml")
    page = (beside / "results" / "reports" / name / "index.html").read_text(encoding="utf-8")
    assert "1 of 1 jobs" in said, "the page alone"
    assert f'<section id="{lacks}">' not in page and '<section id="traces">' in page


def test_a_models_folder_is_examined_without_training(tasted: tuple[Path, str], home: Path, tmp_path: Path) -> None:
    trained = tasted[0] / "results" / "models" / "smollm2" / "taste_mix" / "laptop_short"
    run(home, tmp_path, home / "config/doors/evaluate.yaml", MY_MODEL=str(trained))
    assert not (tmp_path / "results" / "models").exists()
    scores = read_manifest(tmp_path / "results/evals/mine/base/base/ko_math/scores")["counts"]
    page = (tmp_path / "results" / "reports" / "evaluate" / "index.html").read_text(encoding="utf-8")
    assert scores and "A model as it is" in page and '<section id="training">' not in page and ">mine<" in page


def test_the_small_run_for_gpus_is_the_taste_but_for_cards_and_precision(beside: Path, home: Path, tmp_path: Path) -> None:
    small = home / "config" / "gpu-small.yaml"
    (tmp_path / "cpu.yaml").write_text(yaml.safe_dump(ON_CPU), encoding="utf-8")
    said = run(home, beside, home / "config/taste.yaml", small, tmp_path / "cpu.yaml")
    assert "1 of 1 jobs" in said
    assert "does it run on these GPUs?" in (beside / "results" / "reports" / "cpu" / "index.html").read_text(encoding="utf-8")
    asked = yaml.safe_load(small.read_text(encoding="utf-8"))
    assert all(asked["resources"][rule]["gpus"] == 1 for rule in ("trace", "train", "generate"))
    assert {asked[table][name].get("dtype", asked[table][name].get("engine", {}).get("dtype")) for table, name in
            (("models", "smollm2"), ("recipes", "smollm2_mixed"), ("benches", "ko_math"))} == {"bfloat16"}  # fmt: skip
