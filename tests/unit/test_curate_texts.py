"""Cleaning of texts: what must change, and above all what must not."""

import html
import json
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from koreason.curate.filters import normalised
from koreason.curate.markup import decode_entities, shows_image, strip_html
from koreason.curate.normalise import PERSONAL, compose, is_odd, mask, personal_data, plain, tidy


def apply(step, *texts: str | None) -> list[str | None]:
    frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(step(pl.col("text")).alias("text"))["text"].to_list()


def one(step, text: str) -> str | None:
    return apply(step, text)[0]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>안녕하세요</p><p>질문입니다</p>", "\n안녕하세요\n\n질문입니다\n"),
        ("첫 줄<br>둘째 줄<BR/>셋째<br />넷째", "첫 줄\n둘째 줄\n셋째\n넷째"),
        ('<a href="https://x.example/a?b=1&c=2">여기</a>를 <strong class="big">보세요</strong>', "여기를 보세요"),
        ("<ul><li>하나</li><li>둘</li></ul>", "\n\n- 하나\n- 둘\n"),
        ("<pre><code>if (a &lt; b) {\n  return;\n}</code></pre>", "\n```\nif (a &lt; b) {\n  return;\n}\n```\n"),
        ("H<sub>2</sub>O와 10<sup>-3</sup>", "H_{2}O와 10^{-3}"),
        ("<table><tr><td>가</td><td>나</td></tr></table>", "\n\n가\t나\t\n\n"),
        ("앞<!-- 숨은 말 <b> --><br>뒤", "앞\n뒤"),
        ("<script>var a = 1 < 2;</script>본문</p>", "본문\n"),
        ('<img src="a.png" alt="a > b">그림</b>', "그림"),
        ("<custom-tag>그대로</custom-tag>", "<custom-tag>그대로</custom-tag>"),
    ],
)
def test_html_becomes_text(markup, text):
    assert one(strip_html, markup) == text


@pytest.mark.parametrize(
    "text",
    [
        "$a < b$이고 $c > d$일 때",
        "x<y 이고 y>z 이면 x<z 이다",
        "집합 {x | x<3, x>1}",
        "vector<int> v; map<string, vector<int>> m;",
        "if (a<b && b>c) return;",
        "#include <stdio.h>",
        "HTML의 <div>는 무엇인가요?",  # no closing tag: no evidence of markup
        r"\begin{cases} 1 & x<0 \\ 2 & x>0 \end{cases}",
        "a <- b; c -> d; e <=> f",
    ],
)
def test_mathematics_and_code_without_markup_stay(text):
    assert one(strip_html, text) == text
    assert one(decode_entities, text) == text


@pytest.mark.parametrize("text", ["<br>$x<y$이고 $y>z$", "<p>a <b and c> d</p>", "<br>if (i<n && n>k)", "<br>1<a2 && a2>0", "<br>f<s, t>"])
def test_mathematics_beside_markup_stays(text):
    kept = text.replace("<br>", "\n").replace("<p>", "\n").replace("</p>", "\n")
    assert one(strip_html, text) == kept


