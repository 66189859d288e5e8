"""One word for another."""

from pathlib import Path

import numpy
import pytest
from twin_sources import LANGUAGE, rows_of, twins

from koreason.curate.near.forms import forms
from koreason.curate.near.words import replaced
from koreason.curate.spec import Talk

KOREAN = Talk(**LANGUAGE)
ASKED = "계약 기간이 끝나기 전에 {}이 사망한 경우 남은 보증금을 누구에게 돌려주어야 하는지 설명하시오"

REST = ". 법률에 따라 답하고 근거를 함께 밝힌다. 판례가 있으면 그 번호를 적고 예외가 되는 때도 빠뜨리지 않는다. 답은 짧게 쓴다."


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ASKED.format("세입자"), ASKED.format("집주인"), True),
        ("아스피린을 복용 중이다", "와파린을 복용 중이다", True),
        ("김치찌개를 끓인다", "김치찌게를 끓인다", False),  # misspelt
        ("1부터 7의 개수는", "1부터 7의 갯수는", False),
        ("무엇인지 설명하시오", "무엇인지 설명하여라", False),  # an ending
        ("알고 싶습니다 꼭이요", "알고 싶어요 꼭이요", False),  # interchangeable
        ("값을 구하시오", "모든 값을 구하시오", False),  # added
        ("값이 3일 때", "값이 4일 때", False),  # for the guard
        ("아주 오래전부터 알던 사람 말", "처음 만난 외국에서 온 친구 말", False),  # too long for one word
        ("값이 커지는 경우", "값이 커졌던 경우", False),  # another ending of the same stem
        ("조건을 가지는 값", "조건을 갖는 값", False),
        ("배터리에 대하여", "반도체에 대하여", True),
        ("사는 곳 ① 서울 ② 대전", "사는 곳 ① 서울 ② 대구", True),  # the last option, and no ending
        ("같다", "같다", False),
        ("", "가", False),
    ],
)
def test_replaced(one: str, other: str, expected: bool) -> None:
    found = forms(rows_of([one, other]), "text", KOREAN)
    places = numpy.arange(2)
    assert replaced(found, places, places[::-1], "text", KOREAN.interchangeable).tolist() == [expected, expected]


def test_every_kind_is_held_to_its_words(tmp_path: Path) -> None:
    rows = [ASKED.format(person) + REST for person in ("세입자", "집주인", "세입자 ", "세이자")]
    for kind in ("text", "stem", "code", "exam", "talk"):
        assert twins(tmp_path / kind, rows, kind) == [{0, 2, 3}]


def test_but_in_a_long_post_one_other_word_is_one_of_many(tmp_path: Path) -> None:
    rows = [ASKED.format(person) + 3 * REST for person in ("세입자", "집주인")]
    assert twins(tmp_path / "talk", rows, "talk") == [{0, 1}]
    assert twins(tmp_path / "text", rows, "text") == []
