"""The columns of nested JSON, as paths, by what its first records hold.

json_columns(text, "jsonl", "a.jsonl")      # ["title", "meta.url", "choices[].text", "messages[role=user].content"]
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from koreason.curate.guessing.looks import completed, lines_of
from koreason.curate.guessing.roles import named
from koreason.errors import UserError

RECORDS = 50  # looked at
COLUMNS = 2000
DEEPEST = 5


def _records_of(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of an object: its values where these are objects of the same kind, else itself."""
    items = [item for item in value.values() if isinstance(item, dict)]
    alike = len(items) == 1 or any(set(items[0]) & set(item) for item in items[1:])
    return items[:RECORDS] if items and len(items) == len(value) and alike else [value]


def _refuse_columns(value: dict[str, Any], where: object) -> None:
    """Refuse a table that is written column by column, as pandas does where it is told nothing else.

    Raises:
        UserError: it is one.
    """
    columns = list(value.values())
    lists = all(isinstance(one, list) and one and not isinstance(one[0], dict) for one in columns)
    numbered = all(isinstance(one, dict) and one and all(key.isdigit() for key in one) for one in columns)
    split = isinstance(value.get("columns"), list) and isinstance(value.get("data"), list)
    if value and ((len(value) > 1 and (lists or numbered)) or split):
        raise UserError("holds columns and no records", where, 'write it again, in pandas by `to_json(…, orient="records", lines=True)`')


def json_columns(text: str, format: str, where: object) -> list[str]:
    """Paths of what the first values hold."""
    values: list[Any]
    if format == "jsonl":
        values = []
        for line in lines_of(text, RECORDS):
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
        if len(values) == 1 and isinstance(values[0], dict):
            _refuse_columns(values[0], where)
    else:
        value = completed(text)
        values = value[:RECORDS] if isinstance(value, list) else [value]
        if isinstance(value, dict):
            _refuse_columns(value, where)
            values = _records_of(value)
    if values and all(isinstance(value, list | str | int | float) for value in values):
        raise UserError("holds values without names", where, "write each as an object, as `jq -c '.[] | {question: .}' FILE` does of texts")
    found = dict.fromkeys(itertools.chain.from_iterable(paths_of(value, "", 0) for value in values if isinstance(value, dict)))
    return one_list(list(found))


def paths_of(value: dict[str, Any], before: str, depth: int) -> Iterator[str]:
    """Paths of what an object holds, below `before`."""
    for key, item in itertools.islice(value.items(), COLUMNS):
        path = f"{before}{key}"
        if isinstance(item, dict) and depth < DEEPEST and item and not _is_options(key):
            yield from paths_of(item, f"{path}.", depth + 1)
        elif isinstance(item, list) and item and isinstance(item[0], dict) and depth < DEEPEST:
            if spoken := _spoken(item):
                yield from (f"{path}[{one}" for one in spoken)
                continue
            for one in item[:5]:
                if isinstance(one, dict):
                    yield from paths_of(one, f"{path}[].", depth + 1)
        elif isinstance(item, list) and item and isinstance(item[0], str) and "strong" in named(key):
            yield f"{path}[0]"  # turns of one dialogue: the first is what is asked
        else:
            yield path


def _spoken(items: list[Any]) -> list[str]:
    """Of a dialogue's turns the path to each speaker's first: `role=user].content`."""
    keys = ((role, text) for role in ("role", "from") for text in ("content", "value") if role in items[0] and text in items[0])
    role, text = next(keys, ("", ""))
    speakers = dict.fromkeys(str(item.get(role)) for item in items if isinstance(item, dict))
    return [f"{role}={speaker}].{text}" for speaker in speakers if speaker.isalnum()] if role else []


def _is_options(key: str) -> bool:
    return "options" in named(key)


def one_list(paths: list[str]) -> list[str]:
    """Of several lists side by side the one with a question in it: records are the items of one."""
    lists = dict.fromkeys(path.rpartition("[]")[0] for path in paths)
    if len(lists) < 2:
        return paths
    asking = [path for path in paths if "strong" in named(path)] or [path for path in paths if {"body", "title"} & set(named(path))]
    best = max(asking or paths, key=lambda path: path.count("[]")).rpartition("[]")[0]
    return [path for path in paths if best.startswith(path.rpartition("[]")[0]) or path.startswith(f"{best}[]")]
