"""YAML of people, and of what they were given: never a program, never deeper than anything here goes.

    read("a: [1, 2]")      # {"a": [1, 2]}

libyaml is eight times as fast as Python's own reader, and ends its process where brackets are nested by the ten thousand.
"""

from typing import Any

import yaml

FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 100  # tables and lists within each other
MANY = 5_000  # signs that may begin one within another: so many libyaml can follow
TOO_DEEP = yaml.YAMLError(f"nested deeper than {DEEPEST} tables and lists")


def read(text: str) -> Any:
    """The value of a text.

    Raises:
        yaml.YAMLError: it is no YAML, or is nested deeper than `DEEPEST`.
    """
    fast = sum(text.count(sign) for sign in ("[", "{", "- -", "? ?")) < MANY and " " * MANY not in text
    try:
        found = (FAST if fast else yaml.SafeLoader)(text).get_single_data()
    except RecursionError:
        raise TOO_DEEP from None
    except ValueError as error:  # a number or a day that looks like one and is none
        raise yaml.YAMLError(str(error)) from None
    if _too_deep(found):
        raise TOO_DEEP
    return found


def _too_deep(value: Any) -> bool:
    """Whether tables and lists go deeper; each is looked at once, for aliases make a value without end of a few lines."""
    level, seen = [value], set[int]()
    for _ in range(DEEPEST):
        new = {id(each): each for each in level if isinstance(each, dict | list) and id(each) not in seen}
        seen |= new.keys()
        level = [one for each in new.values() for one in (each.values() if isinstance(each, dict) else each)]
    return any(isinstance(each, dict | list) for each in level)
