"""A language's patterns and its model of pictures, tried before any text is read.

refuse_broken(language)
"""

import re

import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.pictures.leaning import WHOLE
from koreason.curate.text.pictures.weights import read_weights
from koreason.errors import UserError


def refuse_broken(language: PromptLanguage) -> None:
    """Compile every pattern of a language, and read its model.

    Raises:
        UserError: one is no regular expression; it names the field and the pattern's beginning. Or the model cannot be read.
    """
    lists = ("image_phrases", "table_phrases", "lone_phrases", "lone_exceptions", "image_exceptions", "boilerplate")
    patterns = [(name, pattern) for name in lists for pattern in getattr(language, name)]
    for kind, personal in language.personal_data.items():
        patterns += [(f"personal_data.{kind}", part) for part in (personal.pattern, personal.context, personal.unless) if part]
    for name, pattern in [] if _compile({pattern for _, pattern in patterns}) else patterns:
        try:
            pl.Series(["x"]).str.contains(pattern)
        except pl.exceptions.ComputeError as error:
            raise _broken(name, pattern, error) from None
    for pattern in language.markup_mentions:
        try:
            re.compile(pattern)
        except re.error as error:
            raise _broken("markup_mentions", pattern, error) from None
    if language.image_model is not None:
        read_weights(language.image_model, WHOLE)


def _compile(patterns: set[str]) -> bool:
    """Whether all of them are regular expressions: together, since each by itself takes a query of its own."""
    try:
        pl.DataFrame({"x": ["x"]}).select(pl.col("x").str.contains(pattern).alias(pattern) for pattern in sorted(patterns))
    except pl.exceptions.ComputeError:
        return False
    return True


def _broken(name: str, pattern: str, error: Exception) -> UserError:
    why = " ".join(str(error).split())[-160:]
    return UserError(f"'{pattern[:60]}…' is no regular expression (… {why})", f"languages, {name}", "mend it")
