"""BBCode, the markup of older forums: `[b]…[/b]`, `[url=…]…[/url]`, `[code]…[/code]`.

    unbracketed("[b]값[/b] a[i]")    # "값 a[i]"

Only pairs count, so an index `a[i]` stays; what stands in a formula or in code stays, too.
"""

import re

from koreason.switching.spans import spans

INLINE = "b|i|u|s|url|email|color|size|font|highlight|strike|spoiler|nfo|abbr"
BLOCK = "center|left|right|justify|align|indent|table|tr|td|th|list|ul|ol|h[1-6]"
GONE = "img|quote|youtube|video|media|attach|attachment|flash|embed"
OTHER = "code|sup|sub|math|tex|latex"
TAG = re.compile(rf"\[(/?)({INLINE}|{BLOCK}|{GONE}|{OTHER})(?:=[^\]\n]{{0,300}}| [a-z]+=[^\]\n]{{0,300}})?\]|\[\*\]", re.IGNORECASE)
EVIDENCE = rf"(?i)\[/(?:{INLINE}|{BLOCK}|{GONE}|{OTHER})\]"
AROUND = {
    "sup": ("^{", "}"),
    "sub": ("_{", "}"),
    "code": ("\n```\n", "\n```\n"),
    "math": ("$", "$"),
    "tex": ("$", "$"),
    "latex": ("$", "$"),
}
LINES = re.compile(rf"(?:{BLOCK})\Z")
DROPPED = re.compile(rf"(?:{GONE})\Z")


def unbracketed(text: str) -> str:
    """The text without its BBCode. Quoted replies and embedded media go with what they hold, unless nothing else is left."""
    kept = _without(text)
    return kept if kept.strip() or not text.strip() else text


def _without(text: str) -> str:
    areas = [(start, end) for start, end, kind in spans(text) if kind != "address"]
    found = [match for match in TAG.finditer(text) if not _within(match.start(), areas)]
    partner: dict[int, int] = {}
    waiting: dict[str, list[int]] = {}
    for place, match in enumerate(found):
        name = (match[2] or "*").lower()
        if match[1] and waiting.get(name):
            partner[place] = waiting[name].pop()
            partner[partner[place]] = place
        elif not match[1] and not _index(text, match):
            waiting.setdefault(name, []).append(place)
    parts, done, skip = [], 0, -1
    listed = any((found[place][2] or "").lower() == "list" for place in partner)
    for place, match in enumerate(found):
        name = (match[2] or "*").lower()
        if place <= skip or (place not in partner and not (name == "*" and listed)):
            continue
        parts.append(text[done : match.start()])
        done = match.end()
        if DROPPED.match(name) and not match[1]:
            skip = partner[place]
            done = found[skip].end()
        elif name == "code" and not match[1]:
            skip = partner[place]
            code = text[match.end() : found[skip].start()].strip("\n")
            parts.append(f"\n```\n{code}\n```\n")
            done = found[skip].end()
        elif name == "*":
            parts.append("\n- ")
        elif name in ("td", "th"):
            parts.append("\t" if match[1] else "")
        elif name in AROUND:
            parts.append(AROUND[name][bool(match[1])])
        elif LINES.match(name):
            parts.append("\n")
    return "".join([*parts, text[done:]])


def _index(text: str, match: re.Match[str]) -> bool:
    """Whether an opening tag is an index of a sequence: `a[i]`."""
    before = text[match.start() - 1 : match.start()]
    return len(match[2] or "**") == 1 and before.isascii() and before.isalnum()


def _within(place: int, areas: list[tuple[int, int]]) -> bool:
    """Whether a place lies in one of some areas, which are dropped as they are passed."""
    while areas and areas[0][1] <= place:
        areas.pop(0)
    return bool(areas) and areas[0][0] <= place
