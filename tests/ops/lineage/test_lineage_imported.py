"""`koreason explain` and `koreason forget` of a prompt that came with finished traces."""

import json
from pathlib import Path

import polars as pl
import pytest
from chain import measure
from small_run import MIX, RESULTS

from koreason.cli import main
from koreason.ops.lineage.dump import STILL
from koreason.records.digests import sha256_file

Capture = pytest.CaptureFixture[str]
SHARDS = ("00000-of-00002", "00001-of-00002")
RECORDS = [
    {"instruction": f"{number}번째 문제: 바구니에 담긴 귤은 모두 몇 개입니까?", "response": f"<think>귤은 {number}개</think>{number}개"}
    for number in range(6)
]


@pytest.fixture(autouse=True)
def imported(run_folder: None) -> None:
    """A set of finished traces, and a mix that takes them."""
    dump = Path("dumps/worked.jsonl")
    lines = [json.dumps(record, ensure_ascii=False) for record in [*RECORDS, RECORDS[0] | {"response": "<think>다시</think>0"}]]
    dump.write_text("\n".join([*lines, "torn", ""]), encoding="utf-8")
    spec = {"format": "jsonl", "shape": "instruction_response", "root": "dumps", "files": {dump.name: sha256_file(dump)}}
    spec["max_reject_share"] = 0.5
    for shard in SHARDS:
        words = ["--name", "worked", "--language", '{"scripts": ["Hangul"]}', "--spec", json.dumps(spec), "--shard", shard]
        assert main(["import-traces", *words, "--out", str(RESULTS / "traces/imported/worked" / shard)]) == 0
    assert not measure(RESULTS / "traces/imported/worked", 2, RESULTS / "measures/imported/worked")
    mix = MIX | {"traces": [{"imported": "worked"}], "quotas": {"Sums": 9}, "samples_per_prompt": 1}
    given = ["--traces", str(RESULTS / "traces"), "--measures", str(RESULTS / "measures"), "--shards", '{"imported/worked": 2}']
    given += ["--labels", '{"imported/worked": {"category": "Sums", "licence": "A"}}', "--spec", json.dumps(mix)]
    assert main(["select", *given, "--out", str(RESULTS / "mixes/sums")]) == 0


def worked() -> pl.DataFrame:
    return pl.read_parquet(RESULTS / "traces/imported/worked/*/traces.parquet").filter(pl.col("question") == RECORDS[0]["instruction"])


def test_its_life_is_told(capsys: Capture) -> None:
    prompt_id = worked()["prompt_id"][0]
    assert main(["explain", prompt_id[:10], "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["prompt_id"], known["text"], known["source"]["name"]) == (prompt_id, RECORDS[0]["instruction"], "imported/worked")
    assert (known["dump"]["path"], known["dump"]["record"], known["dump"]["says"]) == ("dumps/worked.jsonl", 1, STILL)
    assert [(row["pool"], row["recipe"], row["sample"]) for row in known["traces"]] == [
        ("imported", "worked", 0),
        ("imported", "worked", 1),
    ]
    [mix] = known["mixes"]
    assert (mix["mix"], len(mix["taken"]), [row["reason"] for row in mix["left"]]) == ("sums", 1, ["surplus_sample"])
    assert main(["explain", prompt_id]) == 0
    assert "source     imported/worked" in capsys.readouterr().out


def test_it_is_forgotten(capsys: Capture) -> None:
    prompt_id, shard = worked()["prompt_id"][0], next(s for s in SHARDS if worked()["prompt_id"][0] in ids(s))
    assert main(["forget", prompt_id[:10]]) == 0
    lines = capsys.readouterr().out.splitlines()
    again = [line.split()[-3:] for line in lines if line.startswith("  made again without it")]
    folder = f"results/traces/imported/worked/{shard}"
    assert again == [
        ["2", "rows", f"{folder}/traces.parquet"],
        ["2", "rows", f"{folder}/given.parquet"],
        ["1", "row", "results/mixes/sums/mix.parquet"],
    ]
    [still] = [line for line in lines if line.startswith("  still holds it")]
    assert "dumps/worked.jsonl, the dump" in still
    assert f"prompt {prompt_id} of source imported/worked" in lines
    assert prompt_id in Path("withdrawn.yaml").read_text()


def ids(shard: str) -> list[str]:
    return pl.read_parquet(RESULTS / "traces/imported/worked" / shard / "traces.parquet")["prompt_id"].to_list()


def test_what_was_rejected_is_shown(capsys: Capture) -> None:
    for more in ([], ["--source", "imported/worked"]):
        assert main(["explain", "--reason", "not_json", "--json", *more]) == 0
        found = {place["where"]: place for place in json.loads(capsys.readouterr().out)}
        assert found["source imported/worked"]["dropped"] == 1, "of the whole set, once"
        assert found["source imported/worked"]["sample"][0]["source"] == "imported/worked"
    assert set(found) == {"source imported/worked"}
