"""Words found in one pass, against each looked for by itself."""

import random
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from koreason.curate.text.search import literals
from koreason.curate.text.search.literals import LETTER, NEVER, Literals

PARTS = [
    "그림",
    "그",
    "림",
    " 표는",
    "표는",
    " ",
    "\n",
    "a",
    "A",
    "fig",
    "FIG",
    "Fig.",
    "\u212a",
    "k",
    "카톡 id",
    "카톡 ID",
    "",
    "É",
    "é",
    NEVER[0].decode(),
]
LISTS = [["그림", "림그"], [" 표는", "fig", "그"], ["카톡 id", "k", "é"], [], ["fig"]]


def slowly(text: str | None, words: list[str], fold: bool, begun: bool) -> bool:
    """Whether one of the words stands in a text."""
    lower = str.maketrans({letter: letter.lower() for letter in LETTER if fold})
    shown = "" if text is None else text.translate(lower)
    begins = shown if not begun else " " + shown.replace("\n", "\n ")
    return any(word.translate(lower) in some for word in words for some in (shown, begins))


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("most", [7, 1 << 28])
def test_each_word_is_found_where_it_stands(fold: bool, begun: bool, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(literals, "AT_ONCE", most)
    draw = random.Random(11)
    made = ["".join(draw.choices(PARTS, k=draw.randrange(6))) for _ in range(600)]
    words = Literals((), LISTS, begun=begun) if fold else Literals(LISTS, begun=begun)
    for texts in (pl.Series([*made, None, *made[:9]]), pl.Series(made)[100:300], pl.Series(made[:1]), pl.Series([], dtype=pl.String)):
        expected = [[slowly(text, some, fold, begun) for text in texts] for some in LISTS]
        assert words.held(texts).tolist() == expected
    assert any(map(any, expected)) is False and words.held(pl.Series(made)).any()


def test_lists_of_both_kinds() -> None:
    words = Literals([["fig", "그림"]], [["fig", "그림"], ["ID"]])
    assert words.held(pl.Series(["FIG", "fig", "그림", "id"])).T.tolist() == [
        [False, True, False],
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


@pytest.mark.parametrize("many", [1, 63, 64, 65, 500])
def test_few_words_and_many_are_found_alike(many: int) -> None:
    words = [f"낱말{number:03d}끝" for number in range(many)]
    texts = pl.Series([f"가{word}나" for word in words] + ["낱말", "끝"])
    assert Literals([words]).held(texts)[0].tolist() == [True] * many + [False] * 2
    assert Literals([[word] for word in words]).held(texts).sum(axis=0).tolist() == [1] * many + [0] * 2


def test_no_words_and_no_lists() -> None:
    assert Literals([]).held(pl.Series(["가"])).shape == (0, 1)
    assert Literals([[]]).held(pl.Series(["가"])).tolist() == [[False]]
    assert Literals([["", "나"]], [[""], [" "]], begun=True).held(pl.Series(["가", None, "a b"])).tolist() == [
        [True] * 3,
        [True] * 3,
        [False, False, True],
    ]
    assert Literals([["\0", "가\0나", "나"]]).held(pl.Series(["가\0", "나", ""])).tolist() == [[False, True, False]]


def test_several_threads_may_look_at_once() -> None:
    words, texts = Literals([["그림"]]), [pl.Series(["그림" * (number + 1), "글"] * 200) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(words.held, texts * 9):
            assert found.tolist() == [[True, False] * 200]
