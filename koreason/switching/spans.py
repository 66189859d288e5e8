"""Where the formulas, the code and the addresses of a text stand: what no cleaning may touch, and no share of letters counts.

    spans("값 `a` 와 $x<y$")        # [(2, 5, "code"), (8, 13, "formula")]

One pass, linear in the text: each kind of end is looked for once from where the last search stopped, never again from each beginning.
"""

import functools
import operator
import re

import polars as pl

# What may begin a span; a text without a match has none.
OPENINGS = re.compile(r"```|~~~|`|\$\$?|\\\(|\\\[|\\begin\{|\[asy\]|https?://|\\[\\$`]")
GATE = r"[`$]|~~~|\\[(\[]|\\begin\{|\[asy\]|https?://"
ADDRESS = re.compile(r"[^\s<>\"'`\u3000-\u303f\uac00-\ud7a3]+")
MARKUP = re.compile(r"</[a-zA-Z]|<(?:br|p|div|img|li|td|tr)\b|\n[ \t]*\n", re.IGNORECASE)

# The forms that most spans have. Nothing in them could end or break them, so that a search from left to right finds what the pass over
# a text finds, as long as what stands around them, with a mark for each, shows no sign of another. Each stops at the next opening of
# its kind, so that the time is linear.
SAFE = r"<[^/a-zA-Z$`\\<\n]"
FIRM = rf"[^\s\x1C-\x1F$\\<]|\\+[^\s\x1C-\x1F$\\<]|{SAFE}[^\s\x1C-\x1F$\\<]"
LINE = r"\n[ \t]*(?:[^\s$\\<]|\\+[^\s$\\<()\[\]])"
SIMPLE = (
    rf"\$\$(?:[^$\\<\n]|\\+[^$\\<\n]|{SAFE}|{LINE})+(?:\n[ \t]*)?\$\$|\$(?:{FIRM})(?:(?:[^$\\<\n]|\\+[^$\\<\n]|{SAFE})*(?:{FIRM}))?\$"
    rf"|\\\((?:[^\\<\n]|\\+[^\\()<\n]|{SAFE})*\\\)|\\\[(?:[^\\<\n]|\\+[^\\\[\]<\n]|{SAFE}|{LINE})*(?:\n[ \t]*)?\\\]"
    r"|```(?:`?`?[^`])*```|`[^`\n]+`"
    r"|https?://[^\s\x1C-\x1F<>\"'`\x{3000}-\x{303F}\x{AC00}-\x{D7A3}]+"
)
PLACE = "\x00"
REST = (GATE, r"[A-Za-z0-9\\]\x00", r"\x00[\p{Nd}\p{No}\x00]")  # searched for one by one, each by its rarest byte

Span = tuple[int, int, str]


