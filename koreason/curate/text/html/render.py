"""A text without its markup, as a browser would lay it out: blocks on lines of their own, cells between tabs, code in fences.

text, pictures = rendered("<p>값 <b>3</b></p>", mentions)    # "값 3", False
"""

import re

from koreason.curate.text.html.entities import decode
from koreason.curate.text.html.evidence import marking
from koreason.curate.text.html.formulas import formula, picture, wrapped
from koreason.curate.text.html.page import BLANKS, Page, closed, opened
from koreason.curate.text.html.shown import NOT_SHOWN, is_hidden
from koreason.curate.text.html.tags import COLOURS, FORMULAS, NAMES, Tag, scanned

HIDDEN = {"head", "svg", "template", "script", "style", "title", "iframe", "noframes", "noscript", "canvas", "audio", "video", "datalist"}
PICTURES = {"img", "svg", "canvas", "image"}
PLAIN = NAMES - FORMULAS - HIDDEN - {"img", "button"}  # without attributes these are no formula, hide nothing and show no picture
MATHJAX = re.compile(r"(?i)class\s*=\s*[\"']?(?:[^\"'>]*\s)?mathjax(?:_\w+)?\b")
BLOCKS = "p|div|span|table|ul|ol|h[1-6]|center|font"
ESCAPED_FIRST = re.compile(rf"(?i)\s*&lt;(?:{BLOCKS})(?:\s[^<>&]*|\s[^<>]*?=[^<>]*?)?&gt;")
ESCAPED_LAST = re.compile(rf"(?i)&lt;(?:/(?:{BLOCKS})|br\s*/?)&gt;\s*\Z")
ESCAPED_BREAK, ESCAPED_TAG = re.compile(r"(?i)&lt;br\s*/?&gt;(?!\s?(?:태그|와|과|은|는|을|를|의))"), re.compile(r"(?i)&lt;/?[a-z]")
BROKEN = re.compile(r"(?i)\s*<br\s*/?>\s*|\s*</p>\s*<p(?:\s[^<>]*)?>\s*")  # lines of a formula, as editors write them
TRIES = 8  # elements inside each other that look like a formula's and are none, before it is taken for prose


def rendered(text: str, mentions: re.Pattern[str] | None) -> tuple[str, bool]:
    """The text without markup, and whether it showed a picture that is no formula."""
    tags = scanned(text)
    marks = marking(text, tags, mentions)
    if True not in marks:
        return rendered(decode(text), mentions) if _is_escaped(text) else (_unmarked(text, tags), False)
    scripts, escaped = "math/tex" in text, "&" in text
    page, shows = Page(_laid_out(text, tags, marks)), False
    place, number, failed, tries = 0, 0, -1, 0
    while number < len(tags):
        tag = tags[number]
        start, kind = tag.start, tag.kind
        if start < place or not marks[number]:
            if kind == "span" and start >= place:
                page.words(decode(text[place:start]) if escaped else text[place:start])
                place = tag.end
                span = text[start:place]
                if tag.name != "code" and "<" in span:
                    span = BROKEN.sub("\n", span)
                page.write(span if tag.name == "code" and "<" in span else decode(span))
            number += 1
            continue
        if start > place:
            page.words(decode(text[place:start]) if escaped else text[place:start])
        place, past = tag.end, number + 1
        if kind == "close" and tag.name != "img":
            closed(page, tag, tags[tag.partner] if tag.partner >= 0 else None)
        elif tag.name in PLAIN and kind != "raw" and tag.attributes in ("", "/", " /"):
            opened(page, tag)
        else:
            shown = None
            if kind in ("open", "void") and tag.name != "img" and (tag.attributes or tag.name in FORMULAS or "-" in tag.name):
                tries = tries if number < failed else 0
                if tries < TRIES:
                    if scripts and MATHJAX.search(tag.attributes) and tag.partner > 0:
                        shown = ""
                    elif (shown := formula(text, tags, number)) is None and tag.partner > 0 and tag.attributes:
                        failed, tries = max(failed, tag.partner), tries + 1
            if shown is not None:
                _formula(page, shown)
                past = max(past, tag.partner + 1)
            elif kind == "open" and tag.partner > 0 and (tag.name in HIDDEN or is_hidden(text, tags, tag)):
                shows = shows or tag.name in PICTURES
                past = tag.partner + 1
            elif kind == "raw":
                if not (tag.attributes and tag.name == "pre" and NOT_SHOWN.search(tag.attributes)):
                    _raw(page, text, tag)
            elif tag.name == "img":
                found = picture(tag.attributes)
                shows = shows or found is None
                _formula(page, found or "")
            elif kind in ("open", "void"):
                opened(page, tag)
            if past > number + 1:
                place = tags[past - 1].end
        number = past
    page.words(decode(text[place:]))
    return page.text(), shows


