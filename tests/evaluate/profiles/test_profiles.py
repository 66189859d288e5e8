"""What each profile reads of an answer, from which characters and by which rule, and what it leaves."""

import gzip
import json
import time
from pathlib import Path

import pytest

from koreason.answers.judge import Budget
from koreason.evaluate.profiles.readings import Asked, Reading
from koreason.evaluate.profiles.table import PROFILES
from koreason.evaluate.reading import read_answers
from koreason.evaluate.spec import PROFILE_NAMES

CITIES = Asked("choice", "수도는?", ("부산", "서울", "대전", "인천"), "B")
INSIDE = Asked("choice", "수도는?\n1. 부산\n2. 서울\n3. 대전", (), "B")
SYLLABIC = Asked("choice", "수도는?\n가. 부산\n나. 서울\n다. 대전", (), "B")
FIVE = Asked("math", "2와 3의 합은?", (), "5")


def reading(asked: Asked, response: str) -> Reading:
    [[found]] = read_answers([(asked, response, "stop")], ["robust"])
    return found


def test_the_configuration_knows_every_profile() -> None:
    assert set(PROFILE_NAMES) == set(PROFILES)


SIDE_BY_SIDE = [
    (CITIES, r"\boxed{2}", "correct correct correct"),
    (CITIES, r"\boxed{N} … \boxed{2}", "correct unreadable wrong"),
    (CITIES, "정답은 2번입니다", "correct no_box correct"),
    (CITIES, r"\boxed{2번}", "correct correct wrong"),
    (CITIES, r"\boxed{②}", "correct correct wrong"),
    (CITIES, r"\boxed{1} 아니다. \boxed{2}", "correct wrong wrong"),
    (INSIDE, r"\boxed{서울}", "correct unreadable wrong"),
    (INSIDE, r"$\boxed{2}$번", "correct correct correct"),
    (FIVE, r"\boxed{5}", "correct correct correct"),
    (FIVE, "답은 5이다", "correct no_box correct"),
    (FIVE, "<think>\\boxed{5}</think>모르겠다", "no_box no_box wrong"),
]


def test_profiles_side_by_side() -> None:
    found = read_answers([(asked, response, "stop") for asked, response, _ in SIDE_BY_SIDE], ["robust", "paper_text", "paper_code"])
    verdicts = {response: " ".join(str(one.verdict) for one in each) for (_, response, _), each in zip(SIDE_BY_SIDE, found, strict=True)}
    assert verdicts == {response: expected for _, response, expected in SIDE_BY_SIDE}


@pytest.mark.parametrize(
    ("asked", "response", "read", "rule"),
    [
        (CITIES, r"<think>\boxed{1}</think>답은 \boxed{ 2번 }이다.", "2번", "box, label"),
        (CITIES, "<think>음</think>따라서 정답은 ②입니다.", "②입니다.", "stated answer"),
        (FIVE, "풀이.\n정답: 5개입니다.", "5개입니다.", "stated answer, unit"),
        (FIVE, r"\boxed{5} 그리고 끝", "5", "box"),
        (CITIES, r"설명 \boxed{2", "2", "unclosed box, label"),
        (CITIES, r"설명 \boxed B", "B", "bare box, label"),
        (CITIES, r"\fbox{B}", "B", "box, label"),
    ],
)
def test_a_reading_says_its_rule_and_its_characters(asked: Asked, response: str, read: str, rule: str) -> None:
    found = reading(asked, response)
    assert (found.verdict, found.rule) == ("correct", rule)
    assert found.start is not None and response[found.start : found.end] == read


