"""One form for the same text: composed characters, plain white space, no personal data.

    frame.with_columns(question=compose(pl.col("question")))

Each step looks for evidence first and works on the rows that have it: most rows have none.
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
UNTIDY = r"\r|[ \t]\n|\n\n\n|" + SPACES + "|" + INVISIBLE

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


def compose(text: pl.Expr) -> pl.Expr:
    """Unicode NFC."""
    change = pl.when(text.str.contains(UNCOMPOSED)).then(text).str.normalize("NFC")
    return pl.coalesce(change, text)


def tidy(text: pl.Expr) -> pl.Expr:
    """Plain spaces and line breaks, at most one empty line in a row, nothing invisible; indentation is kept."""
    change: pl.Expr = pl.when(text.str.contains(UNTIDY)).then(text)
    for pattern, replacement in (("\r\n?", "\n"), (SPACES, " "), (INVISIBLE, ""), (r"[ \t]+\n", "\n"), (r"\n{3,}", "\n\n")):
        change = change.str.replace_all(pattern, replacement)
    return pl.coalesce(change, text).str.strip_chars()


def personal_data(text: pl.Expr, kind: str) -> pl.Expr:
    """How often a kind of personal data stands in a text."""
    return _in_context(text, kind).str.count_matches(PERSONAL[kind][0]).fill_null(0)


def mask(text: pl.Expr, kind: str) -> pl.Expr:
    """Replace a kind of personal data by a value of the same shape that belongs to nobody."""
    return pl.coalesce(_in_context(text, kind).str.replace_all(*PERSONAL[kind]), text)


def _in_context(text: pl.Expr, kind: str) -> pl.Expr:
    """The text, or null where numbers of that shape mean something else."""
    return pl.when(text.str.contains(RESIDENT_CONTEXT)).then(text) if kind == "resident_number" else text
