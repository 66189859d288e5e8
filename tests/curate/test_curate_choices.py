"""Options in the forms that dumps give them."""

from typing import Any

import pytest

from koreason.curate.prompts.choices import options_of


@pytest.mark.parametrize(
    "value",
    [
        ["가", "나"],
        '["가", "나"]',
        {"A": "가", "B": "나"},
        {"label": ["A", "B"], "text": ["가", "나"]},
        [{"no": 1, "text": "가"}, {"no": 2, "내용": "나"}],
        "['가', '나']",
        "['가' '나']",
        "① 가 ② 나",
        "①가\n②나",
        "1) 가\n2) 나",
        "(1) 가\n(2) 나\n",
        "A. 가\nB. 나",
    ],
)
def test_options_in_one_column(value: Any) -> None:
    assert options_of([value]) == ["가", "나"]


@pytest.mark.parametrize("text", ["서술형", "① 가 ③ 나", "3.14\n2.71", "ㄱ. 가\nㄴ. 나", "['가'", "① 하나뿐", "2. 가\n3. 나", "[가] 나"])
def test_what_marks_no_options_stays_whole(text: str) -> None:
    assert options_of([text]) == [text]


def test_options_in_columns_of_their_own() -> None:
    assert options_of(["가", None, " ", 3]) == ["가", "3"]
    assert options_of([None]) is None
    assert options_of(["['it\\'s', \"\\n\"]" + " "]) == ["it's"]