def _is_escaped(text: str) -> bool:
    """Whether a text without markup is a page that was escaped as a whole: it begins and ends with blocks, or only its breaks are tags."""
    if "&lt;" not in text:
        return False
    begins = ESCAPED_FIRST.match(text)
    if begins and ESCAPED_LAST.search(text, max(0, len(text) - 40)):
        return True
    return len(ESCAPED_BREAK.findall(text)) > 1 and not ESCAPED_TAG.search(ESCAPED_BREAK.sub("", text))


def _unmarked(text: str, tags: list[Tag]) -> str:
    """A text without markup: references are decoded, but not in code, which may be about them."""
    parts, place = [], 0
    for tag in tags:
        if tag.kind == "span" and tag.name == "code":
            parts += [decode(text[place : tag.start]), text[tag.start : tag.end]]
            place = tag.end
    return "".join([*parts, decode(text[place:])])


def _laid_out(text: str, tags: list[Tag], marks: list[bool]) -> bool:
    """Whether breaks are said by `<br>`, so that others are layout; Markdown with a tag in it has more lines than tags."""
    if "\n" not in text:
        return False
    breaks = sum([mark and tag.name == "br" for tag, mark in zip(tags, marks, strict=True)])
    return breaks > 0 and len(re.findall(r"[^\n>]\n(?=[^\n<])", text)) <= breaks


def _formula(page: Page, shown: str) -> None:
    if shown.startswith("$$") and not page.in_cell:
        page.line()
        page.write(shown)
        page.line()
    else:
        page.write(shown)


def _raw(page: Page, text: str, tag: Tag) -> None:
    """An element that was read in one piece with what it holds."""
    inside = text[tag.inside[0] : tag.inside[1]]
    name = tag.name.removesuffix("-open")
    if name == "script" and "math/tex" in tag.attributes:
        _formula(page, wrapped(inside, "display" in tag.attributes))
    elif name == "cdata":
        page.words(inside)
    elif name == "textarea":
        page.words(decode(inside))
    elif page.kept and name == "code":
        page.write(_code(inside))
    elif name in ("pre", "xmp") or (name == "code" and ("\n" in inside.strip() or "<br" in inside)):
        code = (inside if name == "xmp" else _code(inside)).strip("\n").rstrip()
        page.line(2)
        if code.strip():
            page.write(f"```\n{code}\n```")
        page.line(2)
    elif name == "code":
        code = BLANKS.sub(" ", _code(inside)).strip()
        page.write(code if "`" in code or not code or code.startswith("$") else f"`{code}`")


def _code(inside: str) -> str:
    """Code without the tags that colour it. Where `<` is written as a reference all tags are markup, elsewhere they may be the code."""
    if "<" not in inside:
        return decode(inside)
    escaped = "&lt;" in inside
    parts, place = list[str](), 0
    tags = scanned(inside)
    lists = any(tag.name in ("ol", "ul") and tag.kind == "open" and tag.attributes.strip() for tag in tags)
    gone = [tag.name in COLOURS or tag.attributes.strip() != "" for tag in tags]  # a closing tag goes with the one that opened it
    for number, tag in enumerate(tags):
        if tag.start < place:
            continue
        if tag.kind == "open" and tag.partner > 0 and is_hidden(inside, tags, tag):
            parts.append(decode(inside[place : tag.start]))
            place = tags[tag.partner].end
        elif tag.kind == "raw" and tag.name == "code":
            parts += [decode(inside[place : tag.start]), _code(inside[tag.inside[0] : tag.inside[1]])]
            place = tag.end
        elif tag.kind in ("open", "close", "void") and (
            escaped or tag.name == "br" or (lists and tag.name == "li") or (tag.partner >= 0 and gone[min(number, tag.partner)])
        ):
            parts.append(decode(inside[place : tag.start]))
            parts.append(_break(tag, parts[-1] or "".join(parts[-2:]), inside))
            place = tag.end
    return "".join([*parts, decode(inside[place:])])


def _break(tag: Tag, before: str, inside: str) -> str:
    """The line break that a tag inside code stands for: items and blocks of highlighters hold a line each."""
    if tag.name == "br":
        return "\n"
    ends = tag.kind == "close" and tag.name in ("li", "div", "p", "tr")
    return "\n" if ends and not before.endswith("\n") and inside[tag.end : tag.end + 1] != "\n" else ""
