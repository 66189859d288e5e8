"""Whether a text leans on a picture or table that is not there.

found = image_phrase(frame["text"], language)
"""

import functools

import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.pictures.lines import Lines
from koreason.curate.text.search.gates import anchored
from koreason.curate.text.search.literals import Literals
from koreason.curate.text.search.needed import needed

MARKDOWN_IMAGE = r"!\[[^\]\n]*\]\([^)\s]+(?:\s+[\"'][^\"'\n]*[\"'])?\)|!\[[^\]\n]*\]\[[^\]\n]*\]"
# A table: two lines that hold tabs, or bars in the way of Markdown, or columns set apart by spaces; or one of HTML or LaTeX; or two
# lines, or three parts of a sentence, that are each a name and its numbers.
TABLE = (
    r"(?m)^[^\t\n]*\t[^\n]*\n+[^\t\n]*\t|^[^|\n]*\|[^|\n]+\|[^\n]*\n[^|\n]*\|[^|\n]+\||(?i:<table)|\\begin\{(?:tabular|array)"
    r"|^[^\d\n]{1,12}\d\S*(?:[\s,]+\d\S*)+\n[^\d\n]{1,12}\d\S*(?:[\s,]+\d\S*)+$"
    r"|[.:?\n]\s*(?:[^\d\n.,()]{1,12} ?\d[\d,.]*[^\d\s,./]{0,4}[,/·] ?){2,}[^\d\n.,()]{1,12} ?\d"
    r"|^[^\s\n]+(?: {2,}[^\s\n]+)+\n[^\s\n]+(?: {2,}[^\s\n]+)+$|^[^,\n]{1,30}(?:,[^,\n]{1,30}){2,}\n[^,\n]{1,30}(?:,[^,\n]{1,30}){2,}$"
    r"|^[^|\n]+ \| [^|\n]+\n[^|\n]+ \| [^|\n]+$|^[^,\n]{1,30},[^,\n]{1,30}(?:\n[^,\n]{1,30},[^,\n]{1,30}){2,}$"
)
# A picture that is drawn in the text: a diagram in a language of its own, or two lines of marks.
DRAWN = r"(?m)^```(?:mermaid|dot|graphviz|plantuml|ascii)|^[ .#@*|/\\_+=-]{0,80}[.#@*]{2}[ .#@*|/\\_+=-]{0,80}\n[ .#@*|/\\_+=-]{3,80}$"
LONE = 600  # bytes of a text that may hold nothing but a question
GONE = "\x00"  # what stands for an exception, so that no phrase matches across it


def shows_image(text: pl.Expr) -> pl.Expr:
    """Tell whether a post shows a picture in Markdown or BBCode; pictures in HTML are seen where it is read."""
    return text.str.contains(f"(?:{MARKDOWN_IMAGE})|(?i:\\[img[\\]=])")


def image_phrase(texts: pl.Series, language: PromptLanguage, whole: pl.Series | None = None) -> pl.Series:
    """The phrase by which a text leans on a picture, or on a table where none stands in it; empty where it does neither.

    Phrases are looked for line by line, and those of texts that point at something and hold nothing else, in the text.

    Args:
        texts: whole texts, or pieces of some.
        language: whose phrases are looked for.
        whole: of each piece the text that it is of, in which the table or the drawing may stand; none: the piece is all.
    """
    found = pl.repeat("", len(texts), eager=True, dtype=pl.String).alias("image_phrase")
    whole = texts if whole is None else whole
    for rows, phrases in (_lone(texts, language, whole), _in_lines(texts, language, whole)):
        if len(rows):
            found = found.scatter(rows, phrases)
    return found


def _in_lines(texts: pl.Series, language: PromptLanguage, whole: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The places of texts with a phrase in one of their lines, and the phrase."""
    lines = Lines(texts, [*language.image_phrases, *language.table_phrases], language.image_exceptions)
    for exception in language.image_exceptions:
        lines.remove(exception)
    pictures, tables = lines.first(language.image_phrases), lines.first(language.table_phrases)
    rows = (
        pl.DataFrame({"row": lines.rows, "picture": pictures, "table": tables})
        .filter(pl.any_horizontal(pl.col("picture", "table").is_not_null()))
        .group_by("row")
        .agg(pl.col("picture", "table").drop_nulls().first())
    )
    drawn = _without(whole, rows, "picture", DRAWN)
    tabled = _without(whole, rows.join(drawn, on="row", how="anti"), "table", TABLE)
    found = pl.concat([drawn, tabled])
    return found["row"], found["phrase"]


def _without(texts: pl.Series, rows: pl.DataFrame, name: str, shown: str) -> pl.DataFrame:
    """The rows that have a phrase of one kind, and it, where their texts do not show what it needs."""
    some = rows.select("row", phrase=name).drop_nulls()
    return some.filter(~texts.gather(some["row"]).str.contains(shown)) if some.height else some


def _lone(texts: pl.Series, language: PromptLanguage, whole: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The places of whole texts that are a phrase and nothing else, and the phrase."""
    text, found = pl.col("text"), []
    size = texts.str.len_bytes()
    rows = texts.to_frame("text").with_row_index().filter((size <= LONE) & (size == whole.str.len_bytes()))
    beginnings = "|".join(f"(?:{phrase})" for phrase in language.lone_phrases if anchored(phrase))
    begun = rows.filter(text.str.contains(beginnings)) if beginnings else rows  # one search, which most texts end at once
    for phrase in language.lone_phrases:
        some = begun if anchored(phrase) else _spoken(rows, phrase)
        some = some.filter(text.str.contains(phrase)) if some.height else some
        if (some := _spoken(some, phrase)).height:
            found.append(some.with_columns(phrase=text.str.extract(f"({phrase})", 1)))
    hits = pl.concat(found).unique("index", keep="first", maintain_order=True) if found else rows.with_columns(phrase=text).clear()
    for exception in language.lone_exceptions if hits.height else ():
        hits = hits.filter(~text.str.contains(exception))
    return hits["index"], hits["phrase"]


def _spoken(rows: pl.DataFrame, phrase: str) -> pl.DataFrame:
    """The rows whose text holds one of the words that a phrase needs."""
    words = _words(phrase)
    return rows.filter(words.held(rows["text"])[0]) if words and rows.height else rows


@functools.cache
def _words(phrase: str) -> Literals | None:
    words = needed(phrase)
    return Literals((), [words]) if words else None
