"""What of a page a browser does not show, or shows beside the text and not in it.

is_hidden(text, tags, tag)    # whether an element is left out with what it holds
"""

import re

from koreason.curate.text.html.tags import Tag

# For screen readers, numbers of lines, "edit" behind headings, numbers of notes, who coloured the code.
NOT_SHOWN = re.compile(
    r"(?i)display\s*:\s*none|visibility\s*:\s*hidden|\bmathjax_preview\b|class\s*=\s*[\"']?(?:[^\"'>]*\s)?(?:sr-only|visually-hidden"
    r"|blind|screen_out|screen-reader-text|a11y-hidden|mw-editsection|lineno|linenos|linenodiv|hljs-ln-numbers|blob-num|rouge-gutter"
    r"|gutter|crayon-nums|wiki-fn-content)(?![\w-])|mso-hide\s*:\s*all|\bid\s*=\s*[\"']?cite_ref-"
    r"|href\s*=\s*[\"']?https?://colorscripter\.com/info"
)
NO_SIZE = re.compile(r"(?i)font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:[;\"'!]|$)")  # not shown, unless what it holds has a size
QUOTED, HIDDEN_TOO = re.compile(r"\"[^\"]*\"|'[^']*'"), re.compile(r"(?i)(?<![\w-])hidden(?![\w-])")
COPIES = re.compile(r"(?i)\bcop(?:y|ied)\b|clipboard|복사")  # a button beside code
LONGEST_BUTTON = 2000  # characters
NUMBERS = re.compile(r"(?:\s*+(?:<(?!/?t[dhr]\b)[^<>]*+>|[0-9]++(?=\s*+<)))++\s*+")
CODE_CELL = re.compile(r"(?i)</td\s*>\s*<td[^<>]*>(?:\s*<[^<>]*>){0,4}?\s*<(?:pre|code|[^<>]*white-space\s*:\s*pre)")


def is_hidden(text: str, tags: list[Tag], tag: Tag) -> bool:
    """Whether an element, which has its partner, is not shown: by its attributes, or since it stands beside code."""
    end = tags[tag.partner].start
    if tag.name == "button":
        return bool(COPIES.search(text, tag.start, min(end, tag.start + LONGEST_BUTTON)))
    if not tag.attributes:
        return False
    if NOT_SHOWN.search(tag.attributes) or ("hidden" in tag.attributes and HIDDEN_TOO.search(QUOTED.sub('""', tag.attributes))):
        return True
    if NO_SIZE.search(tag.attributes) and text.find("font-size", tag.end, end) < 0:
        return True
    return tag.name == "td" and _counts_lines(text, tag.end, end)


def _counts_lines(text: str, start: int, end: int) -> bool:
    """Whether a cell holds the numbers of the lines of code that the next cell holds, and nothing else."""
    if not NUMBERS.fullmatch(text, start, end):
        return False
    numbers = re.findall(r">\s*([0-9]+)", text[start - 1 : end])
    return len(numbers) > 1 and numbers == [str(line) for line in range(1, len(numbers) + 1)] and bool(CODE_CELL.match(text, end))
