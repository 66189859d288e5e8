"""Texts without markup, column by column: what shows no sign of it costs one search.

texts, pictures = without_markup(frame["question"], language, html=True)
"""

import functools
import re

import polars as pl

from koreason.curate.spec import PromptLanguage
from koreason.curate.text.html import bbcode, entities
from koreason.curate.text.html.render import rendered

GATE = rf"<[a-zA-Z/!?]|{entities.EVIDENCE}"


@functools.cache
def mentions(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """What stands behind a tag that is spoken of."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def without_markup(texts: pl.Series, language: PromptLanguage, *, html: bool) -> tuple[pl.Series, pl.Series]:
    """The texts without HTML (where the source holds it) and BBCode, and which of them showed a picture in HTML; nulls stay null."""
    shows = pl.repeat(False, len(texts), eager=True, dtype=pl.Boolean)
    if html:
        about = mentions(tuple(language.markup_mentions))
        rows = texts.str.contains(GATE).fill_null(False).arg_true()
        if len(rows):
            found = [rendered(text, about) for text in texts.gather(rows)]
            texts = texts.clone().scatter(rows, [text for text, _ in found])
            shows = shows.scatter(rows, [pictures for _, pictures in found])
    rows = texts.str.contains(bbcode.EVIDENCE).fill_null(False).arg_true()
    if len(rows):
        texts = texts.clone().scatter(rows, [bbcode.unbracketed(text) for text in texts.gather(rows)])
    return texts, shows
