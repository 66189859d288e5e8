"""The stage through its command: a table beside the traces of a block of shards, and what refuses."""

import polars as pl
from damage import refuses_damage

from koreason.cli import main
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.shards import BLOCK, blocks, shard_names
from koreason.switching.spec import COLUMNS
from koreason.tables import TRACES, write_table

THINKING = ["First 사과 and then 배", "only English", "한국어 和 한국어", None]


def write_shard(folder, shard, thinking):
    rows = [
        {"prompt_id": f"{shard[:5]}{number}", "sample": 0, "question": "사과?", "think": text, "answer": "답", "finish": "stop"}
        for number, text in enumerate(thinking)
    ]
    with Stage(folder / shard, "trace", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=TRACES), stage, "traces.parquet", TRACES, shard=shard)


def measure(traces, out, shards=2, block="00000-of-00001", spec="{}"):
    words = ["--traces", str(traces), "--shards", str(shards), "--block", block, "--spec", spec, "--language", '{"scripts": ["Hangul"]}']
    return main(["measure", *words, "--out", str(out)])


def test_a_block_has_a_row_for_each_trace_of_its_shards(tmp_path):
    for shard in reversed(shard_names(2)):
        write_shard(tmp_path / "traces", shard, THINKING)
    assert not measure(tmp_path / "traces", tmp_path / "out")
    found = pl.read_parquet(tmp_path / "out/measures.parquet")
    assert dict(found.schema) == COLUMNS and found["prompt_id"].is_sorted()
    assert found["switches"].to_list() == [3, 0, 2, 0] * 2
    assert found["copied_spans"].to_list() == [0.5, None, 0.0, None] * 2
    assert found["leaked_share"].to_list()[:4] == [0, 0, 1 / 7, None]
    made = read_manifest(tmp_path / "out")
    assert made["counts"] == {"traces": 8, "letters": {"Han": 2, "Hangul": 18, "Latin": 46}, "leaked": {"Han": 2}}
    of = {shard: read_manifest(tmp_path / "traces" / shard)["files"]["traces.parquet"]["sha256"] for shard in shard_names(2)}
    assert made["files"]["measures.parquet"]["traces"] == of
    # what a recipe wants does not leak
    assert not measure(tmp_path / "traces", tmp_path / "other", spec='{"scripts": ["Latin", "Han"]}')
    assert pl.read_parquet(tmp_path / "other/measures.parquet")["leaked_share"].to_list()[2] == 0


def test_a_block_reads_its_own_shards_and_no_others(tmp_path):
    count = BLOCK + 2
    assert [len(shards) for shards in blocks(count).values()] == [BLOCK, 2]
    assert [shard for shards in blocks(count).values() for shard in shards] == shard_names(count)
    for shard in shard_names(count)[BLOCK:]:
        write_shard(tmp_path / "traces", shard, THINKING[:1])
    assert not measure(tmp_path / "traces", tmp_path / "out", count, "00001-of-00002")
    assert read_manifest(tmp_path / "out")["counts"]["traces"] == 2


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    write_shard(tmp_path / "traces", "00000-of-00001", THINKING)
    assert measure(tmp_path / "traces", tmp_path / "out", 1, "00001-of-00002") == 2
    assert "'00001-of-00002' is none of 1" in capsys.readouterr().err
    file = tmp_path / "traces/00000-of-00001/traces.parquet"
    refuses_damage(lambda: measure(tmp_path / "traces", tmp_path / "out", 1), file, tmp_path / "out", capsys)
