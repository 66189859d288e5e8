"""The strategy `diverse`: one prompt of each cluster at a looser threshold than a pool's twins have."""

import random

import alike_plainly as plain
import polars as pl
import pytest
from test_select_mix import MIX, prompt_id, select, trace, write_shards

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.records.manifest import read_manifest
from koreason.select.clusters import cluster
from tests.soak import few
from tests.workflow_copy import HOME, read_config

DRILL = "철수는 사과 {} 개와 배 {} 개를 가지고 있습니다. 과일은 모두 몇 개입니까?"
WORDS = [
    "철수는",
    "사과를",
    "가지고",
    "시장에",
    "가서",
    "배와",
    "바꾸었다",
    "그러면",
    "과일은",
    "모두",
    "몇",
    "개",
    "남았는지",
    "구하시오",
    "답을",
    "쓰시오",
]
DIVERSE = {**MIX, "quotas": {"Exams": 9, "Code": 9}, "strategies": {"Exams": "diverse"}, "samples_per_prompt": 2}


def kept(out):
    index = {prompt_id(number): number for number in range(99)}
    return sorted((index[row[0]], row[1]) for row in pl.read_parquet(out / "mix.parquet").select("prompt_id", "sample").iter_rows())


def test_one_of_each_drill_with_all_of_its_samples(tmp_path):
    drills = [trace(index, sample, question=DRILL.format(index + 3, index * 7)) for index in range(6) for sample in range(3)]
    others = [trace(20, question="빛의 속도는 왜 일정한가요?"), trace(21, question="짧다"), trace(22, question="짧다")]
    codes = [trace(30 + index, source="code", question=DRILL.format(index, index)) for index in range(2)]
    write_shards(tmp_path, drills + others + codes)
    status, out = select(tmp_path, DIVERSE)
    assert status == 0
    counts = read_manifest(out)["counts"]
    assert counts["categories"] == {"Code": {"passed": 2, "drawn": 2}, "Exams": {"passed": 21, "drawn": 5, "clusters": 4}}
    assert counts["dropped"] == {"same_cluster": 10, "surplus_sample": 6}
    [first, second] = [row for row in kept(out) if row[0] < 6]
    assert first[0] == second[0], "two samples of one prompt"
    assert {(20, 0), (21, 0), (22, 0), (30, 0), (31, 0)} < set(kept(out)), "too short to be alike; of a category that is drawn otherwise"
    assert ", drawn for Exams as diverse" in pl.read_parquet(out / "mix.parquet")["why_kept"][0].replace(" and drawn", ", drawn")
    assert not (out / ".scratch").exists()
    seeds = {tuple(kept(select(tmp_path, {**DIVERSE, "seed": seed}, tmp_path / str(seed))[1])) for seed in range(5)}
    assert len(seeds) > 1, "which one of a cluster is a draw"


def test_a_prompt_of_two_parts_is_no_other_than_itself(tmp_path):
    rows = [trace(index, question=DRILL.format(index + 3, index * 7)) for index in range(3)]
    write_shards(tmp_path, rows)
    write_shards(tmp_path, rows, recipe="s")
    mix = {**DIVERSE, "traces": [{"pool": "p", "recipe": "r"}, {"pool": "p", "recipe": "s"}], "across_parts": True}
    status, out = select(tmp_path, mix)
    assert status == 0 and read_manifest(out)["counts"]["dropped"] == {"same_cluster": 4}
    assert pl.read_parquet(out / "mix.parquet")["prompt_id"].n_unique() == 1


def texts(draw):
    """Questions by chance, of which many are others with some words replaced."""
    found = [" ".join(draw.choices(WORDS, k=draw.randrange(4, 20))) for _ in range(25)]
    for text in found[:20]:
        words = text.split()
        for _ in range(draw.randrange(1, 4)):
            words[draw.randrange(len(words))] = draw.choice(WORDS)
        found.append(" ".join(words))
    return found


@pytest.mark.parametrize("least", [0.3, 0.5, 0.7])
def test_clusters_are_what_pairs_that_are_alike_connect(tmp_path, least):
    """All of it against sets, all pairs; what sketches pass over is counted, and what they find is right."""
    found, expected = 0, 0
    for seed in range(few(8)):
        draw = random.Random(seed)
        asked = texts(draw)
        rows = [(f"{number:03d}", draw.choice("ab"), text) for number, text in enumerate(asked)]
        frame = pl.DataFrame(rows, schema=["prompt_id", "category", "question"], orient="row")
        grams = [plain.grams(plain.form(text)) for text in asked]
        pairs = {
            (one, other)
            for one in range(len(rows))
            for other in range(one)
            if rows[one][1] == rows[other][1] and plain.jaccard(grams[one], grams[other]) >= least
        }
        slow = {number: min(group) for group in plain.groups(len(rows), pairs) for number in group}
        clusters = cluster([frame[:7], frame[7:7], frame[7:]], ["a", "b"], least, tmp_path / "scratch")
        assert clusters["prompt_id"].to_list() == frame["prompt_id"].to_list()
        mine = [int(name) for name in clusters["cluster"]]
        assert all(slow.get(number, number) == slow.get(root, root) for number, root in enumerate(mine)), (
            "no two are joined that are not alike"
        )
        found += len(rows) - len(set(mine))
        expected += len(rows) - len({slow.get(number, number) for number in range(len(rows))})
        again = cluster([frame[::-1]], ["a", "b"], least, tmp_path / "scratch")
        assert again.equals(clusters), "whatever the order"
    assert expected > 10 and found >= 0.98 * expected


def test_it_has_to_be_looser_than_the_pool():
    config = read_config(HOME / "config", "demo")
    mix = config["mixes"]["demo_mix"]
    mix["strategies"] = {next(iter(mix["quotas"])): "diverse"}
    check(config)
    mix["cluster_similarity"] = 0.8
    with pytest.raises(ConfigError, match=r"demo_mix.cluster_similarity: is 0\.8, and of prompts as alike as 0\.8 pool demo has kept one"):
        check(config)
    mix["cluster_similarity"] = 0.2
    with pytest.raises(ConfigError, match=r"cluster_similarity: 0\.2 is not accepted; accepted: at least 0\.3"):
        check(config)
