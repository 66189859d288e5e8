"""`koreason diff`: causes before effects, and lines that say the same of many jobs once."""

import hashlib
import json
from pathlib import Path

import pytest

from koreason.archive.diff import changed, group_of
from koreason.cli import main
from koreason.config.files.layers import layered
from koreason.home import HOME
from tests.archive.small_run import archive


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["diff", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def edit(path: Path, **facts: object) -> None:
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | facts, indent=1, sort_keys=True))


def test_a_run_and_its_archive_are_the_same_run(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive(finished, tmp_path / "bag")
    capsys.readouterr()
    assert said(capsys, finished, tmp_path / "bag") == "the same inputs, options, code, environments and counts\n"


def test_it_tells_what_differs_and_what_that_did(finished: Path, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = copied / "results"
    for source in ("forum", "quiz"):
        edit(results / "sources" / source / "run.json", spec={"seed": 8}, code="feed")
    pool = json.loads((results / "pools/small/run.json").read_text())["made"]
    pool["counts"]["kept"] = 2
    pool["files"]["rows.parquet"]["sha256"] = "0" * 64
    edit(results / "pools/small/manifest.json", counts=pool["counts"], files=pool["files"])
    edit(results / "pools/small/run.json", made=pool, environment="data:" + "1" * 64)
    (results / "reports/run/manifest.json").unlink()
    [kept] = (copied / ".koreason/configs").glob("*.json")
    config = json.loads(kept.read_text())
    config["sources"]["quiz"]["revision"] = "1" * 40
    kept.write_text(json.dumps(config))
    lines = said(capsys, finished, copied).splitlines()
    assert [line[:12].strip() for line in lines] == ["inputs", "options", "code", "environment", "only in A", "counts", "contents"]
    told = "\n".join(lines)
    assert f"sources/quiz.revision: {'0' * 40} became {'1' * 40}" in told
    assert "ingest: seed: 7 became 8 (2 jobs)" in told and "became feed (2 jobs)" in told
    assert "results/pools/small: kept 3 became 2" in told and "results/pools/small: 1 files in other bytes" in told
    assert "results/reports/run" in told


def test_keys_are_named_to_the_innermost_and_shards_are_one() -> None:
    before, after = {"sampling": {"top_p": 0.9, "seed": 1}}, {"sampling": {"top_p": 0.8, "seed": 1}, "retry": 2}
    assert changed(before, after) == ["sampling.top_p: 0.9 became 0.8", "retry: nothing became 2"]
    assert group_of("results/traces/p/r/00003-of-00008") == "results/traces/p/r"


def test_what_is_no_run_is_told_in_one_line(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(finished), str(tmp_path)]) == 2
    assert "holds no results/" in capsys.readouterr().err


def test_what_a_stranger_wrote_neither_acts_nor_stops_it(finished: Path, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mix = copied / "results/mixes/small/manifest.json"
    path = mix if mix.is_file() else next((copied / "results/mixes").glob("*/manifest.json"))
    edit(path, counts=json.loads(path.read_text())["counts"] | {"\x1b[H\x1b[J\x1b[31mred": 5})
    assert "\x1b" not in said(capsys, finished, copied)
    [kept] = (copied / ".koreason/configs").glob("*.json")
    config = json.loads(kept.read_text())
    for wrong in ({"sources": "x"}, {"bases": [1]}, {"benches": {"x": 5}}, {"sources": {"x": {"files": ["a"]}}}):
        kept.write_text(json.dumps(config | wrong), encoding="utf-8")
        assert main(["diff", str(finished), str(copied)]) == 2
        told = capsys.readouterr().err
        assert "is no table of entries" in told and told.count("\n") == 1
    kept.write_text("not json", encoding="utf-8")
    assert main(["diff", str(finished), str(copied)]) == 2 and "holds no JSON object" in capsys.readouterr().err


def test_a_score_that_only_one_has_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, scores in (("a", {"mean": 0.5}), ("b", {"mean": 0.5, "added": 1.5})):
        folder = tmp_path / name / "results/evals/m/x/s/b/scores"
        folder.mkdir(parents=True)
        text = json.dumps(scores)
        (folder / "scores.json").write_text(text)
        facts = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text)}
        (folder / "manifest.json").write_text(json.dumps({"stage": "score", "files": {"scores.json": facts}, "counts": {}}))
    assert "scores: added nothing became 1.5" in said(capsys, tmp_path / "a", tmp_path / "b")
    assert "scores: added 1.5 became nothing" in said(capsys, tmp_path / "b", tmp_path / "a")


def test_every_configuration_that_comes_with_it_is_read(finished: Path, copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [kept] = (copied / ".koreason/configs").glob("*.json")
    for name in ("demo", "taste", "paper", "community", "gpu-small"):
        kept.write_text(json.dumps(layered([HOME / f"config/{name}.yaml"]), default=str), encoding="utf-8")
        said(capsys, finished, copied)
