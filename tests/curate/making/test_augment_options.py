"""Options of similar questions, merged into a question's own."""

import random
import re
from pathlib import Path

import pytest
from made_of import PHRASING, augment, counts, exam, made, pool, reasons

from koreason.curate.making.alike import alike, said_by
from koreason.curate.making.golds import understood, unlabelled

pytest.importorskip("bm25s")
CAPITALS = {
    "대한민국": "서울",
    "일본": "도쿄",
    "중국": "베이징",
    "프랑스": "파리",
    "독일": "베를린",
    "영국": "런던",
    "이탈리아": "로마",
    "태국": "방콕",
}


def spec(**options: object) -> dict:
    return {"format": "augmented", "augment": {"options": options, "seed": 3}}


def capital(number: int, country: str, form: str = "text") -> dict:
    cities = sorted(CAPITALS.values())
    first = cities.index(CAPITALS[country])
    options = [cities[(first + step) % len(cities)] for step in range(4)]
    random.Random(number).shuffle(options)
    index = options.index(CAPITALS[country])
    gold = {"text": options[index], "letter": "ABCD"[index], "number": str(index + 1), "circled": "①②③④"[index]}[form]
    return exam(number, f"{country}의 수도는 어디인가?", options, gold, answer="③", url="u")


def capitals() -> list[dict]:
    forms = ("text", "letter", "number", "circled")
    return [capital(number, country, forms[number % 4]) for number, country in enumerate(CAPITALS)]


def right(row: dict) -> str:
    gold = understood(row["gold"], row["options"], [])
    assert gold
    return row["options"][gold.place]


def test_distractors_are_merged_and_the_right_option_stays_right(tmp_path: Path) -> None:
    rows = capitals()
    assert augment(tmp_path / "wide", pool(tmp_path, rows), spec(similar=3, most=6)) == 0
    found = made(tmp_path / "wide")
    assert found.height == len(rows)
    for new, old in zip(found.to_dicts(), rows, strict=True):
        assert new["parents"] == [old["prompt_id"]] and new["source"] == "wide" and new["question"] == old["stem"]
        assert len(new["options"]) == len(set(new["options"])) == 6 and set(old["options"]) <= set(new["options"])
        assert right(new) == right(old) and new["gold"].isdecimal() == old["gold"].isdecimal()
        assert new["answer"] is None and new["url"] == "u"
    assert found.row(0, named=True)["origin"] == {"file": "demo", "record": 1, "first": None, "bytes": None}
    assert len({row["options"].index(right(row)) for row in found.to_dicts()}) > 2, "the place of the right option is drawn"


def test_at_most_ten_options_and_none_that_says_the_same(tmp_path: Path) -> None:
    rows = [exam(number, "물의 끓는점은 몇 도인가?", [f"{10 * number + step} 도" for step in range(5)], "1") for number in range(1, 9)]
    rows.append(exam(9, "물의 끓는점은 대략 몇 도인가?", ["100도", "90도", "80도", "1,000 도"], "1"))
    rows.append(exam(10, "물의 끓는점은 몇 도쯤인가?", [f"{number} 도" for number in range(500, 510)], "3"))
    assert augment(tmp_path / "wide", pool(tmp_path, rows), spec()) == 0
    found = made(tmp_path / "wide")
    assert set(found["options"].list.len()) == {10}
    for options in found["options"]:
        plain = ["".join(option.split()) for option in options]
        assert len(plain) == len(set(plain))
    assert reasons(tmp_path / "wide") == {10: "full"}


