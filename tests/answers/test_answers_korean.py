"""Values as Korean writes them: what is a unit and what is not, percent, currency, time, and each rule's neighbours."""

import pytest

from koreason.answers.quantities import read
from koreason.answers.units import unit
from koreason.answers.values import settled

CREDITED = [
    *[
        ("5", box)
        for box in (
            "5개",
            "5 개",
            "5명입니다",
            "총 5개",
            "5개(총)",
            "5권이다.",
            "다섯",
            "다섯 개",
            "5\\text{개}",
            "5살",
            "5번",
            "5회",
            "5 마리",
        )
    ],
    *[("12", box) for box in ("12", "총 12개", "12개(총)", "열두", "열두 명", "십이", "12명이 됩니다", "모두 12개입니다", "정답: 12개")],
    *[("5000000", box) for box in ("5백만", "5백만 원", "오백만 원입니다", "500만", "5,000,000원", "₩5,000,000", "\\$5,000,000")],
    *[(r"\frac{3}{8}", box) for box in ("8분의 3", "팔분의 삼", "3/8", "0.375", r"\dfrac38", r"\tfrac{3}{8}")],
    *[("12000", box) for box in ("1만 2천", "1만2천원", "만 이천", "12{,}000", "12,000", "12 000", "1.2만")],
    *[("350", box) for box in ("3백50", "삼백오십", "350.0", "350㎏", "350 kg", r"350 \text{ cm}^2", "350 cm²", "350 km/h")],
    *[("1500", box) for box in ("1,500원", "₩1,500", r"\$1,500", "1.5천", "천오백", "$1,500", "1500 달러")],
    *[("90", box) for box in (r"90^\circ", "90도", "90°", r"90^{\circ}", "90 degrees", "구십 도")],
    *[("30", box) for box in (r"30\%", "30%", "30 퍼센트", "30 percent", "30.0")],
    *[(box, "30") for box in (r"30\%", "30%", "30.0")],
    *[("1000.5", box) for box in ("1.000,5", "1,000.5", "1000,50")],
    *[(r"\frac13", box) for box in (r"0.\overline{3}", r"0.\dot{3}", "1/3", r"\frac{1}{3}", "3분의 1")],
    ("1200000000000", "1조 2천억"),
    ("15", "십오"),
    ("3", "세 명"),
    ("15000", "1.5만"),
    ("-3", "마이너스 3"),
    ("12:30", "12시 30분"),
    ("3시간 20분", "200분 0초"),
    (r"-\frac12", r"\frac{-1}{2}"),
    ("1024", "2^{10}"),
    ("2^{10}", "1024"),
    ("(1,2)", "(1, 2)"),
    ("x=3", "3"),
    ("3", "x = 3"),
    ("서울", "서울입니다"),
    (r"\emptyset", "∅"),
    ("5 이상", "5 이상"),
]
# Bounds, relations, negation, doubt, multiples, approximations, other magnitudes, other units.
REFUSED = [
    *[
        ("5", f"5{word}")
        for word in ("개 이상", " 이하", " 미만", "명 초과", "의 배수", "보다 크다", "의 약수", "배", "의 제곱", "개보다 적다")
    ],
    *[
        ("5", f"5{word}")
        for word in ("가 아니다", "는 오답", "일 수 없다", "가 정답이 아니다", "개는 아니다", "인지 모르겠다", "개 또는 6개")
    ],
    *[("5", f"5{word}") for word in ("백만", "천", "만", "억", "십", "개 정도", "여 명", "개쯤", "개 가량", "%p", " 내외")],
    *[
        ("5", box)
        for box in ("약 5", "대략 5", r"\approx 5", "약 5개", "5 or more", r"5 \text{ or more}", "at least 5", "about 5", "not 5")
    ],
    *[("5", box) for box in ("5!", "5 times", r"\neq 5", "5 multiples", "more than 5", "5ㄱ", "오십", "쉰", "5, 6", "5 또는 6", "시속 5")],
    *[("24", box) for box in ("4!", "24!", r"(4)!")],
    *[("0.3", box) for box in (r"30\%", "30%", "3할")],
    *[(box, "0.3") for box in ("30", r"30\%", "30%")],
    *[("5 cm", box) for box in ("5 m", "5 kg", "5 원", "5 cm 이상")],
    *[("12000", box) for box in ("1만 2백", "1만 2", "12천만", "만")],
    *[(r"\frac{3}{8}", box) for box in ("3분의 8", "8분의", "분의 3", "8 3")],
    *[(r"\frac13", box) for box in ("0.333", "0.3", "0.33", r"0.\overline{34}")],
    *[("12:30", box) for box in ("12시", "12시 20분", "12시간 30분")],
    ("(1,2)", "(2,1)"),
    ("5", "5월 6일"),
    ("5", "12,5"),
    ("32349", "32, 349"),
]


