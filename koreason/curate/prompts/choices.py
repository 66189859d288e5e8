"""The options of a question, in the forms that dumps give them.

    options_of(["① 하나 ② 둘"])      # ["하나", "둘"]
    apart("무엇인가? ① 하나 ② 둘")   # "무엇인가?", ["하나", "둘"]

A list of texts, or of objects that hold one; an object whose values they are, or that holds their list (`{"label": …, "text": …}`); the
JSON of these, or what Python prints of a list; or one text in which each has its mark, counted from the first.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

TEXTS = ("text", "content", "value", "option", "choice", "body", "내용", "보기", "선택지")  # keys of an option's text
# A list as Python prints it, or an array as numpy does, without commas.
QUOTED = r"'((?:[^'\\]|\\.)*+)'|\"((?:[^\"\\]|\\.)*+)\""
PRINTED = re.compile(rf"\[\s*+(?:(?:{QUOTED})\s*+,?\s*+)++\]", re.DOTALL)
ESCAPED = re.compile(r"\\(n|['\"\\])")
MARKS = ("①②③④⑤⑥⑦⑧⑨⑩", "❶❷❸❹❺❻❼❽❾❿")  # not ㄱ and ㉠, which mark statements and no options
LABEL = re.compile(r"^\s*(?:\(?([1-9A-Ja-j])\)|([1-9A-Ja-j])[.:])\s+", re.MULTILINE)
ORDERS = ("123456789", "ABCDEFGHIJ", "abcdefghij")


def text_of(value: Any) -> str:
    """A value of a dump as text: strings as they are, nothing (NaN, too) as nothing, dates as people write them, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value) if hasattr(value, "isoformat") else json.dumps(value, ensure_ascii=False, default=str)


def options_of(values: list[Any]) -> list[str] | None:
    """The options of a question; None where it has none. Several columns are an option each."""
    items: Iterable[Any] = values
    if len(values) == 1:
        value = values[0]
        if isinstance(value, str):
            value = _read(value)
        if isinstance(value, dict):
            value = next((value[key] for key in TEXTS if isinstance(value.get(key), list)), list(value.values()))
        items = value if isinstance(value, list) else [value]
    found = [text for text in map(text_of, map(_bare, items)) if text and not text.isspace()]
    return found or None


def apart(text: str) -> tuple[str, list[str]] | None:
    """A question that stands before its options in one text, and these; None where no row of marked options ends the text."""
    for first in (marks[0] for marks in MARKS):
        if (start := text.rfind(first)) > 0 and isinstance(options := _read(text[start:]), list):
            return text[:start].rstrip(), options
    starts = [match.start() for match in LABEL.finditer(text) if (match[1] or match[2]) in "1Aa"]
    if starts and starts[-1] > 0 and isinstance(options := _labelled(text[starts[-1] :]), list):
        return text[: starts[-1]].rstrip(), options
    return None


def _bare(item: Any) -> Any:
    """An option that is an object as the text in it, where it has one."""
    return next((item[key] for key in TEXTS if isinstance(item.get(key), str)), item) if isinstance(item, dict) else item


def _read(text: str) -> Any:
    """What one text holds: JSON, a printed list, marked options; or itself."""
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            if PRINTED.fullmatch(text.strip()):
                quoted = [match[1] if match[1] is not None else match[2] for match in re.finditer(QUOTED, text, re.DOTALL)]
                return [ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], part) for part in quoted]
            return text
    for marks in MARKS:
        if start == marks[0]:
            parts = re.split(f"[{marks}]", text)
            return (
                [part.strip() for part in parts[1:]]
                if re.findall(f"[{marks}]", text) == list(marks[: len(parts) - 1]) and len(parts) > 2
                else text
            )
    return _labelled(text)


def _labelled(text: str) -> Any:
    """Options that stand on lines of their own behind labels in order."""
    found = list(LABEL.finditer(text))
    labels = "".join(match[1] or match[2] for match in found)
    if len(found) < 2 or text[: found[0].start()].strip() or not any(order.startswith(labels) for order in ORDERS):
        return text
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [text[match.end() : end].strip() for match, end in zip(found, ends, strict=True)]