def test_what_cannot_be_widened_is_left_out_with_its_reason(tmp_path: Path) -> None:
    cities = ["서울", "부산", "대구", "인천"]
    rows = [
        *capitals(),
        exam(20, "다음 중 대한민국의 도시가 아닌 것은?", ["도쿄", *cities], "1"),
        exam(21, "다음 중 옳지 않은 것은?", cities, "1"),
        exam(22, "수도로 알맞은 것은?", [*cities, "위의 모두"], "1"),
        exam(23, "옳은 것을 고르면?", ["ㄱ", "ㄱ, ㄴ", "ㄴ, ㄷ"], "1"),
        exam(24, "대한민국의 수도는?", None, "서울"),
        exam(25, "대한민국의 수도는?", cities, None),
        exam(26, "대한민국의 수도는?", cities, "평양"),
        exam(27, "대한민국의 수도는?", cities, "1, 2"),
        exam(28, "2 더하기 2는 얼마인가?", ["3", "4", "5", "1"], "3"),
        exam(29, "qwerty", ["ab", "cd"], "ab"),
        exam(30, "다른 과목의 물음", cities, "1", source="other"),
    ]
    assert augment(tmp_path / "wide", pool(tmp_path, rows), spec()) == 0
    expected = [
        "negated",
        "negated",
        "relative_options",
        "relative_options",
        "no_options",
        "no_gold",
        *["unclear_gold"] * 3,
        "no_distractor",
    ]
    assert reasons(tmp_path / "wide") == dict(enumerate(expected, 9))
    found = counts(tmp_path / "wide")
    assert found["records"] == 18 == found["accepted"] + sum(found["skipped"].values()) + sum(found["rejected"].values())
    offered = {option for options in made(tmp_path / "wide")["options"] for option in options}
    assert offered == set(CAPITALS.values()), "what asks for what is wrong gives no distractors"


def test_the_same_bytes_in_any_process_and_others_by_another_seed(tmp_path: Path) -> None:
    manifest = pool(tmp_path, capitals())
    outs = [tmp_path / name / "wide" for name in ("one", "two", "other")]
    for out, seed in zip(outs, (3, 3, 4), strict=True):
        assert augment(out, manifest, {"format": "augmented", "augment": {"options": {"most": 6}, "seed": seed}}) == 0
    one, two, other = ((out / "prompts.parquet").read_bytes() for out in outs)
    assert one == two != other


def test_a_prompt_comes_out_the_same_whatever_the_limit(tmp_path: Path) -> None:
    manifest, settings = pool(tmp_path, capitals()), spec()
    assert augment(tmp_path / "all" / "wide", manifest, settings) == 0
    settings["augment"]["limit"] = 3
    assert augment(tmp_path / "few" / "wide", manifest, settings) == 0
    everything, few = (made(tmp_path / name / "wide")["prompt_id"].to_list() for name in ("all", "few"))
    assert len(few) == 3 and set(few) < set(everything)
    assert counts(tmp_path / "few" / "wide")["skipped"] == {"not_drawn": 5}


@pytest.mark.parametrize(
    ("gold", "options", "index"),
    [
        ("③", ["가", "나", "다"], 2),
        ("3", ["x", "y", "z"], 2),
        ("3.0", ["x", "y", "z"], 2),
        ("(C)", ["x", "y", "z"], 2),
        ("c)", ["x", "y", "z"], 2),
        ("ㄷ", ["x", "y", "z"], 2),
        ("정답: 3번", ["x", "y", "z"], 2),
        ("정답은 ③입니다.", ["x", "y", "z"], 2),
        ("③ 고려", ["신라", "백제", "고려"], 2),
        ("고려 ", ["신라", "백제", "고려"], 2),
        ("세 번", ["한 번", "두 번", "세 번"], 2),
        ("20", ["10", "20", "30"], 1),
        ("2", ["2", "3", "4"], None),
        ("2", ["1", "2", "3"], 1),
        ("4", ["x", "y", "z"], None),
        ("고려", ["고려", "백제", "고려"], None),
        ("답사", ["답사", "여행", "견학"], 0),
        ("0", ["x", "y", "z"], None),
    ],
)
def test_golds_are_understood_or_refused(gold: str, options: list[str], index: int | None) -> None:
    found = understood(gold, options, PHRASING["around_gold"])
    assert (found and found.place) == index


