r"""The TeX of a formula that a page shows: as MathJax, KaTeX, MathML, a custom element or a picture.

    formula(text, tags, 3)    # "$x^2$" or None: no formula begins at this tag

Pages hold a formula several times (for eyes, for screen readers, for copying); the first of these that is TeX is taken, once.
"""

import re
import unicodedata
import urllib.parse

from koreason.curate.text.html.entities import decode
from koreason.curate.text.html.mathml import tex as mathml_tex
from koreason.curate.text.html.tags import FORMULAS, Tag, attributes_of, scanned

HOLDERS = re.compile(
    r"(?i)(?:^|[\s_-])(?:katex(?:-display|-inline|-block)?|mathjax(?:_\w+)?|mwe-math-element|math-?tex|math|tex|latex|ql-formula|arithmatex"
    r"|mathquill\w*|mq-\w+|math-(?:inline|display|block)|(?:inline|display|block)-math|formula|equation|asciimath|tex2jax_process)(?:$|\s)"
)
VALUES = (
    "data-latex",
    "data-tex",
    "data-formula",
    "data-expr",
    "data-math",
    "data-equation",
    "data-equation-content",
    "data-katex",
    "latex",
    "tex",
    "alttext",
)
DISPLAY = re.compile(r"(?i)display|block")
TEX = re.compile(r"\\[a-zA-Z]+|\^|_\{|^\s*\$.+\$\s*$", re.DOTALL)
SOURCES = re.compile(r"(?i)(?:latex|mathtex|mimetex|cht=tx|codecogs|/math/render/|equation|/svg/.*\\|formula)")
QUERY = re.compile(
    r"(?i)(?:latex\.codecogs\.com/[a-z.]+\?|(?:mathtex|mimetex)(?:\.cgi)?\?|[?&](?:chl|tex|latex|eq|formula|math)=)(?P<tex>[^&\"'#]+)"
)
EMOJI = re.compile(r"(?i)\b(?:tw)?emoji\b|\bemoticons?\b|\bsmil(?:ey|ies|e)\b")
CODE_POINT = re.compile(r"\bmjx-c([0-9A-F]{2,5})\b")


def wrapped(tex: str, display: bool) -> str:
    """TeX between dollars, without the marks and styles it came in; empty for none."""
    tex = " ".join(decode(tex).split())
    for opening, closing, shown in (("$$", "$$", True), ("\\[", "\\]", True), ("\\(", "\\)", False), ("$", "$", False)):
        if tex.startswith(opening) and tex.endswith(closing) and len(tex) > len(opening) + len(closing):
            tex, display = tex[len(opening) : -len(closing)].strip(), display or shown
            break
    if match := re.fullmatch(r"\{\\(?:display|text)style\s*(.*)\}", tex):
        tex = match[1].strip()
    tex = re.sub(r"^\\(?:display|text)style\s+", "", tex)
    mark = "$$" if display else "$"
    return f"{mark}{tex}{mark}" if tex else ""


def picture(attributes: str) -> str | None:
    """What a picture shows as text: a formula, by its alternative text or its address, or an emoji; None for a plain picture."""
    given = attributes_of(attributes)
    alt, source, kind = (
        decode(given.get("alt", "")).strip(),
        given.get("src", "").replace("&space;", " ").replace("&plus;", "%2B"),
        given.get("class", ""),
    )
    if EMOJI.search(kind) or EMOJI.search(source):
        return "" if alt.isascii() else alt  # a picture of a character
    alt = re.sub(r"(?i)^latex\s*:\s*", "", alt)
    named = bool(HOLDERS.search(kind) or SOURCES.search(source) or re.search(r"(?i)mwe-math|latex|math", kind))
    for value in (given.get(name, "") for name in VALUES):
        if value:
            return wrapped(value, bool(DISPLAY.search(kind)))
    if alt and (TEX.search(alt) if not named else not re.fullmatch(r"(?i)(?:image|formula|수식|latex|equation|math)?", alt)):
        return wrapped(alt, bool(re.search(r"(?i)display", kind)))
    if match := QUERY.search(decode(source)):
        return wrapped(
            re.sub(r"^(?:\s*\\(?:dpi\{\d+\}|bg(?:_\w+|\{\w+\})|large|inline|fn_\w+)\s*)+", "", urllib.parse.unquote_plus(match["tex"])),
            False,
        )
    return None


