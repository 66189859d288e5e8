"""`koreason score`: anybody's answers, in every form of file, and what is refused."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from koreason.cli import main

ROWS = [
    {"id": "a", "question": "수도는?\n1. 부산\n2. 서울\n3. 대전", "gold": 2, "response": "정답은 ②입니다."},
    {"id": "b", "options": ["부산", "서울"], "gold": "서울", "response": "\\boxed{A}"},
    {"id": "c", "gold": "5000", "response": "\\boxed{5천 원}"},
    {"id": "d", "gold": "③", "response": "\\boxed{3번}"},
]
EXPECTED = {"a": "correct", "b": "wrong", "c": "correct", "d": "correct"}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def scored(path: Path, *words: str) -> list[dict[str, Any]]:
    out = path.parent / "verdicts.jsonl"
    assert main(["score", str(path), "--out", str(out), *words]) == 0
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def write(folder: Path, form: str) -> Path:
    path = folder / f"answers.{form}"
    if form == "jsonl":
        path.write_text(lines(ROWS), encoding="utf-8")
    elif form == "jsonl.gz":
        path.write_bytes(gzip.compress(lines(ROWS).encode()))
    elif form == "csv":
        texts = [{name: json.dumps(row[name]) if name == "options" else str(row[name]) for name in row} for row in ROWS]
        pl.DataFrame([{name: row.get(name) for name in ("id", "question", "options", "gold", "response")} for row in texts]).write_csv(path)
    else:
        pl.DataFrame([{**row, "gold": str(row["gold"])} for row in ROWS]).write_parquet(path)
    return path


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "csv", "parquet"])
def test_every_form_of_file(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = scored(write(tmp_path, form))
    assert {row["id"]: row["verdict"] for row in found} == EXPECTED
    assert {"id", "profile", "verdict", "correct", "extracted", "rule"} <= set(found[0])
    printed = capsys.readouterr().out
    assert "75.00%" in printed and "95% interval" in printed


def test_profiles_stand_side_by_side(tmp_path: Path) -> None:
    found = scored(write(tmp_path, "jsonl"), "--profile", "paper_text", "--profile", "robust")
    assert [(row["profile"], row["verdict"]) for row in found[:2]] == [("paper_text", "no_box"), ("robust", "correct")]


def test_fields_that_are_called_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(lines([{"answer": "5", "out": {"text": "\\boxed{5}"}, "kind": "math"}]), encoding="utf-8")
    assert [row["correct"] for row in scored(path, "--map", "gold=answer,response=out.text")] == [True]


def test_a_harness_s_sample_log(tmp_path: Path) -> None:
    path = tmp_path / "samples_kmmlu.jsonl"
    doc = {"question": "수도는?", "choices": ["부산", "서울"]}
    rows = [
        {"doc_id": 7, "doc": doc, "target": 1, "resps": [["\\boxed{B}"]], "filtered_resps": ["B"], "arguments": {}},
        {"doc_id": 8, "doc": {"query": "2+3?"}, "target": "5", "resps": [["답은 5"], ["답은 6"]], "filtered_resps": [], "arguments": {}},
    ]
    rows[1]["resps"] = [["답은 5", "답은 6"]]
    path.write_text(lines(rows), encoding="utf-8")
    assert [(row["id"], row["correct"]) for row in scored(path)] == [("7", True), ("8", True), ("8", False)]


@pytest.mark.parametrize(
    "options", [{"A": "부산", "B": "서울"}, {"text": ["부산", "서울"], "label": ["A", "B"]}, '{"A": "부산", "B": "서울"}']
)
def test_options_as_data_sets_have_them(tmp_path: Path, options: object) -> None:
    path = tmp_path / "asked.jsonl"
    path.write_text(lines([{"gold": "B", "options": options, "response": "정답은 서울입니다."}]), encoding="utf-8")
    assert [row["extracted"] for row in scored(path)] == ["B"]


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ('{"gold": "1"}\n', (), "lacks 'response'"),
        ('{"gold": "1", "response": "1"}\n{"response": "1"}\n', (), "bad.jsonl:2: lacks 'gold'"),
        ('{"gold": NaN, "response": "1"}\n', (), "its gold is nan"),
        ('{"gold": true, "response": "1"}\n', (), "its gold is true"),
        ('{"gold": "1", "response": ["a", 1]}\n', (), "response is no text"),
        ('{"gold": "1", "response": [[-1.5, false]]}\n', (), "response is no text"),
        ('{"gold": "1", "response": "1", "kind": "essay"}\n', (), "kind is 'essay'"),
        ('{"gold": "대전", "response": "1", "options": ["부산", "서울"]}\n', (), "no label of 2 options"),
        ('{"gold": "B", "response": "1", "options": {"A": "부산", "C": "서울"}}\n', (), "options are no list"),
        ('{"gold": "B", "response": "1", "options": ["부산", null]}\n', (), "lacks one of its options"),
        ("{\n", (), "not JSON"),
        ("[1]\n", (), "not a JSON object"),
        ("", (), "no answers"),
        ("{}\n", ("--map", "answer=gold"), "maps 'answer'"),
    ],
)
def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...], told: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")
    assert main(["score", str(path), *words]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("koreason:")]
    assert told in line or told in line.replace(": ", ":")


def test_a_thousand_choices_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text(lines([{**ROWS[0], "id": number} for number in range(1000)]), encoding="utf-8")
    began = time.process_time()
    assert len(scored(path)) == 1000
    assert time.process_time() - began < 2


def answers(path, *rows):
    path.write_text("".join(json.dumps({"gold": "A", "response": r"\boxed{A}", "options": ["x", "y"], **row}) + "\n" for row in rows))
    return str(path)


def test_rows_of_several_files_without_an_id_are_items_of_their_own(tmp_path, capsys):
    """They were taken for answers to the same items, by their places in their files."""
    one = answers(tmp_path / "one.jsonl", *[{"response": r"\boxed{B}"}] * 10)
    other = answers(tmp_path / "other.jsonl", *[{}] * 10)
    assert main(["score", one, other, "--out", str(tmp_path / "v.jsonl")]) == 0
    assert "29.93% to 70.07%" in capsys.readouterr().out  # Wilson's of 10 in 20
    ids = [json.loads(line)["id"] for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert ids == [str(number) for number in range(1, 21)]


def test_an_id_that_stands_for_two_items_is_refused(tmp_path, capsys):
    one = answers(tmp_path / "one.jsonl", {"id": 1, "question": "2+3?"})
    for row in ({"id": 1, "question": "2+4?"}, {"id": 1, "gold": "B"}, {"id": 1, "options": ["x", "z"]}):
        other = answers(tmp_path / "other.jsonl", row)
        assert main(["score", one, other]) == 2
        told = capsys.readouterr().err
        assert f"has the id '1' of another item, that of {one}:1" in told and told.count("\n") == 1
    turned = answers(tmp_path / "turned.jsonl", {"id": 1, "question": "2+3?", "gold": "B", "options": ["y", "x"]})
    assert main(["score", one, turned]) == 0, "the same question, its options in another order"


def test_an_empty_cell_names_nothing(tmp_path, capsys):
    """All rows without a passage were of one passage, and all without an id one item."""
    table = tmp_path / "answers.csv"
    table.write_text("id,cluster,gold,response\n" + '"","",3,\\boxed{3}\n' * 5 + '"","",3,\\boxed{4}\n' * 5, encoding="utf-8")
    assert main(["score", str(table), "--out", str(tmp_path / "v.jsonl")]) == 0
    assert "23.66% to 76.34%" in capsys.readouterr().out  # Wilson's of 5 in 10
    rows = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert len({row["id"] for row in rows}) == 10 and not any("cluster" in row for row in rows)
    for field in ("id", "cluster"):
        for value in ([1], {"a": 1}, True):
            assert main(["score", answers(tmp_path / "odd.jsonl", {field: value})]) == 2
            assert f"its {field} is neither a text nor a number" in capsys.readouterr().err


def test_what_is_no_plain_file_is_called_so(tmp_path, capsys):
    assert main(["score", str(tmp_path)]) == 2 and "is no plain file" in capsys.readouterr().err
