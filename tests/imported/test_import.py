"""Finished traces of others: every shape becomes the same table, every record has a fate, and what follows traces takes them."""

import json
import math

import polars as pl
import pytest
from chain import measure
from damage import refuses_damage

from koreason.cli import main
from koreason.records.digests import sha256_file
from koreason.records.manifest import read_manifest
from koreason.shards import holds, shard_names
from koreason.tables import GIVEN, TRACES
from tests.curate.overlap.made import bench

QUESTION, THINK, ANSWER = "사과가 3개, 귤이 5개 있습니다. 모두 몇 개입니까?", "Okay, 3개 and 5개 make 8개.", r"모두 8개입니다. \boxed{8}"
REPLY = f"<think>\n{THINK}\n</think>\n\n{ANSWER}"
SHAPED = {
    "instruction_response": {"instruction": QUESTION, "response": REPLY},
    "messages": {"messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": REPLY}]},
    "think_answer": {"question": QUESTION, "think": THINK, "answer": ANSWER},
    "prompt_completion": {"prompt": QUESTION, "completion": REPLY.removeprefix("<think>")},
}


def bring(folder, records, shape="instruction_response", shards=1, name="set", **more):
    """Import records from a file of JSON lines; the first status that is not 0."""
    folder.mkdir(exist_ok=True)
    file = folder / "set.jsonl"
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return run(folder, {"format": "jsonl", "shape": shape, "files": {file.name: sha256_file(file)}, **more}, shards, name)


def run(folder, spec, shards=1, name="set"):
    out = folder / "traces/imported" / name
    words = ["import-traces", "--name", name, "--language", '{"scripts": ["Hangul"]}', "--spec", json.dumps({"root": str(folder), **spec})]
    return max(main([*words, "--shard", shard, "--out", str(out / shard)]) for shard in shard_names(shards))


def rows(folder, name="set", table="traces"):
    return pl.read_parquet(sorted((folder / "traces/imported" / name).glob(f"*/{table}.parquet")))


def counts(folder, shard="00000-of-00001", name="set"):
    return read_manifest(folder / "traces/imported" / name / shard)["counts"]


@pytest.mark.parametrize("shape", SHAPED)
def test_every_shape_becomes_the_same_trace(tmp_path, shape):
    assert bring(tmp_path, [SHAPED[shape]], shape) == 0
    found = rows(tmp_path)
    assert dict(found.schema) == TRACES
    row = found.row(0, named=True)
    assert (row["question"], row["think"], row["answer"], row["finish"]) == (QUESTION, THINK, ANSWER, "stop")
    assert row["source"] == "imported/set" and row["tokens"] is row["seed"] is row["prompt_tokens"] is None
    assert 0 < row["think_share"] < row["answer_share"] < 1


def test_parquet_and_csv_read_alike(tmp_path):
    bring(tmp_path / "jsonl", [SHAPED["messages"]] * 2, "messages")
    frame = pl.DataFrame([SHAPED["messages"]] * 2)
    (tmp_path / "other").mkdir()
    frame.write_parquet(tmp_path / "other/set.parquet")
    frame.with_columns(pl.lit(json.dumps(SHAPED["messages"]["messages"])).alias("messages")).write_csv(tmp_path / "other/set.csv")
    for kind in ("parquet", "csv"):
        file = tmp_path / f"other/set.{kind}"
        spec = {"format": kind, "shape": "messages", "files": {file.name: sha256_file(file)}}
        assert run(tmp_path / "other", spec, name=kind) == 0
        drop = ["source", "request_key"]
        assert rows(tmp_path / "other", kind).drop(drop).equals(rows(tmp_path / "jsonl").drop(drop))