class Ends:
    """Finds the next end of a span, remembering where each kind of end was last seen."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.seen: dict[str, int] = {}
        self.marked = 0  # where the last tag or empty line was seen

    def next(self, end: str, start: int) -> int:
        """Place of the next `end` from `start`, which must not decrease; -1 where there is none."""
        place = self.seen.get(end, 0)
        if place != -1 and place < max(start, 1):
            place = self.seen[end] = self.text.find(end, start)
        return place

    def broken(self, start: int, end: int) -> bool:
        """Whether a tag or an empty line stands between: no formula holds one."""
        if self.marked < start:
            match = MARKUP.search(self.text, start)
            self.marked = match.start() if match else len(self.text)
        return self.marked < end


def spans(text: str) -> list[Span]:
    """Formulas, code and addresses as (start, end, kind), in order, without overlap; kinds are `formula`, `code`, `address`."""
    ends, found, place = Ends(text), [], 0
    while match := OPENINGS.search(text, place):
        span = span_at(text, match, ends)
        if span is None:
            place = match.end()
        else:
            found.append(span)
            place = span[1]
    return found


def span_at(text: str, match: re.Match[str], ends: Ends) -> Span | None:
    """The span that begins at an opening, if it is one."""
    start, inside, opening = match.start(), match.end(), match[0]
    if opening in ("```", "~~~"):
        end = ends.next(match[0], inside)
        return None if end < 0 else (start, end + 3, "code")
    if opening == "`":
        return _inline(text, start, ends)
    if opening == "$$":
        end = ends.next("$$", inside)
        return None if end <= inside or ends.broken(inside, end) else (start, end + 2, "formula")
    if opening == "$":
        return _dollar(text, start, ends)
    if opening in ("\\(", "\\["):
        end = ends.next("\\)" if opening == "\\(" else "\\]", inside)
        return None if end < 0 or ends.broken(inside, end) else (start, end + 2, "formula")
    if opening == "\\begin{":
        name = re.compile(r"[a-zA-Z]{1,20}\*?(?=\})").match(text, inside)
        end = ends.next(f"\\end{{{name[0]}}}", inside) if name else -1
        return (start, end + 6 + len(name[0]), "formula") if name and end >= 0 else None
    if opening == "[asy]":
        end = ends.next("[/asy]", inside)
        return None if end < 0 else (start, end + 6, "code")
    if opening.startswith("http"):
        address = ADDRESS.match(text, inside)
        return (start, address.end(), "address") if address else None
    return None  # an escaped mark


def _inline(text: str, start: int, ends: Ends) -> Span | None:
    """Inline code: on one line; a backtick behind a Latin letter is an apostrophe."""
    if start and text[start - 1].isascii() and text[start - 1].isalnum():
        return None
    end, line = ends.next("`", start + 1), ends.next("\n", start + 1)
    return None if end <= start + 1 or -1 < line < end else (start, end + 1, "code")


def _dollar(text: str, start: int, ends: Ends) -> Span | None:
    """A formula between single dollars: it does not begin or end with a space as sums of money do, nor holds an empty line or a tag."""
    end = ends.next("$", start + 1)
    while end > 0 and text[end - 1] == "\\":
        end = ends.next("$", end + 1)
    if end <= start + 1 or text[end + 1 : end + 2].isdigit():
        return None
    if (text[start + 1].isspace() or text[end - 1].isspace()) and not _mathematical(text[start + 1 : min(end, start + 400)]):
        return None
    return None if ends.broken(start + 1, end) else (start, end + 1, "formula")


def _mathematical(text: str) -> bool:
    """Whether text between dollars that stand off is a formula all the same: no word of letters beyond Latin in it."""
    return not any(letter > "\u0590" and letter.isalpha() for letter in text)


def outside(texts: pl.Series) -> pl.DataFrame:
    """Those of the texts that hold formulas, code or addresses: `row`, the place of each, and `text`, with a space for each; in no order.

    Where all of a text's spans have the forms that most have, one search finds them; the others are passed over one by one.
    """
    rows, whole, marked, hard = _searched(texts)
    easy = pl.DataFrame({"row": rows.filter(~hard), "text": marked.filter(~hard).str.replace_all(PLACE, " ", literal=True)})
    one_by_one = pl.Series([_outside(text) for text in whole.filter(hard)], dtype=pl.String)
    return pl.concat([easy, pl.DataFrame({"row": rows.filter(hard), "text": one_by_one}).drop_nulls()])


def inside(texts: pl.Series) -> pl.DataFrame:
    """The same with all that their formulas, code and addresses hold, in one piece: mostly little, and soon looked at."""
    rows, whole, _, hard = _searched(texts)
    easy = pl.DataFrame({"row": rows.filter(~hard), "text": whole.filter(~hard).str.extract_all(SIMPLE).list.join("")})
    one_by_one = pl.Series(["".join(text[start:end] for start, end, _ in spans(text)) for text in whole.filter(hard)], dtype=pl.String)
    return pl.concat([easy, pl.DataFrame({"row": rows.filter(hard), "text": one_by_one})])


def _searched(texts: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """The rows of texts that may hold spans, these texts, the same with a mark for each span, and which have others beside these."""
    rows = texts.str.contains(GATE).fill_null(False).arg_true()
    whole = texts.gather(rows)
    marked = whole.str.replace_all(SIMPLE, PLACE)
    hard = functools.reduce(operator.or_, (marked.str.contains(rest) for rest in REST)) | whole.str.contains(PLACE, literal=True)
    return rows, whole, marked, hard


def _outside(text: str) -> str | None:
    parts, done = [], 0
    for start, end, _ in spans(text):
        parts.append(text[done:start])
        done = end
    return " ".join([*parts, text[done:]]) if done else None
