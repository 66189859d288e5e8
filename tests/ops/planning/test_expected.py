"""What `koreason plan` says of traces: from what the same recipe drew, or that it has drawn nothing."""

import json
from pathlib import Path

import pytest

from koreason.config.effects import execution, identity
from koreason.engine.answers import Answer
from koreason.engine.journals.journal import WHOLE, Journal
from koreason.ops.planning import disk, expected
from koreason.records.digests import digest
from koreason.workflow.dryrun import Planned, read_config

JOBS = [Planned("trace", f"o{shard}", {"pool": "whole", "recipe": "r", "shard": str(shard)}, (), ()) for shard in range(4)]


@pytest.fixture(scope="module")
def configured():
    """The demo's recipe, for a pool of 4,000."""
    config = read_config([Path(__file__).parents[3] / "config" / "demo.yaml"])
    entry = next(entry for entry in config["recipes"].values())
    return {"recipes": {"r": entry | {"shards": 4, "samples": 2}}, "pools": {"whole": {"limit": 4000}}}


@pytest.fixture
def results(configured, tmp_path):
    """200 prompts of another pool, drawn by it, and ten of them once more."""
    folder, entry = tmp_path / "results" / "traces" / "small" / "r", configured["recipes"]["r"]
    journal = Journal(folder / "journal", WHOLE)
    keys = [digest(number) for number in range(410)]
    for number, key in enumerate(keys):
        journal.add_row(Answer(key, "답", "stop", 5, 90 + number % 21), 512)
    journal.ask(keys, all_of_it=True)
    journal.close()
    out = folder / WHOLE
    out.mkdir()
    run = {"spec": identity("trace", "recipes", entry), "how": execution("trace", "recipes", entry), "gpus": "0,1"}
    run |= {"inputs": {f"results/bases/{entry['teacher']}/manifest.json": "0f3c"}, "made": {"counts": {"rows": 400}}}
    run |= {"engine_tokens": 40000, "engine_seconds": 20.0, "start_seconds": 90.0}
    (out / "run.json").write_text(json.dumps(run))
    return tmp_path / "results"


def told(configured, results):
    drawn = expected.of_plan(JOBS, configured, results)
    return expected.told(JOBS, configured, results, drawn)[-1], drawn


def test_without_any_it_is_the_recipes_limit(configured, tmp_path):
    most = configured["recipes"]["r"]["sampling"]["max_tokens"]
    line, drawn = told(configured, tmp_path)
    assert not drawn and f"8,000 traces of at most {most:,} tokens, the recipe's limit; it has drawn none yet" in line


def test_what_a_small_pool_took_tells_of_the_whole_one(configured, results):
    line, drawn = told(configured, results)
    tokens = 100 * 410 / 400  # a row's, with what was drawn once more
    assert drawn["r"].tokens == pytest.approx(tokens, rel=0.01)
    assert "whole/r: 8,000 traces of 102 (± 1) tokens, from 410 answers of traces/small/r; 2,000 tokens/s there" in line
    hours = (8000 * tokens / 2000 + 4 * 90) / 3600
    assert f"{hours:.1f} hours, one job at a time, {2 * hours:.1f} GPU-hours" in line
    sizes = disk.peak(JOBS, configured, results, 1, {"r": drawn["r"].tokens})
    assert sizes["trace"] == pytest.approx(8000 * tokens * 8, rel=0.01)


@pytest.mark.parametrize("change", ["prefill", "teacher", "base"])
def test_what_another_recipe_or_teacher_drew_tells_nothing(configured, results, change):
    entry = configured["recipes"]["r"]
    if change == "base":
        base = results / "bases" / entry["teacher"]
        base.mkdir(parents=True)
        (base / "manifest.json").write_text("{}")
    else:
        entry = entry | {change: "another"}
    assert expected.find(entry, results) is None


def test_another_layout_has_another_speed(configured, results):
    entry = configured["recipes"]["r"]
    config = configured | {"recipes": {"r": entry | {"engine": entry["engine"] | {"tensor_parallel": 8}}}}
    line, _ = told(config, results)
    assert "tokens, from 410 answers" in line and "speed is not known: none was drawn with this layout" in line
