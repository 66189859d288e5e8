"""Digits read out of patterns, and that no text is passed over for want of them."""

import random
import re

import polars as pl
import pytest

from koreason.curate.text.personal import JOINED, ODD_DIGIT, _bare, candidates
from koreason.curate.text.search import digits
from koreason.curate.text.search.digits import Digits, bounds, branches
from tests.curate.text.texts import halves, language

PIECES = [
    *"0123456789",
    "010",
    "02",
    "1588",
    "82",
    "900101",
    "1234567",
    *"-._ /~()@,*",
    " - ",
    "공일공",
    "１２",
    "＠",
    "–",
    "가",
    "나다",
    "\n",
    "a",
    "A",
    "M",
]
WORDS = [
    "면허",
    "계좌",
    "사업자",
    "카톡",
    "고객센터",
    "여권",
    "주민번호",
    "국민은행",
    "naver.com",
    "골뱅이",
    "b@c.kr",
    "라인 아이디 abcd1",
    "통장",
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"01[0-9] ?- ?[0-9]{4}", (7, 10)),
        (r"(?x)[0-9]{3} (?: - [0-9]{4} | [0-9]{5,6})", (7, 9)),
        (r"[0-9]{3}|[0-9]{5}", None),  # three tell nothing
        (r"[0-9]{5}\d", (5, 5)),  # \d may be a digit of another script
        (r"(?:번호|계좌)[^0-9]{0,16}[0-9]{4,6}-[0-9]{3}.*", (7, 10)),
        (r"[0-9a]{9}", None),
        (r"[^0-9]{9}", None),
        (r"[0-9]{5}.*[0-9]", None),
        (r"[0-9]{5}\x{30}", None),
        (r"[[0-9]x]{9}", None),
    ],
)
def test_bounds(pattern, expected):
    assert bounds(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[0-9]{4}a|b|c|[0-9]{5}", ["[0-9]{4}a", "[0-9]{5}", "b|c"]),
        ("(?x)x(?:[0-9]{4}|b)c", ["(?x)x(?:[0-9]{4})c", "(?x)x(?:b)c"]),
        ("(?x)x(?:[0-9]{4}|b) ?c", ["(?x)x(?:[0-9]{4}|b) ?c"]),  # a quantifier behind white space, as it is in Rust
        ("(?x)[0-9]{4}|b # or|not", ["(?x)[0-9]{4}|b # or|not"]),
        ("[0-9]{4}(?i)a|b", ["[0-9]{4}(?i)a|b"]),  # the flag is of both
        (r"[0-9|]{4}\|[(|]", [r"[0-9|]{4}\|[(|]"]),
    ],
)
def test_branches(pattern, expected):
    assert branches(pattern) == expected


def texts() -> pl.Series:
    draw = random.Random(7)
    made = ["".join(draw.choices(PIECES + draw.choices(WORDS, k=8), k=draw.randrange(30))) for _ in range(8000)]
    files = [path.read_text(encoding="utf-8") for half in halves() for path in half.rglob("*.*")]
    return pl.Series([*made, None, "", *(line for file in files for line in file.splitlines())], dtype=pl.String)


@pytest.mark.parametrize("size", [7, 1 << 18])
def test_digits_of_texts(size, monkeypatch):
    monkeypatch.setattr(digits, "BLOCK_BYTES", size)
    some = texts().head(600)
    found = Digits(some)
    for least, width in ((4, 6), (7, 30), (1, 1)):
        near = re.compile(rf"(?s)(?=[0-9](?:[^0-9]*[0-9]){{{least - 1}}})")
        expected = [
            row
            for row, text in enumerate(some)
            if any(
                len(re.match(rf"(?s)[0-9](?:[^0-9]*[0-9]){{{least - 1}}}", text[at.start() :])[0]) <= width
                for at in near.finditer(text or "")
            )
        ]
        assert found.rows(least, width).tolist() == expected


def test_no_text_with_personal_data_is_passed_over():
    series, kinds = texts(), language().personal_data
    patterns = [*(_bare(kind.pattern) for kind in kinds.values()), ODD_DIGIT, JOINED]
    slow = series.to_frame("text").select(pl.any_horizontal(pl.col("text").str.contains(pattern) for pattern in patterns)).to_series()
    assert candidates(series, kinds).to_list() == slow.fill_null(False).arg_true().to_list()
    assert sum(len(branches(_bare(kind.pattern))) > 1 for kind in kinds.values()) > 1
    assert slow.sum() > 1000
    assert candidates(series, {}).is_empty()
