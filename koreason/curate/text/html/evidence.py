"""Which of a text's tags mark something up, and which are what the text speaks of.

    marks = marking(text, tags, mentions)

Judged tag by tag. One that has its partner marks up, and so does one that needs none (`<br>`), or one with attributes. What speaks of
tags (`<p> 태그와 </p>의 차이`) is known by the word behind the tag, which the language gives. A letter in angle brackets without a
partner (`a<b>c;`) is mathematics or code. What is left over counts only where the rest of the text is marked up.
"""

import functools
import re
from collections import Counter

from koreason.curate.text.html.tags import ATTRIBUTE, BLOCK, FORMULAS, MATHML, OFFICE, OPTIONAL, Tag

KNOWN = re.compile(
    r"(?i)\b(?:href|src|class|style|id|name|target|title|lang|rel|dir|align|width|height|color|size|face|data-\w+|on\w+|alt)\s*="
)
CHAT = re.compile(r"\[/?INST\]|<<SYS>>|<\|")  # templates of models, in which `<s>` is no strike-through
PLAIN_VOID = {"br", "hr", "wbr", "img"}
CELLS = {"li", "td", "th", "tr", "dt", "dd"}


def marking(text: str, tags: list[Tag], mentions: re.Pattern[str] | None) -> list[bool]:
    """For each tag whether it marks up; spans never do."""
    speaks = mentions is not None and _behind(mentions).search(text) is not None
    page = speaks and any([tag.kind == "close" and tag.partner >= 0 and tag.name in BLOCK for tag in tags])
    around = _around_all(text, tags) if speaks else None
    spoken = [tag is not around and _spoken(text, tag, mentions, page) for tag in tags] if speaks else [False] * len(tags)
    chat = any([tag.name == "s" for tag in tags]) and CHAT.search(text) is not None
    certain, whole = [], True
    for place, tag in enumerate(tags):
        if tag.kind == "span":
            certain.append(False)
            continue
        yes = not (spoken[place] or spoken[tag.partner]) if tag.partner >= 0 else _certain(text, tag, spoken[place])
        yes = yes and not (chat and tag.name == "s")
        certain.append(yes)
        whole = whole and yes
    if whole:
        return certain
    sure, speaks, times = any(certain), any(spoken), Counter(tag.name for tag in tags if tag.kind == "open")
    return [
        yes or (tag.kind != "span" and not spoken[place] and not (chat and tag.name == "s") and _likely(text, tag, times, sure, speaks))
        for place, (tag, yes) in enumerate(zip(tags, certain, strict=True))
    ]


@functools.cache
def _behind(mentions: re.Pattern[str]) -> re.Pattern[str]:
    """What stands in a text where one of its tags is spoken of."""
    return re.compile(f"> ?(?:{mentions.pattern})", mentions.flags)


def _around_all(text: str, tags: list[Tag]) -> Tag | None:
    """The tag of which a text is what stands between it and its partner."""
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    return next(
        (tag for tag in tags if tag.start == first and tag.kind == "open" and tags[tag.partner].end == last and tag.partner >= 0), None
    )


def _spoken(text: str, tag: Tag, mentions: re.Pattern[str] | None, page: bool) -> bool:
    """Whether the text speaks of a tag instead of using it; in a page a break right behind a letter is a break."""
    if mentions is None or tag.kind not in ("open", "void", "raw") or (tag.kind == "raw" and not tag.name.endswith("-open")):
        return False
    before = text[tag.start - 1 : tag.start]
    if before in (">", "$", "}", ")", "]") or (before.isascii() and before.isalnum()) or (tag.name == "img" and tag.attributes):
        return False  # `</p><p>의 값은`: a sentence that goes on; `a<i>와`: a sequence
    if page and tag.kind == "void" and before.isalnum():
        return False  # `<p>이 식의 값<br>을 구하시오</p>`
    end = tag.inside[0] if tag.kind == "raw" else tag.end
    # it stands as a word does: `<div> 와 </div> 사이에`
    apart = before in ("", " ", "\n") and text[end : end + 1] == " " and not tag.attributes.strip()
    return bool(mentions.match(text, end) or (apart and mentions.match(text, end + 1)))


def _certain(text: str, tag: Tag, spoken: bool) -> bool:
    """Whether a tag without a partner marks up whatever else stands in the text."""
    if spoken:
        return False
    if tag.kind == "gone":
        return tag.name != "!--open"
    if tag.kind == "raw":
        return not tag.name.endswith("-open") or bool(KNOWN.search(tag.attributes)) or tag.name == "pre-open"
    if tag.kind == "void":
        return tag.name in PLAIN_VOID or bool(tag.attributes.strip()) or tag.name.startswith(OFFICE)
    if tag.kind == "open":
        first = tag.name in OPTIONAL and text[tag.start - 1 : tag.start] in ("", "\n")
        return first or bool(KNOWN.search(tag.attributes)) or tag.name.startswith(OFFICE)
    return tag.name.startswith(OFFICE)


def _likely(text: str, tag: Tag, times: Counter[str], sure: bool, speaks: bool) -> bool:
    """Whether a tag without a partner marks up, by the rest of the text."""
    if tag.kind == "gone" or tag.kind == "raw":
        return sure or (tag.name == "script-open" and bool(re.search(r"[;{(=]", text[tag.inside[0] : tag.inside[0] + 400])))
    if tag.name in MATHML and not sure:
        return False
    before, after = text[tag.start - 1 : tag.start], text[tag.end : tag.end + 1]
    code = before.isascii() and before.isalnum()  # `List<Object>`
    if tag.kind == "open":
        if tag.name in CELLS or (tag.name == "p" and not after.isascii()):
            code = False  # `<td>127<td>118`, `51<p>②`: no type has such a name, and no product ends so
        if tag.name in OPTIONAL and not speaks and not code:
            return sure or times[tag.name] > 1 or before in ("", "\n")
        letter = len(tag.name) == 1 and tag.name != "p" and after.isascii()
        return sure and not speaks and not code and not letter and tag.name not in FORMULAS
    if tag.kind == "close":
        if speaks or tag.name == "s" or (tag.name not in BLOCK and not sure):
            return not speaks and tag.name != "s" and after in ("", "\n") and len(tag.name) > 1
        return sure or after in ("", "\n", "<", " ")
    return sure and bool(ATTRIBUTE.search(tag.attributes))
