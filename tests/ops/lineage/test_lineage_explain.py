"""`koreason explain`: a prompt's life, of whole and of partly finished runs, and samples of what was dropped."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from chain import measure
from small_run import EXAMS, LABELS, MIX, RESULTS, ids, made_of

from koreason.cli import main
from koreason.ops.lineage.dump import STILL
from koreason.records.stage import Stage
from koreason.tables import TRACES, write_table

pytestmark = pytest.mark.usefixtures("run_folder")
Capture = pytest.CaptureFixture[str]


def explained(capsys: Capture, *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def life(capsys: Capture, prompt_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(explained(capsys, prompt_id, "--json"))
    return found


def refused(capsys: Capture, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["explain", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    return error


def fate(capsys: Capture, prompt_id: str) -> tuple[str | None, str]:
    (pool,) = life(capsys, prompt_id)["pools"]
    return pool["reason"], pool["evidence"]


def test_a_kept_prompt_is_followed_to_the_model(capsys: Capture) -> None:
    lives = [life(capsys, prompt_id) for prompt_id in ids("exams")[1:]]
    assert all(known["pools"] == [{"pool": "all", "reason": None, "evidence": "", "stands_for": 0}] for known in lives)
    assert [known["text"] for known in lives] == EXAMS[1:]
    assert all(known["dump"]["says"] == STILL and known["dump"]["path"] == "dumps/exams.jsonl" for known in lives)
    assert all(known["traces"][0]["finish"] == "stop" and Path(known["traces"][0]["path"]).is_file() for known in lives)
    taken = [known for known in lives if known["mixes"][0]["taken"]]
    left = [known for known in lives if known["mixes"][0]["left"]]
    assert (len(taken), len(left)) == (3, 2)
    assert all(known["models"][0]["model"] == "small" and known["packed"][0]["tokens"] == 300 for known in taken)
    assert all(known["models"] == [] and known["mixes"][0]["left"][0]["reason"] == "over_quota" for known in left)
    text = explained(capsys, left[0]["prompt_id"])
    assert "left sample 0, over_quota" in text and "pool       all: kept" in text


def test_a_dump_that_was_edited_is_told_from_what_was_read(capsys: Capture) -> None:
    prompt_id, dump = ids("exams")[2], Path("dumps/exams.jsonl")
    dump.write_text(dump.read_text(encoding="utf-8").replace("5명이", "6명이"), encoding="utf-8")
    text = explained(capsys, prompt_id)
    assert "the dump says something else there" in text and "it lacks question: 5명이 한 줄로" in text


def test_the_quota_is_told_where_the_configuration_is_there(capsys: Capture, run_folder: Path) -> None:
    kept = run_folder / ".koreason" / "configs" / "last.json"
    kept.parent.mkdir(parents=True)
    config = {"sources": {"exams": {"category": "Exams", "licence": "A", "root": "dumps"}}, "mixes": {"both": {"quotas": {"Exams": 3}}}}
    kept.write_text(json.dumps(config), encoding="utf-8")
    texts = [explained(capsys, prompt_id) for prompt_id in ids("exams")]
    assert any("over_quota (Exams: 3 drawn of a quota of 3, 5 passed the filters)" in text for text in texts)


def test_what_cleaning_changed_is_marked(capsys: Capture) -> None:
    found = life(capsys, ids("talk")[0])
    (cleaned,) = found["cleaned"]
    changed = "".join(cleaned["changes"]["question"])
    assert "[-<p>-]" in changed and "1234" in changed and "{+0000+}" in changed
    assert cleaned["measures"]["masked"] == 1
    assert "\n           question: " in explained(capsys, found["prompt_id"])


def test_nothing_is_said_to_the_terminal(capsys: Capture) -> None:
    hostile = ids("talk")[4]
    text = explained(capsys, hostile) + explained(capsys, "--reason", "not_json")
    assert "그림을 �[31m보고" in text and "\x1b" not in text and "\u202e" not in text
    assert life(capsys, hostile)["text"].count("\x1b") == 1


def test_each_drop_has_its_reason_and_evidence(capsys: Capture) -> None:
    talk, exams = ids("talk"), ids("exams")
    assert fate(capsys, talk[2]) == ("too_short", "2 characters")
    reason, evidence = fate(capsys, exams[0])
    assert reason == "contaminated" and "ko_math item 17" in evidence
    twins = [life(capsys, talk[place]) for place in (1, 3)]
    assert sorted(twin["pools"][0]["reason"] or "" for twin in twins) == ["", "duplicate"]
    kept = next(twin for twin in twins if twin["pools"][0]["reason"] is None)
    assert kept["pools"][0]["stands_for"] == 1
    (group,) = kept["twins"]
    assert group["similarity"] == 1 and group["others"][0]["pools"] == {"all": "duplicate"}
    assert life(capsys, exams[0])["overlaps"][0]["span"] == "3명이 한 줄로"


def test_parents_and_children(capsys: Capture) -> None:
    parent = ids("exams")[1]
    made_of(parent)
    assert life(capsys, parent)["children"] == [{"source": "styled", "prompt_id": "c" * 24}]
    child = life(capsys, "cccccc")
    assert child["parents"] == [parent] and child["dump"]["says"].startswith("made of pool all, row 1")
    assert f"became     {'c' * 24} of source styled" in explained(capsys, parent)


def test_the_beginning_of_an_id_is_enough_where_it_is_one_prompts(capsys: Capture) -> None:
    prompt_id = ids("talk")[0]
    assert life(capsys, prompt_id[:8])["prompt_id"] == prompt_id
    assert life(capsys, prompt_id[:20])["prompt_id"] == prompt_id
    assert "11 prompts' ids begin with ''" in refused(capsys, "")
    assert "no prompt's id begins with 'zz'" in refused(capsys, "zz")


def test_an_index_changes_nothing(capsys: Capture) -> None:
    every = [*ids("talk"), *ids("exams")]
    found = [explained(capsys, prompt_id) for prompt_id in every]
    for index in RESULTS.rglob("*.index.parquet"):
        index.unlink()
    assert found == [explained(capsys, prompt_id) for prompt_id in every]


@pytest.mark.parametrize("gone", ["models", "packed", "mixes", "traces", "pools", "overlaps", "duplicates", "sketches", "cleaned"])
def test_any_part_may_not_be_made_yet(capsys: Capture, gone: str) -> None:
    shutil.rmtree(RESULTS / gone)
    assert all("prompt " in explained(capsys, prompt_id) for prompt_id in (*ids("talk"), *ids("exams")))


def test_mistakes_and_damage_are_one_line(capsys: Capture, run_folder: Path) -> None:
    assert "needs ids of prompts, or --reason" in refused(capsys)
    assert "no such configuration" in refused(capsys, "a", "--configfile", "none.yaml")
    (RESULTS / "mixes/both/dropped.parquet").write_bytes(b"PAR1")
    assert "results/mixes/both/dropped.parquet: cannot be read" in refused(capsys, ids("talk")[0])
    shutil.rmtree(RESULTS)
    assert "there is no such folder" in refused(capsys, "a")


def test_a_filters_drops_are_sampled(capsys: Capture) -> None:
    (place,) = json.loads(explained(capsys, "--reason", "over_quota", "--json"))
    assert place["where"] == "mix both" and place["dropped"] == len(place["sample"]) == 2
    assert all("•명이 한 줄로" in row["text"] and "stop, 230 tokens" in row["evidence"] for row in place["sample"])
    one = [explained(capsys, "--reason", "over_quota", "--sample", "1", "--seed", str(seed)) for seed in (*range(9), *range(9))]
    assert one[:9] == one[9:] and len(set(one)) == 2
    text = explained(capsys, "--reason", "too_short", "--pool", "all")
    assert text.startswith("pool all: 1 dropped, 1 of them:\n") and "2 characters\n      짧다\n" in text


def test_rejected_records_are_sampled_without_their_numbers(capsys: Capture) -> None:
    text = explained(capsys, "--reason", "not_json")
    assert "source talk: 1 dropped" in text and "source exams: 1 dropped" in text
    assert "talk.jsonl record 6" in text and "torn by •••-••••-••••" in text and "9999" not in text


def test_reasons_that_are_none_are_told_with_those_that_are(capsys: Capture) -> None:
    error = refused(capsys, "--reason", "too_shrot")
    assert "over_quota (2)" in error and "too_short (1)" in error and "not_json (2)" in error
    assert "--sample: is -1" in refused(capsys, "--reason", "too_short", "--sample", "-1")
    (RESULTS / "sources/talk/rejected.jsonl").write_text("{", encoding="utf-8")
    assert "rejected.jsonl: not JSON in each line" in refused(capsys, "--reason", "not_json", "--source", "talk")
    assert "no such output" in refused(capsys, "--reason", "too_short", "--pool", "other")


def test_of_two_recipes_of_one_pool_each_trace_is_its_own(capsys: Capture) -> None:
    """They have the same prompts, numbered alike; the text was that of whatever recipe came last, in the mix or not."""
    other = RESULTS / "traces/all/zzz"
    for shard in sorted((RESULTS / "traces/all/mixed").glob("*-of-*")):
        frame = pl.read_parquet(shard / "traces.parquet").with_columns(answer=pl.lit("another recipe's"), think=pl.lit(None, pl.String))
        with Stage(other / shard.name, "trace", {}, []) as stage:
            write_table(frame, stage, "traces.parquet", TRACES, shard=shard.name)
    assert "another recipe's" not in explained(capsys, "--reason", "over_quota")
    assert not measure(other, 2, RESULTS / "measures/all/zzz")
    mix = MIX | {"traces": [*MIX["traces"], {"pool": "all", "recipe": "zzz"}]}  # type: ignore[misc]
    given = ["--traces", str(RESULTS / "traces"), "--measures", str(RESULTS / "measures"), "--shards", '{"mixed": 2, "zzz": 2}']
    words = ["select", *given, "--labels", json.dumps(LABELS), "--spec", json.dumps(mix), "--out", str(RESULTS / "mixes/both")]
    assert main(words) == 0
    assert "another recipe's" in explained(capsys, "--reason", "no_thinking")
    assert "another recipe's" not in explained(capsys, "--reason", "over_quota")
    [prompt_id] = {row["prompt_id"] for row in pl.read_parquet(RESULTS / "mixes/both/mix.parquet").head(1).to_dicts()}
    assert "left sample 0 of all/zzz, no_thinking" in explained(capsys, prompt_id)
