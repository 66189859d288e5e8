"""The draw: strategies of categories, budgets in tokens, samples across parts; all of it beside a slow reference."""

import random

import polars as pl
import pytest
from slow_draw import slow_draw
from test_select_mix import GOOD, MIX, prompt_id, select, trace, write_shards

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.load import load
from koreason.records.manifest import read_manifest
from koreason.records.stage import Stage
from koreason.select.clusters import none
from koreason.select.draw import draw
from koreason.select.mix import OF_TRACE
from koreason.select.spec import Mix
from koreason.tables import JUDGED, write_table
from tests.workflow_copy import HOME, read_config

GROUPS = pl.DataFrame(schema={"prompt_id": pl.String, "group": pl.String})
VERDICTS = ("correct", "wrong", "no_box")


def chance(seed):
    """Rows and a mix by chance."""
    pick = random.Random(seed)
    gold = {prompt: pick.random() < 0.5 for prompt in range(8)}
    category = {prompt: pick.choice(("a", "b", "c")) for prompt in range(8)}
    rows = [
        {
            "part": part,
            "shard": 0,
            "prompt_id": f"{prompt:02d}",
            "sample": sample,
            "source": "s",
            "category": category[prompt],
            "reason": pick.choice((None, None, None, "loop")),
            "stratum": pick.randrange(2),
            "tokens": pick.randrange(1, 6),
            "extracted": pick.choice(("A", "A", "B", None)),
            "verdict": pick.choice(VERDICTS) if gold[prompt] else "no_gold",
        }
        for part in range(2)
        for prompt in range(8)
        for sample in range(3)
        if pick.random() < 0.8
    ]
    strategies = {name: pick.choice(("random", "longest", "hardest", "consensus", "diverse")) for name in "ab"}
    mix = {
        **MIX,
        "quotas": {"a": pick.randrange(1, 8), "b": pick.randrange(1, 8)},
        "samples_per_prompt": pick.randrange(1, 4),
        "strategies": strategies,
        "token_budgets": pick.choice(({}, {"a": pick.randrange(1, 20)}, {"a": 9, "b": pick.randrange(20)})),
        "across_parts": pick.random() < 0.5,
        "strata": pick.choice((None, {"measure": "i_index", "edges": [1], "shares": [0.5, 0.4]})),
        "seed": seed,
    }
    groups = {"00": "x", "01": "x"} if pick.random() < 0.5 else {}
    clusters = {(f"{prompt:02d}", category[prompt]): f"{pick.randrange(8):02d}" for prompt in range(7)}
    return rows, load(Mix, mix), groups, clusters


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_it_draws_what_the_slow_reference_draws(start):
    reasons = set()
    for seed in range(start, start + 50):
        rows, mix, groups, clusters = chance(seed)
        frame = pl.DataFrame(rows, schema_overrides={name: kind for name, kind in OF_TRACE.items() if name in rows[0]}, strict=False)
        twins = pl.DataFrame(list(groups.items()), schema=GROUPS.schema, orient="row")
        alike = pl.DataFrame([(*key, cluster) for key, cluster in clusters.items()], schema=none().schema, orient="row")
        found = draw(frame, mix, twins, alike)["reason"].to_list()
        assert found == slow_draw(rows, mix, groups, clusters), seed
        reasons |= set(found)
    drawn = {"no_consensus", "other_part", "surplus_sample", "same_cluster", "category_not_in_mix", "over_quota"}
    assert reasons == {None, "loop", *drawn}


def judged(root, verdicts):
    """What `judge` leaves of the traces of one pool and recipe: prompt's index and sample to what was read, and its verdict."""
    rows = [
        {"prompt_id": prompt_id(index), "sample": sample, "extracted": read, "verdict": verdict}
        for (index, sample), (read, verdict) in verdicts.items()
    ]
    of = {shard.name: read_manifest(shard)["files"]["traces.parquet"]["sha256"] for shard in sorted((root / "p/r").iterdir())}
    with Stage(root / "judged/p/r/00000-of-00001", "judge", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=JUDGED).sort("prompt_id", "sample"), stage, "judged.parquet", JUDGED, traces=of)
    return ["--judged", str(root / "judged")]


def drawn(out):
    index = {prompt_id(number): number for number in range(40)}
    return sorted((index[row[0]], row[1]) for row in pl.read_parquet(out / "mix.parquet").select("prompt_id", "sample").iter_rows())


