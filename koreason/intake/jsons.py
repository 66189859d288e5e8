"""JSON of strangers, a line at a time: what Python reads of it and nobody else could write again is refused.

loaded(b'{"a": 1}')      # {'a': 1}
"""

import json
from typing import Any


def loaded(line: bytes) -> Any:
    """The value that a line of UTF-8 holds.

    Raises:
        ValueError: it is no JSON, or no UTF-8, or a text in it has half a character (a lone surrogate), which no file can hold.
    """
    try:
        value = json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested without end") from None
    if b"\\u" in line:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("a text in it has half a character") from None
    return value