def test_answers_to_one_question_are_samples_in_file_order_in_every_division(tmp_path):
    records = [{"instruction": f"{number % 7}번 문제입니다.", "response": f"<think>a{number}</think>b"} for number in range(40)]
    assert bring(tmp_path / "one", records) == bring(tmp_path / "three", records, shards=3) == 0
    one, three = rows(tmp_path / "one"), rows(tmp_path / "three")
    assert one.equals(three) and one["prompt_id"].n_unique() == 7
    first = one.filter(pl.col("question") == "3번 문제입니다.")
    assert first.select("sample", "think").rows() == [(sample, f"a{number}") for sample, number in enumerate(range(3, 40, 7))]
    for shard in shard_names(3):
        mine = pl.read_parquet(tmp_path / "three/traces/imported/set" / shard / "traces.parquet")
        assert all(holds(shard, prompt_id) for prompt_id in mine["prompt_id"])
        assert counts(tmp_path / "three", shard)["source"] == counts(tmp_path / "one")["source"]


FATES = [
    ({"instruction": "질문", "response": "<think>생각이 끝나지 않는다"}, ("생각이 끝나지 않는다", None)),
    ({"instruction": "질문", "response": "답만 있다"}, (None, "답만 있다")),
    ({"instruction": "질문", "response": "<think>생각</think>"}, ("생각", "")),
    ({"instruction": "질문", "response": None}, (None, None)),
    ({"instruction": "  ", "response": REPLY}, "no_question"),
    ({"instruction": ["질문"], "response": REPLY}, "not_text"),
    ({"instruction": "질문", "response": REPLY, "n": "many"}, "out_of_range"),
    ({"instruction": "질문\ud800", "response": REPLY}, "encoding"),
]


@pytest.mark.parametrize(("record", "fate"), FATES)
def test_what_is_no_whole_trace_is_kept_and_what_is_none_is_rejected(tmp_path, record, fate):
    records = [{"n": None, **record}, {"instruction": QUESTION, "response": REPLY, "n": 17}]
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    spec = {"format": "jsonl", "shape": "instruction_response", "columns": {"tokens": ["n"]}, "max_reject_share": 0.6}
    assert run(tmp_path, {**spec, "files": {file.name: sha256_file(file)}}) == 0
    found = rows(tmp_path).filter(pl.col("question") != QUESTION).select("think", "answer", "tokens").rows()
    if isinstance(fate, str):
        assert found == [] and counts(tmp_path)["source"]["rejected"] == {fate: 1}
        rejected = (tmp_path / "traces/imported/set/00000-of-00001/rejected.jsonl").read_text()
        assert json.loads(rejected)["reason"] == fate
    else:
        assert found == [(*fate, None)] and counts(tmp_path)["source"]["accepted"] == 2
    assert counts(tmp_path)["tokens"] == 17
    whole = counts(tmp_path)["source"]["bytes"]
    assert whole["read"] == file.stat().st_size == whole["accepted"] + whole["rejected"] + whole["between"]


def test_messages_are_one_question_and_one_reply_and_a_system_message_is_counted(tmp_path):
    system, user, assistant = (
        {"role": role, "content": text} for role, text in (("system", "생각하라"), ("user", "질문"), ("assistant", REPLY))
    )
    told = [[system, user, assistant], [user, assistant, user, assistant], [user], "no list", [{"role": "user"}], [assistant, user]]
    assert bring(tmp_path, [{"messages": each} for each in told], "messages", max_reject_share=1.0) == 0
    assert rows(tmp_path)["question"].to_list() == ["질문"]
    source = counts(tmp_path)["source"]
    assert (source["system_messages"], source["rejected"]) == (1, {"not_a_dialogue": 5})


