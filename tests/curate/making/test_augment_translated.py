"""Translations become prompts where nothing was lost."""

import json
from pathlib import Path

import pytest
from made_of import augment, counts, exam, made, pool, reasons, traces

SPEC = {"format": "translated", "max_reject_share": 1.0, "translate": {"min_length_ratio": 0.3, "max_length_ratio": 1.5}}
ENGLISH = "Let $x^2 = 16$ and suppose that 3 of the 10 numbers are even. Find the least value of \\(x\\)."
KOREAN = "$x^2=16$이고 10개의 수 중 3개가 짝수라고 하자. \\( x \\)의 최솟값을 구하시오. "


def trace(number: int, answer: str | None, finish: str = "stop", sample: int = 0, source: str = "exams") -> dict:
    return {"prompt_id": f"{number:024x}", "source": source, "sample": sample, "answer": answer, "finish": finish}


def translate(tmp_path: Path, rows: list[dict], answers: list[dict], spec: dict = SPEC) -> int:
    folder = traces(tmp_path, answers)
    return augment(tmp_path / "korean", pool(tmp_path, rows), spec, "--traces", str(folder), "--shards", "2")


def test_a_translation_becomes_a_prompt_with_what_speaks_no_language(tmp_path: Path) -> None:
    high = 0xF << 92
    rows = [
        exam(1, ENGLISH, None, "-4", answer="$-\\frac{8}{2}$"),
        exam(high, ENGLISH, ["minus four", "four"], "minus four", answer="B"),
    ]
    assert translate(tmp_path, rows, [trace(1, KOREAN), trace(high, KOREAN)]) == 0
    one, two = made(tmp_path / "korean").to_dicts()
    assert one["question"] == two["question"] == KOREAN.strip() and one["prompt_id"] != two["prompt_id"]
    assert (one["gold"], one["answer"], two["gold"], two["answer"]) == ("-4", "$-\\frac{8}{2}$", None, "B")
    assert one["parents"] == [rows[0]["prompt_id"]] and two["options"] is None and two["origin"]["record"] == 2


@pytest.mark.parametrize(
    ("answer", "options", "gold"),
    [
        (f"{KOREAN}\n\nA. 음의 넷\nB. 넷", ["음의 넷", "넷"], "음의 넷"),
        (f"{KOREAN}\n\n① 음의 넷\n② 넷,\n곧 둘의 제곱", ["음의 넷", "넷,\n곧 둘의 제곱"], "음의 넷"),
        (f"(1) 짝수\n(2) 홀수\n{KOREAN}\n(1) 음의 넷\n\n(2) 넷", ["음의 넷", "넷"], "음의 넷"),
        (f"{KOREAN}\n\nA. 음의 넷\nB. 넷\nC. 다섯", None, None),
        (f"{KOREAN}\n\nB. 음의 넷\nA. 넷", None, None),
        (f"A. {KOREAN}\nB. 넷", None, None),
        (f"{KOREAN}\n음의 넷\n넷", None, None),
    ],
)
def test_options_that_come_back_labelled_in_order_are_options_again(
    tmp_path: Path, answer: str, options: list[str] | None, gold: str | None
) -> None:
    rows = [exam(1, ENGLISH, ["minus four", "four"], "minus four"), exam(2, ENGLISH, ["minus four", "four"], "B")]
    assert translate(tmp_path, rows, [trace(1, answer), trace(2, answer)]) == 0
    one, two = made(tmp_path / "korean").sort("parents").to_dicts()
    assert one["options"] == two["options"] == options
    assert (one["gold"], two["gold"]) == (gold, "B")
    assert one["question"].endswith(KOREAN.strip()) == bool(options)


@pytest.mark.parametrize(
    ("answer", "finish", "reason"),
    [
        (KOREAN, "length", "unfinished"),
        (KOREAN, "repetition", "unfinished"),
        ("  ", "stop", "no_translation"),
        (None, "stop", "no_translation"),
        ("$x^2=16$, 10, 3, \\(x\\)", "stop", "length_ratio"),
        (KOREAN * 3, "stop", "length_ratio"),
        (KOREAN.replace("10개", "열 개"), "stop", "lost_numbers"),
        (KOREAN.replace("3개", "4개"), "stop", "lost_numbers"),
        (KOREAN.replace("x^2", "x^3"), "stop", "lost_formula"),
        (KOREAN.replace("\\( x \\)", "x"), "stop", "lost_formula"),
    ],
)
def test_a_damaged_translation_is_left_out_with_its_reason(tmp_path: Path, answer: str, finish: str, reason: str) -> None:
    rows = [exam(1, ENGLISH, None, None), exam(2, ENGLISH, None, None)]
    assert translate(tmp_path, rows, [trace(1, KOREAN), trace(2, answer, finish)]) == 0
    assert reasons(tmp_path / "korean") == {2: reason}
    line = json.loads((tmp_path / "korean" / "rejected.jsonl").read_text(encoding="utf-8"))
    assert line["prompt_id"] == rows[1]["prompt_id"] and line["raw"] == (answer or "")[:300]
    assert counts(tmp_path / "korean") == {"records": 2, "accepted": 1, "skipped": {}, "rejected": {reason: 1}, "made": {"translation": 1}}


@pytest.mark.parametrize(
    ("original", "answer"),
    [
        ("It costs $5 and $6 at 1,000 shops, so what does it cost on average?", "1000곳의 가게에서 5달러와 6달러라면 평균은 얼마인가?"),
        ("$$a \\text{ if } b$$ holds; is it true then?", "\\[a \\text{일 때 } b\\]가 성립하면 참인가?"),
        (
            "Compute \\begin{align*} a &= 1 \\end{align*} and then \\sqrt{2} as well.",
            "\\begin{align*}a&=1\\end{align*}과 \\sqrt{2}를 계산하시오.",
        ),
        ("Two apples and 2 pears are in the box. How many?", "상자에 사과 2개와 배 2개가 있다. 모두 몇 개인가?"),
    ],
)
def test_formulas_and_numbers_may_be_written_otherwise(tmp_path: Path, original: str, answer: str) -> None:
    assert translate(tmp_path, [exam(1, original, None, None)], [trace(1, answer)]) == 0


def test_of_several_translations_the_first_good_one_is_taken(tmp_path: Path) -> None:
    answers = [trace(1, "짧다"), trace(1, KOREAN, sample=1), trace(1, KOREAN + "!", sample=2), trace(2, KOREAN, source="other")]
    rows = [exam(1, ENGLISH, None, None), exam(2, ENGLISH, None, None, source="other")]
    assert translate(tmp_path, rows, answers) == 0
    assert made(tmp_path / "korean")["question"].to_list() == [KOREAN.strip()]
    found = counts(tmp_path / "korean")
    assert (found["records"], found["skipped"], found["rejected"]) == (3, {"other_sample": 1}, {"length_ratio": 1})


def test_too_many_damaged_translations_and_foreign_traces_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [exam(1, ENGLISH, None, None), exam(2, ENGLISH, None, None)]
    strict = {**SPEC, "max_reject_share": 0.1}
    assert translate(tmp_path / "bad", rows, [trace(1, KOREAN), trace(2, "짧다")], strict) == 2
    assert "1 of 2 translations are damaged" in capsys.readouterr().err
    assert translate(tmp_path / "foreign", rows[:1], [trace(1, KOREAN), trace(2, KOREAN)]) == 2
    assert "which pool demo does not have" in capsys.readouterr().err
