"""What is measured of a trace: each value on texts worked out by hand, and all of them against the slow reference."""

import random
from collections import Counter

import polars as pl
import pytest

from koreason.switching.letters import Scripts
from koreason.switching.measures import measured
from koreason.switching.spec import COLUMNS, MEASURES
from tests.switching.plain import plain

KOREAN = Scripts(("Hangul",), ("Latin",))


def measure(think, answer="", question="", scripts=KOREAN):
    """The measures of one trace."""
    return measured(pl.DataFrame({"think": [think], "answer": [answer], "question": [question]}), scripts)[0].row(0, named=True)


# 10 words (We have / 사과 / and / pears / 배 / 사과가 / are sweet / 네), worked out by hand: 6 spans of 2, 1, 2, 2, 2 and 1 words
HAND = "We have 3 사과 and pears: 배 사과가 are sweet. 네!"
LETTERS = len("Wehave" + "andpears" + "aresweet") + len("사과배사과가네")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("letters", LETTERS),  # 22 + 7
        ("share_letters", 7 / 29),
        ("share_characters", 7 / 33),  # `3`, `:`, `.` and `!` besides
        ("leaked_share", 0),
        ("words", 10),
        ("switches", 5),
        ("switches_per_100_words", 50),
        ("i_index", 5 / 9),
        ("m_index", (1 - (0.4**2 + 0.6**2)) / (0.4**2 + 0.6**2)),  # 4 of 10 words are Korean
        ("target_spans", 3),
        ("span_words", 4 / 3),
        ("longest_span_words", 2),
        # sizes 2 1 2 2 2 1: mean 10/6, mean of squares 18/6, so deviation sqrt(3 - 25/9) = sqrt(2)/3
        ("burstiness", (2**0.5 / 3 - 10 / 6) / (2**0.5 / 3 + 10 / 6)),
        ("copied_spans", 1 / 3),  # `사과` stands in the question, `배 사과가` and `네` do not
        ("tenth_1", 0),  # letters 0 and 1: `We`
        ("tenth_3", 2 / 3),  # letters 29 * 2 // 10 = 5 to 29 * 3 // 10 = 8, that is `e`, `사` and `과`
        ("tenth_10", 1 / 3),
    ],
)
def test_values_worked_out_by_hand(name, value):
    found = measure(HAND, question="사과 3개와 배가 있다.")
    assert found[name] == pytest.approx(value)


def test_of_the_answer_the_letters_alone_are_measured():
    found = measure("Think", answer="정답은 5입니다, OK? 漢")
    assert (found["answer_letters"], found["answer_share_letters"], found["answer_leaked_share"]) == (9, 6 / 9, 1 / 9)
    assert found["answer_share_characters"] == 6 / 12


@pytest.mark.parametrize(
    "apart", ["$x + y$", r"\(a \le b\)", "```python\nprint(x)\n```", "`name`", "https://example.org/path?q=1", r"\[ \text{if } x \]"]
)
def test_formulas_code_and_addresses_count_nowhere(apart):
    bare, full = (measure(f"가 {part} 나 words", question=f"가 {part} 나") for part in (" ", apart))
    assert bare | {"loop_ratio": 0} == full | {"loop_ratio": 0}
    assert (full["words"], full["switches"], full["copied_spans"]) == (3, 1, 1)


def test_what_is_no_letter_ends_a_word_and_is_none():
    found = measure("α는 β보다 2배 크다 × 3 ①② don't 사과’는")
    assert (found["words"], found["letters"]) == (5 + 1, len("는보다배크다") + len("dont") + len("사과는"))
    assert measure("apple은")["switches"] == 1


def test_a_third_script_leaks_unless_the_recipe_wants_it():
    text = "먼저 我们 计算 и так"
    assert measure(text)["leaked_share"] == 8 / 10
    assert measure(text, scripts=Scripts(("Hangul",), ("Latin", "Han")))["leaked_share"] == 4 / 10
    assert measured(pl.DataFrame({"think": [text], "answer": [""], "question": [""]}), KOREAN)[1] == Counter(Hangul=2, Han=4, Cyrillic=4)


def test_what_has_no_denominator_is_null():
    nothing = measure(None, None, None)
    assert {name for name, value in nothing.items() if value is not None} == {
        *("letters", "words", "switches", "target_spans", "longest_span_words", "answer_letters", "loop_ratio")
    }
    one = measure("하나")
    assert (one["i_index"], one["burstiness"], one["m_index"], one["tenth_1"]) == (None, None, 0, None)
    assert measured(pl.DataFrame(schema={"think": pl.String, "answer": pl.String, "question": pl.String}), KOREAN)[0].is_empty()


