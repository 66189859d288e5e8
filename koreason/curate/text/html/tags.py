"""The tags of a text, found without taking mathematics or code for tags.

    tags = scanned("값 <b>3</b>")

One pass from left to right. Formulas and code in Markdown are skipped whole; comments, scripts and `pre` reach to their ends, each
kind of which is looked for once. Only names of HTML, MathML and custom elements count: `vector<int>` and `<think>` are text.
"""

import re
from dataclasses import dataclass

from koreason.switching.spans import OPENINGS, Ends, Span, span_at


def words(text: str) -> frozenset[str]:
    """Names that stand between blanks."""
    return frozenset(text.split())


BLOCK = words(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head"
    " header hgroup hr html legend li main menu nav ol optgroup option p pre search section summary table tbody td tfoot th thead title"
    " tr ul caption frameset noframes xmp"
)
INLINE = words(
    "a abbr acronym audio b bdi bdo big blink button canvas cite code colgroup data datalist del dfn em figure font i iframe ins kbd label"
    " map mark marquee meter nobr noscript object output picture progress q rp rt ruby s samp script select slot small span strike strong"
    " style sub sup svg template textarea time tt u var video"
)
VOID = words("area base br col embed frame hr img input link meta param source track wbr image")
MATHML = words(
    "math mi mn mo ms mrow mfrac msup msub msubsup msqrt mroot mover munder munderover mtable mtr mlabeledtr mtd mtext mspace mstyle"
    " mpadded mphantom menclose mfenced semantics annotation annotation-xml mmultiscripts mprescripts none merror maction"
)
FORMULAS = words("math tex latex katex equation formula")
NAMES = BLOCK | INLINE | VOID | MATHML | FORMULAS
RAW = words("script style title textarea iframe noframes")  # what they hold is no markup
KEPT_WHOLE = RAW | words("pre code xmp")
# Of these a browser ends the open one by itself.
OPTIONAL = words("p li td th tr dt dd option tbody thead tfoot colgroup html body head")
# Highlighting of code is made of these.
COLOURS = words("span code a font b i em strong mark u br")
OFFICE = ("o:", "w:", "v:", "m:", "st1:")

