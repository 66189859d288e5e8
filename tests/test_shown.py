"""Texts of strangers where they are shown: nothing of them acts on a terminal, in a table, a chart or a page."""

import io
import logging
import re
import sys

import pytest

from koreason.cli import Lines
from koreason.errors import UserError
from koreason.report.charts.svg import Canvas
from koreason.report.rendering import only_shown
from koreason.shown import CLEAR, Screen, blanked, cell, masked, printable, signs

# What moves a cursor, writes a title, hides or turns text, or ends a line that does not seem to end.
ACTING = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x08\x08",
    "\r",
    "\x00",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\u2028",
    "\x85",
    "\x7f",
    "\U000e0041",
    "\ufffe",
    "\x1b[8m",
    "\x1bc",
    "\x0c",
]


@pytest.mark.parametrize("sign", ACTING)
def test_on_a_terminal_it_is_shown_as_such(sign: str) -> None:
    text = f"가{sign}나"
    assert UserError(text).args[0].isprintable()
    assert not re.search(re.escape(sign), printable(text)) and printable(text).startswith("가")
    stream = io.StringIO()
    print(text, file=Screen(stream))
    assert sign not in stream.getvalue() and stream.getvalue().endswith("나\n")
    record = logging.LogRecord("x", logging.WARNING, "x", 1, "it says %s", (text,), None)
    assert sign not in Lines("%(message)s").format(record)


def test_our_own_colours_and_lines_stay_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    monkeypatch.setattr(sys, "stdout", screen)
    signs(f"{CLEAR}\x1b[32mok\x1b[0m\ta\n")
    print(f"{CLEAR}\x1b[31merror\x1b[0m\r\n", end="")
    assert stream.getvalue() == f"{CLEAR}\x1b[32mok\x1b[0m\ta\n�[H�[J�[31merror�[0m\n"


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd|x", "@SUM(A1)", "\t=1", " =1", "＝1", "|x", "%0A"])
def test_in_a_table_it_is_no_formula(text: str) -> None:
    assert str(cell(text)).startswith("'")


@pytest.mark.parametrize("text", ["-1.5", "+3", "1e-5", "가=나", "a-b", "", "-12,000", "5%"])
def test_numbers_and_words_stay_in_a_table(text: str) -> None:
    assert cell(text) == text
    assert cell(None) is None


@pytest.mark.parametrize("sign", ACTING)
def test_in_a_chart_and_on_the_page_it_is_shown_as_such(sign: str) -> None:
    canvas = Canvas()
    canvas.text(0, 0, f"가{sign}<script>")
    canvas.bar(0, 0, 1, 1, "kept", f"가{sign}<script>")
    canvas.dot(0, 0, 1, "kept", f"가{sign}<script>")
    assert sign not in canvas.body and "<script" not in canvas.body
    assert sign not in str(only_shown(f"가{sign}"))


PERSONAL = [
    "010-1234-5678",
    "01012345678",
    "02) 123-4567",
    "+82 10 1234 5678",
    "900101-1234567",
    "900101 - 1234567",
    "kim.minsu@example.com",
    "kim＠example.co.kr",
    "1234-5678-9012-3456",
    "110-123-456789",
    "０１０－１２３４－５６７８",
    "010·1234·5678",
]


@pytest.mark.parametrize("data", PERSONAL)
def test_personal_data_is_blanked_in_what_was_kept(data: str) -> None:
    shown = masked(f"연락처는 {data}입니다")
    assert data not in shown and not any(part in shown for part in re.findall(r"\w{4,}", data.replace("입니다", "")))
    assert shown.startswith("연락처는 ") and "•" in shown
    assert "@" not in blanked(data) and not re.search(r"\d", blanked(data))


@pytest.mark.parametrize("text", ["5,000원", "1 + 1 = 2", "x^2 + 3x - 12", "2019년", "1,234,567,890", "12:30", "3.14159"])
def test_figures_of_a_question_stay(text: str) -> None:
    assert masked(text) == text
