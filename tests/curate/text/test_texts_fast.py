"""What is computed only where a text shows need of it, against the same computed for every text."""

import random
import re
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from koreason.curate.text import markup
from koreason.curate.text.cleaned import clean_texts
from koreason.curate.text.dirt import DAMAGE, LOST_MARK, SUSPECT, damage, misread, repetition, run_share
from koreason.curate.text.html import evidence, render, tags
from koreason.curate.text.html.render import rendered
from koreason.curate.text.markup import without_markup
from koreason.curate.text.normalise import compose, plain, tidy
from koreason.switching.spans import inside, outside, spans
from tests.curate.text.texts import halves, language

SPANS = re.findall(
    r"\S+", r"$ $$ ` ``` \( \) \[ \] \ \begin{a} \end{a} \$ \\ \frac [asy] [/asy] ~~~ http://a.b/c https:// ( ) a x^2 5 ² . 가나"
)
TAGS = re.findall(r"\S+", "< <p </p> <br> &lt; <b> </b> [b] [/b] <div> </a> 010-1234-5678 a@b.com Ã© ì•ˆ ?쒓뎅?대줈 뿬옄移쒓뎄媛 됬왤")
BLANKS = [" ", "\n", "\n\n", "\t", "\r\n", "\x85", "\x1c", "\u3000"]
ODD = ["\x00", "\u200b", "e\u0301", "\u1112\u1161", "\ufffd", "\ue000"]
FOOTERS = [
    "\n-- \n홍길동",
    "\n나의 iPhone에서 보냄\n",
    "\n작성자: 홍길동\n",
    "\n작성자: 홍길동\n조회수: 3\n",
    "\n홍길동님이 쓴 글:\n> 앞 글\n",
]
NAMES = [
    "p",
    "br",
    "b",
    "i",
    "s",
    "li",
    "ul",
    "table",
    "td",
    "sup",
    "div",
    "span",
    "a",
    "img",
    "code",
    "pre",
    "script",
    "svg",
    "input",
    "hr",
    "blockquote",
    "title",
    "col",
    "video",
    "q",
]
WRITTEN = [f"<{opened}{name}{closed}>" for name in NAMES for opened in ("", "", "/") for closed in ("", "", "/", " /", " a=b")]
WRITTEN += [
    "<P>",
    "</P>",
    "<BR>",
    "<o:p>",
    "<x-y>",
    "<katex>",
    "<nosuch>",
    "<p",
    "<!-- a -->",
    "<img>",
    "</img>",
    "태그",
    " 와 ",
    "는 ",
    "\n",
    "  ",
]
PIECES = [*SPANS, *TAGS, *BLANKS, *ODD, *FOOTERS]


def texts() -> list[str]:
    """Texts made of what steps look for, the labelled sets' files and their lines."""
    draw = random.Random(20251004)
    made = ["".join(draw.choices(PIECES, k=draw.randrange(1, 14))) for _ in range(6_000)]
    files = [path.read_text(encoding="utf-8") for half in halves() for path in half.rglob("*.*")]
    return ["", *made, *files, *(line for file in files for line in file.splitlines())]


def every(source: list[str]) -> pl.Series:
    """The texts with a null among them."""
    return pl.Series("question", [*source, None], dtype=pl.String)


def real(folder: Path) -> list[str]:
    """Some lines of what people wrote, each alone and six together."""
    lines = [
        line for path in sorted(folder.rglob("*.[ct]sv")) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[:400]
    ]
    return lines + ["\n".join(lines[place : place + 6]) for place in range(0, len(lines), 6)]


def holds(source: list[str]) -> None:
    """Compare each step over some texts with its slow form."""
    series = every(source)
    without, within = [], []
    for row, text in enumerate(source):
        parts, done = [], 0
        for start, end, _ in spans(text):
            parts.append(text[done:start])
            done = end
        if done:
            without.append((row, " ".join([*parts, text[done:]])))
        within.append((row, "".join(text[start:end] for start, end, _ in spans(text))))
    expected = pl.DataFrame(without, schema={"row": pl.UInt32, "text": pl.String}, orient="row")
    assert_frame_equal(outside(series).sort("row"), expected)
    expected = pl.DataFrame([row for row in within if row[1]], schema=expected.schema, orient="row")
    assert_frame_equal(inside(series).filter(pl.col("text") != "").sort("row"), expected)

    text, frame = pl.col("question"), pl.DataFrame({"question": series})
    suspected = series.str.contains(f"{LOST_MARK}|{SUSPECT}")
    further = pl.Series([misread(text) if some else 0 for text, some in zip(series, suspected, strict=True)], dtype=pl.UInt32)
    hits = (text.str.extract_all(DAMAGE).list.join("").str.len_chars() + further) / text.str.len_chars()
    assert_series_equal(damage(series), frame.select(hits.fill_null(0.0).fill_nan(0.0)).to_series(), check_names=False)

    pattern = "|".join(f"(?:{part})" for part in language().boilerplate)
    for html in (False, True):
        bare = pl.DataFrame({"question": without_markup(series, language(), html=html)[0]})
        bare = bare.select(given=plain(compose(text))).with_columns(left=pl.col("given").str.replace_all(pattern, ""))
        slow = bare.select(tidy(pl.when(pl.col("left").str.contains(r"\S")).then("left").otherwise("given")).alias("question")).to_series()
        assert_series_equal(clean_texts(series, language(), html)[0], slow)


def test_fast_steps_are_the_slow_ones():
    holds(texts())


def test_fast_steps_are_the_slow_ones_on_what_people_wrote(real_data):
    holds(real(real_data))


def test_tags_as_most_are_written_are_tags_like_others(monkeypatch):
    draw, mentions = random.Random(5), markup.mentions(tuple(language().markup_mentions))
    made = [
        "".join(draw.choice(WRITTEN) if draw.random() < 0.7 else draw.choice(PIECES) for _ in range(draw.randrange(1, 16)))
        for _ in range(2500)
    ]
    made += [path.read_text(encoding="utf-8") for half in halves() for path in half.rglob("*.html")]
    found = [rendered(text, mentions) for text in made]
    monkeypatch.setattr(tags, "WRITTEN", {})
    monkeypatch.setattr(tags, "TAGS", tags.START)
    monkeypatch.setattr(render, "PLAIN", frozenset())
    monkeypatch.setattr(evidence, "_behind", lambda _: re.compile(""))
    assert [rendered(text, mentions) for text in made] == found


@pytest.mark.parametrize("seed", range(3))
def test_no_run_is_overlooked(seed):
    draw, made = random.Random(seed), []
    for _ in range(1000):
        unit = "".join(draw.choices("가나다ab! ㅋ😀\n", k=draw.randrange(1, 17))).strip() or "가"
        made.append("".join(draw.choices("갸냐댜랴먀", k=draw.randrange(80))) + unit * draw.randrange(2, 40) + "끝" * draw.randrange(2))
    assert repetition(pl.Series(["", "가"])).to_list() == [0.0, 0.0]
    assert repetition(pl.Series(made)).to_list() == [run_share(text) for text in made]