def test_columns_have_other_names_and_finish_and_origin_are_kept(tmp_path):
    records = [
        {"q": QUESTION, "more": "골라 보세요.", "out": {"text": REPLY}, "why": why, "gold": 8, "choices": ["7", "8"]}
        for why in ("length", "")
    ]
    columns = {"question": ["q", "more"], "reply": ["out.text"], "finish": ["why"], "gold": ["gold"], "options": ["choices"]}
    assert bring(tmp_path, records, columns=columns) == 0
    assert rows(tmp_path)["finish"].to_list() == ["length", "stop"]
    assert rows(tmp_path)["question"][0] == f"{QUESTION}\n\n골라 보세요."
    given = rows(tmp_path, table="given")
    assert dict(given.schema) == GIVEN
    assert given.select("options", "gold").row(0) == (["7", "8"], "8")
    assert [(origin["file"], origin["record"]) for origin in given["origin"]] == [("set.jsonl", 1), ("set.jsonl", 2)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"columns": {"think": ["t"]}},
            "imported set.columns: traces of the shape 'instruction_response' have no column 'think'; accepted: ",
        ),
        ({"columns": {"reply": ["output"]}}, "lacks the column output"),
        ({"files": {}}, "imported set.files: names no files"),
        ({"files": {"set.jsonl": "0" * 64}}, "its SHA-256 is"),
        ({"format": "datasets", "hub": "KOREAson/YiSang-HighQuality", "revision": "FILL-IN", "files": {}}, "is not a full commit id"),
        ({"max_reject_share": 0.1}, "1 of 2 records were rejected"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, capsys, change, said):
    records = [{"instruction": QUESTION, "response": REPLY}, {"instruction": "", "response": REPLY}]
    assert bring(tmp_path, records, **{"max_reject_share": 0.6, **change}) == 2
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed
    assert not (tmp_path / "traces/imported/set/00000-of-00001/manifest.json").exists()


def test_they_go_through_measures_judgements_and_selection(tmp_path, capsys):
    """A file of the shape of the paper's published set, from its lines to a mix."""
    replies = {"8": REPLY, "9": REPLY.replace("{8}", "{9}"), "open": "<think>Okay, 3개 and", "bare": ANSWER}
    records = [{"instruction": f"{QUESTION} ({name})", "response": reply, "gold": "8"} for name, reply in replies.items()]
    assert bring(tmp_path, records, columns={"gold": ["gold"]}) == 0
    traces = tmp_path / "traces/imported/set"
    measures, judged = tmp_path / "measures/imported/set", tmp_path / "judged/imported/set/00000-of-00001"
    assert measure(traces, 1, measures) == 0
    words = ["judge", "--traces", str(traces), "--shards", "1", "--block", "00000-of-00001", "--out", str(judged)]
    refuses_damage(lambda: main(words), traces / "00000-of-00001/given.parquet", judged, capsys)
    assert main(words) == 0
    filters = {"min_think_share": 0.0, "max_think_share": 1.0, "min_answer_share": 0.0, "max_loop_ratio": 9.0, "min_think_chars": 1}
    mix = {
        "traces": [{"imported": "set"}],
        "filters": {**filters, "max_tokens": 16384, "drop_wrong": True},
        "quotas": {"Sums": 9},
        "samples_per_prompt": 1,
        "seed": 1,
    }
    words = ["select", "--spec", json.dumps(mix), "--shards", '{"imported/set": 1}', "--traces", str(tmp_path / "traces")]
    words += ["--labels", '{"imported/set": {"category": "Sums", "licence": "B"}}', "--measures", str(tmp_path / "measures")]
    assert main([*words, "--judged", str(tmp_path / "judged"), "--out", str(tmp_path / "mix")]) == 0
    made = read_manifest(tmp_path / "mix")["counts"]
    assert (made["kept"], made["dropped"]) == (1, {"no_answer": 1, "no_thinking": 1, "wrong_answer": 1})
    row = pl.read_parquet(tmp_path / "mix/mix.parquet").row(0, named=True)
    assert (row["source"], row["licence"]) == ("imported/set", "B") and row["messages"][1]["content"] == REPLY
    mix["traces"] = [{"imported": "set", "pool": "p", "recipe": "r"}]
    words[2] = json.dumps(mix)
    assert main([*words, "--out", str(tmp_path / "both")]) == 2
    assert "accepted: `pool` and `recipe`, or `imported`" in capsys.readouterr().err


