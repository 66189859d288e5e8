r"""From a model's response to what stands after the thinking, and to its boxes.

    final_box(r"<think>\boxed{1}</think> 답은 \boxed{3번}입니다.")   # "3번"

Everything here is linear in the response's length: responses are hostile. Places are counted in characters of the response.
"""

import bisect
import re
from typing import NamedTuple

from koreason.engine.thinking import CLOSE, MARKS

THINK = re.compile(MARKS)
BOX_MARKS = re.compile(r"(?P<box>\\{1,2}f?boxed\s*\{|\\{1,2}fbox\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
PLAIN = re.compile(r"(?<!\\)\\boxed\{([^{}\\]*)\}")
BARE = re.compile(r"\\boxed\s*(?:\\text(?:bf)?\s*)?([A-Za-z0-9①-⑳ㄱ-ㅎ])(?![A-Za-z0-9{])")
UNMOVED = ((0, 0),)
MOST_BOXES = 500  # of a response that are kept, the last ones; an answer has a few
UNCLOSED = 200  # characters: what stands behind an open box and is longer is no answer


class Answer(NamedTuple):
    """A response after its thinking.

    Attributes:
        text: what was said then, in one piece.
        places: where each kept piece starts, in the text and in the response.
    """

    text: str
    places: tuple[tuple[int, int], ...]

    def place(self, offset: int) -> int:
        """Where a character of the text stands in the response."""
        if self.places is UNMOVED:
            return offset
        start, in_response = self.places[bisect.bisect_right(self.places, (offset, 1 << 62)) - 1]
        return in_response + offset - start


class Box(NamedTuple):
    """A box: its content, where the content starts and ends in the text, and where the whole box does; `how` it is written."""

    content: str
    start: int
    end: int
    outer: tuple[int, int]
    how: str = "box"


def answer_of(response: str) -> Answer | None:
    """The response without its thinking; None where a thinking was opened and never closed.

    A `</think>` with no `<think>` before it closes the thinking that a chat template opened.
    """
    if not THINK.search(response):
        return Answer(response, UNMOVED)
    kept: list[tuple[int, int]] = []
    start, thinking = 0, False
    for mark in THINK.finditer(response):
        if mark.group() == CLOSE:
            if not thinking:
                kept.clear()
            thinking = False
        else:
            if not thinking:
                kept.append((start, mark.start()))
            thinking = True
        start = mark.end()
    if thinking:
        return None
    pieces = [(first, last) for first, last in [*kept, (start, len(response))] if first < last or last == len(response)]
    places, length = [], 0
    for first, last in pieces:
        places.append((length, first))
        length += last - first
    return Answer("".join(response[first:last] for first, last in pieces), tuple(places))


def after_thinking(response: str) -> str | None:
    """The text of `answer_of`."""
    found = answer_of(response)
    return None if found is None else found.text


def boxes(text: str, every: bool = True) -> list[Box]:
    r"""Complete boxes that stand in no other box, in their order.

    `every`: `\fbox{...}`, too, and where there is none one unclosed at the end, or `\boxed C`; else only the first `\boxed{...}`.
    """
    first = text.find("box")
    if first < 0:
        return []
    if (plain := PLAIN.search(text, max(first - 2, 0))) and text.find("box", first + 3) < 0:
        return [_box(text, *plain.span(1), plain.span())]  # what the pass below finds, where it is the only one
    opened: list[tuple[int, int] | None] = []  # where a box's content and the box start, None for other braces
    open_boxes = 0
    found: list[Box] = []
    for mark in BOX_MARKS.finditer(text, max(first - 3, 0)):
        if mark["box"] and (every or "fbox" not in mark["box"]):
            opened.append((mark.end(), mark.start()))
            open_boxes += 1
        elif mark["open"] or mark["box"]:
            opened.append(None)
        elif mark["close"] and opened:
            place = opened.pop()
            if place is None:
                continue
            open_boxes -= 1
            while found and found[-1].outer[0] > place[1]:
                found.pop()  # a box in this one
            found.append(_box(text, place[0], mark.start(), (place[1], mark.end())))
            if not every and not open_boxes:
                return found[:1]
            if every and len(found) >= 2 * MOST_BOXES:
                del found[:MOST_BOXES]
    if not every:
        return found[:1]
    if not found:
        rest = [place for place in opened if place is not None]
        if rest and len(text) - rest[-1][0] <= UNCLOSED:
            found = [_box(text, rest[-1][0], len(text), (rest[-1][1], len(text)), "unclosed box")]
    if not found:
        found = [_box(text, bare.start(1), bare.end(1), bare.span(), "bare box") for bare in BARE.finditer(text)]
    return found


def _box(text: str, start: int, end: int, outer: tuple[int, int], how: str = "box") -> Box:
    content = text[start:end]
    left, right = len(content) - len(content.lstrip()), len(content) - len(content.rstrip())
    return Box(content.strip(), start + left, max(end - right, start + left), outer, how)


def first_box(text: str) -> str | None:
    r"""Content of the complete `\boxed{...}` that starts first, None where there is none."""
    found = boxes(text, every=False)
    return found[0].content if found else None


def final_box(response: str) -> str | None:
    """The first box after the thinking (paper, C.2), None where there is none."""
    text = after_thinking(response)
    return None if text is None else first_box(text)
