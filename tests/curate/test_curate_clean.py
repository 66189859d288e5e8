"""`koreason clean` through its command line."""

import polars as pl
import pytest
from chain import clean, counts, source
from damage import refuses_damage

from koreason.curate import clean as module
from koreason.tables import CLEANED

LONG = "이 문장은 길이가 충분하고 한글로만 되어 있어서 어떤 거르개에도 걸리지 않아야 합니다. "


def texts(out):
    return pl.read_parquet(out / "texts.parquet")


def test_its_columns(tmp_path):
    assert clean(tmp_path / "out", source(tmp_path, "a", [LONG, "가나다라 마바사 abcdefghij 12345", " "])) == 0
    frame = texts(tmp_path / "out")
    assert dict(frame.schema) == CLEANED
    assert frame["prompt_id"].to_list() == ["a0", "a1", "a2"], "nothing is dropped"
    assert abs(frame["share_characters"][1] - 7 / 22) < 1e-9
    assert frame["chars"].to_list() == [len(LONG.strip()), 25, 0]
    assert counts(tmp_path / "out")["input"] == 3


def test_html_is_for_sources_that_hold_html(tmp_path):
    text = "<p>굵은 <b>글씨</b>를 어떻게 쓰는지 궁금합니다 &amp;</p>"
    for name, html, expected in (("a", False, text), ("b", True, "굵은 글씨를 어떻게 쓰는지 궁금합니다 &")):
        assert clean(tmp_path / "out" / name, source(tmp_path, name, [text], html=html)) == 0
        assert texts(tmp_path / "out" / name)["question"].to_list() == [expected]


def test_personal_data_is_masked_where_it_is_asked_for(tmp_path):
    text = "연락처는 010-1234-5678 또는 me@mail.example 입니다. 답변을 기다립니다."
    manifest = source(tmp_path, "a", [text], answer=["010-9999-9999"])
    assert clean(tmp_path / "out", manifest, mask=True) == 0 == clean(tmp_path / "plain", manifest)
    frame = texts(tmp_path / "out")
    assert frame["question"].to_list() == ["연락처는 010-0000-0000 또는 name@example.com 입니다. 답변을 기다립니다."]
    assert frame["answer"].to_list() == ["010-0000-0000"]
    assert texts(tmp_path / "plain")["question"].to_list() == [text]
    assert sum(counts(tmp_path / "out")["masked"].values()) >= 2 and not sum(counts(tmp_path / "plain")["masked"].values())


def test_a_question_of_parts_is_measured_as_a_whole(tmp_path):
    parts = {"passage": ["윗글입니다.", None], "options": [["하나", "둘"], []]}
    assert clean(tmp_path / "out", source(tmp_path, "a", ["옳은 것은?", "옳은 것은?"], **parts)) == 0
    frame = texts(tmp_path / "out")
    assert frame["chars"].to_list() == [len("윗글입니다.\n\n옳은 것은?\n\nA. 하나\nB. 둘"), len("옳은 것은?")]
    assert frame["options"].to_list() == [["하나", "둘"], []]


def test_chunks_change_nothing_but_row_groups(tmp_path, monkeypatch):
    questions = [f"{LONG[: 12 + number % 30]} {number // 3}" for number in range(300)]
    manifest = source(tmp_path, "a", questions)
    assert clean(tmp_path / "1", manifest) == 0
    assert clean(tmp_path / "2", manifest) == 0
    assert (tmp_path / "1" / "manifest.json").read_bytes() == (tmp_path / "2" / "manifest.json").read_bytes()
    monkeypatch.setattr(module, "ROWS_PER_CHUNK", 11)
    assert clean(tmp_path / "3", manifest) == 0
    assert texts(tmp_path / "1").equals(texts(tmp_path / "3"))
    assert all(chunk.height <= 11 for chunk, _ in module.chunks(manifest))


def test_chunks_are_cut_by_bytes_as_well_as_rows(tmp_path, monkeypatch):
    questions = [LONG * (40 if 100 <= number < 200 else 1) + str(number) for number in range(300)]
    manifest = source(tmp_path, "a", questions)
    [[whole, _]] = module.chunks(manifest)
    monkeypatch.setattr(module, "BYTES_PER_CHUNK", 100_000)
    cut = [chunk for chunk, _ in module.chunks(manifest)]
    assert pl.concat(cut).equals(whole)
    assert len(cut) > 3 and max(chunk["question"].str.len_bytes().sum() for chunk in cut) <= 100_000


def test_what_is_not_there_or_not_whole_is_refused(tmp_path, capsys):
    assert clean(tmp_path / "out", tmp_path / "nowhere" / "manifest.json") == 2
    assert "no such manifest" in capsys.readouterr().err
    manifest = source(tmp_path, "a", [LONG])
    with open(manifest.parent / "prompts.parquet", "ab") as file:
        file.write(b"x")
    assert clean(tmp_path / "out", manifest) == 2
    assert "its manifest says" in capsys.readouterr().err


def test_a_damaged_source_is_refused(tmp_path, capsys):
    manifest = source(tmp_path, "a", [LONG])
    refuses_damage(lambda: clean(tmp_path / "out", manifest), manifest.parent / "prompts.parquet", tmp_path / "out", capsys)
    assert clean(tmp_path / "out", manifest) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_phrases", ["(?:"]),
        ("markup_mentions", ["["]),
        ("personal_data", {"phone": {"pattern": "[0-9", "placeholder": "0"}}),
        ("boilerplate", ["(?=looking ahead)"]),
    ],
)
def test_a_pattern_that_is_none_is_one_line(tmp_path, capsys, field, value):
    language = {"name": "x", "scripts": ["Hangul"], "image_phrases": [], field: value}
    assert clean(tmp_path / "out", source(tmp_path, "a", [LONG]), language=language) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason: ")]
    assert field in line and "no regular expression" in line
    assert not (tmp_path / "out" / "manifest.json").exists()