def test_a_benchmarks_question_is_found_in_them(tmp_path):
    asked = "철수는 사과 37개를 가지고 있었는데 영희에게 19개를 주고 민수에게서 다시 24개를 받았습니다. 지금 철수가 가진 사과는 모두 몇 개입니까?"
    assert bring(tmp_path, [{"instruction": asked, "response": REPLY}, {"instruction": QUESTION, "response": REPLY}]) == 0
    traces, out = tmp_path / "traces/imported/set", tmp_path / "overlaps"
    words = ["decontaminate", "--spec", '{"contamination": "robust"}', "--language", '{"segmenter": "words"}', "--traces", str(traces)]
    assert main([*words, "--benches", str(bench(tmp_path / "math", {"1": asked})), "--out", str(out)]) == 0
    found = pl.read_parquet(out / "overlaps.parquet").join(rows(tmp_path), on=["prompt_id", "sample"])
    assert set(found["question"]) == {asked}


def test_traces_of_a_teacher_are_not_judged_without_their_pool(tmp_path, capsys):
    assert bring(tmp_path, [SHAPED["messages"]], "messages") == 0
    shard = tmp_path / "traces/imported/set/00000-of-00001"
    made = json.loads((shard / "manifest.json").read_text())
    del made["files"]["given.parquet"]
    (shard / "manifest.json").write_text(json.dumps(made))
    (shard / "run.json").unlink()
    words = ["judge", "--traces", str(shard.parent), "--shards", "1", "--block", "00000-of-00001", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--pool: is not given, and these traces bring no gold" in capsys.readouterr().err


def test_what_is_withdrawn_leaves_nothing_behind(tmp_path):
    records = [
        SHAPED["think_answer"],
        SHAPED["think_answer"] | {"question": "남는 문제입니다."},
        SHAPED["think_answer"] | {"answer": "여덟"},
    ]
    assert bring(tmp_path, records, "think_answer") == 0
    [gone] = rows(tmp_path).filter(pl.col("question") == QUESTION)["prompt_id"].unique()
    words = ["import-traces", "--name", "set", "--language", '{"scripts": ["Hangul"]}', "--shard", "00000-of-00001"]
    spec = {"format": "jsonl", "shape": "think_answer", "files": {"set.jsonl": sha256_file(tmp_path / "set.jsonl")}, "root": str(tmp_path)}
    out = tmp_path / "again"
    assert main([*words, "--spec", json.dumps(spec), "--withdrawn", json.dumps([gone]), "--out", str(out)]) == 0
    assert pl.read_parquet(out / "traces.parquet")["question"].to_list() == ["남는 문제입니다."]
    assert pl.read_parquet(out / "given.parquet").height == 1
    counts = read_manifest(out)["counts"]
    assert (counts["rows"], counts["withdrawn"], counts["source"]["accepted"], counts["source"]["rejected"]) == (1, 2, 3, {})
    assert (out / "rejected.jsonl").read_text() == ""


def test_a_gold_is_a_text_or_a_number(tmp_path):
    golds = ["7", 3, 2.5, ["가"], None, math.nan, [], True, math.inf, [1, 2], {"a": 1}, [[1]]]
    records = [SHAPED["think_answer"] | {"question": f"{number:02d}번 문제", "gold": gold} for number, gold in enumerate(golds)]
    assert bring(tmp_path, records, "think_answer", columns={"gold": ["gold"]}) == 0
    found = rows(tmp_path).join(rows(tmp_path, table="given"), on=["prompt_id", "sample"]).sort("question")
    assert found["gold"].to_list() == ["7", "3", "2.5", "가", *[None] * 8]
    assert counts(tmp_path)["source"]["golds_unread"] == 6