def test_the_longest_come_first_and_a_budget_of_tokens_ends_the_draw(tmp_path):
    write_shards(tmp_path, [trace(index, tokens=10 * (index + 1)) for index in range(8)])
    mix = {**MIX, "quotas": {"Exams": 3}, "strategies": {"Exams": "longest"}}
    status, out = select(tmp_path, mix)
    assert status == 0 and drawn(out) == [(5, 0), (6, 0), (7, 0)]
    assert ", drawn for Exams as longest, rank" in pl.read_parquet(out / "mix.parquet")["why_kept"][0].replace(" and drawn", ", drawn")
    status, out = select(tmp_path, {**mix, "token_budgets": {"Exams": 160}}, tmp_path / "fewer")
    assert status == 0 and drawn(out) == [(6, 0), (7, 0)], "80 + 70 fit into 160, and 60 more do not"
    assert read_manifest(out)["counts"]["dropped"] == {"over_quota": 6}


def test_the_hardest_are_those_on_which_samples_agree_least(tmp_path):
    write_shards(tmp_path, [trace(index, sample) for index in range(4) for sample in range(2)])
    known = {0: ("correct", "correct"), 1: ("correct", "wrong")}
    read = {2: ("7", "8"), 3: ("7", "7")}
    verdicts = {(index, sample): ("5", verdict) for index, found in known.items() for sample, verdict in enumerate(found)}
    verdicts |= {(index, sample): (box, "no_gold") for index, found in read.items() for sample, box in enumerate(found)}
    more = judged(tmp_path, verdicts)
    mix = {**MIX, "quotas": {"Exams": 2}, "strategies": {"Exams": "hardest"}}
    status, out = select(tmp_path, mix, more=more)
    assert status == 0 and [index for index, _ in drawn(out)] == [1, 2]
    mix = {**MIX, "quotas": {"Exams": 4}, "strategies": {"Exams": "consensus"}}
    status, out = select(tmp_path, mix, tmp_path / "agreed", more=more)
    assert status == 0 and [index for index, _ in drawn(out)] == [0, 3]
    assert read_manifest(out)["counts"]["dropped"] == {"no_consensus": 4, "surplus_sample": 2}


def test_a_strategy_that_goes_by_answers_wants_them_judged(tmp_path, capsys):
    write_shards(tmp_path, [trace(0), trace(0, 1)])
    mix = {**MIX, "strategies": {"Exams": "consensus"}}
    assert select(tmp_path, mix)[0] == 2
    assert "--judged: consensus wants the traces judged" in capsys.readouterr().err
    more = judged(tmp_path, {(0, 0): ("1", "no_gold"), (0, 1): ("2", "no_gold")})
    assert select(tmp_path, mix, more=more)[0] == 2
    assert "strategy consensus: drops the last of 2 passing traces" in capsys.readouterr().err


def test_later_parts_fill_up_what_earlier_ones_lack(tmp_path):
    write_shards(tmp_path, [trace(0), trace(0, 1, finish="length")])
    write_shards(tmp_path, [trace(0, think=f"{GOOD} again"), trace(0, 1), trace(0, 2)], recipe="s")
    mix = {**MIX, "traces": [{"pool": "p", "recipe": "r"}, {"pool": "p", "recipe": "s"}], "samples_per_prompt": 3}
    status, out = select(tmp_path, mix)
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {"incomplete": 1, "other_part": 3}
    status, out = select(tmp_path, {**mix, "across_parts": True}, tmp_path / "all")
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {"incomplete": 1, "surplus_sample": 1}
    assert len(drawn(out)) == 3


@pytest.mark.parametrize("key", ["strategies", "token_budgets"])
def test_a_category_without_a_quota_is_refused(key):
    config = read_config(HOME / "config", "demo")
    mix = config["mixes"]["demo_mix"]
    mix[key] = {"Exmas": "longest" if key == "strategies" else 9}
    with pytest.raises(ConfigError, match=rf"mixes.demo_mix.{key}: 'Exmas' has no quota; did you mean 'Exams'\?"):
        check(config)


def test_what_is_purged_is_left_out_of_that_mix_alone(tmp_path, capsys):
    write_shards(tmp_path, [trace(0), trace(0, 1), trace(1), trace(2, finish="length")])
    mix = {**MIX, "samples_per_prompt": 2, "purged": [f"{prompt_id(index)}/{sample}" for index, sample in ((0, 1), (2, 0), (7, 0))]}
    status, out = select(tmp_path, mix)
    assert status == 0 and drawn(out) == [(0, 0), (1, 0)]
    assert read_manifest(out)["counts"]["dropped"] == {"incomplete": 1, "purged": 1}, "what fails a filter counts there"
    assert select(tmp_path, {**mix, "purged": ["0"]}, tmp_path / "odd")[0] == 2
    assert "purged: '0' is no trace; accepted: PROMPT_ID/SAMPLE" in capsys.readouterr().err
    config = read_config(HOME / "config", "demo")
    config["mixes"]["demo_mix"]["purged"] = ["0/0"]
    with pytest.raises(ConfigError, match=r"mixes\.demo_mix\.purged: '0/0' is no trace; accepted: PROMPT_ID/SAMPLE"):
        check(config)
