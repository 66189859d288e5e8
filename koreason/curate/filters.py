"""The pool's filters: each a name, which is its drop reason, and the expression that says what it drops.

    for reason, drops in filters(pool, language): ...

They read the columns `question`, `chars`, `target_share` and `shows_image`; a prompt is dropped by the first that applies.
"""

import polars as pl

from koreason.curate.spec import Pool
from koreason.languages import Language

DUPLICATE, LIMIT = "duplicate", "limit"


def filters(pool: Pool, language: Language) -> list[tuple[str, pl.Expr]]:
    """Filters that look at one prompt at a time, in their order (paper, section 5.1)."""
    chars = pl.col("chars")
    found = [("empty", chars == 0)]
    if pool.drop_image_dependent:
        found.append(("image_dependent", image_dependent(pool, language)))
    return [
        *found,
        ("target_share", pl.col("target_share") < pool.min_target_share),
        ("too_short", chars < pool.min_chars),
        ("too_long", chars > pool.max_chars),
    ]


def image_dependent(pool: Pool, language: Language) -> pl.Expr:
    """A prompt that points at a picture, or that showed one beside too little text to be understood without it."""
    alone = pl.col("shows_image") & (pl.col("chars") < pool.min_chars_beside_image)
    if not language.image_phrases:
        return alone
    return alone | pl.col("question").str.contains("|".join(f"(?:{phrase})" for phrase in language.image_phrases))


def first_reason(pool: Pool, language: Language) -> pl.Expr:
    """Name of the first filter that drops a prompt; null for what passes."""
    return pl.coalesce([pl.when(drops).then(pl.lit(name)) for name, drops in filters(pool, language)])


def names(pool: Pool, language: Language) -> list[str]:
    """All drop reasons of a pool in the order in which they are tried."""
    return [*(name for name, _ in filters(pool, language)), DUPLICATE, *([] if pool.limit is None else [LIMIT])]


def normalised(text: pl.Expr) -> pl.Expr:
    """What two prompts must share to be the same prompt: their text without white space; case matters, as in code."""
    for character in (" ", "\n", "\t"):  # all that `tidy` leaves
        text = text.str.replace_all(character, "", literal=True)
    return text
