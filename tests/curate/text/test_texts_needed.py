"""The words that a pattern needs stand in whatever it matches; there are some for every pattern of the catalogue's languages."""

import itertools
import random

import numpy
import polars as pl
import pytest

from koreason.curate.spec import PersonalData, PromptLanguage
from koreason.curate.text.personal import FOLDED, JOINED, ODD_DIGIT, Masked, _replaced, candidates, masked
from koreason.curate.text.pictures.lines import Lines, plan
from koreason.curate.text.pictures.phrases import DRAWN, LONE, TABLE, image_phrase
from koreason.curate.text.search.gates import anchored, gates_of
from koreason.curate.text.search.needed import clauses, needed
from tests.curate.text.test_texts_fast import real
from tests.curate.text.test_texts_labelled import lines
from tests.curate.text.texts import halves, language


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(?:다음|아래) 그림(?:은|과)", {"다음 그림은", "다음 그림과", "아래 그림은", "아래 그림과"}),
        (r"그림[^.]{0,9}보고\s*답", {"그림", "보고"}),  # either would do
        (r"(?i:Fig(?:ure)?)[^.]", {"fig", "figure"}),
        (r"(?x) 사진 (?:을|를)? \x20? 첨부", {"사진첨부", "사진을첨부", "사진를첨부", "사진 첨부", "사진을 첨부", "사진를 첨부"}),
        (r"(?:도표|그림)+[0-9]", {"도표", "그림"}),
        (r"(?-u:\b)map\z", {"map"}),
    ],
)
def test_words_are_read_out_of_a_pattern(pattern, words):
    found = needed(pattern)
    assert found
    assert found <= words


@pytest.mark.parametrize("pattern", ["[0-9]{3}|[^가]", "(?i:É)a", "그림?|[^가]", "(?:그림)?", r"\x{AC00}+", "그림|"])
def test_some_patterns_need_none(pattern):
    assert needed(pattern) is None
    assert Lines(pl.Series(["가", None, "나\n다"]), [pattern], []).texts.to_list() == ["가", "나", "다"]


@pytest.mark.parametrize("name", ["ko", "ja", "th"])
def test_what_matches_holds_a_word(name):
    spoken = language(name)
    texts = pl.Series([line for half in halves() for row in lines(half / "image.jsonl") for line in row["text"].split("\n")])
    for pattern in (*spoken.image_exceptions, *spoken.image_phrases, *spoken.table_phrases):
        words = needed(pattern)
        assert words, pattern
        matched = texts.filter(texts.str.contains(pattern))
        assert matched.str.contains_any(sorted(words), ascii_case_insensitive=True).all(), pattern


def holds(text: pl.Expr, pattern: str) -> pl.Expr:
    words = needed(pattern)
    return text.str.contains_any(sorted(words), ascii_case_insensitive=True) if words else pl.lit(value=True)


def slow(texts: pl.Series, spoken: PromptLanguage) -> list[str]:
    """Every pattern over every line: what `image_phrase` gives; a word's blank is a blank."""
    frame = texts.alias("text").to_frame().with_row_index("row")
    each = frame.with_columns(line=pl.col("text").str.split("\n")).explode("line").with_columns(whole="line")
    line, whole, text = pl.col("line"), pl.col("whole"), pl.col("text")
    for pattern in spoken.image_exceptions:
        each = each.with_columns(line=pl.when(holds(whole, pattern)).then(line.str.replace_all(pattern, "\x00")).otherwise(line))
    first = {
        name: pl.coalesce(pl.when(holds(whole, pattern)).then(line.str.extract(f"({pattern})", 1)) for pattern in patterns or ["[^\\s\\S]"])
        for name, patterns in (("picture", spoken.image_phrases), ("table", spoken.table_phrases))
    }
    found = each.with_columns(**first).group_by("row", maintain_order=True).agg(pl.col("text", *first).drop_nulls().first())
    picture, table = (pl.when(~text.str.contains(pattern)).then(name) for pattern, name in ((DRAWN, "picture"), (TABLE, "table")))
    lone = pl.lit(None, pl.String)
    for pattern in spoken.lone_phrases:
        lone = pl.coalesce(lone, pl.when(holds(text, pattern)).then(text.str.extract(f"({pattern})", 1)))
    for pattern in spoken.lone_exceptions:
        lone = pl.when(~text.str.contains(pattern)).then(lone)
    lone = pl.when(text.str.len_bytes() <= LONE).then(lone)
    return found.select(pl.coalesce(picture, table, lone, pl.lit(""))).to_series().to_list()


def spliced(texts: list[str], patterns: list[str], many: int) -> list[str]:
    """Texts with a word of some pattern put in, and with other white space, case and letters that fold to others'."""
    draw, made = random.Random(20251127), []
    words = sorted(frozenset().union(*(needed(pattern) or () for pattern in patterns)))
    marks = ["\t", "\n", "\u3000", ". ", "(1)", "010", "-1234-5678", "–", "１", "@", "ID", "카톡 "]
    changes = [(" ", "\t"), (" ", "\u3000"), (" ", ""), ("s", "ſ"), ("k", "\u212a"), ("-", "–"), ("", ""), ("", "")]
    for _ in range(many):
        text = draw.choice(texts)
        place = draw.randrange(len(text) + 1)
        text = (text[:place] + draw.choice(words) + draw.choice(marks) + text[place:]).replace(*draw.choice(changes))
        made.append(text.upper() if draw.random() < 0.1 else text)
    return made


