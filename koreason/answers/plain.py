r"""What stands in an answer and means nothing: invisible characters, dress, other spellings of the same sign.

    undress(r"$\text{\textbf{3}번}$")     # "3번"
    visible("③\u200b")                   # "③"

Everything here is linear in the text's length, but for `undress`, whose callers bound it.
"""

import re
import unicodedata

HANGUL = "[가-힣]"
# Mean as much as one, and patterns that look for blanks in many places take long over them.
BLANKS = re.compile(r"\s{2,}")
# Zero width, bidirectional marks, soft hyphen, variation selectors, and NUL with its kind.
_INVISIBLE = [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF, 0xAD, 0x61C, 0x3164]
_INVISIBLE += [code for code in range(32) if code not in (9, 10, 13)]
INVISIBLE = dict.fromkeys(_INVISIBLE)
DRESS = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|textnormal|mathrm|mathbf|mathit|mathsf|mbox|operatorname|boxed|fbox|bf|rm|emph)\s*\{([^{}]*)\}"
    r"|^\s*\{([^{}]*)\}\s*$"
)
DELIMITERS = re.compile(r"\\[()\[\],;!: ]|\\left(?![a-z])|\\right(?![a-z])|\\displaystyle|\\(?:quad|qquad)(?![a-z])|[$*`]|__")
# Circled and other numbers as marks of options; NFKC alone would make bare numbers of them, which may be an option's text.
_CIRCLES = [(0x2460, 20), (0x2776, 10), (0x2780, 10), (0x278A, 10), (0x24F5, 10)]
CIRCLED = {chr(start + index): index + 1 for start, count in _CIRCLES for index in range(count)}
JAMO = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
SYLLABLES = "가나다라마바사아자차카타파하"
# Letters in black and white circles and squares, jamo and syllables in circles and brackets.
FOLDED = {chr(0x1F150 + index): chr(0x41 + index) for index in range(26)} | {chr(0x1F170 + index): chr(0x41 + index) for index in range(26)}
FOLDED |= {chr(0x3260 + index): jamo for index, jamo in enumerate(JAMO)} | {
    chr(0x3200 + index): f"({jamo})" for index, jamo in enumerate(JAMO)
}
FOLDED |= {chr(0x326E + index): f"({one})" for index, one in enumerate(SYLLABLES)}
FOLDED |= {chr(0x320E + index): f"({one})" for index, one in enumerate(SYLLABLES)}
_FOLDED = str.maketrans(FOLDED)
# NFKC makes other letters of jamo than those that people type.
_TYPED = {0x1100 + index: jamo for index, jamo in enumerate("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")}
_MARKED = str.maketrans({circle: f"{number}번" for circle, number in CIRCLED.items()})


def visible(text: str) -> str:
    """The text without characters that nobody sees."""
    return text.translate(INVISIBLE)


def undress(text: str) -> str:
    r"""The text without `\text{}` and the like, without mathematics delimiters and outer white space."""
    before = None
    while text != before:
        before, text = text, DRESS.sub(lambda dressed: dressed[1] or dressed[2] or "", text)
    return DELIMITERS.sub(lambda mark: mark.group()[-1] if mark.group()[-1] in "()[] " else "", text).strip()


def marked(text: str) -> str:
    """Undressed, with circled numbers as `3번`, circled jamo as jamo, and full-width characters as ordinary ones."""
    text = undress(visible(text).translate(_MARKED).translate(_FOLDED)).replace("번번", "번")
    return unicodedata.normalize("NFKC", text).translate(_TYPED)


def plain(text: str) -> str:
    """What two spellings of one text have in common."""
    text = unicodedata.normalize("NFKC", undress(visible(text).translate(_FOLDED))).translate(_TYPED).casefold()
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"[\s\\{}_'\"‘’“”「」]|[.。]$", "", text)
