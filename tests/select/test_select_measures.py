"""Selection by the measures of traces: bounds, strata of quotas, and the band counted by each thing that its share may be of."""

import json

import polars as pl
import pytest
from chain import measure
from test_select_mix import FILTERS, MIX, prompt_id, select, trace, write_shards

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.tables import JUDGED, write_table
from tests.workflow_copy import HOME, read_config

BLOCK = "조건을 하나씩 보면 사과는 모두 셋이다. So we add the numbers and find that the sum is five."
MIXED = "조건을 see one by 하나씩, the 사과는 are 모두 three 셋이다. So we add the numbers and the sum is five."
ENGLISH = "So we add the numbers one by one and find in the end that the sum is five. Let us see it again."


def thinking(*texts):
    """Traces with these thoughts, in the order of their prompts' indices."""
    return [trace(index, think=f"{text} {index}") for index, text in enumerate(texts)]


def with_filters(**measures):
    return {**MIX, "filters": {**FILTERS, "measures": measures}}


def kept(out):
    index = {prompt_id(number): number for number in range(40)}
    return sorted(index[row] for row in pl.read_parquet(out / "mix.parquet")["prompt_id"])


def test_bounds_drop_by_a_measure_and_say_by_which(tmp_path):
    write_shards(tmp_path, thinking(BLOCK, MIXED, ENGLISH))
    status, out = select(tmp_path, with_filters(switches_per_100_words={"min": 10}, target_spans={"max": 9}))
    assert status == 0 and kept(out) == [1]
    counts = read_manifest(out)["counts"]
    assert (counts["dropped"], counts["outside"]) == ({"outside_bounds": 2}, {"switches_per_100_words": 2})
    # both ends are allowed, and a trace without the measure passes
    status, out = select(tmp_path, with_filters(span_words={"min": 1, "max": 1}), tmp_path / "other")
    assert status == 0 and kept(out) == [1, 2]


def test_strata_take_no_more_of_a_quota_than_their_share(tmp_path):
    write_shards(tmp_path, thinking(*[ENGLISH] * 10, *[BLOCK] * 3, *[MIXED] * 10))
    strata = {"measure": "switches_per_100_words", "edges": [1, 10], "shares": [0.25, 0.5, 0.25]}
    status, out = select(tmp_path, {**MIX, "quotas": {"Exams": 8}, "strata": strata})
    assert status == 0
    drawn = kept(out)
    # a quarter of 8 without a switch, all that there are of those with some, which are fewer than half, and a quarter with many
    assert [sum(low <= number < high for number in drawn) for low, high in ((0, 10), (10, 13), (13, 23))] == [2, 3, 2]
    assert read_manifest(out)["counts"]["dropped"] == {"over_quota": 16}


def test_the_band_is_counted_by_each_denominator(tmp_path):
    # prose of six Korean letters, three others, a comma and two digits; and one of 17 Korean letters among 56
    write_shards(tmp_path, [trace(0, think="가나다라 and, 12 $x_1 + x_2 = x_3$ 마바", think_share=0.2), trace(1, think_share=0.9)])
    status, out = select(tmp_path)
    assert status == 0
    # the band of this mix is 0.05 to 0.6: 6/12 is inside, 6/9 is not
    assert read_manifest(out)["counts"]["band"] == {"reached": 2, "characters": 1, "prose_characters": 2, "prose_letters": 1}


def test_wrong_answers_are_dropped_where_the_mix_says_so(tmp_path, capsys):
    write_shards(tmp_path, thinking(BLOCK, MIXED, ENGLISH))
    mix = {**MIX, "filters": {**FILTERS, "drop_wrong": True}}
    assert select(tmp_path, mix)[0] == 2
    assert "--judged: drop_wrong wants the traces judged" in capsys.readouterr().err
    verdicts = {prompt_id(0): "correct", prompt_id(1): "wrong", prompt_id(2): "no_gold"}
    rows = [{"prompt_id": key, "sample": 0, "verdict": verdict} for key, verdict in sorted(verdicts.items())]
    of = {shard.name: read_manifest(shard)["files"]["traces.parquet"]["sha256"] for shard in sorted((tmp_path / "p/r").iterdir())}
    with Stage(tmp_path / "judged/p/r/00000-of-00001", "judge", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=JUDGED), stage, "judged.parquet", JUDGED, traces=of)
    status, out = select(tmp_path, mix, more=["--judged", str(tmp_path / "judged")])
    assert status == 0 and kept(out) == [0, 2]
    assert read_manifest(out)["counts"]["dropped"] == {"wrong_answer": 1}


def test_measures_of_other_traces_are_refused(tmp_path, capsys):
    write_shards(tmp_path, thinking(BLOCK, MIXED))
    old = (tmp_path / "measures/p/r/00000-of-00001/manifest.json").read_text()
    write_shards(tmp_path, thinking(MIXED, BLOCK))
    for name in ("manifest.json", "run.json"):
        (tmp_path / "measures/p/r/00000-of-00001" / name).unlink()
    assert not measure(tmp_path / "p/r", 2, tmp_path / "measures/p/r")
    folder = tmp_path / "measures/p/r/00000-of-00001"
    made, before = json.loads((folder / "manifest.json").read_text()), json.loads(old)
    made["files"]["measures.parquet"]["traces"] = before["files"]["measures.parquet"]["traces"]
    (folder / "manifest.json").write_text(json.dumps(made))
    (folder / "run.json").unlink()
    assert select(tmp_path)[0] == 2
    assert "was made of other traces than those in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda mix: mix["filters"].update(measures={"swiches": {"min": 1}}),
            "filters.measures: unknown key 'swiches'; did you mean 'switches'?",
        ),
        (
            lambda mix: mix["filters"].update(measures={"switches": {"min": 3, "max": 1}}),
            "switches: min is 3 and max is 1; accepted: min up",
        ),
        (lambda mix: mix.update(strata={"measure": "i_index", "edges": [2, 1], "shares": [1, 1, 1]}), "strata: edges are 2, 1; accepted"),
        (lambda mix: mix.update(strata={"measure": "i_index", "edges": [1], "shares": [1]}), "strata: has 1 edges and 1 shares; accepted"),
        (
            lambda mix: mix.update(strata={"measure": "i_indx", "edges": [1], "shares": [1, 1]}),
            "'i_indx' is not accepted; did you mean 'i_index'?",
        ),
    ],
)
def test_what_is_no_measure_is_refused_before_anything_runs(change, said):
    config = read_config(HOME / "config", "demo")
    change(next(iter(config["mixes"].values())))
    with pytest.raises(ConfigError) as refused:
        check(config)
    assert said in str(refused.value)
