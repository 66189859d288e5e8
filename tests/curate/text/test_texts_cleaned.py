"""Cleaning of texts: what must change, and above all what must not."""

import html
import json
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from koreason.curate.text.html.entities import decode
from koreason.curate.text.markup import without_markup
from koreason.curate.text.normalise import ODD, compose, plain, tidy
from koreason.switching.spans import spans
from tests.curate.text.texts import clean, language
from tests.soak import few


def apply(step, *texts: str | None) -> list[str | None]:
    frame = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(step(pl.col("text")).alias("text"))["text"].to_list()


def one(step, text: str) -> str | None:
    return apply(step, text)[0]


def bare(*texts: str) -> list[str]:
    return without_markup(pl.Series(texts), language(), html=True)[0].to_list()


@pytest.mark.parametrize(
    "text",
    [
        "$a < b$이고 $c > d$일 때",
        "x<y 이고 y>z 이면 x<z 이다",
        "집합 {x | x<3, x>1}",
        "vector<int> v; map<string, vector<int>> m;",
        "if (a<b && b>c) return;",
        "#include <stdio.h>",
        "HTML의 <div>는 무엇인가요?",
        r"\begin{cases} 1 & x<0 \\ 2 & x>0 \end{cases}",
        "a <- b; c -> d; e <=> f",
        "<|im_end|> [INST] </s> <think>무엇</think> <s>",
    ],
)
def test_mathematics_and_code_without_markup_stay(text):
    assert bare(text) == [text]


@pytest.mark.parametrize("text", ["$x<y$이고 $y>z$", "a <b and c> d", "if (i<n && n>k)", "1<a2 && a2>0", "f<s, t>", "a<i>n 와 a<b>"])
def test_mathematics_beside_markup_stays(text):
    assert bare(f"앞<br>{text}", f"<div>{text}</div>") == [f"앞\n{text}", text]


@pytest.mark.parametrize(("before", "after"), [("", ""), ("<p>", "</p>"), ("<br>", ""), ('<div class="a"><p>', "</p></div>")])
def test_competition_mathematics_is_untouched(real_data, before, after):
    lines = (real_data / "math_test" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["problem"] for line in lines]
    found = bare(*(f"{before}{text}{after}" for text in texts))
    if not before:
        assert found == texts
    for text, other in zip(texts, found, strict=True):
        assert "".join(text.split()) == "".join(other.split())
        formulas = [text[start:end] for start, end, kind in spans(text) if kind == "formula"]
        assert all(formula in other for formula in formulas)


def test_entities_are_decoded_once():
    assert decode("a &lt; b &amp;&amp; c &#39;d&#x27; &nbsp;e") == "a < b && c 'd' \u00a0e"
    assert decode("&amp;lt;") == "&lt;"
    assert decode("?a=1&copy=2&nosuch; &#0; &#xD800; &#99999999;") == "?a=1&copy=2&nosuch; &#0; &#xD800; &#99999999;"
    assert decode(r"\begin{array}{cc} a & b; c \end{array}") == r"\begin{array}{cc} a & b; c \end{array}"
    assert decode("A &lt B, x&lt2 &#150; &#8211") == "A < B, x&lt2 – –"


@settings(max_examples=few(100))
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Zl", "Zp", "Cc"], exclude_characters="`$\\"), max_size=60))
@example("tag")
def test_escaped_text_survives_html(text):
    assert bare(f"<p>{html.escape(text)}</p>") == [text]


PIECES = [
    *["<", ">", "&", ";", "$", "`", "```", "\\(", "\\)", "x", "가", "태그", "&lt", "&#150;"],
    *[
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<pre>",
        "</pre>",
        "<code>",
        "<td>",
        "<tr>",
        "<table>",
        "</table>",
        "<!--",
        "-->",
        "[b]",
        "[/b]",
        "[code]",
        "[/code]",
    ],
    *["<math>", "<mi>", "</math>", "<span", "class='katex'>", "</span>", "<script>", "<a\thref='"],
    "\n",
]


@settings(max_examples=few(80))
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_text_breaks_it(parts):
    frame = clean("".join(parts), "보통 글")
    assert frame["question"][1] == "보통 글" and frame.null_count()["question"].item() == 0


HOSTILE = [
    "<p ",
    '<a b="',
    "<!--",
    "\\(",
    "$",
    "`a",
    "<b>",
    "<math>",
    "&lt",
    "[b]",
    "<pre>",
    "\\begin{a}",
    "<mrow>",
    "<td>",
    "<ul><li>",
    "[code]",
    "<a b={",
]


