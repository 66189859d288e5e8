"""One form for the same text: composed characters, plain white space, nothing invisible.

    frame.with_columns(question=tidy(pl.col("question")))

Most texts need none of it, so what is slow is done to those that show evidence of need.
"""

import functools
import operator
from collections.abc import Sequence

import polars as pl

# Every character that NFC may change, alone or beside its neighbour; a superset is enough.
# NFKC is never used: it rewrites ① and ㎡.
UNCOMPOSED = (
    r"[\p{M}\x{0340}-\x{0387}\x{0900}-\x{0FFF}\x{1000}-\x{11FF}\x{1B00}-\x{1BFF}\x{1F00}-\x{1FFF}\x{2000}\x{2001}\x{2126}-\x{212B}"
    r"\x{2329}\x{232A}\x{2ADC}\x{A960}-\x{A97F}\x{D7B0}-\x{D7FF}\x{F900}-\x{FB4F}\x{11000}-\x{1197F}\x{16100}-\x{16D7F}"
    r"\x{1D15E}-\x{1D1C0}\x{2F800}-\x{2FA1F}]"
)

# White space beside blank, tab and newline; U+2800 is a Braille pattern without a dot, which forums use as a blank.
SPACES = r"[\x1C-\x1F\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{2800}\x{3000}]"
SEPARATORS = r"\r\n?|[\x0B\x0C\x{0085}\x{2028}\x{2029}]"
# Controls, soft hyphens, joiners, marks of direction, fillers of Hangul, variation selectors, tags; then what stands for a lost
# character: private use, U+FFFD, noncharacters.
MARKS = (
    r"\x00-\x08\x0E-\x1B\x7F-\x{0084}\x{0086}-\x{009F}\x{00AD}\x{034F}\x{061C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}"
    r"\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FFA0}\x{FFF9}-\x{FFFC}"
    r"\x{1D173}-\x{1D17A}\x{E0000}-\x{E0FFF}"
)
LOST = r"\x{E000}-\x{F8FF}\x{FDD0}-\x{FDEF}\x{FFFD}-\x{FFFF}\x{1FFFE}\x{1FFFF}\x{2FFFE}\x{2FFFF}\x{3FFFE}\x{3FFFF}\x{EFFFE}-\x{10FFFF}"
INVISIBLE = f"[{MARKS}{LOST}]"
# In these an invisible mark decides what is seen, so it stays: emoji in sequence, keycaps, flags, and joiners in scripts that need them.
PICTOGRAPH = r"\p{Extended_Pictographic}[\x{FE0F}\x{1F3FB}-\x{1F3FF}]*"
SEQUENCES = (
    r"\x{1F3F4}[\x{E0020}-\x{E007E}]+\x{E007F}|[0-9#*]\x{FE0F}?\x{20E3}"
    rf"|{PICTOGRAPH}(?:\x{{200D}}{PICTOGRAPH})*"
    r"|[\p{Arabic}\p{Devanagari}\p{Bengali}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}][\x{200C}\x{200D}]"
)
# What a terminal obeys (ECMA-48): colours and the like, in logs that people paste.
ESCAPES = r"[\x1B](?:\[[0-9:;<=>?]*[ -/]*[@-~]|\][^\x07\x1B\n]{0,200}(?:\x07|[\x1B]\\)|[()][A-Z0-9])"
NEEDED = rf"({SEQUENCES})|{ESCAPES}|{INVISIBLE}"

ODD = "|".join((UNCOMPOSED, SEPARATORS, SPACES, INVISIBLE))  # what `compose` or `plain` changes: one search finds the many that do not
UNTIDY = (r"[ \t]\n|\n\n\n", r"\A[ \t\n]", r"[ \t\n]\z")  # what `tidy` changes


def compose(text: pl.Expr) -> pl.Expr:
    """Unicode NFC."""
    return text.str.normalize("NFC")


def plain(text: pl.Expr) -> pl.Expr:
    """Plain spaces and line breaks, and nothing invisible but within sequences of emoji and the like."""
    spaced = text.str.replace_all(SEPARATORS, "\n").str.replace_all(SPACES, " ")
    return pl.coalesce(pl.when(spaced.str.contains(INVISIBLE)).then(spaced).str.replace_all(NEEDED, "$1"), spaced)


def tidy(text: pl.Expr) -> pl.Expr:
    """No white space at the end of lines or of a text, at most one empty line in a row; indentation is kept.

    The first line's indentation is kept where a later line is indented, too, as in code; in prose it is layout.
    """
    trailing = pl.when(text.str.contains_any([" \n", "\t\n"])).then(text).str.replace_all(r"[ \t]+\n", "\n")
    text = pl.coalesce(trailing, text)
    text = pl.coalesce(pl.when(text.str.contains("\n\n\n", literal=True)).then(text).str.replace_all(r"\n{3,}", "\n\n"), text)
    text = text.str.strip_chars_end(" \t\n").str.strip_chars_start("\n")
    indented = pl.when(text.str.starts_with(" ") | text.str.starts_with("\t")).then(text)
    layout = pl.when(~indented.str.contains(r"\n[ \t]+")).then(indented).str.strip_chars_start(" \t")
    return pl.coalesce(layout, text)


def where(texts: pl.Series, patterns: Sequence[str], change: pl.Expr, among: pl.Series | None = None) -> pl.Series:
    """The texts, changed where they match one of some patterns: an expression of the column `text`, not computed for the others.

    Args:
        texts: nulls stay null.
        patterns: searched one after the other, each by the fastest way that there is for it alone.
        change: what becomes of a text that matches.
        among: which texts may match; none: all.
    """
    rows = None if among is None else among.fill_null(False).arg_true()
    part = texts if rows is None else texts.gather(rows)
    matches = functools.reduce(operator.or_, (part.str.contains(pattern) for pattern in patterns)).fill_null(False)
    return changed(texts, matches.arg_true() if rows is None else rows.filter(matches), change)


def changed(texts: pl.Series, rows: pl.Series, change: pl.Expr) -> pl.Series:
    """The texts, some rows changed by an expression of the column `text`."""
    if not len(rows):
        return texts
    return texts.clone().scatter(rows, pl.DataFrame({"text": texts.gather(rows)}).select(change).to_series())
