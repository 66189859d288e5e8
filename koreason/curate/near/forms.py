"""What of a prompt is compared with others, by its kind: the form. Prompts of equal form and guard are equal.

    forms(frame, "stem", Talk()).digests(guards)      # 16 bytes a prompt

text  all that is asked (passage, question, options) without white space, but for one blank where it separates two ASCII letters or digits:
      `1 23` is not `12 3`, `x 2` not `x2`; `12 cm` is `12cm`, since no letter continues a number. Case matters.
stem  the same; near twins need the same guard (`guards.py`).
code  lines and their indentation stay, white space at the ends of lines and of the text does not count; guarded.
exam  question and options, each as `text`, without the passage. Where there are no options the passage belongs to it, and so does the gold
      or, without one, the answer: `Which is right?` is asked a thousand times. Guarded.
talk  as `text` without invisible marks and without what `Talk.talk` matches, in lower case. A prompt that is nothing else keeps it.
"""

import re
from typing import NamedTuple

import numpy
import polars as pl

from koreason.columns.arrays import Places
from koreason.columns.suspects import holding
from koreason.curate.spec import Talk, TwinKind
from koreason.minhash.forms import Forms, Points, alphabet, forms_of, read

OPTION = "\x1f"  # stands before each option; clean leaves no such character in a text
# Format characters, variation selectors and Hangul fillers.
INVISIBLE = r"[\p{Cf}\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}\x{115F}\x{1160}\x{3164}\x{FFA0}\p{Extended_Pictographic}&&[^\x00-\x7F]]+"
# A number that is none of ASCII digits, and letters in brackets and circles, by which a text's parts are called.
OTHER = r"\p{N}\x{3200}-\x{321E}\x{3260}-\x{327E}\x{249C}-\x{24E9}"
ODD = f"[{OTHER}&&[^0-9]]"
CLASS = re.compile(r"(\[[^\[\]\\]+\])\+?")  # a pattern that is a class of characters


class Seen(NamedTuple):
    """Some prompts as they are compared.

    Attributes:
        texts: all of their words that are compared, as they are.
        forms: of the texts.
        odd: of talk the rows of texts with numbers of other than ASCII digits.
    """

    texts: pl.Series
    forms: Forms
    odd: Places


def seen(frame: pl.DataFrame, kind: TwinKind, language: Talk) -> Seen:
    """What `guards` looks at, too, of prompts with the columns of `CLEANED`."""
    texts, none = compared(frame, kind), numpy.empty(0, numpy.int64)
    if kind == "talk":
        return _talk(texts, language)
    if kind == "code":
        return Seen(texts, forms_of(texts.str.replace_all(r"[^\S\n]+(\n|$)", "$1").str.strip_chars("\n"), white=True), none)
    return Seen(texts, forms_of(texts), none)


def forms(frame: pl.DataFrame, kind: TwinKind, language: Talk) -> Forms:
    """The forms of prompts with the columns of `CLEANED`."""
    return seen(frame, kind, language).forms


def _talk(given: pl.Series, language: Talk) -> Seen:
    plain = CLASS.fullmatch(language.talk)
    if language.talk and not plain:
        return _searched(given, language.talk)
    found, odd = read(given, _letters(plain[1] if plain else ""))
    nothing_else = numpy.flatnonzero((found.lengths == 0) & (given.str.len_bytes() > 0).to_numpy())
    if len(nothing_else):
        found = found.replaced(nothing_else, read(given.gather(nothing_else), _letters())[0])
    return Seen(given, found, odd)


def _letters(white: str = "") -> Points:
    return alphabet(lower=True, dropped=INVISIBLE, told=ODD, white=white)


def _searched(given: pl.Series, talk: str) -> Seen:
    """The same where `talk` is more than a class of characters, by searches that take twice the time."""
    texts, (invisible, odd) = given, holding(given, INVISIBLE, ODD)
    if len(invisible):
        texts = texts.clone().scatter(invisible, texts.gather(invisible).str.replace_all(INVISIBLE, ""))
    plain = texts.str.replace_all(talk, " ")
    return Seen(given, read(plain.zip_with(plain.str.contains(r"\S"), texts), _letters())[0], odd)


def compared(frame: pl.DataFrame, kind: TwinKind) -> pl.Series:
    """All of a prompt's words that are compared, as they are; most are a question and nothing else."""
    if kind != "exam" and frame["passage"].null_count() == frame["options"].null_count() == frame.height:
        return frame["question"].fill_null("")
    options = pl.lit(OPTION) + pl.col("options").list.join(OPTION)
    passage, question = pl.col("passage") + "\n", pl.col("question").fill_null("")
    if kind != "exam":
        return frame.select(pl.concat_str(passage.fill_null(""), question, options.fill_null(""))).to_series()
    alone = pl.concat_str(passage.fill_null(""), question, (pl.lit(OPTION) + pl.coalesce("gold", "answer")).fill_null(""))
    return frame.select(pl.when(pl.col("options").list.len() > 0).then(question + options).otherwise(alone)).to_series()
