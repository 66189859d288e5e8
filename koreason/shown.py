"""Texts of dumps and models made fit to be shown: what a screen would not show as itself, and what is nobody's business.

printable(blanked("010-1234-5678\\x07"))     # "•••-••••-••••�"
"""

import re

# What a browser or a terminal would not show as itself: control characters, and marks that turn the direction of the text around them.
UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
PERSONAL = re.compile(r"[^\s<>\"']+@[^\s<>\"']+|\d")


def printable(text: str) -> str:
    """The text with a replacement character for each that would not show as itself."""
    return UNSHOWN.sub("�", text)


def blanked(text: str) -> str:
    """The text without digits and mail addresses, which is for texts that no stage has masked."""
    return PERSONAL.sub("•", text)


def beginning(text: str | None, most: int) -> str:
    """The first `most` characters on one line, with a mark where there are more."""
    line = " ".join(printable(text or "").split())
    return line if len(line) <= most else line[:most].rstrip() + "…"
