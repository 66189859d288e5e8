"""A text without its markup, as a browser would lay it out: blocks on lines of their own, cells between tabs, code in fences.

text, pictures = rendered("<p>값 <b>3</b></p>", mentions)    # "값 3", False
"""

import re

from koreason.curate.text.html.entities import decode
from koreason.curate.text.html.evidence import marking
from koreason.curate.text.html.formulas import formula, picture, wrapped
from koreason.curate.text.html.tags import BLOCK, COLOURS, FORMULAS, NAMES, Tag, attributes_of, scanned

PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "dl", "pre", "figure"}
APART = BLOCK - {"ul", "ol", "li", "table", "tr", "td", "th"}  # blocks that are lines of their own and no more
HIDDEN = {"head", "svg", "template", "script", "style", "title", "iframe", "noframes", "canvas", "audio", "video", "datalist"}
PICTURES = {"img", "svg", "canvas", "image"}
PLAIN = NAMES - FORMULAS - HIDDEN - {"img"}  # without attributes these are no formula, hide nothing and show no picture
# What a browser does not show, or shows beside the text: for screen readers, numbers of lines, "edit" behind headings.
NOT_SHOWN = re.compile(
    r"(?i)display\s*:\s*none|visibility\s*:\s*hidden|\bmathjax_preview\b|class\s*=\s*[\"']?(?:[^\"'>]*\s)?(?:sr-only|visually-hidden"
    r"|blind|screen_out|screen-reader-text|a11y-hidden|mw-editsection|lineno|linenos|linenodiv|hljs-ln-numbers|blob-num|rouge-gutter"
    r"|gutter)(?![\w-])"
)
QUOTED, HIDDEN_TOO = re.compile(r"\"[^\"]*\"|'[^']*'"), re.compile(r"(?i)(?<![\w-])hidden(?![\w-])")
MATHJAX = re.compile(r"(?i)class\s*=\s*[\"']?(?:[^\"'>]*\s)?mathjax(?:_\w+)?\b")
BLANKS = re.compile(r"[ \t\n\r\f]+")
AGAIN = re.compile(r"[\t\n\r\f]|  ")
STYLE = re.compile(r"(?i)list-style(?:-type)?\s*:[^;]{0,40}?\b((?:lower|upper)-(?:alpha|latin|roman))\b")
STYLES = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i", "upper-roman": "I"}
TRIES = 8  # elements inside each other that look like a formula's and are none, before it is taken for prose


class Page:
    """What has been written, and what stands between it and what comes next."""

    def __init__(self, collapse: bool) -> None:
        self.parts: list[str] = []
        self.breaks = 0  # line breaks that are due before the next text
        self.blank = False  # a blank that is due before it
        self.collapse = collapse  # whether line breaks outside blocks are white space
        self.blocks = 0
        self.cells: list[int] = []  # for each open table, cells so far in the row; -1 outside a row
        self.in_cell = 0
        self.lists: list[int] = []  # for each open list the number of its next item, 0 for dashes
        self.marks: list[str] = []  # and what its items are counted by: 1, a, A, i or I
        self.fresh = True  # at the start of a line
        self.item = False  # right behind an item's mark, where a block begins on the same line

    def line(self, count: int = 1) -> None:
        """Ask for a line break, or for an empty line as well."""
        if self.in_cell:
            self.blank = True
        elif self.parts and not self.item:
            self.breaks = max(self.breaks, count)

    def write(self, text: str) -> None:
        """Write text that stays as it is, after what is due."""
        if not text:
            return
        if self.breaks:
            self.parts.append("\n" * self.breaks)
        elif self.blank and not self.fresh:
            self.parts.append(" ")
        self.breaks, self.blank, self.fresh, self.item = 0, False, False, False
        self.parts.append(text)

    def words(self, text: str) -> None:
        """Write text of which white space is collapsed as a browser does."""
        if not text:
            return None
        if not self.collapse and not self.blocks and not self.in_cell and "\n" in text:
            return self.lines(text)
        again = "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text
        words = BLANKS.sub(" ", text) if again else text
        if words == " ":
            self.blank = True
            return None
        if words[0] == " ":
            self.blank, words = True, words[1:]
        ends = words[-1] == " "
        self.write(words[:-1] if ends else words)
        self.blank = ends
        return None

    def lines(self, text: str) -> None:
        """Write text whose own line breaks count."""
        if not text.strip():
            self.breaks = max(self.breaks, min(text.count("\n"), 2)) if self.parts else 0
            return
        body = text.lstrip("\n") if self.breaks or not self.parts else text
        if self.breaks:
            self.breaks = min(2, max(self.breaks, len(text) - len(body)))
        stripped = body.rstrip("\n")
        self.write(stripped)
        self.breaks = min(2, len(body) - len(stripped))

    def text(self) -> str:
        """All that was written."""
        return "".join(self.parts)


def rendered(text: str, mentions: re.Pattern[str] | None) -> tuple[str, bool]:
    """The text without markup, and whether it showed a picture that is no formula."""
    tags = scanned(text)
    marks = marking(text, tags, mentions)
    if True not in marks:
        return _unmarked(text, tags), False
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
                page.write(span if tag.name == "code" and "<" in span else decode(span))
            number += 1
            continue
        if start > place:
            page.words(decode(text[place:start]) if escaped else text[place:start])
        place, past = tag.end, number + 1
        if kind == "close" and tag.name != "img":
            _closed(page, tag)
        elif tag.name in PLAIN and kind != "raw" and tag.attributes in ("", "/", " /"):
            _opened(page, tag)
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
            elif kind == "open" and tag.partner > 0 and (tag.name in HIDDEN or _is_hidden(tag.attributes)):
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
                _opened(page, tag)
            if past > number + 1:
                place = tags[past - 1].end
        number = past
    page.words(decode(text[place:]))
    return page.text(), shows


