"""Which values count as equal, also when comparing them is an attack."""

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from koreason.answers.boxes import final_box
from koreason.answers.judge import MEMORY_BYTES, Judge
from koreason.answers.numerals import number
from koreason.answers.values import compare


@pytest.fixture(scope="module")
def judge():
    with Judge(workers=2) as judge:
        yield judge


@pytest.mark.parametrize(
    "answer",
    [
        "5000",
        "5,000",
        "5000원",
        "5,000 원",
        "5{,}000",
        "5\\,000",
        "5 000",
        "5000.0",
        "５０００",
        "5000\\text{원}",
        "\\text{5000 원}",
        "5천 원입니다.",
        "정답은 5000",
        "x = 5000",
        "$5000$",
        "**5000**",
        "5000.",
        "\\frac{10000}{2}",
        "5 \\times 10^3",
        "5000 \\text{ cm}^2",
        "5000㎠",
    ],
)
def test_spellings_of_one_value(answer):
    assert compare("5000", answer) == "correct"


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        ("\\frac{5}{6}", "5/6", "correct"),
        ("\\frac{1}{2}", "0.5", "correct"),
        ("5\\sqrt{2}", "5√2", "correct"),
        ("5\\sqrt{2}", "\\sqrt{50}", "correct"),
        ("9\\pi", "9π 제곱센티미터", "correct"),
        ("x^2", "x²", "correct"),
        ("-3", "−3", "correct"),
        ("135", "135도", "correct"),
        ("135", "135^\\circ", "correct"),
        ("3", "③", "correct"),
        ("30", "30℃", "correct"),
        ("35000", "3만 5천원", "correct"),
        ("서울", "서울입니다", "correct"),
        ("서울", "부산", "wrong"),
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}", "correct"),
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{vmatrix} 1 & 2 \\\\ 3 & 4 \\end{vmatrix}", "wrong"),
        ("1, 2, \\ldots, 9", "1, 2, \\ldots, 9", "correct"),
        ("3.14", "3.14…", "unreadable"),
        ("5000", "5001원", "wrong"),
        ("5", "-5", "wrong"),
        ("5", "5, 6", "wrong"),
        ("(1, 2)", "(2, 1)", "wrong"),
        ("3", "3시간 20분", "unreadable"),
        ("5", "5 또는 6", "unreadable"),
        ("5", "5 이상", "unreadable"),
        ("5", "", "unreadable"),
        ("5", "\\text{모르겠습니다}", "unreadable"),
    ],
)
def test_values_are_compared_as_mathematics(gold, answer, outcome):
    assert compare(gold, answer) == outcome


@pytest.mark.parametrize(
    ("text", "value"),
    [("3만", 30000), ("1.5만", 15000), ("2천만", 20000000), ("1억 2,000만", 120000000), ("5천", 5000), ("2만 3", 20003), ("3백50", 350)]
    + [("1조 2천억", 1200000000000), ("십오", 15), ("이천이십사", 2024), ("세", 3), ("스물하나", 21), ("열두", 12), ("만 2천", 12000)]
    + [(text, None) for text in ("5000", "5000원", "원", "", "3시간", "x만", "5일", "일구팔오", "3백500", "5천만천만", "만만", "십" * 100)],
)
def test_korean_numerals(text, value):
    assert number(text) == value


def test_code_in_an_answer_is_not_run(judge, tmp_path):
    target = tmp_path / "touched"
    attack = f"__import__('pathlib').Path('{target}').touch()"
    outcomes = list(judge.compare([("5", attack), (attack, "5"), ("5", f"\\text{{{attack}}}")]))
    assert "correct" not in outcomes and not target.exists()


@pytest.mark.slow
def test_hostile_answers_end_and_take_no_other_with_them(judge):
    hostile = ["9^{9^{9^{9}}}", "((10!)!)!", "10^{10^{10}}", "{" * 20_000 + "5" + "}" * 20_000, "1" * 2_000_000, "1+" * 50_000 + "1"]
    pairs = [pair for answer in hostile for pair in (("7", answer), ("7", "14/2"))]
    outcomes = list(judge.compare(pairs))
    assert outcomes[1::2] == ["correct"] * len(hostile)
    assert "correct" not in outcomes[::2]


def workers():
    """Process ids of this process's comparing children."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # processes end while we look
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and "koreason.answers.judge" in (process / "cmdline").read_text():
                found.add(int(process.name))
    return found


def test_a_worker_that_was_killed_is_replaced():
    before = workers()
    with Judge(workers=1) as judge:
        assert list(judge.compare([("7", "14/2")])) == ["correct"]
        [worker] = workers() - before
        os.kill(worker, signal.SIGKILL)
        assert list(judge.compare([("7", "21/3")])) == ["correct"]


def test_a_worker_runs_under_a_memory_limit():
    command = [sys.executable, "-m", "koreason.answers.judge"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        worker.stdin.write(b'[2.0, "values", "7", "7"]\n')
        worker.stdin.flush()
        assert json.loads(worker.stdout.readline()) == ["correct", None]
        assert resource.prlimit(worker.pid, resource.RLIMIT_AS) == (MEMORY_BYTES, MEMORY_BYTES)
        worker.stdin.close()
        assert worker.wait() == 0


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def agreement(judge, cases):
    """Share of (gold, answer, correct) judged as labelled, and the answers that we credit and the labels do not."""
    different = list(dict.fromkeys((gold, answer) for gold, answer, _ in cases))
    outcome = dict(zip(different, judge.compare(different), strict=True))
    agreed = [(outcome[gold, answer] == "correct") == bool(correct) for gold, answer, correct in cases]
    credited = {(gold, answer) for gold, answer, correct in cases if outcome[gold, answer] == "correct" and not correct}
    return sum(agreed) / len(cases), credited


def test_agreement_on_real_mathematics(judge, real_data):
    rows = rows_of(real_data / "scoring" / "math_qwen25math_rm_example" / "data.jsonl.gz")
    # one question draws a box itself, and its answers quote it before they give their own
    cases = [(row["gold"], final_box(row["response"]) or "", row["correct"]) for row in rows if "\\boxed" not in row["question"]]
    share, credited = agreement(judge, cases)
    assert len(cases) >= 790
    assert share >= 0.998  # the labels deny that 10{,}000 is 10000, once
    assert credited <= {("10{,}000", "10000")}


def test_agreement_on_real_word_problems(judge, real_data):
    rows = rows_of(real_data / "scoring" / "gsm8k_openai_example_solutions" / "data.jsonl.gz")[::25]
    cases = [(row["gold"], row["response"].rsplit("A:", 1)[-1].strip(), row["correct"]) for row in rows]
    assert agreement(judge, cases) == (1.0, set())


@pytest.mark.slow
def test_agreement_on_the_cases_of_math_verify(judge, real_data):
    rows = rows_of(real_data / "scoring" / "math_verify_tests" / "cases.jsonl")
    rows = [row for row in rows if isinstance(row.get("gold"), str) and isinstance(row.get("pred"), str) and "expected" in row]
    # only the first box counts here, so answers spread over several boxes are another question
    cases = [
        (row["gold"], final_box(row["pred"]), row["expected"])
        for row in rows
        if row["pred"].count("\\boxed") == 1 and final_box(row["pred"])
    ]
    share, credited = agreement(judge, cases)
    assert len(cases) >= 60
    assert (share >= 0.96, credited) == (True, set())  # golds that are whole solutions; bench/scoring.py reads and names each
