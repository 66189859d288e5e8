"""Prompts without what stands around a question and does not change it, before anything of them is compared.

    bare(frame, "exam", Talk(asides="감사합니다"))      # the same columns

Dropped are what the language's `asides` match (greetings, thanks, marks awarded), the number before a question and the mark before each of
its options (only where all have one), an empty pair of brackets at the end, and, in all kinds but code, tags that only set type, what
delimits formulas, and what makes a fraction larger or stands in braces by itself. In code, white space and marks beside letters
without case (Hangul, Han, Kana) are prose and go, but for fences and quoted strings; backticks and blank lines do not count. Of exams,
options that end a question's text are its options. A question that is nothing else stays as it is.
"""

import functools
import operator

import polars as pl

from koreason.curate.prompts.choices import apart
from koreason.curate.spec import Talk, TwinKind

NUMBERED = r"^\s*(?:[(\[]?(?:문제?|Q)\s?)?[0-9]{1,3}[)\].]+\s+"
MARKED = r"^\s*(?:[①-⑳➀-➉]|\(?[1-9]\)|[1-9]\.\s)\s*"
# Each by itself: what one begins with is looked for at once, all in one take six times as long.
MARKUP = (
    r"\\(?:displaystyle|textstyle|left|right|limits|[lc]?dots)\b",
    r"(?i)</?(?:p|b|i|u|br|strong|em|span|div|font)(?:\s+[a-z-]+=[^<>\n]{0,200})?\s?/?>",
    r"(?i)&nbsp;",
    r"\$+|\\[()\[\]]",
    r"\.{3,}|…",
    r"\(\s*\)\s*$",
)
MAYBE = (r"[<$\\…&]", r"\.\.\.", r"\)\s*$")
# One formula written in two ways.
SAME_TEX = ((r"\\[dtc]frac(?-u:\b)", r"\frac"), (r"([_^])\{([^{}\s\\])\}([^0-9A-Za-z]|$)", "$1$2$3"))
FIRST = ["①", "❶", "\n1", "\n(1", "\nA", "\n(A", "\na", "\n(a"]  # of options that stand in a text
STRING = r"```[^`]*(?:```)?|\"[^\"\n]*\"|'[^'\n]*'"


def bare(frame: pl.DataFrame, kind: TwinKind, language: Talk) -> pl.DataFrame:
    """Prompts with the columns of `CLEANED`, of which question and options may differ."""
    frame = _with_options(frame) if kind == "exam" else frame
    given = asked = frame["question"]
    if language.asides:
        asked = asked.str.replace_all(language.asides, "" if kind == "code" else " ")
    asked = _prose(asked) if kind == "code" else _without_markup(asked)
    if kind in ("exam", "stem", "text"):
        asked = asked.str.replace(NUMBERED, "")
    said = asked.str.contains(r"\S")
    asked = asked if said.all(ignore_nulls=False) else asked.zip_with(said, given)
    if frame["options"].null_count() == frame.height:
        return frame.with_columns(question=asked)
    options = pl.col("options")
    marked = options.list.eval(pl.element().str.contains(MARKED + r"[^\s,·~]")).list.all() & (options.list.len() > 1)
    unmarked = options.list.eval(pl.element().str.replace(MARKED, ""))
    options = pl.when(marked).then(unmarked).otherwise(options).list.sort()
    return frame.with_columns(question=asked, options=options)


def _with_options(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with options in their column also where they stand behind the question in its text."""
    held = frame["question"].str.contains_any(FIRST) & (frame["options"].list.len().fill_null(0) == 0)
    rows = held.fill_null(False).arg_true()
    found = [
        (row, *both) for row, text in zip(rows, frame["question"].gather(rows), strict=True) if (both := apart(text)) and both[0].strip()
    ]
    if not found:
        return frame
    places, asked, options = (list(column) for column in zip(*found, strict=True))
    split = pl.DataFrame({"row": places, "asked": asked, "found": options}, schema_overrides={"row": pl.get_index_type()})
    joined = frame.with_row_index("row").join(split, on="row", how="left", maintain_order="left")
    return joined.with_columns(question=pl.coalesce("asked", "question"), options=pl.coalesce("found", "options")).select(frame.columns)


def _without_markup(texts: pl.Series) -> pl.Series:
    some = functools.reduce(operator.or_, map(texts.str.contains, MAYBE)).fill_null(False).arg_true()
    if not len(some):
        return texts
    bare = texts.gather(some)
    for pattern in MARKUP:
        bare = bare.str.replace_all(pattern, "")
    for found, meant in SAME_TEX:
        bare = bare.str.replace_all(found, meant)
    return texts.clone().scatter(some, bare)


def _prose(text: pl.Series) -> pl.Series:
    text = text.str.replace_all("(```)|`", "$1").str.replace_all("[“”]", '"').str.replace_all("[‘’]", "'")
    text = text.str.replace_all(rf"({STRING})|(\p{{Lo}})[ \t.,?!~…;]+", "${1}${2}")
    text = text.str.replace_all(rf"({STRING})(?:[ \t]+(\p{{Lo}}))?|([^\s\p{{Lo}}])[ \t]+(\p{{Lo}})", "${1}${2}${3}${4}")
    text = text.str.replace_all(r"[^\S\n]*\n\s*\n", "\n").str.replace_all(r"(\p{Lo})\n(\p{Lo})", "$1$2")
    return text.str.strip_chars_end()
