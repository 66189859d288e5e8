"""Selection through its subcommand, on traces written for the purpose."""

import hashlib
import json
import shutil

import polars as pl
import pytest
from chain import measure
from damage import refuses_damage

from koreason.cli import main
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.shards import holds, shard_names
from koreason.tables import TRACES, write_table

GOOD = "먼저 조건을 정리한다. First, x is the number of apples, 즉 사과의 개수이다. Therefore x + 3 = 8 and x = 5."
FILTERS = {
    "min_think_share": 0.05,
    "max_think_share": 0.60,
    "min_answer_share": 0.30,
    "max_loop_ratio": 4.0,
    "min_think_chars": 20,
    "max_tokens": 500,
}
MIX = {
    "traces": [{"pool": "p", "recipe": "r"}],
    "filters": FILTERS,
    "quotas": {"Exams": 3, "Code": 10},
    "samples_per_prompt": 1,
    "seed": 1,
}


LABELS = {
    "exams": {"category": "Exams", "licence": "A"},
    "forum": {"category": "Daily", "licence": "A"},
    "code": {"category": "Code", "licence": "B"},
}


def prompt_id(index):
    """Ids are digests: they are spread over the shards."""
    return hashlib.sha256(str(index).encode()).hexdigest()[:24]


def trace(index, sample=0, **changes):
    row = {
        "request_key": f"k{index}-{sample}",
        "prompt_id": prompt_id(index),
        "source": "exams",
        "sample": sample,
        "question": f"{index}번 문제입니다.",
        "think": f"{GOOD} {index}",
        "answer": "정답은 5입니다.",
        "finish": "stop",
        "prompt_tokens": 9,
        "tokens": 100,
        "seed": 1,
        "think_share": 0.3,
        "answer_share": 0.8,
    }
    return {**row, **changes}


def write_shards(root, rows, *, pool="p", recipe="r"):
    for shard in shard_names(2):
        mine = [row for row in rows if holds(shard, row["prompt_id"])]
        with Stage(root / pool / recipe / shard, "trace", {}, []) as stage:
            write_table(pl.DataFrame(mine, schema=TRACES), stage, "traces.parquet", TRACES, shard=shard)
    assert not measure(root / pool / recipe, 2, root / "measures" / pool / recipe)


def select(root, mix=MIX, out=None, labels=LABELS, more=()):
    out = out or root / "out"
    words = ["select", "--spec", json.dumps(mix), "--shards", json.dumps({"r": 2, "s": 2}), "--labels", json.dumps(labels)]
    return main([*words, "--traces", str(root), "--measures", str(root / "measures"), *more, "--out", str(out)]), out


BAD = {
    "incomplete": {"finish": "length"},
    "no_thinking": {"think": None, "think_share": 0.0},
    "no_answer": {"answer": ""},
    "several_think_blocks": {"answer": "정답은 <think>다시</think> 5"},
    "broken_text": {"think": GOOD + " 반쪽 글\ufffd"},
    "thinking_too_short": {"think": "짧다"},
    "too_long": {"tokens": 501},
    "outside_band": {"think_share": 0.61},
    "answer_in_other_language": {"answer_share": 0.1},
    "loop": {"think": GOOD + " 반복하자 " * 200},
}


@pytest.mark.parametrize("reason", BAD)
def test_each_filter_drops_what_it_names(tmp_path, reason):
    write_shards(tmp_path, [trace(0), trace(1, **BAD[reason])])
    status, out = select(tmp_path)
    assert status == 0
    counts = read_manifest(out)["counts"]
    assert counts["dropped"] == {reason: 1}
    assert (counts["input"], counts["kept"]) == (2, 1)
    assert pl.read_parquet(out / "dropped.parquet").rows() == [(prompt_id(1), 0, reason, 0)]


