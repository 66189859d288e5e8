"""Web pages and other texts as bytes: in which encoding they say they are, and what they are called.

text = decoded(data, declared(data), "utf-8")
title_of_html(text)
"""

import codecs
import html
import re

HEAD_BYTES = 1 << 12  # where a page has to say its encoding (HTML, 4.2.5.4: in its first 1,024 bytes; many are late)
TITLE_CHARS = 1 << 10
META = re.compile(rb"""<meta\s[^>]{0,256}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
# Where an element begins and where it ends, each found in one go whatever stands between.
TITLE, HEADING = (tuple(re.compile(rf"<{mark}{name}\b[^<>]{{0,1024}}>", re.IGNORECASE) for mark in ("", "/")) for name in ("title", "h1"))
BEGINNING = 1 << 18
TAG = re.compile(r"<[^<>]{0,1024}>")
# What pages call by the names of subsets is in fact the larger set (Encoding Standard, labels).
LARGER = {"euc_kr": "cp949", "ksc5601": "cp949", "ks_c_5601-1987": "cp949", "iso8859-1": "cp1252", "ascii": "utf-8", "shift_jis": "cp932"}


def text_encoding(name: str | None) -> str | None:
    """Python's name of a text encoding, of the larger set where a page names a subset; None for anything else."""
    try:
        info = codecs.lookup(name or "")
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name in ("idna", "punycode", "undefined", "mbcs", "oem"):
        return None
    if info.name.endswith("_escape"):
        return None
    return LARGER.get(info.name, info.name)


def declared(data: bytes) -> str | None:
    """The encoding that a page's `<meta>` names."""
    found = META.search(data[:HEAD_BYTES])
    name = text_encoding(found[1].decode("ascii")) if found else None
    # a page whose `<meta>` could be read is in none of these
    return None if name and name.startswith(("utf-16", "utf-32", "utf-7")) else name


def decoded(data: bytes, *encodings: str | None) -> str | None:
    """The bytes as text in the first of the encodings in which they are one; None where they are in none."""
    for encoding in dict.fromkeys(encodings):
        if encoding:
            try:
                return data.removeprefix(codecs.BOM_UTF8).decode(encoding)
            except (UnicodeError, LookupError):
                continue
    return None


def title_of_html(text: str) -> str | None:
    """A page's `<title>`, or else its first `<h1>`, as plain text; looked for in the page's beginning."""
    for begin, end in (TITLE, HEADING):
        if found := begin.search(text, 0, BEGINNING):
            close = end.search(text, found.end(), found.end() + 4 * TITLE_CHARS)
            if close and (title := plain(text[found.end() : close.start()])):
                return title
    return None


def plain(text: str) -> str:
    """A line of HTML without tags, entities resolved."""
    return " ".join(html.unescape(TAG.sub("", text)).split())[:TITLE_CHARS]