@pytest.mark.parametrize(
    "text", [*(piece * 20_000 for piece in HOSTILE), "[code]" * 20_000 + "<br>[/code]", "<span class=tex>" * 8_000 + "</span>" * 8_000]
)
def test_time_is_linear_in_what_is_hostile(text):
    bare(text)  # minutes where it is not


def test_images_are_seen():
    texts = [
        '<img src="a">',
        "![그래프](a.png)",
        "<image>",
        "그림 없음",
        "![] ()",
        '<img alt="\\frac{1}{2}">',
        "`<img>` 태그의 뜻",
        "[img]a[/img] b",
    ]
    assert clean(*texts)["shows_image"].to_list() == [True, True, False, False, False, False, False, True]
    assert clean("<img> 태그의 뜻", html=False)["shows_image"].to_list() == [False]


def test_characters_that_compose_changes_are_odd():
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    composed, odd = apply(compose, *characters), apply(lambda text: text.str.contains(ODD).cast(pl.String), *characters)
    assert [
        character for character, other, flag in zip(characters, composed, odd, strict=True) if other != character and flag == "false"
    ] == []


def test_composition_agrees_with_the_standard_for_every_character():
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    characters = [character for character in characters if unicodedata.category(character) != "Cn"]
    assert apply(compose, *characters) == [unicodedata.normalize("NFC", character) for character in characters]


# what Python's tables know; the engine's Unicode may be newer
KNOWN = st.characters(codec="utf-8", exclude_categories=["Cn", "Co"])


@settings(max_examples=few(80))
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
    assert one(white_space, "  가\u00a0나\u3000다\r\n라  \r\n\r\n\r\n\r\n    마\u200b\ufeff\x00 \t") == "  가 나 다\n라\n\n    마"
    assert one(white_space, "\n \n  가나\n다") == "가나\n다"
    assert one(white_space, "    for i in x:\n        y") == "    for i in x:\n        y"
    assert one(white_space, "끝.\x0c시작\x0b다시\x85또") == "끝.\n시작\n다시\n또"
    assert one(white_space, "가족 👨\u200d👩\u200d👧") == "가족 👨\u200d👩\u200d👧"
    assert one(white_space, " \u00a0\n") == ""


ANY = st.text(st.characters(codec="utf-8") | st.sampled_from(" \t\n\r\u00a0\u2028\u200b\u1100\u1161\u0301"), max_size=40)


@settings(max_examples=few(80))
@given(ANY)
def test_cleaning_twice_changes_nothing(text):
    once = one(lambda column: tidy(plain(compose(column))), text)
    assert one(lambda column: tidy(plain(compose(column))), once) == once


@settings(max_examples=few(80))
@given(ANY)
def test_what_is_not_odd_needs_no_change(text):
    assert (
        one(lambda column: column.str.contains(ODD).cast(pl.String), text) == "true"
        or one(lambda column: plain(compose(column)), text) == text
    )


