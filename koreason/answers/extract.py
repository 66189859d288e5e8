r"""From a model's response to the content of its final box, and from that to an option's label.

    final_box(r"<think>\boxed{1}</think> 답은 \boxed{3번}입니다.")   # "3번"
    label("3번", ["부산", "서울", "대전"])                            # "C"

Everything here is linear in the response's length: responses are hostile.
"""

import re
import unicodedata

from koreason.engine.thinking import CLOSE, MARKS

THINK = re.compile(MARKS)
BOX_MARKS = re.compile(r"(?P<box>\\{1,2}boxed\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
DRESS = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|mathrm|mathbf|mathit|mathsf|mbox|operatorname|boxed|bf|rm)\s*\{([^{}]*)\}|^\s*\{([^{}]*)\}\s*$"
)
DELIMITERS = re.compile(r"\\[()\[\],;! ]|\\left|\\right|[$*]")
LETTER = re.compile(r"[(\[<]?\s*([A-Za-z])\s*[)\]>]?\s*[.:]?")
LABEL = re.compile(
    r"[(\[<]?\s*(?:([A-Za-z])(?![A-Za-z0-9])|(\d{1,2})(?!\d))\s*(?P<mark>[)\]>]?\s*(?:번|[.:](?!\d)|(?<=[)\]>])))?\s*(?P<rest>.*)",
    re.DOTALL,
)
ENDING = re.compile(r"(?:번)?\s*(?:입니다|이다|이에요|예요)?[\s.)\]>]*")
LONE_LABEL = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]|\d)(?![A-Za-z0-9])")
LEAD = re.compile(r"(?:정답|답)\s*(?:은|는|:)\s*")
# Circled digits as option marks; NFKC alone would make a bare number of them, which may be an option's text.
CIRCLED = str.maketrans({chr(start + index): f"{index + 1}번" for start in (0x2460, 0x2776, 0x2780) for index in range(10)})
LONGEST_LABEL = 4_000  # characters; more is no answer to a choice, and undressing it takes quadratic time


def after_thinking(response: str) -> str | None:
    """The response without its thinking; None where a thinking was opened and never closed.

    A `</think>` with no `<think>` before it closes the thinking that a chat template opened.
    """
    kept: list[str] = []
    start, thinking = 0, False
    for mark in THINK.finditer(response):
        if mark.group() == CLOSE:
            if not thinking:
                kept.clear()
            thinking = False
        else:
            if not thinking:
                kept.append(response[start : mark.start()])
            thinking = True
        start = mark.end()
    return None if thinking else "".join([*kept, response[start:]])


def first_box(text: str) -> str | None:
    r"""Content of the complete `\boxed{...}` that starts first, None where there is none."""
    opened: list[int | None] = []  # where a box's content starts, None for other braces
    open_boxes = 0
    found: tuple[int, int] | None = None
    for mark in BOX_MARKS.finditer(text):
        if mark["box"]:
            opened.append(mark.end())
            open_boxes += 1
        elif mark["open"]:
            opened.append(None)
        elif mark["close"] and opened:
            start = opened.pop()
            if start is not None:
                open_boxes -= 1
                found = (start, mark.start()) if found is None or start < found[0] else found
            if found is not None and not open_boxes:
                break
    return None if found is None else text[slice(*found)].strip()


def final_box(response: str) -> str | None:
    """The first box after the thinking (paper, C.2), None where there is none."""
    text = after_thinking(response)
    return None if text is None else first_box(text)


def undress(text: str) -> str:
    r"""The text without `\text{}` and the like, without mathematics delimiters and outer white space."""
    before = None
    while text != before:
        before, text = text, DRESS.sub(lambda dressed: dressed[1] or dressed[2] or "", text)
    return DELIMITERS.sub(lambda mark: mark.group()[-1] if mark.group()[-1] in "()[] " else "", text).strip()


def _plain(text: str) -> str:
    """What two spellings of one option have in common."""
    text = unicodedata.normalize("NFKC", undress(text)).casefold()
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return re.sub(r"[\s\\{}_'\"‘’“”]|\.$", "", text)


def label(box: str, options: list[str]) -> str | None:
    """The label (A, B, ...) that a box's content means; None where it means none, or more than one.

    A lone letter is a label, since options are shown with letters. A lone number is an option's text, with or without
    its Korean unit, before it is a position. A label with text behind it counts when the two agree. Without
    `options`, which then stand in the question's text, labels go from A to J.
    """
    if len(box) > LONGEST_LABEL:
        return None
    text = LEAD.sub("", unicodedata.normalize("NFKC", undress(box.translate(CIRCLED))), count=1)
    names = [chr(ord("A") + index) for index in range(len(options) or 10)]
    meant: dict[str, set[str]] = {}
    for name, option in zip(names, options, strict=False):
        for spelling in {_plain(option), re.sub(r"^([\d.]+)[가-힣]+$", r"\1", _plain(option))}:
            meant.setdefault(spelling, set()).add(name)
    lone = LETTER.fullmatch(text)
    if lone:
        return lone[1].upper() if lone[1].upper() in names else None
    if _plain(text) in meant:
        same = meant[_plain(text)]
        return next(iter(same)) if len(same) == 1 else None
    match = LABEL.fullmatch(text)
    if match is None:
        return None
    position = ord(match[1].upper()) - ord("A") if match[1] else int(match[2]) - 1
    if not 0 <= position < len(names):
        return None
    rest = match["rest"]
    if ENDING.fullmatch(rest):
        return names[position]
    agreeing = meant.get(_plain(rest))
    if agreeing is not None:
        return names[position] if names[position] in agreeing else None
    return names[position] if match["mark"] and not LONE_LABEL.search(rest) else None