@pytest.mark.parametrize(("gold", "box"), CREDITED)
def test_what_is_the_same_value(gold: str, box: str) -> None:
    assert settled(gold, box) == "correct"


@pytest.mark.parametrize(("gold", "box"), REFUSED)
def test_what_is_another_value_or_none(gold: str, box: str) -> None:
    assert settled(gold, box) in ("wrong", "unreadable", None)


def test_no_refused_value_waits_for_sympy_to_refuse_it() -> None:
    waiting = [box for gold, box in REFUSED if settled(gold, box) is None]
    assert set(waiting) <= {
        "12시",
        "5 times",
        "5, 6",
        "12,5",
        "32, 349",
        "5ㄱ",
        "(4)!",
        "5!",
        r"\neq 5",
        "5%p",
        "8 3",
        "5 multiples",
        r"0.\overline{34}",
    }


@pytest.mark.parametrize("gold", ["30", "30.0", r"30\%", "30%", "30 퍼센트"])
def test_the_spelling_of_a_percent_in_the_gold_decides_nothing(gold: str) -> None:
    assert [settled(gold, box) for box in ("30", r"30\%", "0.3", r"0.3\%")] == ["correct", "correct", "wrong", "wrong"]


def test_the_list_of_units_is_closed() -> None:
    assert [unit(word) for word in ("개", "원", "cm^2", "㎠", "", "개 이상", "배", "사과", "배수")] == [
        "",
        "원",
        "cm2",
        "cm2",
        "",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "rule"), [("5백만 원", "Korean number"), ("5개", "unit"), ("₩5", "currency"), ("5", "as written"), ("12시 5분", "time of day")]
)
def test_the_rule_that_read_a_value_has_a_name(text: str, rule: str) -> None:
    found = read(text)
    assert found and found.rule == rule


MORE_CREDITED = """
5 | $5$개 ; 5 | **5**개 ; 5 | 5(개) ; 7 | 일곱 ; 20 | 스무 살 ; 1500000 | 150만원 ; 250000000 | 2억 5천만 원 ; \\frac{7}{10} | 10분의7
\\frac{3}{2} | 1과 2분의 1 ; 60 | 60도이다 ; 25 | 25% ; 6 | 6\\text{명} ; 12 | 답은 12명입니다. ; -5 | −5 ; 5 | +5 ; 5 | 05 ; 3000 | 삼천 원
10:15 | 10시 15분 ; 5\\text{ cm} | 5 ; 1{,}234.5 | 1234.5 ; \\emptyset | 공집합 ; 0.1\\overline{6} | \\frac16 ; 1000 | 10^3
"""
MORE_REFUSED = """
5 | 5개이상 ; 5 | 5\\text{ 이상} ; 5 | 5 \\text{의 배수} ; 3.5 | 3.5배 ; 0.25 | 25% ; 5 | 최소 5개 ; 5 | 최대 5 ; 5 | 적어도 5 ; 5 | 거의 5
5 | 5 가까이 ; 5 | 5개 아님 ; 5 | 5 또는 그 이상 ; 3000 | 3천원 이상 ; 5 cm | 50 mm ; 5 | 시속 5km ; \\frac12 | 50\\% ; 1000 | 천 이상
"""


def pairs(text: str) -> list[tuple[str, str]]:
    """Gold and box of each pair."""
    return [
        (gold.strip(), box.strip()) for one in text.replace("\n", ";").split(";") if one.strip() for gold, _, box in [one.partition("|")]
    ]


@pytest.mark.parametrize(("gold", "box"), pairs(MORE_CREDITED))
def test_more_of_the_same_value(gold: str, box: str) -> None:
    assert settled(gold, box) == "correct"


@pytest.mark.parametrize(("gold", "box"), pairs(MORE_REFUSED))
def test_more_of_another_value_or_none(gold: str, box: str) -> None:
    assert settled(gold, box) in ("wrong", "unreadable")