def test_quotas_samples_and_categories_are_counted(tmp_path):
    rows = [trace(index, sample) for index in range(6) for sample in range(2)]
    rows += [trace(90, source="forum"), trace(91, source="code")]
    write_shards(tmp_path, rows)
    status, out = select(tmp_path)
    assert status == 0
    counts = read_manifest(out)["counts"]
    assert counts["dropped"] == {"category_not_in_mix": 1, "over_quota": 3, "surplus_sample": 6}
    assert counts["kept"] + sum(counts["dropped"].values()) == counts["input"] == 14
    assert counts["categories"] == {"Code": {"passed": 1, "drawn": 1}, "Exams": {"passed": 12, "drawn": 3}}
    row = pl.read_parquet(out / "mix.parquet").filter(pl.col("source") == "exams").row(0, named=True)
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
    assert row["messages"][1]["content"].startswith("<think>\n먼저")
    assert row["messages"][1]["content"].endswith("</think>\n\n정답은 5입니다.")
    assert (row["source"], row["category"], row["licence"]) == ("exams", "Exams", "A")


def test_the_draw_is_the_seed_s_and_nobody_else_s(tmp_path):
    write_shards(tmp_path / "a", [trace(index) for index in range(20)])
    write_shards(tmp_path / "b", [trace(index) for index in reversed(range(20))])
    drawn = []
    for root, seed in ((tmp_path / "a", 1), (tmp_path / "b", 1), (tmp_path / "a", 2)):
        _, out = select(root, {**MIX, "seed": seed}, tmp_path / f"out{len(drawn)}")
        drawn.append(read_manifest(out)["files"]["mix.parquet"]["sha256"])
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_first_part_that_has_a_prompt_provides_it(tmp_path):
    write_shards(tmp_path, [trace(0), trace(1, finish="length")])
    write_shards(tmp_path, [trace(0), trace(1)], recipe="s")
    status, out = select(tmp_path, {**MIX, "traces": [{"pool": "p", "recipe": "r"}, {"pool": "p", "recipe": "s"}]})
    assert status == 0
    assert read_manifest(out)["counts"]["dropped"] == {"incomplete": 1, "other_part": 1}
    assert read_manifest(out)["counts"]["kept"] == 2


def test_an_empty_result_names_the_filter(tmp_path, capsys):
    write_shards(tmp_path, [trace(0, finish="length"), trace(1, answer_share=0.0), trace(2, answer_share=0.1)])
    status, out = select(tmp_path)
    assert status == 2
    assert "filter answer_in_other_language: drops all 2 traces that reach it" in capsys.readouterr().err
    assert not (out / "manifest.json").exists()
    assert not list(out.glob("*.parquet"))


def test_a_missing_shard_is_one_line(tmp_path, capsys):
    status, _ = select(tmp_path)
    assert status == 2
    assert "00000-of-00002/manifest.json: no such manifest" in capsys.readouterr().err


def test_a_damaged_shard_is_refused(tmp_path, capsys):
    write_shards(tmp_path, [trace(index) for index in range(4)])
    shard = tmp_path / "p" / "r" / "00001-of-00002"
    refuses_damage(lambda: select(tmp_path)[0], shard / "traces.parquet", tmp_path / "out", capsys)


@pytest.mark.parametrize("named", [True, False])
def test_one_shard_over_another_is_refused(tmp_path, capsys, named):
    """Its table alone is not what the manifest says; with its manifest it is the wrong shard, also where no manifest names its own."""
    write_shards(tmp_path, [trace(index) for index in range(8)])
    one, other = (tmp_path / "p" / "r" / shard for shard in shard_names(2))
    shutil.copy(one / "traces.parquet", other / "traces.parquet")
    assert select(tmp_path)[0] == 2
    assert "its manifest says" in capsys.readouterr().err
    manifest = json.loads((one / "manifest.json").read_text())
    if not named:
        manifest["files"]["traces.parquet"].pop("shard")
    for folder in (one, other):
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "run.json").unlink()
    assert select(tmp_path)[0] == 2
    expected = f"{other}: holds the traces of {'shard 00000-of-00002' if named else 'another shard'}"
    assert expected in capsys.readouterr().err


def test_no_category_of_the_mix_passes(tmp_path, capsys):
    write_shards(tmp_path, [trace(0, source="forum"), trace(1, source="forum")])
    status, _ = select(tmp_path)
    assert status == 2
    assert "none of 2 passing traces is of a category in quotas (Exams, Code)" in capsys.readouterr().err


def test_a_source_without_a_label_is_one_line(tmp_path, capsys):
    write_shards(tmp_path, [trace(0), trace(1, source="stranger")])
    status, _ = select(tmp_path)
    assert status == 2
    assert "lack the source stranger" in capsys.readouterr().err
