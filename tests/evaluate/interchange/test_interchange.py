"""`koreason interchange`: what is written is read back by the tools that it is written for."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import yaml
from huggingface_hub import _eval_results

from koreason.cli import main
from koreason.evaluate.interchange.command import files
from koreason.evaluate.interchange.finished import Finished
from koreason.evaluate.interchange.hub import eval_results
from koreason.evaluate.interchange.inspect_log import member
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, write_table

ITEMS = [{"id": f"{n}", "category": "sum", "question": f"{n}+2는?", "gold": str(n + 2)} for n in range(3)]


@pytest.fixture
def written(workbench, tmp_path):
    """Three items, two repeats each, of which four answers are right; all forms of them."""
    spec = json.loads(workbench.spec(ITEMS, repeats=2))
    results = tmp_path / "results"
    cell = results / "evals" / "small" / "mixed" / "short" / "sums"
    part = json.loads(workbench.part("bench", json.dumps(spec)))
    assert main(["bench", "--spec", json.dumps(part), "--out", str(results / "benches" / "sums")]) == 0
    rows = [
        (str(n), repeat, f"{n}+2는?\n\n상자에 쓰세요.", f"<think>더하면</think>답은 \\boxed{{{n + 2 if n else 9}}}", "stop", 12, 7)
        for n in range(3)
        for repeat in range(2)
    ]
    asking = json.loads(workbench.part("generate", json.dumps(spec)))
    with Stage(cell / "generations", "generate", asking, []) as stage:
        write_table(pl.DataFrame(rows, schema=GENERATIONS, orient="row"), stage, "generations.parquet", GENERATIONS)
        stage.counts["repeats"] = 2
    words = ["--bench", str(results / "benches/sums/manifest.json"), "--generations", str(cell / "generations/manifest.json")]
    assert main(["score-bench", "--spec", workbench.part("score", json.dumps(spec)), *words, "--out", str(cell / "scores")]) == 0
    assert main(["interchange", str(cell), "--out", str(tmp_path / "shared")]) == 0
    return tmp_path / "shared"


@pytest.mark.slow
def test_other_tools_read_it(home, written):
    run = [str(home / "envs/run"), "interop", "python", str(home / "tests/evaluate/interchange/read_back.py"), str(written)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    inspect, harness = found["inspect"], found["lm_eval"]
    assert (inspect["status"], inspect["samples"], inspect["epochs"], inspect["right"]) == ("success", 6, 2, 4)
    assert inspect["accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    assert inspect["first"] == ["0+2는?\n\n상자에 쓰세요.", "<think>더하면</think>답은 \\boxed{9}", "2"]
    assert (harness["documents"], harness["asked"], harness["gold"]) == (3, "0+2는?\n\n상자에 쓰세요.", "2")
    assert harness["repeats"] == 2 and harness["right"] == {"exact_match": 1.0}


def test_our_own_reader_takes_the_harness_log_back(written, tmp_path, capsys):
    [log] = (written / "lm-eval").glob("samples_*.jsonl")
    assert main(["score", str(log), "--out", str(tmp_path / "again.jsonl")]) == 0
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(row["correct"] for row in again) == 4 and len(again) == 6


def test_the_hub_s_own_parser_reads_its_results(written):
    assert not (written / ".eval_results").exists()  # a benchmark of a file has no name on the hub
    scores = {"accuracy": {"mean": 0.5, "interval_95": [0.4, 0.6]}, "profile": "robust", "items": 30, "repeats": 3}
    one = Finished("m", "x", "s", "ksm", [], [], scores, {}, datetime(2026, 1, 2, tzinfo=UTC), {})
    made = eval_results([one], {"ksm": {"hub": "HAERAE-HUB/HRM8K", "revision": "0" * 40, "name": "KSM"}})
    [entry] = _eval_results.parse_eval_result_entries(yaml.safe_load(made[".eval_results/ksm.yaml"]))
    assert (entry.dataset_id, entry.task_id, entry.value, entry.dataset_revision) == ("HAERAE-HUB/HRM8K", "KSM", 50.0, "0" * 40)


def test_lines_of_every_eval_ever_name_their_object(written):
    [path] = (written / "every-eval-ever").rglob("*.json")
    whole = json.loads(path.read_text(encoding="utf-8"))
    lines = written / "every-eval-ever" / whole["detailed_evaluation_results"]["file_path"]
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert sha256_file(lines) == whole["detailed_evaluation_results"]["checksum"]
    assert {row["evaluation_id"] for row in rows} == {whole["evaluation_id"]} and len({row["sample_id"] for row in rows}) == 6
    assert whole["detailed_evaluation_results"]["total_rows"] == 6
    assert whole["evaluation_results"][0]["score_details"]["score"] == pytest.approx(2 / 3, abs=1e-6)
    assert rows[0]["output"]["reasoning_trace"] == ["더하면"]


def test_a_card_and_the_same_bytes_again(written, tmp_path):
    assert "| sums | 3 | 2 | 66.7 |" in (written / "card.md").read_text(encoding="utf-8")
    first = {path.name: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    cell = tmp_path / "results/evals/small/mixed/short/sums"
    assert main(["interchange", str(cell), "--out", str(tmp_path / "again")]) == 0
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "again").rglob("*") if path.is_file()}


def test_what_is_no_evaluation_is_refused(tmp_path, capsys):
    assert main(["interchange", str(tmp_path / "a/b/c/d/e/f"), "--out", str(tmp_path / "x")]) == 2
    assert "koreason: " in capsys.readouterr().err


@pytest.mark.parametrize("item", ["../../x", "/etc/x", "a\\..\\x", "a\x1b[2Jb", "가" * 300, "..", ""])
def test_a_log_is_unpacked_nowhere_else(item):
    assert re.fullmatch("[0-9a-f]{64}", member(item))
    assert [member(name) for name in ("12", "kmmlu-law-3", "문제 1", "law/3")] == ["12", "kmmlu-law-3", "문제 1", "law/3"]


def test_files_of_evaluations_that_ended_at_once_are_each_there():
    scores = {"accuracy": {"mean": 0.5, "interval_95": [0.4, 0.6], "se_over_items": 0.1}, "profile": "robust", "items": 0, "repeats": 1}
    both = [Finished("m", "x", "s", name, [], [], scores | {"version": 1}, {}, datetime(2026, 1, 2, tzinfo=UTC), {}) for name in ("a", "b")]
    made = files(both, {"a": {}, "b": {}})
    assert len([name for name in made if name.startswith("lm-eval/results_")]) == 2


def test_what_is_no_finished_evaluation_is_one_line(written, tmp_path, capsys, monkeypatch):
    for folder in (Path("/"), Path("/tmp"), tmp_path / "none"):
        assert main(["interchange", str(folder), "--out", str(tmp_path / "out")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    cell = tmp_path / "results/evals/small/mixed/short/sums"
    monkeypatch.chdir(cell)
    assert main(["interchange", ".", "--out", str(tmp_path / "here")]) == 0
    (cell / "generations/run.json").unlink()
    capsys.readouterr()
    assert main(["interchange", ".", "--out", str(tmp_path / "out")]) == 2
    assert "does not say when it was made" in capsys.readouterr().err
