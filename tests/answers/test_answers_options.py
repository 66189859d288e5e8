"""Options inside a question, and what answers name of them."""

import pytest

from koreason.answers.labels import label, named
from koreason.answers.options import options_in
from koreason.answers.stated.statements import stated_label

CITIES = ["부산", "서울", "대전", "인천"]
FOUR = ["가", "나", "다", "라"]
JAMO = ["ㄱ", "ㄱ, ㄴ", "ㄱ, ㄷ", "ㄴ, ㄷ"]


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("무엇인가?\n1. 가\n2. 나\n3. 다\n4. 라", FOUR),
        ("무엇인가? 1. 가 2. 나 3. 다 4. 라", FOUR),
        ("무엇인가? ① 가 ② 나 ③ 다 ④ 라", FOUR),
        ("무엇인가?\n①가\n②나\n③다\n④라", FOUR),
        ("무엇인가?\nA) 가\nB) 나\nC) 다\nD) 라", FOUR),
        ("무엇인가? A. 가 B. 나 C. 다 D. 라", FOUR),
        ("무엇인가?\n(A) 가\n(B) 나\n(C) 다\n(D) 라", FOUR),
        ("무엇인가? (1) 가 (2) 나 (3) 다 (4) 라", FOUR),
        ("무엇인가?\n1) 가\n2) 나\n3) 다\n4) 라\n\n답을 고르시오.", FOUR),
        ("무엇인가?\n1번 가\n2번 나\n3번 다\n4번 라", FOUR),
        ("무엇인가?\n⑴ 가 ⑵ 나 ⑶ 다 ⑷ 라", FOUR),
        ("무엇인가? ⓐ 가 ⓑ 나 ⓒ 다 ⓓ 라", FOUR),
        ("1. 첫 문장이다. 2. 둘째 문장이다. 3. 셋째다.\n틀린 것은?\n1. 가\n2. 나\n3. 다\n4. 라", FOUR),
        ("(가) 비가 온다. (나) 눈이 온다.\n맞는 것은?\n① 가 ② 나 ③ 다 ④ 라", FOUR),
        ("<보기>\nㄱ. 물\nㄴ. 불\nㄷ. 흙\n① ㄱ ② ㄱ, ㄴ ③ ㄱ, ㄷ ④ ㄴ, ㄷ", JAMO),
        ("값은?\n1. 1.5\n2. 2.5\n3. 3.5\n4. 10.25", ["1.5", "2.5", "3.5", "10.25"]),
        ("수도는?", None),
        ("f(1) + (2)의 값은?", None),
        ("1. 값을 구하시오.", None),
    ],
)
def test_options_in_a_question(question: str, options: list[str] | None) -> None:
    found = options_in(question)
    assert (found.texts if found else None) == options


ORDINARY = """
C가 정답입니다|정답: C|C입니다|③번입니다|(3)번|Option C|C) 대전|C. 대전광역시|③\u200b|\u2068C\u2069|㉢|ㄷ|❸|C가 맞다|대전 (C)|선택지 3번|The answer is C
C is correct|C번|보기 C|정답은 대전입니다|\\textbf{C) 대전}|**③ 대전**|Ｃ|C로 판단됩니다|\\text{③}|대전입니다.
"""


@pytest.mark.parametrize("box", [box for line in ORDINARY.strip().splitlines() for box in line.split("|")])
def test_ordinary_endings_and_odd_characters(box: str) -> None:
    assert label(box, CITIES) == "C"


@pytest.mark.parametrize(
    "box",
    [
        "C가 아니다",
        "C는 오답",
        "C 제외",
        "C 또는 D",
        "C나 D",
        "A, C",
        "③, ④",
        "C를 제외한 나머지",
        "C 서울",
        "A~C",
        "C와 D",
        "not C",
        "대전, 서울",
    ],
)
def test_what_names_no_single_option(box: str) -> None:
    assert label(box, CITIES) is None


