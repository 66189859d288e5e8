"""What the characters of texts are, counted in one pass, and the shares of the target scripts.

seen = characters(frame["text"], language)
shares(frame["text"], frame["text"].str.len_chars(), language, seen)
"""

import functools
from typing import NamedTuple

import numpy
import polars as pl

from koreason.columns.arrays import Places
from koreason.columns.suspects import members
from koreason.columns.utf8 import Table, counted
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.dirt import SUSPECT
from koreason.curate.text.normalise import ODD
from koreason.languages import Script
from koreason.switching.characters import LETTER, SPACE, TARGET, counts, kinds
from koreason.switching.spans import inside

BEYOND = 3  # the bit behind those of letters: of characters that cleaning changes; the next, of those that damage holds


class Characters(NamedTuple):
    """How many characters of each text are of the target scripts, white space, letters of any script, of `ODD`, and of `SUSPECT`."""

    target: Places
    space: Places
    letters: Places
    odd: Places
    suspect: Places


def characters(texts: pl.Series, language: PromptLanguage) -> Characters:
    """The characters of texts; a null is empty."""
    return Characters(*counted(texts, _table(tuple(language.scripts)), [TARGET, SPACE, LETTER, 1 << BEYOND, 1 << BEYOND + 1]))


@functools.cache
def _table(scripts: tuple[Script, ...]) -> Table:
    return Table(kinds(scripts) | (members(ODD, SUSPECT) << BEYOND).astype(numpy.uint8), (TARGET, TARGET | LETTER))


def again(seen: Characters, before: pl.Series, after: pl.Series, language: PromptLanguage) -> Characters:
    """The characters of texts some of which have changed: only these are counted again."""
    rows = before.ne_missing(after).arg_true()
    if not len(rows):
        return seen
    found = numpy.stack(seen)
    found[:, rows.to_numpy()] = numpy.stack(characters(after.gather(rows), language))
    return Characters(*found)


def shares(texts: pl.Series, chars: pl.Series, language: PromptLanguage, seen: Characters) -> pl.DataFrame:
    """The three shares of the target scripts in composed texts; 0 where the denominator is."""
    visible = chars.to_numpy() - seen.space
    outer, outer_visible = seen.target.copy(), visible.copy()
    if len(held := inside(texts)):
        rows = held["row"].to_numpy()
        target, space = counts(held["text"], tuple(language.scripts), (TARGET, SPACE))
        outer[rows] -= target
        outer_visible[rows] -= held["text"].str.len_chars().to_numpy().astype(numpy.int64) - space
    named = {
        "characters": (seen.target, visible),
        "outside_math_and_code": (outer, outer_visible),
        "letters": (seen.target, seen.letters),
    }
    return pl.DataFrame(
        {
            f"share_{name}": numpy.minimum(numpy.divide(hits, of, out=numpy.zeros(len(of)), where=of > 0), 1.0)
            for name, (hits, of) in named.items()
        }
    )
