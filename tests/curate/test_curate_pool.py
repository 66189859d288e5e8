"""`koreason pool`: what is kept of cleaned prompts, and why the rest is not."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from chain import counts, decide, dropped, evidence, kept, make, source
from damage import refuses_damage

from koreason.cli import main
from koreason.config.effects import given
from koreason.curate import pool as module
from koreason.records.stage import Stage
from koreason.tables import DROPPED, OVERLAPS, POOL, write_table

HOME = Path(__file__).resolve().parents[2]
LONG = "이 문장은 길이가 충분하고 한글로만 되어 있어서 어떤 거르개에도 걸리지 않아야 합니다. "
PLAIN = {
    "min_target_share": 0.3,
    "min_chars": 20,
    "max_chars": 200,
    "drop_image_dependent": True,
    "min_chars_beside_image": 60,
}


def test_each_drop_reason(tmp_path):
    questions = {
        LONG: None,
        "<p> </p>&nbsp;": "empty",
        "아래 그림을 보고 답하시오. " + LONG: "image_dependent",
        f'{LONG[:30]}<br><img src="a.png">': "image_dependent",
        f'{LONG}사진이 없어도 알 수 있는 만큼 자세히 적었습니다.<br><img src="a.png">': None,
        "only English words here, and that is not enough": "target_share",
        "짧은 질문": "too_short",
        LONG * 5: "too_long",
        f"<b>{LONG}</b><br>": "duplicate",
        LONG.replace(" ", "  ").strip() + "\n": "duplicate",
    }
    assert make(tmp_path / "out", source(tmp_path, "a", list(questions), html=True), pool=PLAIN) == 0
    assert dropped(tmp_path / "out") == {f"a{number}": reason for number, reason in enumerate(questions.values()) if reason}
    assert kept(tmp_path / "out") == [LONG.strip(), f"{LONG}사진이 없어도 알 수 있는 만큼 자세히 적었습니다."]
    found = counts(tmp_path / "out" / "pool")
    expected = {reason: list(questions.values()).count(reason) for reason in set(questions.values()) if reason}
    assert (found["input"], found["kept"], found["dropped"]) == (10, 2, expected)
    assert found["sources"]["a"] == {key: found[key] for key in ("input", "kept", "dropped")}
    said = evidence(tmp_path / "out")
    assert said["a6"] == "5 characters" and said["a5"] == "0.0" and "그림" in said["a2"] and said["a8"].startswith("a0 (exact 1")
    frame = pl.read_parquet(tmp_path / "out" / "pool" / "prompts.parquet")
    assert frame["twins"].to_list() == [2, 0]


def test_lengths_are_inclusive_and_in_characters(tmp_path):
    questions = ["가" * 19, "나" * 20, "다" * 200, "라" * 201, "😀가" * 10]
    assert make(tmp_path / "out", source(tmp_path, "a", questions), pool={**PLAIN, "max_repetition": 1.0}) == 0
    assert dropped(tmp_path / "out") == {"a0": "too_short", "a3": "too_long"}


def test_images_may_be_kept(tmp_path):
    questions = ["아래 그림을 보고 답하시오. " + LONG, f'{LONG[:30]}<br><img src="a.png">']
    assert make(tmp_path / "out", source(tmp_path, "a", questions, html=True), pool={**PLAIN, "drop_image_dependent": False}) == 0
    assert len(kept(tmp_path / "out")) == 2


def test_the_language_is_configuration(tmp_path):
    english = {"name": "English", "scripts": ["Latin"], "image_phrases": []}
    questions = ["only English words here, and that is enough now", LONG]
    assert make(tmp_path / "out", source(tmp_path, "a", questions), language=english, pool={**PLAIN, "min_target_share": 0.5}) == 0
    assert dropped(tmp_path / "out") == {"a1": "target_share"}


def test_columns(tmp_path):
    parts = {"passage": ["윗글은 이렇습니다.", None], "options": [["하나", "둘"], None]}
    assert make(tmp_path / "out", source(tmp_path, "a", [LONG, "가나다라 마바사 abcdefghij 12345"], **parts), pool=PLAIN) == 0
    frame = pl.read_parquet(tmp_path / "out" / "pool" / "prompts.parquet")
    assert dict(frame.schema) == POOL and pl.read_parquet_schema(tmp_path / "out" / "pool" / "dropped.parquet") == DROPPED
    assert frame["target_share"].to_list()[1] == pytest.approx(7 / 22)
    assert frame["question"].to_list()[0] == f"윗글은 이렇습니다.\n\n{LONG.strip()}\n\nA. 하나\nB. 둘"
    assert frame["stem"].to_list() == [LONG.strip(), None]


def test_of_twins_the_earliest_source_keeps_the_one_that_passes_everything_else(tmp_path):
    first, second = source(tmp_path, "a", [LONG]), source(tmp_path, "b", [LONG + " ", LONG + "다름"])
    assert make(tmp_path / "1", first, second, pool=PLAIN) == 0 == make(tmp_path / "2", second, first, pool=PLAIN)
    assert dropped(tmp_path / "1") == {"b0": "duplicate"} and dropped(tmp_path / "2") == {"a0": "duplicate"}
    assert counts(tmp_path / "1" / "pool")["sources"]["b"] == {"input": 2, "kept": 1, "dropped": {"duplicate": 1}}
    by = {"a": {"min_chars": 150}}
    assert decide(tmp_path / "1", ["a", "b"], PLAIN, by=by) == 0
    assert dropped(tmp_path / "1") == {"a0": "too_short"}


def test_thresholds_of_a_single_source(tmp_path):
    manifests = [source(tmp_path, name, [LONG + name, f"only English, and enough of it: {name}"]) for name in "ab"]
    by = {"b": {"min_target_share": 0.0, "max_chars": 40}}
    assert make(tmp_path / "out", *manifests, pool=PLAIN, by=by) == 0
    assert dropped(tmp_path / "out") == {"a1": "target_share", "b0": "too_long"}


def overlaps(out: Path, *rows: tuple) -> Path:
    """Overlaps as `decontaminate` leaves them."""
    with Stage(out, "decontaminate", {}, []) as stage:
        write_table(pl.DataFrame(rows, schema=OVERLAPS, orient="row"), stage, "overlaps.parquet", OVERLAPS)
    return out / "manifest.json"


def test_what_overlaps_with_a_benchmark_goes_and_its_twin_may_stay(tmp_path):
    found = overlaps(
        tmp_path / "overlaps",
        ("a0", None, "aime24", "7", "chars30", 0.81, "이 문장은"),
        ("a0", None, "aime24", "9", "signature", 0.9, "$x$"),
        ("a2", None, "aime24", "9", "signature", 0.9, "$x$"),
    )
    assert make(tmp_path / "out", source(tmp_path, "a", [LONG, LONG, "짧다"]), pool=PLAIN, overlaps=found) == 0
    assert dropped(tmp_path / "out") == {"a0": "contaminated", "a2": "too_short"}
    assert evidence(tmp_path / "out")["a0"] == "aime24 item 9, signature 0.9: $x$"
    assert counts(tmp_path / "out" / "pool")["kept"] == 1


def test_word_problems_that_differ_in_a_number_are_not_duplicates(tmp_path):
    questions = [f"사과 {number}개를 세 사람이 똑같이 나누면 몇 개씩 가집니까?" for number in range(9)]
    assert make(tmp_path / "out", source(tmp_path, "a", questions), pool=PLAIN) == 0
    assert len(kept(tmp_path / "out")) == 9


def test_a_limit_draws_by_id_and_counts_the_rest(tmp_path, monkeypatch):
    questions = [f"{LONG} {number}" for number in range(20)]
    monkeypatch.setattr(module, "ROWS_PER_CHUNK", 7)
    manifest = source(tmp_path, "a", [*questions, "짧다"])
    assert make(tmp_path / "out", manifest, pool=PLAIN | {"limit": 5}) == 0
    assert pl.read_parquet(tmp_path / "out" / "pool" / "prompts.parquet")["prompt_id"].to_list() == ["a0", "a1", "a10", "a11", "a12"]
    found = counts(tmp_path / "out" / "pool")
    assert (found["input"], found["kept"], found["dropped"]) == (21, 5, {"limit": 15, "too_short": 1})
    assert len(dropped(tmp_path / "out")) == 16
    monkeypatch.undo()
    assert make(tmp_path / "whole", manifest, pool=PLAIN | {"limit": 5}) == 0
    assert kept(tmp_path / "whole") == kept(tmp_path / "out") and dropped(tmp_path / "whole") == dropped(tmp_path / "out")
    assert make(tmp_path / "wide", manifest, pool=PLAIN | {"limit": 50}) == 0
    assert len(kept(tmp_path / "wide")) == 20


@pytest.mark.parametrize(
    ("questions", "changes", "line"),
    [
        ([LONG, LONG], {"min_chars": 500, "max_chars": 900}, "the filter `too_short` left nothing of the 2 prompts that reached it"),
        (["짧다", LONG], {"min_target_share": 0.99}, "the filter `too_short` left nothing of the 1 prompts that reached it"),
        ([" "], {}, "the filter `empty` left nothing of the 1 prompts"),
        ([], {}, "the filter `empty` left nothing of the 0 prompts"),
    ],
)
def test_an_empty_pool_names_the_filter(tmp_path, capsys, questions, changes, line):
    assert make(tmp_path / "out", source(tmp_path, "a", questions), pool=PLAIN | changes) == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
    assert list((tmp_path / "out" / "pool").iterdir()) == []


@pytest.mark.parametrize("file", ["cleaned/a/texts.parquet", "duplicates/duplicates.parquet"])
def test_damaged_verdicts_are_refused(tmp_path, capsys, file):
    out = tmp_path / "out"
    assert make(out, source(tmp_path, "a", [LONG, LONG]), pool=PLAIN) == 0
    arguments = ["--texts", out / "cleaned/a/manifest.json", "--duplicates", out / "duplicates/manifest.json", "--out", out / "again"]
    refuses_damage(lambda: main(["pool", "--spec", json.dumps(PLAIN), *map(str, arguments)]), out / file, out / "again", capsys)


def ingest(folder: Path, config: dict, pool: dict) -> list[Path]:
    names = [name for name in pool["sources"] if config["sources"][name].get("files")]  # the others are made of pools
    for name in names:
        spec = json.dumps(given("ingest", "sources", config["sources"][name]))
        assert main(["ingest", "--source", name, "--spec", spec, "--out", str(folder / name)]) == 0
    return [folder / name / "manifest.json" for name in names]


def test_the_demo_from_dumps_to_pool(tmp_path):
    demo = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))
    entry = demo["pools"]["demo"]
    manifests = ingest(tmp_path, demo, entry)
    assert make(tmp_path / "out", *manifests, pool={**given("pool", "pools", entry), "limit": None}) == 0
    found = counts(tmp_path / "out" / "pool")
    assert found["input"] == found["kept"] + sum(found["dropped"].values()) >= 450
    assert found["kept"] >= 330 and set(found["sources"]) == {path.parent.name for path in manifests}
    assert set(found["dropped"]) >= {"duplicate", "image_dependent", "target_share", "too_short"}
    texts = "\n".join(kept(tmp_path / "out"))
    assert "<p>" not in texts and "&nbsp;" not in texts and "$y < 3$" in texts and "std::vector<std::vector<int>>" in texts
    assert sum(each["input"] for each in found["sources"].values()) == found["input"]
    assert sum(each["kept"] for each in found["sources"].values()) == found["kept"]


def test_community_data_from_dumps_to_pool(tmp_path, real_data, monkeypatch):
    monkeypatch.setenv("KOREASON_DATA", str(real_data))
    community = yaml.safe_load((HOME / "config" / "community.yaml").read_text(encoding="utf-8"))
    entry = community["pools"]["community"] | {"limit": 48}  # enough for some of each source
    assert make(tmp_path / "out", *ingest(tmp_path, community, entry), pool=given("pool", "pools", entry)) == 0
    found = counts(tmp_path / "out" / "pool")
    assert found["kept"] == entry["limit"] == found["input"] - sum(found["dropped"].values())
    assert found["sources"]["question_pair"]["dropped"]["duplicate"] > 500  # its questions repeat
    assert all(part["kept"] for part in found["sources"].values())