@pytest.mark.parametrize(
    ("box", "options", "expected"),
    [
        ("ㄷ, ㄱ", JAMO, "C"),
        ("ㄱㄷ", JAMO, "C"),
        ("ㄱ과 ㄷ", JAMO, "C"),
        ("ㄱ", JAMO, "A"),
        ("ㄴ", JAMO, None),
        ("(나), (가)", ["(가)", "(가), (나)", "(다)"], "B"),
        ("ⓒ, ⓐ", ["ⓐ", "ⓐ, ⓒ", "ⓑ"], "B"),
        ("ㄱ, ㄴ, ㄷ", JAMO, None),
        ("1000", ["500원", "1,000원", "2,000원"], "B"),
        ("0.5", ["1/3", r"\frac{1}{2}", "2"], "B"),
        ("1,000원", ["500", "1000", "2,000"], "B"),
        ("0.5", [r"\frac12", "0.50", "1"], None),
    ],
)
def test_options_that_are_lists_or_values(box: str, options: list[str], expected: str | None) -> None:
    assert label(box, options) == expected


def test_options_by_mathematics_are_left_to_a_comparison() -> None:
    assert named(r"\sqrt{8}", ["2", r"2\sqrt{2}", "서울"]).values == ("2", r"2\sqrt{2}", "")


def test_a_number_with_two_readings_is_none_where_options_are_numbered() -> None:
    numbers = ["2", "4", "6", "8"]
    assert label("4", numbers) == "B" and label("4", numbers, numbered=True) is None
    assert label("4번", numbers, numbered=True) == label("④", numbers, numbered=True) == "D"
    assert label("3", numbers, numbered=True) == "C" and label("6", numbers, numbered=True) == "C"


STATED = {
    "C": [
        "정답은 ③입니다.",
        "따라서 답: 3번",
        "**정답: C**",
        "답은 C이다. 왜냐하면 A는 틀렸기 때문이다.",
        "Answer: C",
        "최종 답 → C",
        "A인 줄 알았으나 C가 맞다. 정답: C",
        "The correct answer is C because A is wrong.",
        "옳지 않은 것은 ③이다.",
        "정답은 A이다.\n\n최종 정답은 C이다.",
        "설명이다.\n\nC",
        "**정답:** ③ 대전",
        "정답은 서울이 아니라고 했지만 ③이 정답이다.",
        "1번은 정답이 아니다. 3번이 정답이다.",
        "정답은 C라고 생각합니다.",
        "정답은 ③번(대전)입니다",
    ],
    "B": [
        "정답은 A가 아니라 B이다.",
        "부산도 대전도 인천도 아니므로 서울입니다.",
        "남는 것은 서울뿐이다.",
        "그래서 2번을 고르시면 됩니다!",
        "알맞은 것은 두 번째 보기입니다.",
        "부산: 항구\n서울: 수도 ✅",
        "서울이 수도이다. ③의 대전은 광역시일 뿐 수도가 아니다.",
        "<think>A?</think>\n∴ **서울**",
    ],
    None: [
        "죄송하지만 서울이라고 말씀드릴 수 없습니다.",
        "서울과 대전 가운데 하나입니다.",
        "서울은 수도가 아니다.",
        "이제 남은 서울을 확인해 보면",
        "A는 정답이 아니다",
        "정답은 A입니다. 다시 보면 정답은 B입니다.",
        "정답은 A 또는 B입니다",
        "정답을 알 수 없다",
        "정답이 아닌 것은 A이다",
        "정답은 E입니다",
        "A와 B 중에서 고민된다",
        "C는 오답이다.",
        "서울과 부산은 도시이다.",
    ],
}


@pytest.mark.parametrize(("text", "expected"), [(text, expected) for expected, texts in STATED.items() for text in texts])
def test_stated_answers(text: str, expected: str | None) -> None:
    found = stated_label(text, CITIES, True)
    assert (found.said if found else None) == expected