def test_missing_texts_stay_missing():
    for step in (compose, plain, tidy):
        assert apply(step, None, "가") == [None, "가"]
    assert clean(None, "가")["question"].to_list() == [None, "가"]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("CSS에서 <div> 와 </div> 사이에 쓰는 법", "CSS에서 <div> 와 </div> 사이에 쓰는 법"),
        ("폼에서 <input> 과 <button> 의 차이는?", "폼에서 <input> 과 <button> 의 차이는?"),
        ("<p>값 <span lang='EN-US'> 은 </span> 3이다</p>", "값 은 3이다"),
        ("<p>그는 <b>사과</b> 와 <i>배</i> 를 샀다.</p>", "그는 사과 와 배 를 샀다."),
    ],
)
def test_a_tag_that_stands_as_a_word_is_spoken_of(markup, expected):
    assert clean(markup)["question"].to_list() == [expected]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>값 <m:math><m:mfrac><m:mn>1</m:mn><m:mn>2</m:mn></m:mfrac></m:math>를</p>", "값 $\\frac{1}{2}$를"),
        ('<p>값 <img src="/x" alt="LaTeX: x^2" data-equation-content="x^2">은</p>', "값 $x^2$은"),
        ('<p>값 <img src="https://latex.codecogs.com/svg.image?\\inline&space;x^2&plus;1">은</p>', "값 $x^2+1$은"),
        ('<p>좋아요 <img class="emoji" alt="😀" src="a"> <img src="/smilies/a.gif" alt=":)">끝</p>', "좋아요 😀 끝"),
        (
            '<b hidden="">숨</b><i style="visibility:hidden">숨</i><i class="a hidden">가</i><i aria-hidden="true">나</i>',
            "가나",
        ),
        (
            '<table><tr><td class="gutter"><pre class="lineno">1\n2</pre></td><td><pre>a = 1\nb</pre></td></tr></table>',
            "```\na = 1\nb\n```",
        ),
        ('<pre><span class="lineno">1 </span><span class="k">def</span> f\n<span class="lineno">2 </span> g</pre>', "```\ndef f\n g\n```"),
        ('<h2>제목<span class="mw-editsection">[<a href="/w">편집</a>]</span></h2>글', "제목\n\n글"),
        (
            "<b>왜</b> <Button onClick={() => x}><div className={a}>클릭</div></Button> 인가",
            "왜 <Button onClick={() => x}><div className={a}>클릭</div></Button> 인가",
        ),
        ("<b>왜</b> [code]<p>안녕</p>[/code]", "왜\n```\n<p>안녕</p>\n```"),
        ("<b>왜</b> [code]int a;<br>int b;[/code]", "왜\n```\nint a;\nint b;\n```"),
        ("<b>왜</b> <xmp><p>안녕</p></xmp>", "왜\n\n```\n<p>안녕</p>\n```"),
        (
            '<ol type="A"><li>하나</li><li>둘</li></ol><ol style="list-style-type: lower-roman"><li>하나</li><li value="4">넷</li></ol>',
            "A. 하나\nB. 둘\n\ni. 하나\niv. 넷",
        ),
    ],
)
def test_pages_as_forums_and_encyclopedias_have_them(markup, expected):
    frame = clean(markup)
    assert frame["question"].to_list() == [expected]
    assert not frame["shows_image"][0]


def test_what_terminals_forums_and_mail_add():
    texts = [
        "\x1b[1;31m오류\x1b[0m: 값\x1b[K \x1b]0;제목\x07끝",
        "왜 이럼?\n\n- dc official App",
        "글\n조회 1,234 | 추천 4 | 댓글 5",
        "[이 게시물은 관리자님에 의해 이동됨]\n글",
        "글\n[출처] 어떤 글 (어떤 카페) | 작성자 홍길동",
        "---------- Forwarded message ----------\nFrom: a\n글",
    ]
    expected = ["오류: 값 끝", "왜 이럼?", "글", "글", "글", "글"]
    assert clean(*texts, "조회 수가 10 | 20 인가", "[출처] 뉴스")["question"].to_list() == [
        *expected,
        "조회 수가 10 | 20 인가",
        "[출처] 뉴스",
    ]
