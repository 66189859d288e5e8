"""What was made again beside what was: each class keeps what it promises, and the first difference is told."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from koreason.archive import rerun
from koreason.archive.comparing import Row, compared, failed, table
from koreason.archive.differing import first_difference, off
from koreason.archive.gathered.jobs import Job, jobs, tries
from koreason.errors import UserError
from koreason.records.repeating import CLASSES
from koreason.records.stage import Stage
from koreason.repeats import ALL, class_of, stated
from tests.archive.small_run import NAMES


def again(run: Path, folder: Path, changes: dict[str, dict[str, str]]) -> list[Row]:
    """A copy of the run in which some outputs came out otherwise, compared with it."""
    shutil.copytree(run, folder)
    for place, texts in changes.items():
        out = folder / "results" / place
        facts = json.loads((out / "run.json").read_text())
        with Stage(out, facts["stage"], facts["spec"], []) as stage:
            for name in facts["made"]["files"]:
                text = texts.get(name, (run / "results" / place / name).read_text())
                stage.path(name).write_text(text)
                stage.add(name, rows=3)
            stage.counts.update(facts["made"]["counts"])
    before, after = ({job.folder: job for job in jobs(where)} for where in (run, folder))
    return compared(run, folder, before, after, [name for name in before if before[name].stage != "ingest"])


def verdicts(rows: list[Row]) -> dict[str, str]:
    return {row.output.removeprefix("results/"): row.verdict for row in rows}


def test_what_came_out_as_it_was_is_the_same(finished: Path, tmp_path: Path) -> None:
    rows = again(finished, tmp_path / "again", {})
    assert set(verdicts(rows).values()) == {"same"} and not failed(rows)
    assert table(rows).splitlines()[-1] == "7 same"


def test_another_byte_in_what_is_of_class_bytes_is_told_with_its_place(finished: Path, tmp_path: Path) -> None:
    rows = again(finished, tmp_path / "again", {"pools/small": {"rows.parquet": "rows of pools/smalL\0\n"}})
    assert verdicts(rows)["pools/small"] == "differs" and failed(rows)
    assert "rows.parquet: byte 18" in table(rows)


def test_a_loss_curve_is_within_its_bounds_or_not_and_weights_go_by_it(finished: Path, tmp_path: Path) -> None:
    def curve(loss: float) -> str:
        steps = [{"step": step, "loss": loss / step, "tokens": 8, "loss_tokens": 4} for step in (1, 2)]
        return "".join(json.dumps(step) + "\n" for step in steps)

    weights = {"model.safetensors": "others\0"}
    within = again(finished, tmp_path / "within", {"models/student/mix/short": weights | {"metrics.jsonl": curve(2.01)}})
    assert verdicts(within)["models/student/mix/short"] == "within" and not failed(within)
    assert "loss of row 1 is off by 0.005, 0.01 are allowed" in table(within)
    outside = again(finished, tmp_path / "outside", {"models/student/mix/short": weights | {"metrics.jsonl": curve(2.1)}})
    assert verdicts(outside)["models/student/mix/short"] == "differs" and failed(outside)


def test_traces_are_bytes_where_their_journal_is_and_another_sample_without(finished: Path, tmp_path: Path) -> None:
    changes = {"traces/small/mixed/00000-of-00001": {"traces.parquet": "other\0"}, "mixes/mix": {"rows.parquet": "others\0"}}
    rows = again(finished, tmp_path / "again", changes)
    assert verdicts(rows)["traces/small/mixed/00000-of-00001"] == "differs"
    bare = tmp_path / "bare"
    shutil.copytree(finished, bare)
    shutil.rmtree(bare / "results/traces/small/mixed/journal")
    rows = again(bare, tmp_path / "redrawn", changes)
    assert verdicts(rows)["traces/small/mixed/00000-of-00001"] == "within"
    assert verdicts(rows)["mixes/mix"] == "within", "it was made of another sample"
    assert not failed(rows)


def test_a_page_may_differ_and_what_was_not_made_is_told(finished: Path, tmp_path: Path) -> None:
    assert verdicts(again(finished, tmp_path / "page", {"reports/run": {"index.html": "an hour later"}}))["reports/run"] == "same"
    folder = tmp_path / "cut"
    shutil.copytree(finished, folder)
    (folder / "results/mixes/mix/manifest.json").unlink()
    before, after = ({job.folder: job for job in jobs(where)} for where in (finished, folder))
    [row] = compared(finished, folder, before, after, ["results/mixes/mix"])
    assert row.verdict == "not made" and failed([row])


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"a": [1, 2], "b": ["x", None]}, {"a": [1, 2], "b": ["x", "y"]}, "row 2, column b: nothing became 'y'"),
        ({"a": [1, 2], "b": ["x", "y"]}, {"a": [1, 3], "b": ["z", "y"]}, "row 1, column b: 'x' became 'z'"),
        ({"a": [1, 2]}, {"a": [1]}, "2 rows became 1"),
        ({"a": [1]}, {"b": [1]}, "columns a became b"),
    ],
)
def test_the_first_difference_of_two_tables(tmp_path: Path, one: dict[str, Any], other: dict[str, Any], said: str) -> None:
    for name, rows in (("one", one), ("other", other)):
        pl.DataFrame(rows).write_parquet(tmp_path / f"{name}.parquet")
    assert first_difference(tmp_path / "one.parquet", tmp_path / "other.parquet") == said


def test_the_first_difference_of_two_texts(tmp_path: Path) -> None:
    for name, text in (("one", '{"a": 1, "b": 2}\n{"a": 1}\n'), ("other", '{"a": 1, "b": 2}\n{"a": 2}\n')):
        (tmp_path / f"{name}.jsonl").write_text(text)
    assert first_difference(tmp_path / "one.jsonl", tmp_path / "other.jsonl").startswith("line 2, a: ")
    share, what = off(tmp_path / "one.jsonl", tmp_path / "other.jsonl", {"a": 0.5})
    assert share == 2.0 and what == "a of row 2 is off by 1, 0.5 are allowed"


def test_every_stage_states_how_its_files_repeat(home: Path) -> None:
    import ast

    calls = [
        node for path in (home / "koreason").rglob("*.py") for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    stages = {
        call.args[1].value
        for call in calls
        if ast.unparse(call.func) == "Stage" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }
    assert stages and stages <= ALL.keys()
    kinds = {kind for repeats in ALL.values() for kind in [*repeats.files.values(), *repeats.in_float32.values()]}
    assert kinds <= CLASSES.keys() and stated()["stages"].keys() == ALL.keys()
    assert class_of("trace", "traces.parquet", {"engine": {"dtype": "float32"}}) == "bytes"
    assert class_of("trace", "traces.parquet", {"engine": {"dtype": "bfloat16"}}) == "bytes given the journal"
    assert class_of("train", "config.json", {"model": {"dtype": "bfloat16"}}) == "bytes"
    page = (home / "docs" / "archive.md").read_text(encoding="utf-8")
    assert all(kind in page for kind in CLASSES)


# --- what is laid out for a rerun --------------------------------------------------------------------------------------------


def test_a_rerun_makes_a_stage_and_what_was_made_of_it(finished: Path, tmp_path: Path) -> None:
    before = {job.folder: job for job in jobs(finished) if job.made}
    later = rerun.chosen(finished, before, "select", [])
    assert later == {"results/mixes/mix", "results/models/student/mix/short", "results/reports/run"}
    assert rerun.chosen(finished, before, None, ["mixes", "trace"]) == {"results/mixes/mix", "results/traces/small/mixed/00000-of-00001"}
    assert len(rerun.chosen(finished, before, None, [])) == len(before)
    for start, only in (("selekt", []), (None, ["judged"])):
        with pytest.raises(UserError):
            rerun.chosen(finished, before, start, only)
    folder = tmp_path / "again"
    rerun.prepare(finished, folder, before, later)
    assert (
        not (folder / "results/mixes/mix").exists() and (folder / "results/traces/small/mixed/journal/00000-of-00001/rows.jsonl").is_file()
    )
    ages = {(folder / name / "manifest.json").stat().st_mtime for name in before if name not in later}
    made = [before[name].run["ended"] for name in before if name not in later]
    assert ages == {max(made)}, "none is younger than what was made of it, whenever they were made or restored"
    (folder / "results/mixes/mix").mkdir(parents=True)
    rerun.prepare(finished, folder, before, later)
    assert (folder / "results/mixes/mix").is_dir(), "the same rerun goes on"
    assert NAMES["trace"] == "traces.parquet"


def test_a_rerun_wants_a_restored_run(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="says nothing of itself"):
        rerun.rerun(finished, None, [], 1)


def test_a_report_of_another_configuration_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"run": {"name": "mine"}}', encoding="utf-8")
    folders = ["results/mixes/mine", "results/reports/mine", "results/reports/other"]
    assert rerun.other_reports(folders, tmp_path / "config.json") == {"results/reports/other"}
    (tmp_path / "config.json").write_text('{"run": {}}', encoding="utf-8")
    assert rerun.other_reports(folders, tmp_path / "config.json") == set(), "of an archive that had one report"


def test_an_attempt_at_several_outputs_is_one() -> None:
    one, other = {"start": 1.0, "end": 2.0, "host": "a", "outputs": 2}, {"start": 3.0, "end": 4.0, "host": "a", "outputs": 1}
    assert tries([Job("t/0", "trace", None, attempts=[one]), Job("t/1", "trace", None, attempts=[one, other])]) == 2
