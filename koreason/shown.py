"""Texts of dumps and models made fit to be shown: what a screen would not show as itself or would do, and what is nobody's business.

printable(blanked("010-1234-5678\\x07"))     # "•••-••••-••••�"
masked("1,250원, 010-1234-5678")             # "1,250원, •••••••••••••"
cell("=cmd|' /C calc'!A0")                  # "'=cmd|' /C calc'!A0"
with contextlib.redirect_stdout(Screen(sys.stdout)): ...
"""

import re
import sys
from typing import IO, Any

# What a browser or a terminal would not show as itself: control characters, marks that turn the direction of the text around them, tags and
# separators of lines that nobody sees.
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff]"
)
CLEAR = "\x1b[H\x1b[J"  # cursor home, and nothing below it
MAIL = r"[^\s<>\"'()\[\],;:]+[@＠][^\s<>\"'()\[\],;:]+"
PERSONAL = re.compile(MAIL + r"|\d")
# Seven digits and more with nothing but what separates the groups of a telephone's, a person's, a card's or an account's number.
NUMBER = re.compile(MAIL + r"|\d(?:[\s.()/·‐-―−－-]{0,3}\d){6,}")
ACTS = re.compile(r"\s*[=+\-@\t\r|%＝＋－＠]")
NUMERAL = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?%?")


def printable(text: str) -> str:
    """The text with a replacement character for each that would not show as itself."""
    return UNSHOWN.sub("�", text.replace("\r\n", "\n"))


def blanked(text: str) -> str:
    """The text without digits and mail addresses, which is for texts that no stage has masked."""
    return PERSONAL.sub("•", text)


def masked(text: str) -> str:
    """The text without mail addresses and numbers that may be somebody's, which is for texts that were cleaned or that a model wrote."""
    return NUMBER.sub(lambda found: "•" * len(found[0]), text)


def cell(text: str | None) -> str | None:
    """The text as a table's cell that no spreadsheet takes for a formula."""
    if text is None:
        return None
    text = printable(text)
    return f"'{text}" if ACTS.match(text) and not NUMERAL.fullmatch(text) else text


def beginning(text: str | None, most: int) -> str:
    """The first `most` characters on one line, with a mark where there are more."""
    line = " ".join(printable(text or "").split())
    return line if len(line) <= most else line[:most].rstrip() + "…"


class Screen:
    """A stream whose texts a terminal only shows: whoever prints what a stranger wrote need not think of it.

    Our own signs go by `signs`, and no other way: a stranger's text may hold the same.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text with a sign in place of each character that would act."""
        self._stream.write(printable(text))
        return len(text)

    def acts(self, text: str) -> int:
        """Write the text as it is."""
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def signs(text: str) -> None:
    """Print a text of ours with what acts on a terminal, colours or `CLEAR`; what others wrote of it has to be `printable` already."""
    stream = sys.stdout
    (stream.acts if isinstance(stream, Screen) else stream.write)(text)
    stream.flush()
