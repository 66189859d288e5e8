"""Answers that try to make the readers look for the same thing in many places: what is read before any limit holds stays short."""

import time

import pytest

from koreason.answers.values import settled
from koreason.evaluate.profiles.readings import Asked
from koreason.evaluate.reading import read_answers

FILLERS = [" ", "\t ", "가 ", "정답 ", "x <", "A, ", "1=", "\u3000"]
ASKED = [Asked("math", "1+1은?", (), "7"), Asked("choice", "고르시오.", ("가", "1", r"\frac{1}{2}", "ㄱ, ㄴ"), "B")]
ENDS = [("", ""), ("정답", "나"), ("x", "<"), ("(C", ")")]


@pytest.mark.parametrize("filler", FILLERS)
def test_a_box_that_is_filled_up(filler: str) -> None:
    boxes = [rf"\boxed{{{first}{filler * (1_400 // len(filler))}{last}}}" for first, last in ENDS]
    begun = time.process_time()
    for asked in ASKED:
        read_answers([(asked, box, "stop") for box in boxes], ["robust", "paper_text"])
        read_answers([(asked, f"{box[7:-1]}", "stop") for box in boxes], ["robust"])
    for gold in ("(1,2)", "x>3", "[1,2)", "5분", "14:20", "참"):
        for box in boxes:
            settled(gold, box[7:-1])
    assert time.process_time() - begun < 5, "a quadratic search takes milliseconds here, a cubic one seconds"


@pytest.mark.parametrize("first", ["C", "정답", "③번", "answer", "x =", "최종"])
def test_blanks_behind_what_might_state_an_answer(first: str) -> None:
    begun = time.process_time()
    for asked in ASKED:
        read_answers([(asked, first + " " * 15_000 + "x", "stop")], ["robust", "paper_text"])
    assert time.process_time() - begun < 5, "a quadratic search takes a second here, a cubic one for ever"
