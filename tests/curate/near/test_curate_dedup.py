"""`koreason sketch` and `koreason dedup` through their command lines."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import alike_plainly as plain
import polars as pl
import pytest
from damage import refuses_damage
from twin_sources import LANGUAGE, cleaned, dedup, sketch, twins

from koreason.cli import main
from koreason.curate.near import chunks, parts
from koreason.minhash import candidates, search
from tests.kills import killed

BASE = "어떤 가게에서 사과 세 상자와 배 두 상자를 사면 얼마를 내야 하는지 알고 싶습니다. 배달을 시키면 값이 더 드는지, 현금으로 내면 깎아 주는지도 알려 주세요."


def words(draw: random.Random, count: int) -> str:
    return " ".join("".join(draw.choices("가나다라마바사아자차카타파하거너더러머버", k=draw.randint(1, 5))) for _ in range(count))


def varied(seed: int, count: int) -> list[str]:
    """Texts, some of which are variants of earlier ones."""
    draw, found = random.Random(seed), []
    for _ in range(count):
        text = words(draw, draw.randint(3, 60)) if not found or draw.random() < 0.5 else draw.choice(found)
        letters = text.split(" ")
        for _ in range(draw.choice([0, 0, 1, 1, 2, 3])):
            letters.insert(draw.randrange(len(letters)), words(draw, 1))
        found.append(" ".join(letters))
    return found


def counts(out: Path) -> dict:
    return json.loads((out / "manifest.json").read_text())["counts"]


def test_groups_are_those_of_all_pairs(tmp_path: Path) -> None:
    rows = varied(1, 700)
    forms = [plain.form(row) for row in rows]
    found = twins(tmp_path, rows)
    equal = {(forms.index(form), number) for number, form in enumerate(forms) if forms.index(form) != number}
    expected = plain.groups(len(rows), plain.near_pairs(forms, 0.8) | equal)
    of = {number: min(group) for group in expected for number in group}
    assert all(len({of.get(number, -1) for number in group}) == 1 and min(group) in of for group in found)  # no false twin
    assert sum(map(len, found)) >= 0.99 * sum(map(len, expected)) > 200


def test_table_and_counts(tmp_path: Path) -> None:
    rows = [BASE, "다른 글이 하나 더 있다.", BASE.replace(" ", ""), BASE.replace("사과", "맛있는 사과"), "짧다", "짧 다"]
    texts = cleaned(tmp_path / "a", rows)
    found = dedup([sketch(texts, tmp_path / "s")], [texts], tmp_path / "out")
    similarity = plain.jaccard(plain.grams(plain.form(rows[0])), plain.grams(plain.form(rows[3])))
    assert found.drop("similarity").rows() == [
        ("a00000", "a00000", "a00002", "exact"),
        ("a00002", "a00000", "a00000", "exact"),
        ("a00003", "a00000", "a00000", "near"),
        ("a00004", "a00004", "a00005", "exact"),
        ("a00005", "a00004", "a00004", "exact"),
    ]
    assert found["similarity"].to_list() == pytest.approx([1, 1, similarity, 1, 1])
    assert counts(tmp_path / "s") == {"prompts": 6, "too_short": 2}
    expected = {"prompts": 6, "repeated": 0, "groups": 2, "exact": 4, "near": 1, "candidates": 1, "verified": 1, "left": 0}
    assert counts(tmp_path / "out") == expected
    assert not (tmp_path / "out" / ".scratch").exists()


def test_null_finds_equal_prompts_only(tmp_path: Path) -> None:
    assert twins(tmp_path, [BASE, BASE.replace("사과", "자두"), BASE + " "], least=None) == [{0, 2}]


@pytest.mark.parametrize(
    ("kind", "rows", "expected"),
    [
        ("stem", [BASE + " 3개", BASE + " 4개", BASE.replace("얼마를", "얼마 를") + "3 개"], [{0, 2}]),
        ("stem", [f"{BASE} $a {sign} b$" for sign in "+-"], []),
        ("code", [f"{BASE}\nfor i in x:\n    f()\n{indent}g()" for indent in ("", "    ")], []),
        ("code", [f"{BASE}\nprint({name})" for name in ("total", "sum")], []),
        ("talk", [BASE, BASE + " ㅠㅠㅠ!!", BASE.replace("가게", "가\u200d게")], [{0, 1, 2}]),
        ("exam", [{"question": "옳은 것은?", "passage": BASE, "options": options} for options in (["가", "나"], ["다", "라"])], []),
        ("exam", [{"question": BASE, "options": options} for options in (["가", "나"], ["나", "가"], ["가", "다"])], [{0, 1}]),
        (
            "exam",
            [
                {"question": "옳은 것은?", "passage": passage}
                for passage in (BASE, BASE.replace("가게", "가계"), BASE.replace("사과", "자두"), BASE[::-1])
            ],
            [{0, 1}],
        ),
    ],
)
def test_kinds(tmp_path: Path, kind: str, rows: list, expected: list[set[int]]) -> None:
    assert twins(tmp_path, rows, kind) == expected


def halves(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    """Two sources that have twins in each other and one prompt in common, and their sketches."""
    rows = [{"question": row, "prompt_id": f"{number:05d}"} for number, row in enumerate(varied(2, 300))]
    random.Random(0).shuffle(rows)
    texts = [cleaned(tmp_path / "a", rows[:160], 30), cleaned(tmp_path / "b", rows[159:], 70)]
    return [sketch(text, tmp_path / f"s{number}") for number, text in enumerate(texts)], texts


def test_same_bytes_whatever_the_order_and_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sketches, texts = halves(tmp_path)
    found = dedup(sketches, texts, tmp_path / "one")
    assert counts(tmp_path / "one")["repeated"] == 1 and found.height > 50
    assert found["prompt_id"].is_sorted() and found["prompt_id"].n_unique() == found.height
    expected = (tmp_path / "one" / "manifest.json").read_bytes()
    monkeypatch.setattr(chunks, "ROWS_PER_CHUNK", 7)
    monkeypatch.setattr(parts, "ROWS_PER_READ", 11)
    monkeypatch.setattr(search, "POINTS_PER_BATCH", 100)
    monkeypatch.setattr(search, "MOST_TRIED", 1 << 20)
    dedup(sketches[::-1], texts[::-1], tmp_path / "two")
    assert (tmp_path / "two" / "manifest.json").read_bytes() == expected
    again = sketch(texts[0], tmp_path / "again")
    assert again.read_bytes() == sketches[0].read_bytes()


def test_same_bytes_after_a_kill_and_with_another_hash_seed(tmp_path: Path) -> None:
    sketches, texts = halves(tmp_path)
    dedup(sketches, texts, tmp_path / "whole")
    command = [sys.executable, "-m", "koreason", "dedup", "--spec", '{"near_duplicates": 0.8}', "--sketches", *map(str, sketches)]
    command += ["--texts", *map(str, texts), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1"}
    killed(command, tmp_path / "out", (tmp_path / "out" / ".scratch").exists, env=environment)
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert not (tmp_path / "out" / ".scratch").exists()
    assert (tmp_path / "out" / "manifest.json").read_bytes() == (tmp_path / "whole" / "manifest.json").read_bytes()


def test_boilerplate_does_not_become_quadratic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "WHOLE", 8)
    monkeypatch.setattr(candidates, "REPRESENTATIVES", 4)
    draw = random.Random(5)
    head = words(draw, 60)
    rows = [head + " " + words(draw, 16) for _ in range(400)]
    rows += rows[:20]
    found = twins(tmp_path, [row + " " if number >= 400 else row for number, row in enumerate(rows)])
    assert len(found) >= 20
    made = counts(tmp_path / "out")
    assert made["left"] > 0
    assert made["candidates"] < 16 * 400 * 8


def test_word_problems_that_differ_in_numbers_survive(tmp_path: Path, real_data: Path) -> None:
    """Of 3,000 templated problems 20 are there twice, the same but for blanks, a letter or an ending: all were looked at."""
    rows = list(json.loads((real_data / "mwp_korean" / "public_mwp_data.json").read_text(encoding="utf-8-sig")).values())
    found = twins(tmp_path, [row["question"] for row in rows], "stem")
    assert [len(group) for group in found] == 20 * [2]
    other_answers = [min(group) for group in found if len({rows[number]["answer"] for number in group}) > 1]
    assert other_answers == [885, 1284]  # the same problem, with another answer in the data


def test_people_ask_the_same_in_other_words(tmp_path: Path, real_data: Path) -> None:
    """Of labelled paraphrases (0: the same) twins are the part that has nearly the same letters."""
    table = pl.read_csv(real_data / "question_pair" / "kor_pair_train.csv", columns=["question1", "question2", "is_duplicate"])
    found = twins(tmp_path, [text for row in table.iter_rows() for text in row[:2]], "talk")
    of = {number: min(group) for group in found for number in group}
    said = [of.get(2 * row, -1) == of.get(2 * row + 1, -2) for row in range(table.height)]
    same = [label == 0 for label in table["is_duplicate"]]
    both = sum(one and other for one, other in zip(said, same, strict=True))
    print(f"question_pair: precision {both / sum(said):.3f}, recall {both / sum(same):.3f}: {sum(said)} of {len(said)} pairs")
    assert both / sum(said) > 0.99
    assert both / sum(same) > 0.15


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    texts = cleaned(tmp_path / "a", [BASE, BASE.replace("사과", "자두")])
    other = cleaned(tmp_path / "b", [BASE, "다른 글"])
    made = sketch(texts, tmp_path / "s")

    def refused(command: list, says: str) -> None:
        capsys.readouterr()
        assert main([*map(str, command), "--out", str(tmp_path / "out")]) == 2
        assert says in capsys.readouterr().err
        assert not (tmp_path / "out" / "manifest.json").exists()

    spec = '{"near_duplicates": 0.8}'
    refused(["sketch", "--kind", "talk", "--language", '{"talk": "("}', "--in", texts], "not a regular expression")
    refused(["sketch", "--kind", "stem", "--language", '{"opposites": "(?"}', "--in", texts], "not a regular expression")
    refused(["dedup", "--spec", spec, "--sketches", made, made, "--texts", texts], "name them in pairs")
    refused(["dedup", "--spec", spec, "--sketches", made, "--texts", other], "was not made of")
    refused(["dedup", "--spec", '{"near_duplicates": 3}', "--sketches", made, "--texts", texts], "near_duplicates")
    command = ["sketch", "--kind", "text", "--language", json.dumps(LANGUAGE), "--in", str(texts), "--out", str(tmp_path / "out")]
    refuses_damage(lambda: main(command), texts.parent / "texts.parquet", tmp_path / "out", capsys)


def test_nothing_in_nothing_out(tmp_path: Path) -> None:
    assert twins(tmp_path, []) == []
    assert counts(tmp_path / "out")["prompts"] == 0