def _is_hidden(attributes: str) -> bool:
    """Whether an element's attributes say that it is not shown."""
    if not attributes:
        return False
    return bool(NOT_SHOWN.search(attributes)) or ("hidden" in attributes and bool(HIDDEN_TOO.search(QUOTED.sub('""', attributes))))


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
    elif name in ("pre", "xmp") or (name == "code" and "\n" in inside.strip()):
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
    for tag in tags:
        if tag.start < place:
            continue
        if tag.kind == "open" and tag.partner > 0 and tag.attributes and NOT_SHOWN.search(tag.attributes):
            parts.append(decode(inside[place : tag.start]))
            place = tags[tag.partner].end
            continue
        coloured = tag.name in COLOURS or tag.attributes.strip() != ""
        if tag.kind == "raw" and tag.name == "code":
            parts += [decode(inside[place : tag.start]), _code(inside[tag.inside[0] : tag.inside[1]])]
            place = tag.end
        elif tag.kind in ("open", "close", "void") and (escaped or (coloured and (tag.partner >= 0 or tag.name == "br"))):
            parts += [decode(inside[place : tag.start]), "\n" if tag.name == "br" else ""]
            place = tag.end
    return "".join([*parts, decode(inside[place:])])


def _opened(page: Page, tag: Tag) -> None:
    name = tag.name
    if name in APART:
        page.line(2 if name in PARAGRAPHS else 1)
        page.blocks += tag.kind == "open" and tag.partner >= 0
    elif name == "br":
        if page.in_cell:
            page.blank = True
        elif page.parts:
            page.breaks, page.blank = min(page.breaks + 1, 2), False
    elif name in ("ul", "ol"):
        page.line(1 if page.lists else 2)
        given = attributes_of(tag.attributes)
        start, kind = given.get("start", "1"), given.get("type", "1")
        page.marks.append(STYLES.get(next(iter(STYLE.findall(given.get("style", ""))), ""), kind))
        page.lists.append(int(start) if name == "ol" and start.isdigit() and len(start) < 6 else int(name == "ol"))
        page.blocks += 1
    elif name == "li":
        _item(page, attributes_of(tag.attributes).get("value", "") if tag.attributes else "")
    elif name == "table":
        page.line(2)
        page.cells.append(-1)
        page.blocks += 1
    elif name == "tr":
        page.in_cell = 0
        page.line()
        if page.cells:
            page.cells[-1] = 0
    elif name in ("td", "th"):
        _cell(page)
    elif name in ("sup", "sub") and tag.partner >= 0:
        page.write("^{" if name == "sup" else "_{")
        page.fresh = True  # no blank behind the brace
    elif name == "q":
        page.write('"')
        page.fresh = True


def _item(page: Page, value: str) -> None:
    page.item = False
    page.line()
    if page.lists and page.lists[-1] and value.isdigit() and 0 < len(value) < 6:
        page.lists[-1] = int(value)
    depth, number = len(page.lists), page.lists[-1] if page.lists else 0
    page.write("  " * (depth - 1) + (f"{_numeral(number, page.marks[-1])}. " if number else "- "))
    page.fresh = page.item = True
    if number:
        page.lists[-1] += 1


def _numeral(number: int, kind: str) -> str:
    """A list item's number as its list counts; beyond the alphabet, and beyond what Roman numerals are used for, as a number."""
    if kind in ("a", "A") and number <= 26:
        return chr(ord(kind) + number - 1)
    if kind in ("i", "I") and number < 40:
        roman = "x" * (number // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[number % 10]
        return roman.upper() if kind == "I" else roman
    return str(number)


def _cell(page: Page) -> None:
    if not page.cells:
        return page.line()
    page.in_cell, page.blank = 1, False
    if page.cells[-1] > 0:
        page.write("\t")
        page.fresh = True
    page.cells[-1] = max(page.cells[-1], 0) + 1
    return None


def _closed(page: Page, tag: Tag) -> None:
    name = tag.name
    if name in APART:
        page.line(2 if name in PARAGRAPHS and not page.lists else 1)
        page.blocks = max(0, page.blocks - (tag.partner >= 0))
        return
    if name in ("li", "ul", "ol"):
        page.item = False
    if name in ("ul", "ol"):
        if page.lists:
            page.lists.pop()
            page.marks.pop()
        page.line(1 if page.lists else 2)
        page.blocks = max(0, page.blocks - 1)
    elif name == "table":
        page.in_cell, page.blank = 0, False
        if page.cells:
            page.cells.pop()
        page.in_cell = int(bool(page.cells) and page.cells[-1] > 0)
        page.line(2)
        page.blocks = max(0, page.blocks - 1)
    elif name == "tr":
        page.in_cell, page.blank = 0, False
        page.line()
    elif name in ("td", "th"):
        page.blank = False
    elif name in ("sup", "sub") and tag.partner >= 0:
        page.blank = False
        page.write("}")
    elif name == "q":
        page.blank = False
        page.write('"')
    elif name == "li":
        page.line()