def test_a_source_that_counts_from_zero_is_known_by_its_zeros(tmp_path: Path) -> None:
    rows = [capital(number, country) for number, country in enumerate(CAPITALS)]
    for row in rows:
        row["gold"] = str(row["options"].index(row["gold"]))
    assert "0" in [row["gold"] for row in rows]
    assert augment(tmp_path / "wide", pool(tmp_path, rows), spec()) == 0
    for new, country in zip(made(tmp_path / "wide").to_dicts(), CAPITALS, strict=True):
        assert new["options"][int(new["gold"])] == CAPITALS[country]


def test_labels_that_options_carry_are_no_part_of_them() -> None:
    assert unlabelled(["① 가", "② 나"]) == unlabelled(["1) 가", "2) 나"]) == unlabelled(["A. 가", "B. 나"]) == ["가", "나"]
    for other in (["1.5", "2.5"], ["A. 가", "나"], ["2) 가", "1) 나"], ["3.14", "3.15"]):
        assert unlabelled(other) == other


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("이황", "퇴계 이황", True),
        ("1,000원", "1000 원", True),
        ("0.5", "1/2", True),
        ("50%", "$\\frac{1}{2}$", True),
        ("10", "10.0", True),
        ("-3", "3", False),
        ("3.14", "3.15", False),
        ("+", "-", False),
        ("x+1", "x-1", False),
        ("「이황」", "이황", True),
        ("산소", "수소", False),
        ("빛이 굴절하기 때문이다.", "빛이 굴절하기 때문이다", True),
        ("물이 얼면 부피가 늘어난다", "물이 얼면 부피가 줄어든다", False),
        ("1919년", "1920년", False),
        ("9" * 5000, "9" * 5001, False),
        ("007", "7", True),
    ],
)
def test_options_that_say_the_same(one: str, other: str, same: bool) -> None:
    assert alike(said_by(one), said_by(other), 0.7) == same == alike(said_by(other), said_by(one), 0.7)


def test_a_pool_of_which_nothing_can_be_made_is_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert augment(tmp_path / "wide", pool(tmp_path, [exam(1, "가", None, None)]), spec()) == 2
    assert "nothing could be made of pool demo; the commonest reason is no_options (1)" in capsys.readouterr().err
    assert not list((tmp_path / "wide").glob("*.parquet")) and not (tmp_path / "wide" / "manifest.json").exists()


ASK_FOR_WHAT_IS_WRONG = """다음 중 옳지 않은 것은? · 설명으로 틀린 것은? · 해당하지 않는 것은? · 맞춤법이 잘못된 것은? · 거리가 가장 먼 것은? ·
알 수 없는 것은? · 성격이 다른 하나는? · 옳지 못한 것은 · 부적절한 것은 · 관련이 적은 것은? · 옳지않은 것은 · 나머지 넷과 다른 것은 · Which is NOT true? ·
일치하지 않는 것을 고르시오. · 예로 들 수 없는 것은"""
ASK_FOR_WHAT_IS_RIGHT = """다음 중 옳은 것은? · 100을 7로 나눈 나머지는? · '크다'의 반대말은? · 가장 적절한 것은? · 빈칸에 들어갈 말로 알맞은 것은? ·
윗글의 주제로 가장 적절한 것은? · 밑줄 친 ㉠의 의미는? · 안중근 의사가 활동한 시기는?"""


@pytest.mark.parametrize(("stems", "negated"), [(ASK_FOR_WHAT_IS_WRONG, True), (ASK_FOR_WHAT_IS_RIGHT, False)])
def test_the_korean_cues_of_negation(stems: str, negated: bool) -> None:
    cues = re.compile("|".join(PHRASING["negations"]))
    assert [stem for stem in stems.split("·") if bool(cues.search(stem)) != negated] == []
