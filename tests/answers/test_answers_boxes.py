"""What counts as a response's answer, and what a box means."""

import re

import pytest

from koreason.answers import boxes as boxes_module
from koreason.answers.boxes import after_thinking, final_box
from koreason.answers.labels import label

CITIES = ["부산", "서울", "대전", "인천"]
YEARS = ["1392년", "1492년", "1636년", "1592년"]
NUMBERS = ["2", "4", "6", "8"]


@pytest.mark.parametrize(
    ("response", "box"),
    [
        (r"답은 \boxed{3}입니다.", "3"),
        (r"\boxed{1} 아니, \boxed{3}", "1"),
        (r"<think>\boxed{1}</think>\boxed{2}", "2"),
        (r"\boxed{1}</think>\boxed{2}", "2"),  # the template opened the thinking
        (r"<think>a</think>b<think>\boxed{1}</think>\boxed{2}", "2"),
        (r"<think>\boxed{1}", None),
        (r"<think>a</think>\boxed{1}<think>b", None),
        (r"<think>\boxed{1}</think>답은 2", None),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed {7}", "7"),
        (r"\\boxed{7}", "7"),  # escaped once too often
        (r"\boxed{\boxed{7}}", r"\boxed{7}"),
        (r"\boxed{7 \boxed{8}", "8"),
        (r"\boxed{7", None),
        (r"\boxed{}", ""),
        ("정답은 3번입니다", None),
        ("", None),
    ],
)
def test_the_answer_is_the_first_complete_box_after_the_thinking(response: str, box: str | None) -> None:
    assert final_box(response) == box


def test_text_before_and_after_a_thinking_is_kept() -> None:
    assert after_thinking("안녕 <think>음</think>하세요") == "안녕 하세요"
    assert after_thinking("생각 없이") == "생각 없이"


@pytest.mark.parametrize(
    ("box", "options", "expected"),
    [
        *[(box, CITIES, "C") for box in ["C", "c", "3", "③", "❸", "3번", "3번입니다", "(C)", "(3)", "[C]", "C.", "C)", "Ｃ", "Ⓒ", "⑶"]],
        *[
            (box, CITIES, "C")
            for box in [r"\text{C}", r"\textbf{(C)}", r"\mathrm{C}", "$C$", "**C**", r"\(C\)", "{C}", r"{\bf{C}}", r"\text{C. 대전}"]
        ],
        *[
            (box, CITIES, "C")
            for box in ["대전", " 대전. ", "C. 대전", "(C) 대전", "3번 대전", "③ 대전", "C: 대전", "정답은 C", "정답: 3번", "C. 대전광역시"]
        ],
        # two meanings, or none
        *[
            (box, CITIES, None)
            for box in ["A, B", "A와 B", "AB", "C. 부산", "3번 서울", "E", "0", "5", "12", "-3", "3.5", "", "N번", "광주", "A or B", "C. A"]
        ],
        # a number is an option before it is a position, unless it is marked as one
        ("4", NUMBERS, "B"),
        ("④", NUMBERS, "D"),
        ("4번", NUMBERS, "D"),
        ("3", NUMBERS, "C"),
        ("1592", YEARS, "D"),
        ("1592년", YEARS, "D"),
        ("1,592년", YEARS, "D"),
        # a letter is a label; where it is another option's text, too, nobody knows
        ("B", ["A", "O", "B", "AB"], None),
        ("B", ["B", "A", "D", "C"], None),
        ("A", ["A", "O", "B", "AB"], "A"),
        ("AB", ["A", "O", "B", "AB"], "D"),
        ("(B)", ["A", "O", "B", "AB"], "B"),
        (r"\text{H}_2\text{O}", ["CO2", "O2", "H2O", "NaCl"], "C"),
        # options that stand in the question's text
        ("J", [], "J"),
        ("5번", [], "E"),
        ("K", [], None),
        ("같은 답", ["같은 답", "같은 답"], None),
        ("C" * 5000, CITIES, None),
    ],
)
def test_a_box_is_read_as_a_label(box: str, options: list[str], expected: str | None) -> None:
    assert label(box, options) == expected


@pytest.mark.parametrize(
    "response",
    [
        "\\boxed{" * 200_000,
        "{" * 500_000 + "}" * 500_000,
        "<think>" * 100_000,
        "\\boxed{" + "\\text{" * 100_000 + "}" * 100_001,
        "\\" * 1_000_000,
    ],
)
@pytest.mark.timeout(120)  # in quadratic time they take an hour
def test_hostile_responses_take_no_quadratic_time(response: str) -> None:
    box = final_box(response)
    if box is not None:
        label(box, CITIES)


@pytest.mark.parametrize(
    "box", ["\\text{" * 660 + "A" + "}" * 660, "{" * 1900 + "}" * 1900, "(" * 4000, "A" + " " * 3990 + "B", "$" * 4000, "정답" * 2000]
)
def test_hostile_boxes_are_no_labels_of_two_options(box: str) -> None:
    assert label(box, CITIES) in ("A", None)


BEFORE_A_BOX = ["", "답은 ", "{", "}", "\\", "\\\\", "$", "<think>x</think>", "ㄱ{\\", "\\text{", "box ", "\\{"]
CONTENTS = ["3", "", " 3번 ", "\\frac12", "{3}", "3", "a\nb", "③"]


def test_one_plain_box_is_found_as_by_the_whole_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{before}\\boxed{{{content}}}{behind}" for before in BEFORE_A_BOX for content in CONTENTS for behind in BEFORE_A_BOX]
    fast = [boxes_module.boxes(text, every) for text in texts for every in (True, False)]
    monkeypatch.setattr(boxes_module, "PLAIN", re.compile(r"(?!)"))
    assert fast == [boxes_module.boxes(text, every) for text in texts for every in (True, False)]
