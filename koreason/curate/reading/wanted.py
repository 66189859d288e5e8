"""Which of a dump's columns are wanted, by name or by path, and records that lie in lists of other records.

    wanted = Wanted(source)
    wanted.pick({"title": "제목", "body": "질문"})      # ("제목", "질문")
    wanted.rows(tree)      # the records that `data[].paragraphs[].qas[].question` finds in one JSON value

A name is a key. Where there is no such key, a dot in it leads into an object; `[]` leads into each item of a list. Records are the items
of the innermost `[]` of the question's columns; what lies around them is reached by its own path, and a column that goes on into
further lists gives a list. `messages[0]` and `messages[role=user]` choose one item: that of a number from 0, or the first that says so.
"""

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.errors import UserError

ABSENT: Any = object()
LIST = "[]"
CHOICE = re.compile(r"([^\[\]]+)\[([0-9]+|[^\[\]=]+=[^\[\]]*)\]")


class Wanted:
    """The columns of a source's map, and which of them were seen so far.

    Attributes:
        names: the dump's columns that the map names, once each.
        known: columns of the first records, for messages.
        unseen: names that no record had so far.
        lists: the keys of the lists that lead to a record, from the outermost.
    """

    def __init__(self, source: Source) -> None:
        self.names = list(dict.fromkeys(itertools.chain.from_iterable(source.columns.values())))
        self.known: dict[str, None] = {}
        self.unseen = set(self.names)
        self._nested = any("." in name or "[" in name for name in self.names)
        self._parts = [[part.removeprefix(".") for part in name.removeprefix("[].").split(LIST)] for name in self.names]
        questions = [parts for name, parts in zip(self.names, self._parts, strict=True) if name in source.columns.get("question", [])]
        self.lists = max((parts[:-1] for parts in questions), key=len, default=[])
        self._shared = [_common(parts[:-1], self.lists) for parts in self._parts]
        self._questions = [parts[0] for parts in questions]

    @property
    def plain(self) -> bool:
        """Whether a record's values are simply those of its keys, each of which was seen before."""
        return not self._nested and not self.unseen

    @property
    def around(self) -> bool:
        """Whether a column lies outside of the outermost list that leads to a record."""
        return bool(self.lists) and not all(self._shared)

    def is_record(self, value: Mapping[str, Any]) -> bool:
        """Whether a value is itself a record: it has a question, and not a list or an object of that name."""
        found = (reach(value, path) for path in self._questions)
        return any(one is not ABSENT and not isinstance(one, dict | list) for one in found)

    def pick(self, fields: Mapping[str, Any]) -> tuple[Any, ...]:
        """The wanted values of a flat record; None where it has no such column."""
        if self.unseen:
            self.saw(fields)
        return tuple([fields.get(name) for name in self.names])

    def saw(self, names: Iterable[str]) -> None:
        """Note which columns there are."""
        if not self.known:
            self.known = dict.fromkeys(names)
        self.unseen.difference_update(names)

    def heads(self) -> list[str]:
        """The outermost column of each name: what a table must have."""
        return list(dict.fromkeys(re.split(r"\.|\[", parts[0])[0] for parts in self._parts))

    def named_in(self, found: Iterable[str]) -> bool:
        """Whether these are the names of a table that has all that is wanted."""
        found = set(found)
        return set(self.names) <= found or set(self.heads()) <= found

    def require(self, found: Iterable[str], where: object, hint: str = "") -> None:
        """Refuse a column map that names what a table lacks, or has twice.

        Raises:
            UserError: naming the columns that are missing and those that exist.
        """
        found = list(found)
        self.saw(found)
        heads = self.names if set(self.names) <= set(found) else self.heads()
        if missing := [name for name in heads if name not in found]:
            self.lacks(missing, dict.fromkeys(found), where, hint)
        if twice := [name for name in heads if found.count(name) > 1]:
            raise UserError(f"has the column {', '.join(twice)} twice", where, "rename one of them")

    def lacks(self, missing: Iterable[str], found: Iterable[str], where: object, hint: str = "") -> None:
        """Refuse a column map.

        Raises:
            UserError: always.
        """
        do = hint or f"its columns are {', '.join(found)}: correct the source's `columns`"
        raise UserError(f"lacks the column {', '.join(missing)}", where, do)

    def rows(self, value: Any) -> list[tuple[Any, ...] | Unused]:
        """The records in one value: itself, or the items of its lists; or why there are none."""
        if not self._nested:
            return [self.pick(value) if isinstance(value, dict) else Unused.not_an_object]
        if not isinstance(value, dict):
            return [Unused.not_an_object]
        if self.unseen:
            self.saw(value)
        found: list[tuple[Any, ...] | Unused] = []
        self._walk((value,), found)
        return found

    def _walk(self, around: tuple[Any, ...], found: list[tuple[Any, ...] | Unused]) -> None:
        depth = len(around) - 1
        if depth == len(self.lists):
            found.append(self._record(around))
            return
        items = reach(around[-1], self.lists[depth])
        if not isinstance(items, list):
            found.append(Unused.no_question if items in (ABSENT, None) else Unused.not_an_object)
            return
        for item in items:
            self._walk((*around, item), found)

    def _record(self, around: tuple[Any, ...]) -> tuple[Any, ...] | Unused:
        values = []
        for name, parts, shared in zip(self.names, self._parts, self._shared, strict=True):
            value = gather(around[shared], parts[shared:])
            if value is not ABSENT:
                self.unseen.discard(name)
            values.append(None if value is ABSENT else value)
        return tuple(values)


def _common(some: list[str], others: list[str]) -> int:
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))
    return sum(1 for _ in pairs)


def reach(value: Any, path: str) -> Any:
    """What lies at a path of keys joined by dots, a key with dots first; the value itself for an empty path."""
    while path:
        if not isinstance(value, dict):
            return ABSENT
        if path in value:
            return value[path]
        key, _, path = path.partition(".")
        if choice := CHOICE.fullmatch(key):
            value = chosen(value.get(choice[1]), choice[2])
        elif not path:
            return ABSENT
        else:
            value = value.get(key, ABSENT)
    return value


def chosen(items: Any, which: str) -> Any:
    """The item of a list that has a number, or whose key has a value as JSON writes it: `0`, `role=user`, `accepted=true`."""
    if not isinstance(items, list):
        return ABSENT
    if which.isdigit():
        return items[int(which)] if len(which) < 10 and int(which) < len(items) else ABSENT
    key, _, wanted = which.partition("=")
    for item in items:
        if isinstance(item, dict) and key in item:
            value = item[key]
            if wanted == (value if isinstance(value, str) else json.dumps(value)):
                return item
    return ABSENT


def gather(value: Any, parts: list[str]) -> Any:
    """What lies at a path that may lead through lists; a list then, in which what is absent is left out."""
    value = reach(value, parts[0])
    if len(parts) == 1 or value is ABSENT:
        return value
    if not isinstance(value, list):
        return ABSENT
    found: list[Any] = []
    for item in value:
        inner = gather(item, parts[1:])
        if inner is not ABSENT:
            found.extend(inner if len(parts) > 2 else [inner])
    return found
