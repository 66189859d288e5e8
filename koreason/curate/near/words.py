"""Whether near twins are two questions after all, since a word of one stands where another stands in the other: tenant and landlord.

    replaced(forms, firsts, seconds, "stem", "하시오|하여라")      # shape (n,), of n pairs of forms by their numbers

Looked at are pairs that differ in one place only, by at most `LONGEST` characters. A word is added, not replaced, where one side has
nothing there; it is an ending where it ends the text and no option; it is misspelt where one jamo differs, and the same in another form
where a stem's last syllable changes its vowel or final consonant before an ending; and what the language calls interchangeable may stand
for each other. In a post of daily talk of more than `TALK` characters one other word is one of many.
"""

import re
import unicodedata

import numpy

from koreason.columns.arrays import Flags, Places
from koreason.curate.spec import TwinKind
from koreason.minhash.forms import Forms

OPTION = re.compile(r"[②-⑩❷-❿][^?①-⑩❶-❿]{0,60}\Z")  # what a word at the end belongs to where it is no ending
LONGEST, TALK = 8, 120
# Vowels that a stem's last syllable has before one ending and before another: the same, or drawn together with the ending's.
ENDINGS = frozenset("가게겠고기나는니다더던도든라려며면서습십세시아야어여오요으은을음자지죠")
DRAWN = ("ㅣㅕ", "ㅗㅘ", "ㅜㅝ", "ㅏㅐ", "ㅡㅓ")
VOWELS = [chr(code) for code in range(0x1161, 0x1176)]
STEMS = {vowel * 2 for vowel in VOWELS} | {
    "".join(VOWELS[ord(letter) - ord("ㅏ")] for letter in pair[::way]) for pair in DRAWN for way in (1, -1)
}


def replaced(forms: Forms, firsts: Places, seconds: Places, kind: TwinKind, interchangeable: str) -> Flags:
    """Of pairs of forms, which differ in a word that makes two questions of them."""
    same, ends = re.compile(interchangeable or r"(?!)"), forms.ends
    found = numpy.zeros(len(firsts), bool)
    held = numpy.maximum(forms.lengths[firsts], forms.lengths[seconds]) <= TALK if kind == "talk" else ~found
    for number in numpy.flatnonzero(held).tolist():
        one, other = (forms.points[ends[place] - forms.lengths[place] : ends[place]] for place in (firsts[number], seconds[number]))
        begin, end = _common(one, other), _common(one[::-1], other[::-1])
        shorter, longer = sorted((len(one), len(other)))
        end = min(end, shorter - begin)
        ended = end == 0 and OPTION.search(one[:begin].tobytes().decode("utf-32-le")) is not None
        if (end or ended) and begin + end < shorter and longer - begin - end <= LONGEST:
            words = [text[begin : len(text) - end].tobytes().decode("utf-32-le") for text in (one, other)]
            found[number] = all(map(str.isalpha, words)) and not _alike(*words) and not all(map(same.fullmatch, words))
    return found


def _common(one: numpy.ndarray, other: numpy.ndarray) -> int:
    """How many first characters are the same."""
    shorter = min(len(one), len(other))
    differ = one[:shorter] != other[:shorter]
    place = int(differ.argmax()) if shorter else 0
    return place if shorter and differ[place] else shorter


def _alike(one: str, other: str) -> bool:
    """Whether one jamo differs, is added or is left out, or both begin as one stem does before two endings."""
    shorter, longer = sorted((unicodedata.normalize("NFD", one), unicodedata.normalize("NFD", other)), key=len)
    if shorter[0] == longer[0] and shorter[1:2] + longer[1:2] in STEMS and ENDINGS.issuperset(one[1:] + other[1:]):
        return True
    if len(shorter) == len(longer):
        return sum(mine != theirs for mine, theirs in zip(shorter, longer, strict=True)) == 1
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
