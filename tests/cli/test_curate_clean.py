"""`koreason clean` through its command line."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml

from koreason.cli import main
from koreason.curate import clean as module
from koreason.manifest import sha256_file
from koreason.tables import DROPPED, POOL, PROMPTS

HOME = Path(__file__).resolve().parents[2]
KOREAN = yaml.safe_load((HOME / "config" / "config.yaml").read_text(encoding="utf-8"))["languages"]["ko"]
LONG = "이 문장은 길이가 충분하고 한글로만 되어 있어서 어떤 거르개에도 걸리지 않아야 합니다. "
PLAIN = {
    "sources": ["a"],
    "language": "ko",
    "min_target_share": 0.3,
    "min_chars": 20,
    "max_chars": 200,
    "drop_image_dependent": True,
    "min_chars_beside_image": 60,
    "mask_personal_data": ["Daily"],
}


def source(folder: Path, name: str, questions: list[str], html: bool = False, category: str = "Daily", answers: list | None = None) -> Path:
    """A source as `ingest` leaves it."""
    out = folder / name
    out.mkdir(parents=True)
    rows = [
        {"prompt_id": f"{name}{number}", "source": name, "category": category, "licence": "A", "question": question, "answer": answer}
        for number, (question, answer) in enumerate(zip(questions, answers or [None] * len(questions), strict=True))
    ]
    frame = pl.DataFrame(rows, schema={column: PROMPTS[column] for column in rows[0]}) if rows else pl.DataFrame(schema=PROMPTS)
    frame = frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in PROMPTS.items() if column not in frame.columns)
    frame.select(list(PROMPTS)).write_parquet(out / "prompts.parquet", row_group_size=3)
    size = (out / "prompts.parquet").stat().st_size
    facts = {"sha256": sha256_file(out / "prompts.parquet"), "bytes": size, "rows": frame.height, "html": html}
    (out / "manifest.json").write_text(json.dumps({"stage": "ingest", "files": {"prompts.parquet": facts}, "counts": {}}))
    return out / "manifest.json"


def clean(out: Path, *manifests: Path, language: dict = KOREAN, pool: dict = PLAIN, **changes) -> int:
    spec = json.dumps({**pool, **changes})
    return main(["clean", "--spec", spec, "--language", json.dumps(language), "--in", *map(str, manifests), "--out", str(out)])


def kept(out: Path) -> list[str]:
    return pl.read_parquet(out / "prompts.parquet")["question"].to_list()


def dropped(out: Path) -> dict[str, str]:
    return dict(pl.read_parquet(out / "dropped.parquet").iter_rows())


def counts(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]


def test_each_drop_reason(tmp_path):
    questions = {
        LONG: None,
        "<p> </p>&nbsp;": "empty",
        "아래 그림을 보고 답하시오. " + LONG: "image_dependent",
        f'{LONG[:30]}<br><img src="a.png">': "image_dependent",
        f'{LONG} 그림이 없어도 알 수 있는 만큼 자세히 적었습니다.<br><img src="a.png">': None,
        "only English words here, and that is not enough": "target_share",
        "짧은 질문": "too_short",
        LONG * 5: "too_long",
        f"<b>{LONG}</b><br>": "duplicate",
        LONG.replace(" ", "  ").strip() + "\n": "duplicate",
    }
    manifest = source(tmp_path, "a", list(questions), html=True)
    assert clean(tmp_path / "out", manifest) == 0
    assert dropped(tmp_path / "out") == {f"a{number}": reason for number, reason in enumerate(questions.values()) if reason}
    assert kept(tmp_path / "out") == [LONG.strip(), f"{LONG} 그림이 없어도 알 수 있는 만큼 자세히 적었습니다."]
    found = counts(tmp_path / "out")
    expected = {reason: list(questions.values()).count(reason) for reason in set(questions.values()) if reason}
    assert (found["input"], found["kept"], found["dropped"]) == (10, 2, expected)
    assert found["sources"]["a"] == found["categories"]["Daily"] == {key: found[key] for key in ("input", "kept", "dropped")}


def test_lengths_are_inclusive_and_in_characters(tmp_path):
    questions = ["가" * 19, "나" * 20, "다" * 200, "라" * 201, "😀가" * 10]
    assert clean(tmp_path / "out", source(tmp_path, "a", questions)) == 0
    assert dropped(tmp_path / "out") == {"a0": "too_short", "a3": "too_long"}


def test_images_may_be_kept(tmp_path):
    questions = ["아래 그림을 보고 답하시오. " + LONG, f'{LONG[:30]}<br><img src="a.png">']
    assert clean(tmp_path / "out", source(tmp_path, "a", questions, html=True), drop_image_dependent=False) == 0
    assert len(kept(tmp_path / "out")) == 2


def test_the_language_is_configuration(tmp_path):
    english = {"name": "English", "scripts": ["Latin"], "image_phrases": []}
    questions = ["only English words here, and that is enough now", LONG]
    assert clean(tmp_path / "out", source(tmp_path, "a", questions), language=english, min_target_share=0.5) == 0
    assert dropped(tmp_path / "out") == {"a1": "target_share"}


def test_columns_of_the_pool(tmp_path):
    assert clean(tmp_path / "out", source(tmp_path, "a", [LONG, "가나다라 마바사 abcdefghij 12345"])) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert dict(frame.schema) == POOL and pl.read_parquet_schema(tmp_path / "out" / "dropped.parquet") == DROPPED
    assert frame["target_share"].to_list()[1] == pytest.approx(7 / 22)
    assert frame["dup_group"].n_unique() == 2 and frame["dup_group"].str.len_chars().to_list() == [32, 32]


def test_the_earlier_source_keeps_a_duplicate(tmp_path):
    first, second = source(tmp_path, "a", [LONG]), source(tmp_path, "b", [LONG.upper(), LONG + "다름"])
    assert clean(tmp_path / "1", first, second) == 0
    assert clean(tmp_path / "2", second, first) == 0
    assert dropped(tmp_path / "1") == {"b0": "duplicate"} and dropped(tmp_path / "2") == {"a0": "duplicate"}
    assert counts(tmp_path / "1")["sources"]["b"] == {"input": 2, "kept": 1, "dropped": {"duplicate": 1}}


def test_word_problems_that_differ_in_a_number_are_not_duplicates(tmp_path):
    questions = [f"사과 {number}개를 세 사람이 똑같이 나누면 몇 개씩 가집니까?" for number in range(9)]
    assert clean(tmp_path / "out", source(tmp_path, "a", questions)) == 0
    assert len(kept(tmp_path / "out")) == 9


def test_html_is_for_sources_that_hold_html(tmp_path):
    text = "HTML에서 <br> 태그와 <b>굵은 글씨</b>를 어떻게 쓰는지 궁금합니다 &amp;"
    assert clean(tmp_path / "out", source(tmp_path, "a", [text]), source(tmp_path, "b", [text], html=True)) == 0
    assert kept(tmp_path / "out") == [text, "HTML에서\n 태그와 굵은 글씨를 어떻게 쓰는지 궁금합니다 &"]


def test_personal_data_is_masked_in_the_named_categories(tmp_path):
    text = "연락처는 010-1234-5678 또는 me@mail.example 입니다. 답변을 기다립니다."
    daily, exams = (
        source(tmp_path, "a", [text], answers=["010-9999-9999"]),
        source(tmp_path, "b", [text], category="Exams", answers=["010-9999-9999"]),
    )
    assert clean(tmp_path / "out", daily, exams) == 0
    frame = pl.read_parquet(tmp_path / "out" / "prompts.parquet")
    assert frame["question"].to_list() == ["연락처는 010-0000-0000 또는 name@example.com 입니다. 답변을 기다립니다.", text]
    assert frame["answer"].to_list() == ["010-0000-0000", "010-9999-9999"]
    assert counts(tmp_path / "out")["masked"] == {"phone": 1, "mail": 1, "resident_number": 0}


def test_a_limit_draws_by_id_and_counts_the_rest(tmp_path, monkeypatch):
    questions = [f"{LONG} {number}" for number in range(20)]
    monkeypatch.setattr(module, "ROWS_PER_CHUNK", 7)
    manifest = source(tmp_path, "a", [*questions, "짧다"])
    assert clean(tmp_path / "out", manifest, limit=5) == 0
    assert pl.read_parquet(tmp_path / "out" / "prompts.parquet")["prompt_id"].to_list() == ["a0", "a1", "a10", "a11", "a12"]
    found = counts(tmp_path / "out")
    assert (found["input"], found["kept"], found["dropped"]) == (21, 5, {"limit": 15, "too_short": 1})
    assert len(dropped(tmp_path / "out")) == 16
    monkeypatch.undo()
    assert clean(tmp_path / "whole", manifest, limit=5) == 0
    assert kept(tmp_path / "whole") == kept(tmp_path / "out") and dropped(tmp_path / "whole") == dropped(tmp_path / "out")
    assert clean(tmp_path / "wide", manifest, limit=50) == 0
    assert len(kept(tmp_path / "wide")) == 20


def test_chunks_change_nothing_but_row_groups(tmp_path, monkeypatch):
    questions = [f"{LONG[: 12 + number % 30]} {number // 3}" for number in range(300)]
    manifest = source(tmp_path, "a", questions)
    assert clean(tmp_path / "1", manifest) == 0
    assert clean(tmp_path / "2", manifest) == 0
    assert (tmp_path / "1" / "manifest.json").read_bytes() == (tmp_path / "2" / "manifest.json").read_bytes()
    monkeypatch.setattr(module, "ROWS_PER_CHUNK", 11)
    assert clean(tmp_path / "3", manifest) == 0
    assert kept(tmp_path / "1") == kept(tmp_path / "3") and dropped(tmp_path / "1") == dropped(tmp_path / "3")
    assert counts(tmp_path / "1") == counts(tmp_path / "3")


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
    assert clean(tmp_path / "out", source(tmp_path, "a", questions), **changes) == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_not_there_or_not_whole_is_refused(tmp_path, capsys):
    assert clean(tmp_path / "out", tmp_path / "nowhere" / "manifest.json") == 2
    assert "no such manifest" in capsys.readouterr().err
    manifest = source(tmp_path, "a", [LONG])
    with open(manifest.parent / "prompts.parquet", "ab") as file:
        file.write(b"x")
    assert clean(tmp_path / "out", manifest) == 2
    assert "not the file that its manifest describes" in capsys.readouterr().err
    (manifest.parent / "prompts.parquet").unlink()
    assert clean(tmp_path / "out", manifest) == 2


def test_the_demo_from_dumps_to_pool(tmp_path):
    demo = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))
    manifests = []
    for name in demo["pools"]["demo"]["sources"]:
        arguments = ["ingest", "--source", name, "--spec", json.dumps(demo["sources"][name]), "--out", str(tmp_path / name)]
        assert main(arguments) == 0
        manifests.append(tmp_path / name / "manifest.json")
    assert clean(tmp_path / "out", *manifests, pool={**demo["pools"]["demo"], "limit": None}) == 0
    found = counts(tmp_path / "out")
    assert found["input"] == found["kept"] + sum(found["dropped"].values()) >= 450
    assert found["kept"] >= 330 and set(found["categories"]) == {"Daily", "Exams", "Science", "Code"}
    assert set(found["dropped"]) == {"duplicate", "image_dependent", "target_share", "too_short"}
    texts = "\n".join(kept(tmp_path / "out"))
    assert "<p>" not in texts and "&nbsp;" not in texts and "$y < 3$" in texts and "std::vector<std::vector<int>>" in texts
    for part in ("sources", "categories"):
        assert sum(each["input"] for each in found[part].values()) == found["input"]
        assert sum(each["kept"] for each in found[part].values()) == found["kept"]


def test_community_data_from_dumps_to_pool(tmp_path, real_data, monkeypatch):
    monkeypatch.setenv("KOREASON_DATA", str(real_data))
    community = yaml.safe_load((HOME / "config" / "community.yaml").read_text(encoding="utf-8"))
    pool = community["pools"]["community"]
    for name in pool["sources"]:
        assert main(["ingest", "--source", name, "--spec", json.dumps(community["sources"][name]), "--out", str(tmp_path / name)]) == 0
    assert clean(tmp_path / "out", *(tmp_path / name / "manifest.json" for name in pool["sources"]), pool=pool) == 0
    found = counts(tmp_path / "out")
    assert found["kept"] == pool["limit"] == found["input"] - sum(found["dropped"].values())
    assert found["sources"]["question_pair"]["dropped"]["duplicate"] > 500  # its questions repeat
    assert all(part["kept"] for part in found["sources"].values())
