"""The benchmarks of `config/benches`: every entry reads the format that its source has, and holds it to what it says of it."""

import json

import pytest
from public import FORMATS

from koreason.benches.items import read_items
from koreason.cli import main
from koreason.config.checks.check import check
from koreason.config.effects import given
from koreason.config.files.layers import layered, read_catalogue
from koreason.home import HOME

ENTRIES = {name: entry for name, entry in read_catalogue(HOME)["benches"].items() if "hub" in entry}
# Of PAPER: section 5 of the paper, and the cards of the data sets.
COUNTS = {"kmmlu_redux": 2587, "kmmlu_pro": 2822, "kmmlu_hard": 4104, "math_ko": 99, "aime24_ko": 30, "ksm": 1428, "hrb": 1538}
COUNTS |= {"click": 1995, "kobalt": 700, "aime24": 30, "aime25": 30, "gpqa": 198, "mclm_ko": 129}
HELD_IN = {"kmmlu_redux", "math_ko", "aime24_ko", "mclm_ko", "hrb"}


def read(folder, name, **changes):
    """The items of an entry whose data set lies in a folder."""
    spec = given("bench", "benches", ENTRIES[name] | {"hub": str(folder), "revision": None} | changes)
    status = main(["bench", "--spec", json.dumps(spec, ensure_ascii=False), "--out", str(folder.parent / "out")])
    return read_items(folder.parent / "out" / "manifest.json") if status == 0 else []


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_entry_reads_the_format_of_its_source(tmp_path, name):
    folder = tmp_path / "hub"
    folder.mkdir()
    known = FORMATS[name](folder)
    items = read(folder, name, items=len(known))
    assert len(items) == len(known)
    found = sorted((item.question, sorted(item.options) if name == "gpqa" else item.options, item.kind, item.category) for item in items)
    for (question, options, kind, category), (start, texts, _, meant, group) in zip(found, sorted(known), strict=False):
        if name not in ("click", "ksm"):  # sorted by their questions
            assert (options, kind, category) == (texts, meant, group) and start in question, name
    assert sorted((item.kind, item.category) for item in items) == sorted((meant, group) for *_, meant, group in known)
    if name != "gpqa":
        assert sorted(item.gold for item in items) == sorted(gold for _, _, gold, _, _ in known)


def test_every_benchmark_of_the_paper_is_there_with_what_is_known_of_it():
    assert set(COUNTS) <= set(ENTRIES) and len(COUNTS) == 13
    for name, entry in ENTRIES.items():
        own = name.removesuffix("_kit")
        assert entry["items"] and entry["licence"] and entry["citation"], name
        assert entry["role"] == ("held-in" if own in HELD_IN else "held-out"), name
        if name in COUNTS:
            assert entry["items"] == COUNTS[name]
        if own in COUNTS and own != "mclm_ko":
            [published] = entry["published"]
            assert published["where"] in ("arXiv:2510.04230v2, table 5", "arXiv:2510.04230v2, table 14")
            assert len(published["before"]) == len(published["after"]) == 9
    assert set(FORMATS) == set(ENTRIES)


def test_the_configurations_of_the_paper_are_accepted():
    for selection in (["paper"], ["paper", "released"]):
        config = layered([HOME / "config" / f"{name}.yaml" for name in selection])
        check(config)


def test_right_options_are_not_always_the_first(tmp_path):
    folder = tmp_path / "hub"
    folder.mkdir()
    FORMATS["gpqa"](folder)
    items = read(folder, "gpqa", items=12)
    assert all(item.options[ord(item.gold) - ord("A")].startswith("right") for item in items)
    assert len({item.gold for item in items}) > 2
    assert items == read(folder, "gpqa", items=12) != read(folder, "gpqa", items=12, shuffle=2)


def test_items_of_a_passage_or_an_exam_are_a_cluster(tmp_path):
    for name, clusters in (("click", 3), ("kmmlu_pro", 2), ("kormedmcqa", 2), ("aime24", 1)):
        folder = tmp_path / name / "hub"
        folder.mkdir(parents=True)
        known = FORMATS[name](folder)
        found = {item.cluster for item in read(folder, name, items=len(known))}
        assert len(found) == clusters and all(len(cluster) <= 80 for cluster in found), name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "holds 2 items, and its entry says 2,587"),
        ({"items": 2, "columns": {"gold": "solution", "category": "topic"}}, "names 'topic' for category, which no item has"),
        ({"items": 2, "files": ["data/*.csv"]}, "has no file 'data/*.csv'"),
        ({"items": 2, "columns": {"gold": ["solution", "category"]}}, "gives 2 columns for gold"),
        ({"items": 2, "split": "validation"}, "split 'validation'"),
    ],
)
def test_what_is_not_as_the_entry_says_is_refused(tmp_path, capsys, changes, words):
    folder = tmp_path / "hub"
    folder.mkdir()
    FORMATS["kmmlu_redux"](folder)
    assert read(folder, "kmmlu_redux", **changes) == []
    assert words in capsys.readouterr().err