@pytest.mark.parametrize("name", ["ko", "ja", "th"])
def test_words_hide_no_phrase(name):
    spoken = language(name)
    labelled = [row["text"] for half in halves() for row in lines(half / "image.jsonl")]
    patterns = [*spoken.image_exceptions, *spoken.image_phrases, *spoken.table_phrases, *spoken.lone_phrases]
    texts = ["", *labelled, "\n".join(labelled[:9]), *spliced(labelled, patterns, 1500)]
    found = image_phrase(pl.Series(texts), spoken).to_list()
    assert any(found)
    assert found == slow(pl.Series(texts), spoken)
    plan.cache_clear()
    image_phrase(pl.Series(["이 그림"] * 600), spoken)  # by which other words are looked for from now on
    assert image_phrase(pl.Series(texts), spoken).to_list() == found
    plan.cache_clear()


def test_words_hide_no_phrase_in_what_people_wrote(real_data):
    texts = pl.Series(real(real_data)[::4])
    assert image_phrase(texts, language()).to_list() == slow(texts, language())


@pytest.mark.parametrize("name", ["ko", "ja", "th"])
def test_words_hide_no_personal_data(name):
    kinds = language(name).personal_data
    labelled = [row["text"] for half in halves() for row in lines(half / "personal.jsonl")]
    texts = pl.Series([*labelled, None, *spliced(labelled, [kind.pattern for kind in kinds.values()], 1500)])
    patterns = [*(kind.pattern for kind in kinds.values()), ODD_DIGIT, JOINED]
    slowly = pl.any_horizontal(pl.lit(texts).str.contains(pattern) for pattern in patterns)
    found = candidates(texts, kinds).to_list()
    assert 0 < len(found) < len(texts)
    assert found == pl.select(slowly.fill_null(value=False).arg_true()).to_series().to_list()


def masked_slowly(texts: pl.Series, kinds: dict[str, PersonalData]) -> tuple[list[str], dict[str, list[int]]]:
    """Every kind looked for in every text."""
    found, counts = [Masked(text, text.translate(FOLDED)) for text in texts], {}
    for kind, personal in kinds.items():
        counts[kind] = [0] * len(found)
        for place, count in _replaced(found, numpy.arange(len(found)), personal):
            counts[kind][place] = count
    return [each.text for each in found], counts


@pytest.mark.parametrize("name", ["ko", "ja", "th"])
def test_no_kind_of_personal_data_is_overlooked(name):
    kinds = language(name).personal_data
    labelled = [row["text"] for half in halves() for row in lines(half / "personal.jsonl")]
    pairs = [f"{one} {other}" for one, other in itertools.pairwise(labelled)]
    texts = pl.Series([*labelled, *pairs, *spliced(pairs, [kind.pattern for kind in kinds.values()], 1500)])
    # a text that no search finds stays as it is, even if one of its folded form would
    texts = texts.gather(candidates(texts, kinds))
    plain, found = masked(texts, kinds)
    expected, counts = masked_slowly(texts, kinds)
    assert plain.to_list() == expected
    assert {kind: count.to_list() for kind, count in found.items()} == counts
    assert sum(map(any, counts.values())) > (8 if name == "ko" else 1)


def test_sets_of_words_are_read_out_of_a_pattern():
    assert clauses(r"(?:아래|다음)\s그림[^.]{0,9}보세요") == ({"보세요"}, {"그림"}, {"아래", "다음"})
    assert clauses(r"(?i:kakao)[^가]") == ({"ao"},)  # U+212A is a k


def passed(found: list) -> list:
    return [None if rows is None else rows.tolist() for rows in found]


def test_gates_let_pass_what_may_match():
    patterns = (
        r"[a-z]+@[a-z]+|[a-z]+ (?:골뱅이|앳) [a-z]+",
        "(?i:insta|wechat)[^가]|fig[^가]",
        "[0-9]+",
        "그림|[a-z]",
        "(?:라인|카톡) ?[a-z]+ ?주세요",
    )
    gates = gates_of(patterns, (frozenset({"ㄱ"}),))
    texts = pl.Series(["a@b", "a 골뱅이 b", "INSTA", "in\u017fta", "fig", "12 라인", None, "ㄱ 주세요", "앳"])
    seeming = passed(gates.rows(texts))
    assert seeming == [[7], [0, 1], [2, 3, 4], None, None, [7]]
    many = pl.concat([texts, pl.Series(["그것 좀 보내 주세요"] * 600)])
    assert passed(gates.rows(many)) == [*seeming[:5], [5]]  # what many texts hold tells less than what few do
    assert passed(gates.rows(texts)) == [*seeming[:5], [5]]
    assert passed(gates_of(patterns, (), frozenset(patterns)).rows(texts)) == [None] * len(patterns)  # of few texts nothing is known
    assert passed(gates_of(()).rows(texts)) == []


def test_letters_that_fold_to_others_pass_the_gate():
    texts = pl.Series(["KAKAO톡x", "\u212aA\u212aAO톡x", "kakao x", "가"])
    assert texts.str.contains("(?i:kakao)톡[^가]").to_list() == [True, True, False, False]
    assert passed(gates_of(("(?i:kakao)톡[^가]",)).rows(texts)) == [[0, 1]]


def test_what_needs_no_gate():
    assert anchored("^가|(?:^나)")
    assert not anchored("^가|나")
    assert not anchored("(?m)^가")


def test_a_language_without_phrases_finds_none():
    assert image_phrase(pl.Series(["다음 그림을 보고", ""]), PromptLanguage(scripts=["Hangul"], image_phrases=[])).to_list() == ["", ""]
