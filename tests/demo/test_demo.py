"""The whole pipeline with its real engines: `make demo` as a stranger types it, twice, and on real data.

The whole of it is in `make soak`: what it shows beside its size, CI sees in test_taste.py.
"""

import json
import os
import subprocess

import polars as pl
import pytest

from koreason.records.digests import sha256_file
from koreason.records.manifest import read_manifest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2700)]
# ten minutes for what `make taste` shows in two, but for its size
whole = pytest.mark.soak


def make(home, *arguments, **variables):
    done = subprocess.run(["make", "-C", home, *arguments], capture_output=True, text=True, env={**os.environ, **variables})
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory, home):
    """A finished `make demo` in a folder of its own, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, make(home, "demo", f"WORKDIR={folder}")


@whole
def test_it_says_where_the_report_is(demo):
    folder, printed = demo
    assert f"report: {folder}/results/reports/demo/index.html" in printed
    page = (folder / "results" / "reports" / "demo" / "index.html").read_text()
    assert "ko_math" in page
    assert "ko_choice" in page


@whole
def test_every_stage_left_its_manifest_and_its_counts_add_up(demo):
    results = demo[0] / "results"
    pool = read_manifest(results / "pools" / "demo")["counts"]
    assert pool["kept"] + sum(pool["dropped"].values()) == pool["input"] >= 400
    mix = read_manifest(results / "mixes" / "demo_mix")["counts"]
    assert mix["kept"] + sum(mix["dropped"].values()) == mix["input"] == pool["kept"]
    assert mix["kept"] >= 20, "the little teacher's yield"
    finished = read_manifest(results / "mixes" / "worked_mix")["counts"]
    assert (finished["kept"], finished["dropped"]) == (80, {"over_quota": 80}), "every finished trace passes"
    metrics = [json.loads(line) for line in (results / "models/smollm2/demo_mix/laptop_short/metrics.jsonl").read_text().splitlines()]
    assert metrics[-1]["loss"] < metrics[0]["loss"], "it learns"
    scores = list(results.glob("evals/smollm2/*/*/*/scores/scores.json"))
    assert len(scores) == 6, "two benchmarks and held-out word problems, untrained and trained"


@whole
def test_who_was_taught_worked_problems_solves_others(demo):
    paired = pl.read_csv(demo[0] / "results/reports/demo/tables/paired.csv")
    [taught] = paired.filter(pl.col("mix") == "worked_mix").to_dicts()
    assert (taught["bench"], taught["items"], taught["against"]) == ("held_out_pairs", 60, "base")
    assert taught["difference"] > 0, "above the base"


@whole
def test_a_second_time_nothing_is_to_be_done(demo, home):
    assert "Nothing to be done" in make(home, "demo", f"WORKDIR={demo[0]}")


@whole
def test_a_deleted_shard_comes_back_from_its_journal(demo, home):
    shard = demo[0] / "results" / "traces" / "demo" / "smollm2_mixed" / "00000-of-00002"
    before = sha256_file(shard / "manifest.json")
    model = demo[0] / "results" / "models" / "smollm2" / "demo_mix" / "laptop_short" / "manifest.json"
    trained = model.stat().st_mtime_ns
    (shard / "manifest.json").unlink()
    (shard / "traces.parquet").unlink()
    make(home, "demo", f"WORKDIR={demo[0]}")
    facts = json.loads((shard / "run.json").read_text())
    assert facts["engine_tokens"] == 0
    assert facts["from_journal"] == read_manifest(shard)["counts"]["rows"]
    assert sha256_file(shard / "manifest.json") == before
    assert model.stat().st_mtime_ns == trained, "the same manifest makes nothing else run again"


def test_the_demos_dumps_become_its_pool(home, tmp_path):
    command = [home / "envs/run", "data", "snakemake", "-s", home / "Snakefile", "--cores", "2", "pools", "benches"]
    done = subprocess.run([*command, "--configfile", home / "config/demo.yaml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    pool = read_manifest(tmp_path / "results" / "pools" / "demo")["counts"]
    assert pool["kept"] + sum(pool["dropped"].values()) == pool["input"] >= 400
    dropped = pl.read_parquet(tmp_path / "results" / "pools" / "demo" / "dropped.parquet")
    shown = dropped.filter(pl.col("source") == "demo_forum").group_by("reason").agg(pl.col("evidence").str.join(" "))
    evidence = dict(shown.iter_rows())
    assert "(near 0.86" in evidence["duplicate"] and "ko_choice item choice-29" in evidence["contaminated"]
    assert [read_manifest(tmp_path / "results" / "benches" / name)["counts"]["items"] for name in ("ko_choice", "ko_math")] == [30, 30]


def test_the_same_pipeline_runs_on_community_data(home, tmp_path, real_data):
    make(home, "taste", "CONFIG=config/community.yaml", f"WORKDIR={tmp_path}", KOREASON_DATA=str(real_data))
    counts = read_manifest(tmp_path / "results" / "pools" / "community")["counts"]
    assert counts["input"] > 20_000
    assert counts["kept"] == 12
    assert (tmp_path / "results" / "reports" / "community" / "index.html").is_file()