NAME = r"[a-zA-Z][a-zA-Z0-9]*+(?:[:-][a-zA-Z0-9]++)*+"
TAG = re.compile(
    rf"<(/?)({NAME})("
    r"""(?:\s++[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>]++))?+)*+\s*+/?+(?=>)"""  # as they should be
    r"|\s[^<>=]{0,80}+=[^<>]{0,4000}+(?=>))>"  # and with broken quotes
)
OTHER = re.compile(r"<(?:![a-zA-Z][^<>]{0,500}>|!\[[^<>\]]{0,80}\]>|\?[a-zA-Z][^<>]{0,500}>)")  # declarations, Word's conditions
# Tags as most are written, in lower case and without attributes, of elements that hold what is markup itself: kind, name, and what
# stands where attributes would.
WRITTEN = {f"<{name}>": ("void" if name in VOID else "open", name, "") for name in NAMES - KEPT_WHOLE}
WRITTEN |= {f"</{name}>": ("close", name, "") for name in NAMES}
WRITTEN |= {f"<{name}{closed}>": ("void", name, closed) for name in VOID for closed in ("/", " /")}
LONGEST = max(map(len, WRITTEN))
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""")
TAGS = re.compile("<(?=[a-zA-Z/!?])")
START = re.compile(rf"{TAGS.pattern}|\[(?:code|CODE)(?:=[^\]\n]{{0,40}})?\]|{OPENINGS.pattern}")


@dataclass(slots=True)
class Tag:
    """A tag, or what is taken away or kept in one piece.

    Attributes:
        kind: `open`, `close`, `void` (also one that closes itself), `raw` (an element with what it holds), `gone`, `span`.
        name: in lower case.
        start, end: its place; of a raw element, that of all of it.
        inside: place of what a raw element holds.
        attributes: as they stand in the text; of JSX its name.
        partner: number of the tag that it closes or that closes it; -1 without.
    """

    kind: str
    name: str
    start: int
    end: int
    inside: tuple[int, int] = (0, 0)
    attributes: str = ""
    partner: int = -1


def attributes_of(text: str) -> dict[str, str]:
    """Attributes by their names in lower case; values still hold references."""
    found: dict[str, str] = {}
    for name, *values in ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), next((value for value in values if value), ""))
    return found


def scanned(text: str) -> list[Tag]:
    """All tags in order, each with its partner: of a closing one the last open one of its name."""
    tags: list[Tag] = []
    open_tags: dict[str, list[int]] = {}
    ends, lower, place, match_tag = Ends(text), None, 0, TAG.match
    # what a text holds none of is not searched for with each of its characters
    spanned = (
        "$" in text
        or "\\" in text
        or "`" in text
        or "~~~" in text
        or "http" in text
        or "[asy]" in text
        or "[code" in text
        or "[CODE" in text
    )
    search = START.search if spanned else TAGS.search
    while match := search(text, place):
        start = match.start()
        if match[0] != "<":
            span = _bracketed(match, ends) if match[0].startswith(("[c", "[C")) else span_at(text, match, ends)
            place = match.end() if span is None or span[2] == "address" else span[1]  # an address may stand in front of a tag
            if span and span[2] != "address":
                tags.append(Tag("span", span[2], span[0], span[1]))
            continue
        tag: Tag | None = None
        end = text.find(">", start, start + LONGEST) + 1
        if written := WRITTEN.get(text[start:end]):
            kind, name, attributes = written
            tag = Tag(kind, name, start, end, (0, 0), attributes)
        elif found := match_tag(text, start):
            if lower is None and found[2].lower() in KEPT_WHOLE:
                small = text.lower()
                lower = Ends(small if len(small) == len(text) else text)
            tag = _element(text, found, lower)
        elif text.startswith(("<!--", "<![CDATA["), start):
            tag = _enclosed(text, start, ends)
        elif text[start + 1] in "!?" and (other := OTHER.match(text, start)):
            tag = Tag("gone", "!", start, other.end())
        if tag is None:
            place = start + 1
            continue
        place = tag.end
        if tag.kind == "open" or (tag.kind == "span" and tag.attributes):
            open_tags.setdefault(tag.name if tag.kind == "open" else tag.attributes, []).append(len(tags))
        elif tag.kind == "close" and (waiting := open_tags.get(tag.name)):
            opening = waiting.pop()
            if tags[opening].kind == "span":  # JSX closes as it opened: as code
                tag.kind, tag.name = "span", "code"
            else:
                tag.partner, tags[opening].partner = opening, len(tags)
        tags.append(tag)
    return tags


def _bracketed(match: re.Match[str], ends: Ends) -> Span | None:
    """BBCode's block of code, which is not looked into, unless its lines are broken by HTML."""
    start, end = match.end(), ends.next(f"[/{match[0][1:5]}]", match.end())
    marks, newline = [ends.next(mark, start) for mark in ("<br", "</p><p")], ends.next("\n", start)
    broken = any(0 <= mark < end for mark in marks) and not 0 <= newline < end
    return None if end < 0 or broken else (match.start(), end + 7, "code")


def _enclosed(text: str, start: int, ends: Ends) -> Tag:
    """A comment, to the end where it is not closed as a browser reads it; or CDATA, which is text."""
    comment = text.startswith("<!--", start)
    mark = "-->" if comment else "]]>"
    end = ends.next(mark, start + 4)
    if comment:
        return Tag("gone", "!--", start, end + 3) if end >= 0 else Tag("gone", "!--open", start, len(text))
    if end < 0:
        return Tag("gone", "![", start, start + 9)
    return Tag("raw", "cdata", start, end + 3, (start + 9, end))


def _element(text: str, found: re.Match[str], lower: Ends | None) -> Tag | None:
    close, name, attributes = found.groups()
    name, (start, end) = name.lower(), found.span()
    if ":" in name and (bare := name.rpartition(":")[2]) in MATHML:
        name = bare  # `m:math`, as Word and EPUB write it
    if "={" in attributes:
        return Tag("span", "code", start, end, attributes=name)  # `<Button onClick={f}>` is JSX
    if name not in NAMES and "-" not in name and ":" not in name:
        return None
    if attributes and len(name) == 1 and "=" not in attributes and attributes.strip(" \t\n/"):
        return None  # `a <b and c> d`
    if close:
        return Tag("close", name, start, end)
    if lower is not None and name in KEPT_WHOLE:
        shut_at = lower.next(f"</{name}", end)
        if shut_at >= 0 and (shut := text.find(">", shut_at)) >= 0:
            return Tag("raw", name, start, shut + 1, (end, shut_at), attributes)
        if name in ("script", "style", "pre"):
            return Tag("raw", name + "-open", start, len(text), (end, len(text)), attributes)
    closed = attributes.endswith("/") and not attributes.strip().endswith("=/")
    return Tag("void" if name in VOID or closed else "open", name, start, end, (0, 0), attributes)
