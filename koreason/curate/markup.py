"""HTML to text for posts in which `<` and `>` may also be mathematics or code.

    frame.with_columns(question=strip_html(pl.col("question")))

An HTML parser takes everything between `<` and `>` for a tag. Here only names of HTML's own tags count, and only in
a text that shows evidence of markup: a closing tag, `<br` or `<img`. Whatever else looks like a tag is left alone.
"""

import html.entities
import re

import polars as pl

EVIDENCE = r"(?i)</[a-z]|<br|<img"
IMAGE_TAG = r"(?i)<img[\s/>]"
MARKDOWN_IMAGE = r"!\[[^\]\n]*\]\([^)\s]+\)"
BLOCKS = "address|article|aside|blockquote|br|center|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|main|nav|ol|p"
BLOCKS += "|section|summary|table|tbody|tfoot|thead|tr|ul"
INLINE = (
    "a|abbr|acronym|audio|b|big|button|caption|cite|code|col|colgroup|del|dfn|em|embed|font|i|iframe|img|input|ins|kbd|label|li|link|mark"
)
INLINE += (
    "|meta|noscript|object|option|param|pre|q|s|samp|select|small|source|span|strike|strong|sub|sup|td|textarea|th|time|tt|u|var|video|wbr"
)
# Attributes are spelled out, so that `a <b and c> d` is no tag.
ATTRIBUTES = r"""(?:\s+[a-z][a-z0-9_:.-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+))?)*\s*/?"""
ATTRIBUTES_OF_LETTERS = r"""(?:\s+[a-z][a-z0-9_:.-]*\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+))*\s*/?"""
LETTERS = "a|b|i|p|q|s|u"

ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
ENTITY_EVIDENCE = r"&(?:#|[A-Za-z])[A-Za-z0-9]{1,31};"


def tag(names: str, opening: bool = True, closing: bool = True) -> str:
    """Regular expression of tags by name, as alternatives `a|b`."""
    letters = "|".join(name for name in names.split("|") if name in LETTERS.split("|"))
    words = "|".join(name for name in names.split("|") if name not in LETTERS.split("|"))
    forms = []
    for group, attributes in ((words, ATTRIBUTES), (letters, ATTRIBUTES_OF_LETTERS)):
        if group and opening:
            forms.append(rf"(?:{group}){attributes}")
        if group and closing:
            forms.append(rf"/(?:{group})\s*")
    return rf"(?i)<(?:{'|'.join(forms)})>"


# In their order; code keeps its line breaks between fences, and an exponent stays one.
REPLACEMENTS = (
    (r"(?is)<!--.*?-->|<script[\s>].*?</script\s*>|<style[\s>].*?</style\s*>", ""),
    (tag("pre", closing=False) + r"\s*(?:" + tag("code", closing=False) + r")?\n?", "\n```\n"),
    (r"(?i)\n?(?:</code\s*>)?\s*</pre\s*>", "\n```\n"),
    (tag("sup", closing=False), "^{"),
    (tag("sub", closing=False), "_{"),
    (tag("sup|sub", opening=False), "}"),
    (tag("li", closing=False), "\n- "),
    (tag("td|th", opening=False), "\t"),
    (tag(BLOCKS), "\n"),
    (tag(INLINE), ""),
)


def shows_image(text: pl.Expr, html: pl.Expr) -> pl.Expr:
    """Tell whether a post shows a picture: in Markdown, or in HTML where the source holds HTML."""
    return text.str.contains(MARKDOWN_IMAGE) | (html & text.str.contains(IMAGE_TAG))


def strip_html(text: pl.Expr) -> pl.Expr:
    """Remove tags; block elements become line breaks, list items dashes, `pre` a fenced block."""
    change: pl.Expr = pl.when(text.str.contains(EVIDENCE)).then(text)  # null elsewhere: the replacements cost nothing there
    for pattern, replacement in REPLACEMENTS:
        change = change.str.replace_all(pattern, replacement)
    return pl.coalesce(change, text)


def decode_entities(text: pl.Expr) -> pl.Expr:
    """Turn `&lt;`, `&#39;` and their like into characters, once; what is no entity of HTML is left alone."""
    change = pl.when(text.str.contains(ENTITY_EVIDENCE)).then(text)
    return pl.coalesce(change.map_batches(_decode_series, return_dtype=pl.String), text)


def _decode_series(texts: pl.Series) -> pl.Series:
    return pl.Series(texts.name, [None if text is None else ENTITY.sub(_character, text) for text in texts], pl.String)


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if not name.startswith("#"):
        return html.entities.html5.get(name + ";", match[0])
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    storable = 0 < code < 0xD800 or 0xDFFF < code < 0x110000
    return chr(code) if storable else match[0]
