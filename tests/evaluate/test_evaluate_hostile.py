"""Options, golds and answers that nest without end cost no more than any other: they are compared where they can be ended."""

import time

import pytest

from koreason.evaluate.profiles.readings import Asked
from koreason.evaluate.profiles.table import PROFILES
from koreason.evaluate.reading import read_answers

pytestmark = pytest.mark.slow
PIECES = ["\\text{", "\\boxed{"]


@pytest.mark.parametrize("piece", PIECES)
def test_nesting_is_bounded_in_every_text(piece: str) -> None:
    long = piece * 20_000
    rows = [
        (Asked("choice", "다음?", (long, "나", "다"), "B"), "\\boxed{나}", "stop"),
        (Asked("choice", f"다음? ① {long} ② 나", (), "B"), "\\boxed{나}", "stop"),
        (Asked("math", "다음?", (), long), "\\boxed{7}", "stop"),
        (Asked("math", "다음?", (), "7"), f"\\boxed{{{long}}} 정답은 {long}", "stop"),
    ]
    started = time.process_time()
    readings = list(read_answers(iter(rows), list(PROFILES)))
    assert len(readings) == len(rows) and readings[0][0].verdict == "correct"
    assert time.process_time() - started < 20  # of this process: what is compared has limits of its own