ONE_BY_ONE = [
    (FIVE, r"\boxed{5} 이상", "unreadable"),
    (FIVE, r"\boxed{5}는 오답이다. \boxed{6}", "wrong"),
    (FIVE, r"\boxed{6}이 아니다. \boxed{5}", "correct"),
    (FIVE, r"\boxed{6}, \boxed{5}", "wrong"),
    (FIVE, r"\boxed{} \boxed{정답} \boxed{...}", "no_box"),
    (Asked("math", "", (), "5, 6"), r"\boxed{6}과 \boxed{5}", "correct"),
    (Asked("math", "$12 \\times 13$을 계산하시오.", (), "156"), r"\boxed{12 \times 13}", "unreadable"),
    (Asked("math", "$12 \\times 13$을 계산하시오.", (), "156"), r"\boxed{13 \times 12}", "correct"),
    (Asked("math", "4!의 값은?", (), "24"), r"\boxed{4!}", "unreadable"),
    (Asked("math", "$x^2-1$을 인수분해하라.", (), "(x-1)(x+1)"), r"\boxed{x^2-1}", "unreadable"),
    (Asked("math", "1/2와 1/3 중 큰 것은?", (), r"\frac{1}{2}"), r"\boxed{\frac12}", "correct"),
    (Asked("math", "14/2를 계산하라.", (), "7"), r"\boxed{14/2}", "unreadable"),
    (CITIES, r"\boxed{A}, \boxed{B}", "unreadable"),
    (CITIES, "```\n\\boxed{\nB\n}\n```", "correct"),
    (Asked("choice", "", (r"\frac{1}{e}", r"2\sqrt{2}", "3"), "B"), r"\boxed{\sqrt{8}}", "correct"),
    (Asked("choice", "", (r"\frac{1}{e}", r"2\sqrt{2}", "3"), "A"), r"\boxed{1/e}", "correct"),
    (Asked("choice", "", (r"\sqrt{8}", r"2\sqrt{2}", "3"), "A"), r"\boxed{2 \cdot \sqrt{2}}", "unreadable"),
    (Asked("choice", "무엇인가? ① 금 ② 은 ③ 동", (), "은"), "정답은 ②이다.", "correct"),
    # a number or an option of which the words beside it say that it is not the answer, in both languages
    (FIVE, "답은 5배이다.", "no_box"),
    (FIVE, "따라서 5제곱입니다.", "no_box"),
    (FIVE, "<answer>약 5</answer>", "no_box"),
    (FIVE, "The answer is at most 5.", "no_box"),
    (FIVE, "So it is more than 5.", "no_box"),
    (FIVE, "∴ $x=5$", "correct"),
    (FIVE, "<answer>5</answer>", "correct"),
    (CITIES, "<answer>\n2번\n</answer>", "correct"),
    (CITIES, "<answer>A</answer> <answer>B</answer>", "no_box"),
    (CITIES, "The answer is not B.", "no_box"),
    (CITIES, "①이 아니라 ②가 정답이다.", "correct"),
    (CITIES, "A, C, D는 틀리므로 남는 것은 B뿐이다.", "correct"),
    # what goes on is no value
    (FIVE, r"\boxed{5\ldots}", "unreadable"),
    (FIVE, r"\boxed{5...}", "unreadable"),
    # options by syllables: a lone one is an option's mark only there
    (SYLLABIC, r"\boxed{나}", "correct"),
    (SYLLABIC, r"\boxed{나. 서울}", "correct"),
    (SYLLABIC, r"\boxed{다) 서울}", "unreadable"),
    (SYLLABIC, "정답은 나쁘다.", "no_box"),
    (CITIES, r"\boxed{나}", "unreadable"),
]


def test_robust_reads_the_answer_and_not_its_neighbours() -> None:
    found = read_answers([(asked, response, "stop") for asked, response, _ in ONE_BY_ONE], ["robust"])
    assert [one.verdict for [one] in found] == [verdict for _, _, verdict in ONE_BY_ONE]