def test_decomposed_letters_are_composed_first():
    assert measure("\u1109\u1161\u1100\u116a caf\u0065\u0301")["letters"] == 2 + 4


# The three traces of the same share: 24 sentences of nine English words, and 24 Korean words of two letters.
ENGLISH = "so we look at all of these numbers once"
KOREAN_WORDS = ["조건", "사과", "배수", "나머", "개수", "합은"] * 4


def three_traces():
    """(a) one Korean block, (b) quotations of four words in every fourth sentence, (c) a single word in each sentence."""
    block = f"{' '.join([ENGLISH] * 12)} {' '.join(KOREAN_WORDS)} {' '.join([ENGLISH] * 12)}"
    quoted = " ".join(f"{ENGLISH} “{' '.join(KOREAN_WORDS[place : place + 4])}” {' '.join([ENGLISH] * 3)}" for place in range(0, 24, 4))
    sprinkled = " ".join(f"so we look {word} at all of these numbers once" for word in KOREAN_WORDS)
    return block, quoted, sprinkled


def test_three_traces_of_one_share_come_out_different():
    block, quoted, sprinkled = (measure(text, question=" ".join(KOREAN_WORDS[:6])) for text in three_traces())
    for name, value in [("letters", 24 * 31 + 48), ("share_letters", 48 / 792), ("words", 240), ("m_index", 0.18 / 0.82)]:
        assert block[name] == quoted[name] == sprinkled[name] == pytest.approx(value), name
    values = {
        "switches": (2, 12, 48),
        "switches_per_100_words": (100 * 2 / 240, 100 * 12 / 240, 100 * 48 / 240),
        "i_index": (2 / 239, 12 / 239, 48 / 239),
        "target_spans": (1, 6, 24),
        "span_words": (24, 4, 1),
        "longest_span_words": (24, 4, 1),
    }
    for name, expected in values.items():
        assert (block[name], quoted[name], sprinkled[name]) == pytest.approx(expected), name
    # the block stands in the middle; of quotations and sprinkled words every tenth has some
    assert [block[f"tenth_{n}"] > 0 for n in range(1, 11)] == [False] * 4 + [True] * 2 + [False] * 4
    assert all(0 < sprinkled[f"tenth_{n}"] < 0.1 for n in range(1, 11))
    assert len({each["burstiness"] for each in (block, quoted, sprinkled)}) == 3
    assert (block["copied_spans"], sprinkled["copied_spans"]) == (0, 1)


def test_the_fast_way_measures_what_the_slow_one_does():
    draw = random.Random(20251004)
    pieces = [
        *(
            "사과",
            "가",
            "먼저 조건을",
            "the",
            "apple은",
            "don't",
            "’s",
            "'",
            "한'글",
            "漢字",
            "カタカナー",
            "да",
            "α",
            "é",
            "ㅋㅋㅋ",
            "\u3164",
            "ไทย",
        ),
        *("12", ".", " ", "\n", "  ", "(", "!", "$x+1$", "`code`", "😀", "𝑥", "\u00a0", "①", "×", "https://a.b/c ", "```\nx = 가\n```"),
    ]
    texts = ["".join(draw.choice(pieces) + draw.choice(["", " "]) for _ in range(draw.randrange(60))) for _ in range(600)]
    texts += ["", "가" * 9, "a" * 10, "'", "가'", "'가"]
    draw.shuffle(texts)
    frame = pl.DataFrame({"think": texts, "answer": texts[::-1], "question": [*texts[1:], ""]})
    for target, beside in ((["Hangul"], ["Latin"]), (["Han", "Kana"], ["Latin", "Hangul"]), (["Thai"], [])):
        found = measured(frame, Scripts(tuple(target), tuple(beside)))[0]
        assert found.columns == list(MEASURES) and dict(found.schema) == {name: COLUMNS[name] for name in MEASURES}
        for row, values in zip(frame.iter_rows(named=True), found.iter_rows(named=True), strict=True):
            expected = plain(row["think"], row["answer"], row["question"], target, beside)
            for name in MEASURES:
                assert values[name] == pytest.approx(expected[name], abs=1e-12), (name, row)
            assert values.keys() == expected.keys()


def test_blocks_and_rows_do_not_see_each_other(monkeypatch):
    texts = ["한글 and", "more 한글", "", "끝'", "'끝"] * 5
    frame = pl.DataFrame({"think": texts, "answer": texts, "question": texts})
    whole = measured(frame, KOREAN)
    monkeypatch.setattr("koreason.switching.letters.BLOCK_BYTES", 16)
    assert measured(frame, KOREAN)[0].equals(whole[0]) and measured(frame, KOREAN)[1] == whole[1]
    assert [row["words"] for row in whole[0].iter_rows(named=True)][:5] == [2, 2, 0, 1, 1]
