"""How many characters of a text are in the target language's scripts, are white space, are letters.

target, space, letters = counts(texts, ("Hangul",))
"""

import functools
import sys
import unicodedata

import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Places
from koreason.columns.utf8 import Table, counted
from koreason.languages import SCRIPTS, WHITE_SPACE, Script, code_points

TARGET, SPACE, LETTER = 1, 2, 4
# Letters of Hangul by name that nobody sees.
FILLERS = "\u115f\u1160\u3164\uffa0"


@functools.cache
def kinds(scripts: tuple[Script, ...]) -> Bytes:
    """For each code point what it counts as, a bit for each: `TARGET`, `SPACE`, `LETTER` (of any script, with its marks)."""
    found = numpy.zeros(sys.maxunicode + 1, numpy.uint8)
    found[[code for code in range(0x323B0) if unicodedata.category(chr(code))[0] in "LM"]] = LETTER
    for ranges, kind in [(WHITE_SPACE, SPACE), *((SCRIPTS[script], TARGET) for script in scripts)]:
        found[code_points(ranges)] |= kind
    found[[ord(filler) for filler in FILLERS]] = SPACE  # they count for nothing
    return found


@functools.cache
def _table(scripts: tuple[Script, ...]) -> Table:
    return Table(kinds(scripts), (TARGET, TARGET | LETTER))


def counts(texts: pl.Series, scripts: tuple[Script, ...], bits: tuple[int, ...] = (TARGET, SPACE, LETTER)) -> Places:
    """Characters of the target scripts, of white space, and letters of any script in each text, a row for each; a null is empty."""
    return counted(texts, _table(scripts), bits)
