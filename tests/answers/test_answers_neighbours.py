"""What stands beside a number or a box and changes what it says: words in English, times, signs, remarks, sentences that ask."""

import pytest

from koreason.answers.values import compare
from koreason.evaluate.profiles.readings import Asked
from koreason.evaluate.reading import read_answers

SAME = r"""
7000000 | 7 million ; 7000000 | 7 million won ; 4500000 | 4.5\text{ million}
7 | 7 people ; 7 | 7\text{ red apples} ; 7 | 7 cups of flour ; 7 | 7th
7 | 7 \text{ miles per hour} ; 7 | 7 \text{ years old} ; 7 | 7 days in all ; 21 | twenty-one
12 | \text{twelve} ; 7000 | 7e3 ; 0.007 | 7e-3 ; 7 | 7 = x
6.02\times10^{23} | 6.02×10²³ ; x^{4} | x⁴ ; 10^{-6} | 10⁻⁶ ; \sin x | sin x
2\pi | 2pi ; 2\sqrt{3} | 2sqrt(3) ; 7 | 7 PM ; 7 | 7 (중근)
14:20 | 오후 2시 20분 ; 오후 2시 20분 | 14:20 ; 14:20 | 오후 2:20 ; 0:05 | 오전 12시 5분 ; 1시간 30분 | 90분 ; 1시간 30분 | 1.5시간 ; 90분 | 1시간 30분
"""
OTHER = r"""
7 | 7\text{ million} ; 7 | 7\text{ thousand} ; 7 | 7 dozen ; 7 | 7\text{ minus 3}
7 | 7\text{ factorial} ; 7 | 7 per day ; 7 | 7\text{ maybe} ; 7 | 7 halves
7 | 7\%\text{ of 100} ; 7 | 7 percent of x ; 7 | 7 out of 10 ; 7 | 7 multiples
7 | 7 if x > 0 ; 8 | 7 = x ; 7 | 7e3 ; (2,3) | \{2,3\} ; \{2,3\} | (2,3)
2시간 | 2분 ; 3초 | 3분 ; 1시간 30분 | 1시간 20분 ; 1시간 30분 | 80분 ; 14:20 | 오전 2시 20분 ; 2:20 | 오후 2시 20분 ; 21 | twenty one hundred
3 | 3(틀림) ; 3 | 3 (오답) ; 3 | 3 (약) ; 3 | 3 (근삿값) ; 3 | 3 (추정) ; 3 | 3 (4도 가능) ; 3 | 3 (정답 아님) ; x^{4} | x⁵ ; \sin x | cos x
"""


def pairs(table: str) -> list[list[str]]:
    return [pair.strip().split(" | ") for line in table.strip().splitlines() for pair in line.split(" ; ")]


@pytest.mark.parametrize(("gold", "answer"), pairs(SAME))
def test_words_and_signs_that_count(gold: str, answer: str) -> None:
    assert compare(gold, answer) == "correct"


@pytest.mark.parametrize(("gold", "answer"), pairs(OTHER))
def test_words_and_signs_that_make_it_another(gold: str, answer: str) -> None:
    assert compare(gold, answer) != "correct"


def credited(question: str, gold: str, response: str, options: tuple[str, ...] = ()) -> bool:
    asked = Asked("choice" if options else "math", question, options, gold)
    [[reading]] = read_answers([(asked, response, "stop")], ["robust"])
    return reading.verdict == "correct"


BESIDE = [
    (r"$x > \boxed{42}$", False),
    (r"x \ge \boxed{42}", False),
    (r"$-\boxed{42}$", False),
    (r"$\boxed{42}^2$", False),
    (r"$2\times\boxed{42}$", False),
    (r"$\boxed{42} + 1$", False),
    (r"\boxed{42}만 원", False),
    (r"\boxed{42}억 명이다", False),
    (r"\boxed{42} 혹은 43", False),
    (r"$40 + 2 = \boxed{42}$", True),
    (r"> \boxed{42}", True),
    (r"- \boxed{42}", True),
    (r"답 => \boxed{42}", True),
    (r"<b>\boxed{42}</b>", True),
    (r"$\boxed{42}^\circ$", True),
    (r"\boxed{42}만 가능하다", True),
    (r"답: \boxed{42} + 검산 완료", True),
]


@pytest.mark.parametrize(("response", "right"), BESIDE)
def test_signs_beside_a_box_are_part_of_its_value(response: str, right: bool) -> None:
    assert credited("", "42", response) is right


def test_a_box_before_its_scale_is_that_number() -> None:
    assert credited("", "420000", r"\boxed{42}만 원") and credited("", "-42", r"$-\boxed{42}$")


QUESTIONS = [
    (r"\frac{6}{2}의 값은?", "3", r"\boxed{\frac{6}{2}}", False),
    (r"$\sqrt{16}$은?", "4", r"\boxed{\sqrt{16}}", False),
    (r"\binom{5}{2}의 값은?", "10", r"\boxed{\binom{5}{2}}", False),
    (r"\sqrt{3}과 \sqrt{2} 중 큰 것은?", "3^{1/2}", r"\boxed{\sqrt{3}}", True),
    (r"\frac{2}{3}와 \frac{1}{2} 중 큰 것은?", "2/3", r"\boxed{\frac{2}{3}}", True),
    ("몇 분 걸리는가?", "3", r"\boxed{3시간}", False),
    ("몇 분 걸리는가?", "3", r"\boxed{3분}", True),
    ("손님은 몇 분 오셨는가?", "3", r"\boxed{3명}", True),
    ("", "42", "답은 42일까?", False),
    ("", "42", "문제의 42를 대입하면 된다.", False),
    ("", "42", "6에 7을 곱하면 42이다.", True),
]


@pytest.mark.parametrize(("question", "gold", "response", "right"), QUESTIONS)
def test_what_is_asked_and_what_asks(question: str, gold: str, response: str, right: bool) -> None:
    assert credited(question, gold, response) is right


PLANTS = ("광합성", "세포 호흡", "증산 작용", "삼투")
CHOICES = [
    (PLANTS, r"\boxed{세 번째}", True),
    (PLANTS, r"\boxed{C (증산 작용)}", True),
    (PLANTS, r"\boxed{3번 (증산 작용)}", True),
    (PLANTS, r"\boxed{C (광합성)}", False),
    (PLANTS, "③번을 고르면 안 된다.", False),
    (PLANTS, "C를 고르지 말아야 한다.", False),
    (PLANTS, "So the answer isn't C.", False),
    (("30°", "45°", "60°", "90°"), r"\boxed{60}", True),
    (("10%", "20%", "30%", "40%"), r"\boxed{30}", True),
    (("10%", "20%", "30%", "40%"), r"\boxed{0.3}", False),
]


@pytest.mark.parametrize(("options", "response", "right"), CHOICES)
def test_choices(options: tuple[str, ...], response: str, right: bool) -> None:
    assert credited("고르시오.", "C", response, options) is right
