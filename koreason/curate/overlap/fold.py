r"""Texts as they are compared: without case, width, white space, punctuation and the LaTeX that only lays out.

folded(r"Find $\left( \dfrac{m}{n} \right)$")     # "findmn"

One table of 65,536 entries folds UTF-16 code units, so that numpy folds a megabyte of texts at once; `folded` is the same for one text.
"""

import functools
import re
import unicodedata

import numpy
import numpy.typing

Units = numpy.typing.NDArray[numpy.uint16]
Bytes = numpy.typing.NDArray[numpy.uint8]

# Commands that change the look and not the sense, which who copies a formula changes first; and drawings, which are left out first.
LAYOUT = (
    r"\\(?:[dtc]?frac|(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|q?quad|text[a-z]*|math[a-z]*|operatorname|over|limits"
    r"|bullet|hline)(?-u:\b))|(?s:\[asy\].*?\[/asy\])"
)
_LAYOUT = re.compile(LAYOUT.replace("(?-u:", "(?:"), re.ASCII)
OTHER, DIGIT, LOWER, UPPER, BACKSLASH = range(5)
_SCRIPTS = {"HANGUL": 3, "CJK": 4, "HIRAGANA": 5, "KATAKANA": 5, "LATIN": 2, "CYRILLIC": 6, "GREEK": 7, "THAI": 8}


def _fold(character: str) -> str:
    """One character folded; empty where it is dropped, as list marks like ① and surrogates' loners are not."""
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return character
    if 0x2460 <= code < 0x2500:
        return ""
    plain = unicodedata.normalize("NFKC", character)
    plain = plain.lower() if len(plain) == 1 else character.lower()
    if len(plain) != 1 or ord(plain) > 0xFFFF:
        plain = character
    return plain if unicodedata.category(plain)[0] in "LMN" and code != 0xFE0F else ""


@functools.cache
def fold_table() -> Units:
    """Folded code unit by code unit; 0 where it is dropped."""
    return numpy.array([ord(_fold(chr(code)) or "\0") for code in range(65_536)], numpy.uint16)


@functools.cache
def class_table() -> Bytes:
    """ASCII class of a code unit, full-width forms included: what tokens of formulas are cut by."""
    table = numpy.zeros(65_536, numpy.uint8)
    for first in (0, 0xFEE0):
        for kind, low, high in ((DIGIT, "0", "9"), (LOWER, "a", "z"), (UPPER, "A", "Z")):
            table[first + ord(low) : first + ord(high) + 1] = kind
    table[ord("\\")] = BACKSLASH
    return table


@functools.cache
def script_table() -> Bytes:
    """Script of a folded code unit, 0 for none: words end at its borders."""
    table = numpy.zeros(65_536, numpy.uint8)
    for code in numpy.flatnonzero(fold_table()).tolist():
        character = chr(fold_table()[code])
        name = unicodedata.name(character, "OTHER").split()[0]
        category = unicodedata.category(character)
        table[code] = 1 if category[0] == "N" else _SCRIPTS.get(name, 9)
    return table


@functools.cache
def _translation(gap: str) -> dict[int, str]:
    return {code: chr(unit) if unit else gap for code, unit in enumerate(fold_table().tolist()) if unit != code or not unit}


def prepared(text: str) -> str:
    """A text without layout commands, composed (NFC)."""
    return unicodedata.normalize("NFC", _LAYOUT.sub("", text).replace("\0", ""))


def folded(text: str, gap: str = "") -> str:
    """A text folded, with `gap` where something was dropped; the slow reference of what blocks do."""
    return prepared(text).translate(_translation(gap))


def stretch(text: str, wanted: str, most: int = 200) -> str:
    """Where a text says what folds to `wanted`: at most `most` characters, as they stand there; empty where it does not."""
    composed = unicodedata.normalize("NFC", text)
    codes = numpy.frombuffer(composed.encode("utf-32-le", "surrogatepass"), numpy.uint32)
    letters = numpy.where(codes < 65_536, fold_table()[codes & 0xFFFF], codes).astype(numpy.uint32)
    for command in _LAYOUT.finditer(composed):
        letters[command.start() : command.end()] = 0
    kept = numpy.flatnonzero(letters)
    at = letters[kept].tobytes().decode("utf-32-le", "surrogatepass").find(wanted)
    if at < 0 or not wanted:
        return ""
    return composed[kept[at] : kept[at + len(wanted) - 1] + 1][:most]
