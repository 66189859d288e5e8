"""A page of text as it is laid out: blocks on lines of their own, cells between tabs, items behind their marks.

page = Page(collapse=True)
page.words("값  3")
page.text()    # "값 3"
"""

import re
from dataclasses import dataclass, field

from koreason.curate.text.html.tags import BLOCK, Tag, attributes_of

PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table", "ul", "ol", "dl", "pre", "figure"}
APART = BLOCK - {"ul", "ol", "li", "table", "tr", "td", "th"}  # blocks that are lines of their own and no more
BLANKS, BLANK_RUN = re.compile(r"[ \t\n\r\f]+"), re.compile(r"[ \t]+")
WIDEST, TALLEST = 40, 400  # columns and rows that one cell may take; what is more is a mistake
MOST_COLUMNS = 100  # of a table whose cells stand under each other
STYLE = re.compile(r"(?i)list-style(?:-type)?\s*:[^;]{0,40}?\b((?:lower|upper)-(?:alpha|latin|roman))\b")
STYLES = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i", "upper-roman": "I"}
# White space that stays as it is, as in `pre`: by style, or as highlighters and editors of code have it by class.
CODE_CLASS = (
    "__se_code_view|crayon-code|crayon-pre|CodeMirror-(?:lines|code)|cm-content|ace_text-layer|syntaxhighlighter|view-lines|blob-code-inner"
)
KEPT = re.compile(
    r"(?i)white-space\s*:\s*(pre|pre-wrap|pre-line|break-spaces)\s*(?:[;\"'!]|$)"
    rf"|class\s*=\s*[\"']?(?:[^\"'>]*\s)?(?:{CODE_CLASS})(?![\w-])"
)


@dataclass(slots=True)
class Row:
    """Where a table stands in its open row.

    Attributes:
        number: of the row, from 1; 0 before the first.
        column: of the next cell, from 0; -1 outside a row.
        tabs: written so far in the row.
        taken: of each column that a cell of an earlier row reaches down into, the last row of that cell.
    """

    number: int = 0
    column: int = -1
    tabs: int = 0
    taken: dict[int, int] = field(default_factory=dict)


class Page:
    """What has been written, and what stands between it and what comes next."""

    def __init__(self, collapse: bool) -> None:
        self.parts: list[str] = []
        self.breaks = 0  # line breaks that are due before the next text
        self.blank = False  # a blank that is due before it
        self.collapse = collapse  # whether line breaks outside blocks are white space
        self.blocks = 0
        self.rows: list[Row] = []  # of each open table
        self.in_cell = 0
        self.kept: list[str] = []  # open elements whose white space stays, and how
        self.lists: list[int] = []  # for each open list the number of its next item, 0 for dashes
        self.marks: list[str] = []  # and what its items are counted by: 1, a, A, i or I
        self.fresh = True  # at the start of a line
        self.item = False  # right behind an item's mark, where a block begins on the same line

    def line(self, count: int = 1) -> None:
        """Ask for a line break, or for an empty line as well."""
        if self.in_cell and not self.kept:
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
        if self.kept:
            text = BLANK_RUN.sub(" ", text) if self.kept[-1] == "pre-line" else text
            return self.lines(text) if text.strip() or "\n" in text else self.write(text)
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


def opened(page: Page, tag: Tag) -> None:
    """Lay out what begins at a tag."""
    name = tag.name
    if tag.attributes and tag.kind == "open" and tag.partner > 0 and (kept := KEPT.search(tag.attributes)):
        page.kept.append(kept[1] or "pre")
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
        page.rows.append(Row())
        page.blocks += 1
    elif name == "tr":
        page.in_cell = 0
        page.line()
        if page.rows:
            row = page.rows[-1]
            row.number, row.column, row.tabs = row.number + 1, 0, 0
    elif name in ("td", "th"):
        _cell(page, tag)
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


def _cell(page: Page, tag: Tag) -> None:
    """Begin a cell under those of its column: a tab for each column before it, also for one that a cell above reaches down into."""
    if not page.rows:
        return page.line()
    page.in_cell, page.blank = 1, False
    row = page.rows[-1]
    row.column = max(row.column, 0)
    while row.column < MOST_COLUMNS and row.taken.get(row.column, 0) >= max(row.number, 1):
        row.column += 1
    if row.column > row.tabs:
        page.write("\t" * (row.column - row.tabs))
        page.fresh, row.tabs = True, row.column
    given = attributes_of(tag.attributes) if "span" in tag.attributes.lower() else {}
    wide, tall = (_span(given.get(name, ""), most) for name, most in (("colspan", WIDEST), ("rowspan", TALLEST)))
    if row.column + wide > MOST_COLUMNS:
        wide = tall = 1
    if tall > 1:
        row.taken |= dict.fromkeys(range(row.column, row.column + wide), max(row.number, 1) + tall - 1)
    row.column += wide
    return None


def _span(value: str, most: int) -> int:
    return int(value) if value.isdecimal() and len(value) < 6 and 0 < int(value) <= most else 1


def closed(page: Page, tag: Tag, opening: Tag | None) -> None:
    """Lay out what ends at a tag, which another one opened."""
    _closed(page, tag)
    if page.kept and opening and opening.attributes and KEPT.search(opening.attributes):
        page.kept.pop()


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
        if page.rows:
            page.rows.pop()
        page.in_cell = int(bool(page.rows) and page.rows[-1].column > 0)
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
