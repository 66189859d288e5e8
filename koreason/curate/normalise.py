"""One form for the same text: composed characters, plain white space, no personal data.

    frame.with_columns(question=tidy(pl.col("question")))

Most texts need none of it, so what is slow is done to those that show evidence of need.
"""

import polars as pl

# Every character that NFC may change, alone or beside its neighbour; a superset is enough.
# NFKC is never used: it rewrites ① and ㎡.
UNCOMPOSED = (
    r"[\p{M}\x{0340}-\x{0387}\x{0900}-\x{0FFF}\x{1000}-\x{11FF}\x{1B00}-\x{1BFF}\x{1F00}-\x{1FFF}\x{2000}\x{2001}\x{2126}-\x{212B}"
    r"\x{2329}\x{232A}\x{2ADC}\x{A960}-\x{A97F}\x{D7B0}-\x{D7FF}\x{F900}-\x{FB4F}\x{11000}-\x{1197F}\x{16100}-\x{16D7F}"
    r"\x{1D15E}-\x{1D1C0}\x{2F800}-\x{2FA1F}]"
)

SPACES = r"[\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"
INVISIBLE = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{009F}\x{00AD}\x{200B}\x{2060}\x{FEFF}]"
SEPARATORS = r"\r\n?|[\x{2028}\x{2029}]"

# ASCII word boundaries: `번호010-0000-0000입니다` has one on either side, and they are many times faster.
EDGE = r"(?-u:\b)"
PERSONAL = {
    "phone": (
        rf"(?:\+82[-. ]?|{EDGE}0)1[016789][-. ]?[0-9]{{3,4}}[-. ]?[0-9]{{4}}{EDGE}|{EDGE}0(?:2|[3-6][1-5]|70)-[0-9]{{3,4}}-[0-9]{{4}}{EDGE}",
        "010-0000-0000",
    ),
    "mail": (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", "name@example.com"),
    "resident_number": (
        rf"{EDGE}[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[1-8][0-9]{{6}}{EDGE}",
        "000000-0000000",
    ),
}
# Nearly all numbers of that shape are something else unless the text speaks of one.
RESIDENT_CONTEXT = r"주민\s*(?:등록)?\s*번호|주민등록|민증"


def is_odd(text: pl.Expr) -> pl.Expr:
    """Tell whether a text holds any character that `compose` or `plain` changes: one search finds the many that do not."""
    return text.str.contains("|".join((UNCOMPOSED, SEPARATORS, SPACES, INVISIBLE)))


def compose(text: pl.Expr) -> pl.Expr:
    """Unicode NFC."""
    return text.str.normalize("NFC")


def plain(text: pl.Expr) -> pl.Expr:
    """Plain spaces and line breaks, and nothing invisible."""
    return text.str.replace_all(SEPARATORS, "\n").str.replace_all(SPACES, " ").str.replace_all(INVISIBLE, "")


def tidy(text: pl.Expr) -> pl.Expr:
    """No white space around a text or at the end of its lines, at most one empty line in a row; indentation is kept."""
    trailing = pl.when(text.str.contains_any([" \n", "\t\n"])).then(text).str.replace_all(r"[ \t]+\n", "\n")
    text = pl.coalesce(trailing, text)
    return text.str.replace_all(r"\n{3,}", "\n\n").str.strip_chars()


def personal_data(text: pl.Expr, kind: str) -> pl.Expr:
    """How often a kind of personal data stands in a text."""
    return _in_context(text, kind).str.count_matches(PERSONAL[kind][0]).fill_null(0)


def mask(text: pl.Expr, kind: str) -> pl.Expr:
    """Replace a kind of personal data by a value of the same shape that belongs to nobody."""
    return pl.coalesce(_in_context(text, kind).str.replace_all(*PERSONAL[kind]), text)


def _in_context(text: pl.Expr, kind: str) -> pl.Expr:
    """The text, or null where numbers of that shape mean something else."""
    return pl.when(text.str.contains(RESIDENT_CONTEXT)).then(text) if kind == "resident_number" else text
