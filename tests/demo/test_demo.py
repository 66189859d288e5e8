"""The whole pipeline with its real engines: `make demo` as a stranger types it, twice, and on real data.

That another folder gives the same bytes is shown where the other folder is another machine's, too: tests/cluster/test_cluster_demo.py.
KOREASON_DEMO names a folder in which the demo is left for those tests.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from koreason.manifest import read_manifest, sha256_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2700)]


def make(home, *arguments, **variables):
    done = subprocess.run(["make", "-C", home, *arguments], capture_output=True, text=True, env={**os.environ, **variables})
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory, home):
    """A finished `make demo` in a folder of its own, and what it printed."""
    folder = Path(os.environ.get("KOREASON_DEMO") or tmp_path_factory.mktemp("demo"))
    return folder, make(home, "demo", f"WORKDIR={folder}")


def test_it_says_where_the_report_is(demo):
    folder, printed = demo
    assert f"report: {folder}/results/report/index.html" in printed
    page = (folder / "results" / "report" / "index.html").read_text()
    assert "ko_math" in page
    assert "ko_choice" in page


def test_every_stage_left_its_manifest_and_its_counts_add_up(demo):
    results = demo[0] / "results"
    pool = read_manifest(results / "pools" / "demo")["counts"]
    assert pool["kept"] + sum(pool["dropped"].values()) == pool["input"] >= 400
    mix = read_manifest(results / "mixes" / "demo_mix")["counts"]
    assert mix["kept"] + sum(mix["dropped"].values()) == mix["input"] == pool["kept"]
    assert mix["kept"] >= 20, "the little teacher's yield"
    metrics = [json.loads(line) for line in (results / "models/smollm2/demo_mix/laptop_short/metrics.jsonl").read_text().splitlines()]
    assert metrics[-1]["loss"] < metrics[0]["loss"], "it learns"
    scores = list(results.glob("evals/smollm2/*/*/*/scores/scores.json"))
    assert len(scores) == 4, "two benchmarks, untrained and trained"


def test_a_second_time_nothing_is_to_be_done(demo, home):
    assert "Nothing to be done" in make(home, "demo", f"WORKDIR={demo[0]}")


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


def test_the_same_pipeline_runs_on_community_data(home, tmp_path, real_data, demo):
    # the teacher is the demo's: converting it again would prove nothing new
    shutil.copytree(demo[0] / "results" / "bases", tmp_path / "results" / "bases")
    make(home, "demo", "CONFIG=config/community.yaml", f"WORKDIR={tmp_path}", KOREASON_DATA=str(real_data))
    counts = read_manifest(tmp_path / "results" / "pools" / "community")["counts"]
    assert counts["input"] > 20_000
    assert counts["kept"] == 24
    assert (tmp_path / "results" / "report" / "index.html").is_file()