NUMBERED = Asked("choice", "다음 중 옳은 것은?\n① 3\n② 5\n③ 7\n④ 9", (), "C")
VALUED = Asked("choice", "값은? ① $\\frac{1}{e}$ ② $2\\sqrt{2}$ ③ $1,000$원 ④ $\\pi$", (), "C")
LISTED = Asked("choice", "고르면?\n<보기>\nㄱ. 가나\nㄴ. 다라\nㄷ. 마바\n① ㄱ ② ㄴ ③ ㄱ, ㄷ ④ ㄴ, ㄷ ⑤ ㄱ, ㄴ, ㄷ", (), "C")
BLOOD = Asked("choice", "혈액형은?", ("B", "A", "O", "AB"), "C")
MINUS = Asked("math", "x의 값은?", (), "-3")
PRODUCT = Asked("math", "$3 \\times 4$를 계산하시오.", (), "12")
# Endings of answers by what they are worth: separated by a bar, `/` for a new line.
ENDINGS = [
    (NUMBERED, "correct", r"\boxed{③} | \boxed{7} | \boxed{3번} | \boxed{③ 7} | 정답은 ③번입니다 | $\boxed{3}$번 | 정답은 7입니다."),
    (NUMBERED, "unreadable", r"\boxed{3} | \boxed{8} | \boxed{3, 5}"),
    (VALUED, "correct", r"\boxed{1000} | \boxed{1000원} | \boxed{3} | \boxed{천 원}"),
    (VALUED, "wrong", r"\boxed{\sqrt{8}} | \boxed{e^{-1}} | \boxed{1/e} | \boxed{④}"),
    (
        LISTED,
        "correct",
        r"\boxed{ㄱ, ㄷ} | \boxed{ㄷ,ㄱ} | \boxed{3} | 정답은 ㄱ, ㄷ이다. | 옳은 것은 ㄱ, ㄷ이므로 정답은 ③이다. | \boxed{㉠, ㉢}",
    ),
    (LISTED, "wrong", r"\boxed{ㄱ} | \boxed{ㄱ, ㄴ, ㄷ} | \boxed{ㄴ과 ㄷ}"),
    (BLOOD, "correct", r"\boxed{O} | \boxed{C} | \boxed{O입니다} | \boxed{③}"),
    (BLOOD, "correct", "따라서 O형이다. | A형도 B형도 아니므로 O형입니다."),
    (MINUS, "correct", "그러므로 x는 마이너스 3이다. | 따라서 x = −3입니다."),
    (MINUS, "wrong", "그러므로 x는 3이다. | 따라서 x = 3입니다."),
    (BLOOD, "unreadable", r"\boxed{A} | \boxed{B}"),
    (
        PRODUCT,
        "correct",
        r"\boxed{12} | \boxed{3 \times 4 = 12} | 답은 12입니다. | 정답: 12개 | 따라서 총 12개이다. | \boxed{12}개 | \boxed{N} \boxed{12}",
    ),
    (
        PRODUCT,
        "correct",
        r"\fbox{12} | \boxed{12 | \boxed{\boxed{12}} | 정답은 $12$이다. | 최종 답: $$12$$ | **최종 답:** 12 | 12 | 답: $12$개입니다.",
    ),
    (PRODUCT, "unreadable", r"\boxed{3 \times 4} | \boxed{3\times4} | \boxed{12} 이상 | \boxed{12}배 | \boxed{약 12} | \boxed{12개 이하}"),
    (PRODUCT, "no_box", "정답은 약 12이다. | 답은 12 이상이다. | 모르겠습니다. 12는 아닙니다. | 답은 12가 아니다. | 따라서 12보다 크다."),
]


def test_endings_are_worth_what_a_reader_says() -> None:
    cases = [(asked, ending.strip(), worth) for asked, worth, text in ENDINGS for ending in text.split(" | ")]
    found = read_answers([(asked, f"풀이를 적었다.\n{ending}", "stop") for asked, ending, _ in cases], ["robust"])
    told = [(ending, one.verdict) for (_, ending, _), [one] in zip(cases, found, strict=True)]
    assert told == [(ending, worth) for _, ending, worth in cases]


HOSTILE = [
    "9^{9^{9^9}}",
    "((10!)!)!",
    "{" * 3000,
    "1" * 1_000_000,
    "\\frac{" * 500,
    "\u202e5\u202c" * 300,
    "5\x00" * 9,
    "<script>alert(1)</script>",
]
HOSTILE += ["\\boxed{" * 2000, "1+" * 40_000 + "1", "x^{" * 80 + "2" + "}" * 80, "2^{3^{4^{5^6}}}", "정답은 " * 20_000, "① " * 20_000]
HOSTILE += ["\\boxed{1} and " * 60_000, "{" * 1_000_000, "따라서 " + "1," * 200_000]


@pytest.mark.slow
def test_hostile_answers_cost_little_and_only_themselves() -> None:
    rows = [
        (asked, f"{before}{text}{after}", "stop")
        for text in HOSTILE
        for asked in (FIVE, INSIDE)
        for before, after in (("", ""), ("\\boxed{", "}"))
    ]
    good = [(FIVE, r"\boxed{5}", "stop")]
    began = time.process_time()
    found = read_answers(
        [row for pair in rows for row in (pair, *good)], ["robust", "paper_text"], Budget(seconds=0.5, together=5, scarce=0.1)
    )
    assert time.process_time() - began < 20
    assert all(reading.verdict == "correct" for each in found[1::2] for reading in each)
    assert not any(reading.verdict == "correct" for each in found[::2] for reading in each)


def test_half_the_budget_moves_no_verdict_of_real_answers(real_data: Path) -> None:
    with gzip.open(real_data / "scoring" / "math_qwen25math_rm_example" / "data.jsonl.gz", "rt", encoding="utf-8") as file:
        answers = [json.loads(line) for line in file][:120]
    rows = [(Asked("math", row["question"], (), row["gold"]), row["response"], "stop") for row in answers]
    verdicts = [[one.verdict for [one] in read_answers(rows, ["robust"], Budget(seconds=seconds))] for seconds in (2.0, 1.0)]
    assert verdicts[0] == verdicts[1]
    assert sum(verdict == "correct" for verdict in verdicts[0]) == sum(row["correct"] for row in answers)