def test_competition_mathematics_is_untouched(real_data):
    lines = (real_data / "math_test" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    texts = [value for record in records for value in record.values() if isinstance(value, str)]
    assert sum("<" in text for text in texts) > 100
    assert apply(lambda text: decode_entities(strip_html(text)), *texts) == texts


def test_entities_are_decoded_once():
    assert one(decode_entities, "a &lt; b &amp;&amp; c &#39;d&#x27; &nbsp;e") == "a < b && c 'd' \u00a0e"
    assert one(decode_entities, "&amp;lt;") == "&lt;"
    assert one(decode_entities, "?a=1&copy=2&nosuch; &#0; &#xD800; &#99999999;") == "?a=1&copy=2&nosuch; &#0; &#xD800; &#99999999;"
    assert one(decode_entities, r"\begin{array}{cc} a & b; c \end{array}") == r"\begin{array}{cc} a & b; c \end{array}"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_escaped_text_survives_html(text):
    escaped = f"<p>{html.escape(text)}</p>"
    assert one(lambda column: decode_entities(strip_html(column)), escaped) == f"\n{text}\n"


def test_images_are_seen():
    frame = pl.DataFrame(
        {"text": ['<img src="a">', "![그래프](a.png)", "<image>", "그림 없음", "![] ()"], "html": [True, False, True, True, False]}
    )
    assert frame.select(shows_image(pl.col("text"), pl.col("html"))).to_series().to_list() == [True, True, False, False, False]
    code = pl.DataFrame({"text": ["<img> 태그의 뜻"], "html": [False]})
    assert code.select(shows_image(pl.col("text"), pl.col("html"))).to_series().to_list() == [False]


def test_characters_that_compose_changes_are_odd():
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    composed, odd = apply(compose, *characters), apply(lambda text: is_odd(text).cast(pl.String), *characters)
    assert [
        character for character, other, flag in zip(characters, composed, odd, strict=True) if other != character and flag == "false"
    ] == []


def test_composition_agrees_with_the_standard_for_every_character():
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    characters = [character for character in characters if unicodedata.category(character) != "Cn"]
    assert apply(compose, *characters) == [unicodedata.normalize("NFC", character) for character in characters]


# what Python's tables know; the engine's Unicode may be newer
KNOWN = st.characters(codec="utf-8", exclude_categories=["Cn", "Co"])


@settings(max_examples=300, deadline=None)
@given(st.text(KNOWN, max_size=20))
@example(unicodedata.normalize("NFD", "한글 각도 Å é"))
@example("가\u11a8")
def test_composition_is_nfc(text):
    assert one(compose, text) == unicodedata.normalize("NFC", text)
    assert one(compose, unicodedata.normalize("NFD", text)) == unicodedata.normalize("NFC", text)


def test_composition_keeps_compatibility_characters():
    assert one(compose, "① ㎡ ½ ﬁ ²") == "① ㎡ ½ ﬁ ²"


def white_space(text):
    return tidy(plain(text))


def test_white_space():
    assert one(white_space, "  가\u00a0나\u3000다\r\n라  \r\n\r\n\r\n\r\n    마\u200b\ufeff\x00 \t") == "가 나 다\n라\n\n    마"
    assert one(white_space, "가족 👨\u200d👩\u200d👧") == "가족 👨\u200d👩\u200d👧"
    assert one(white_space, " \u00a0\n") == ""


ANY = st.text(st.characters(codec="utf-8") | st.sampled_from(" \t\n\r\u00a0\u2028\u200b\u1100\u1161\u0301"), max_size=40)


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_cleaning_twice_changes_nothing(text):
    once = one(lambda column: tidy(plain(compose(column))), text)
    assert one(lambda column: tidy(plain(compose(column))), once) == once


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_what_is_not_odd_needs_no_change(text):
    assert one(lambda column: is_odd(column).cast(pl.String), text) == "true" or one(lambda column: plain(compose(column)), text) == text


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_no_white_space_is_left_that_duplicates_could_differ_in(text):
    left = one(lambda column: normalised(tidy(plain(compose(column)))), text)
    assert not any(character.isspace() for character in left)


@pytest.mark.parametrize(
    ("kind", "text", "masked"),
    [
        ("phone", "번호는010-1234-5678입니다", "번호는010-0000-0000입니다"),
        ("phone", "01012345678, 010 1234 5678, 010.1234.5678, 011-123-4567", "010-0000-0000, 010-0000-0000, 010-0000-0000, 010-0000-0000"),
        ("phone", "+82-10-1234-5678 / 02-123-4567 / 031-1234-5678", "010-0000-0000 / 010-0000-0000 / 010-0000-0000"),
        ("mail", "메일은 hong.gil+dong@mail.example.co.kr로", "메일은 name@example.com로"),
        ("resident_number", "주민등록번호 900101-1234567 입니다", "주민등록번호 000000-0000000 입니다"),
    ],
)
def test_personal_data_is_masked(kind, text, masked):
    assert one(lambda column: mask(column, kind), text) == masked
    assert one(lambda column: personal_data(column, kind) > 0, text)


@pytest.mark.parametrize(
    "text",
    [
        "제품 번호 900101-1234567",
        "주민등록번호 901301-1234567",
        "3.14159265358979",
        "123010-1234-56789",
        "a@b",
        "값은 1010101010",
        "2020-1234-5678",
    ],
)
def test_other_numbers_are_not_personal_data(text):
    for kind in PERSONAL:
        assert one(lambda column, kind=kind: mask(column, kind), text) == text
        assert one(lambda column, kind=kind: personal_data(column, kind).cast(pl.String), text) == "0"


def test_missing_texts_stay_missing():
    for step in (strip_html, decode_entities, compose, plain, tidy, *(lambda column, kind=kind: mask(column, kind) for kind in PERSONAL)):
        assert apply(step, None, "가") == [None, "가"]
