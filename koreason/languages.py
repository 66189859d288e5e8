"""A target language as configuration: its scripts, and the shares of scripts in a text.

    share = target_share(pl.col("question"), language)
"""

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

# Unicode ranges of the scripts that the catalogue's languages are written in.
SCRIPTS = {
    "Hangul": "\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\ud7b0-\ud7ff",
    "Han": "\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff",
    "Kana": "\u3040-\u30ff\u31f0-\u31ff",
    "Latin": "A-Za-z\u00c0-\u024f",
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0600-\u06ff\u0750-\u077f",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
}
Script = Literal["Hangul", "Han", "Kana", "Latin", "Cyrillic", "Arabic", "Devanagari", "Thai"]


@dataclass(frozen=True)
class Language:
    """A target language.

    Attributes:
        name: English name, shown in reports.
        scripts: names from `SCRIPTS` that count as the target language.
        image_phrases: regular expressions of phrases by which a post depends on a picture it does not contain.
    """

    name: str
    scripts: list[Script]
    image_phrases: list[str]


def script_class(scripts: list[Script]) -> str:
    """Regular-expression character class of some scripts."""
    return "[" + "".join(SCRIPTS[script] for script in scripts) + "]"


def target_share(text: pl.Expr, language: Language) -> pl.Expr:
    """Share of target-script characters among the characters that are not white space; 0 for an empty text.

    The paper (section 5.1) does not define its denominator; white space is left out so that indentation of code does
    not decide, digits and symbols are kept because they are what makes a prompt less native.
    """
    hits = text.str.count_matches(script_class(language.scripts))
    length = text.str.count_matches(r"\S")
    return pl.when(length > 0).then(hits / length).otherwise(0.0)


def script_shares(text: str) -> dict[str, float]:
    """Share of each script among the letters of `text`, for scripts that occur."""
    counts = {script: len(re.findall(f"[{ranges}]", text)) for script, ranges in SCRIPTS.items()}
    total = sum(counts.values())
    return {script: count / total for script, count in counts.items() if count}
