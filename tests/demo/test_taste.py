"""`make taste` as a newcomer types it: every stage with its real engine, on a handful of rows, and a second time nothing.

KOREASON_TASTE names a folder in which it is left for tests/on_slurm/test_cluster_taste.py, which holds a cluster's run against it.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from koreason.records.manifest import read_manifest
from tests.demo.conftest import taste

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_it_says_where_the_report_is_and_how_little_it_rests_on(tasted: tuple[Path, str]) -> None:
    folder, printed = tasted
    assert f"report: {folder}/results/reports/taste/index.html" in printed
    page = (folder / "results" / "reports" / "taste" / "index.html").read_text(encoding="utf-8")
    assert "no figure on it means anything" in page


def test_every_stage_did_a_handful(tasted: tuple[Path, str]) -> None:
    results = tasted[0] / "results"
    assert read_manifest(results / "pools" / "taste")["counts"]["kept"] == 8
    mix = read_manifest(results / "mixes" / "taste_mix")["counts"]
    assert mix["input"] == 8 and 2 <= mix["kept"] <= 8
    steps = (results / "models/smollm2/taste_mix/laptop_short/metrics.jsonl").read_text().splitlines()
    assert len(steps) == 2
    scores = [json.loads(path.read_text()) for path in results.glob("evals/**/scores.json")]
    assert [score["answers"] for score in scores] == [8, 8], "untrained and trained"


def test_the_model_was_there_from_the_set_up(tasted: tuple[Path, str]) -> None:
    assert json.loads((tasted[0] / "results/bases/smollm2-135m/run.json").read_text())["converted"] is False
    assert (Path(os.environ["KOREASON_ENVS"]) / ".bases" / "ready").is_file()


def test_a_second_time_nothing_is_to_be_done(tasted: tuple[Path, str], home: Path) -> None:
    assert "Nothing to be done" in taste(home, tasted[0])


def test_a_lost_shard_comes_back_from_its_journal_and_nothing_else_runs(tasted: tuple[Path, str], home: Path) -> None:
    results = tasted[0] / "results"
    shard = results / "traces" / "taste" / "smollm2_mixed" / "00000-of-00001"
    before = (shard / "manifest.json").read_bytes()
    others = {path: path.stat().st_mtime_ns for path in results.rglob("manifest.json") if shard not in path.parents}
    (shard / "traces.parquet").unlink()
    command = [home / "bin/koreason", "verify", "--repair"]
    said = subprocess.run(command, cwd=tasted[0], capture_output=True, text=True)
    assert said.returncode == 2 and "traces.parquet" in said.stdout + said.stderr
    for target in ("traces", "all"):
        run = [home / "envs/run", "data", "snakemake", "-s", home / "Snakefile", "--cores", "2", target]
        done = subprocess.run([*run, "--configfile", home / "config/taste.yaml"], cwd=tasted[0], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads((shard / "run.json").read_text())
    assert facts["engine_tokens"] == 0
    assert facts["from_journal"] == read_manifest(shard)["counts"]["rows"]
    assert (shard / "manifest.json").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in others} == others, "the same manifest makes nothing else run again"


def test_every_job_left_its_attempt(tasted: tuple[Path, str]) -> None:
    for run in tasted[0].glob("results/**/run.json"):
        lines = [json.loads(line) for line in (run.parent / "attempts.jsonl").read_text().splitlines()]
        facts = json.loads(run.read_text())
        assert (lines[-1]["exit"], lines[-1]["code"], lines[-1]["package"]) == (0, facts["code"], facts["package"]), run
    [trace] = tasted[0].glob("results/traces/*/*/*-of-*/attempts.jsonl")
    assert json.loads(trace.read_text().splitlines()[0])["tokens"] > 0