def formula(text: str, tags: list[Tag], place: int) -> str | None:
    """The formula of the element that opens at a tag; None where it is none, empty where it shows nothing."""
    tag = tags[place]
    given = attributes_of(tag.attributes) if tag.attributes else {}
    kind = given.get("class", "")
    custom = "-" in tag.name and re.search(r"tex|math|mjx|formula|equation", tag.name) is not None
    value = next((given[name] for name in VALUES if given.get(name)), "") or (given.get("data-value", "") if "formula" in kind else "")
    if not (custom or tag.name in FORMULAS or value or (kind and HOLDERS.search(kind))):
        return None
    if tag.partner < 0 and not value:
        return None
    display = bool(
        DISPLAY.search(kind)
        or given.get("display", "").lower() in ("block", "true")
        or re.search(r"mode\s*=\s*display", tag.attributes)
        or DISPLAY.search(tag.name)
    )
    if value:
        return wrapped(value, display)
    return _inside(text, tags, place, display, custom or tag.name in FORMULAS or bool(kind))


def _inside(text: str, tags: list[Tag], place: int, display: bool, told: bool) -> str | None:
    """The formula among an element's children."""
    last = tags[place].partner
    math = place if tags[place].name == "math" else -1
    nested = False
    for number in range(place + 1, last):
        tag = tags[number]
        if tag.kind not in ("open", "raw", "void"):
            continue
        nested = nested or tag.kind != "void"
        attributes = tag.attributes
        if tag.name == "annotation" and re.search(r"(?i)tex", attributes) and tag.partner > 0:
            return wrapped(text[tag.end : tags[tag.partner].start], display or _block(text, tags, place, number))
        if "copytext" in attributes and tag.partner > 0:
            return wrapped(text[tag.end : tags[tag.partner].start], display)
        if tag.name == "script" and "math/tex" in attributes:
            return wrapped(text[tag.inside[0] : tag.inside[1]], display or "display" in attributes)
        if "data-" in attributes or "alttext" in attributes:
            given = attributes_of(attributes)
            if value := next((given[name] for name in VALUES if given.get(name)), ""):
                return wrapped(value, display or given.get("display") == "block")
        if tag.name == "math" and math < 0 and tag.partner > 0:
            math = number
        if tag.name == "img" and (found := picture(attributes)):
            return found
    if math >= 0:
        attributes = tags[math].attributes
        return wrapped(mathml_tex(text, tags, math, tags[math].partner), display or "block" in attributes)
    if match := re.search(r"data-mathml\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tags[place].attributes):
        source = decode(match[1] or match[2])
        inner = scanned(source)
        if inner and inner[0].partner > 0:
            return wrapped(mathml_tex(source, inner, 0, inner[0].partner), display)
    if codes := [int(code, 16) for number in range(place, last) for code in CODE_POINT.findall(tags[number].attributes)]:
        return wrapped(unicodedata.normalize("NFKC", "".join(map(chr, codes))), display)  # italics of mathematics are letters
    content = text[tags[place].end : tags[last].start].strip()
    if nested or not content or not told:
        return None
    if "\\" not in content and any(letter > "\u0590" and letter.isalpha() for letter in content):
        return None  # `class="math"` around prose
    if re.search(r"\\\(|\\\[|(?<!\\)\$", content) and not re.fullmatch(r"(?s)\\\(.*\\\)|\\\[.*\\\]|\$.*\$", content):
        return None  # a sentence with formulas in it
    return wrapped(content, display)


def _block(text: str, tags: list[Tag], first: int, last: int) -> bool:
    """Whether what encloses an annotation says that its formula stands by itself."""
    return any(
        "katex-display" in tag.attributes or re.search(r"display\s*=\s*[\"']?(?:block|true)", tag.attributes) for tag in tags[first:last]
    )
