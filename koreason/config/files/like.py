"""Entries that lie over another one of their table: `like: NAME`, key by key.

    resolve(config)      # in place: schedules.mine = {like: laptop_short, epochs: 3} has all keys of laptop_short, and three epochs

Keys of a table with keys of its own (`sampling`, `engine`, `filters`) are laid over one by one; what has names that people give (`files`,
`columns`, `quotas`), and every list, is taken whole from the upper entry.
"""

import difflib
from collections.abc import Callable
from typing import Any

from koreason.config.schema import read_schema
from koreason.errors import UserError

LIKE = "like"


def resolve(config: dict[str, Any], value: Callable[[Any], Any] = lambda leaf: leaf) -> None:
    """Give every entry what it is like.

    Args:
        value: what a leaf says, where leaves are no plain values.

    Raises:
        UserError: there is no entry of that name, or entries are like each other in a circle.
    """
    for table, schema in tables():
        entries = config.get(table)
        if not isinstance(entries, dict):
            continue
        done = dict[Any, Any]()
        for name in list(entries):
            done[name] = _resolved(table, name, entries, schema, done, (), value)
        config[table] = done


def tables() -> list[tuple[str, dict[str, Any]]]:
    """The tables that have named entries, each with the schema of an entry."""
    properties = read_schema()["properties"]
    return [
        (name, schema["additionalProperties"])
        for name, schema in properties.items()
        if isinstance(schema.get("additionalProperties"), dict)
    ]


def _resolved(
    table: str,
    name: Any,
    entries: dict[Any, Any],
    schema: dict[str, Any],
    done: dict[Any, Any],
    before: tuple[Any, ...],
    value: Callable[[Any], Any],
) -> Any:
    entry = entries[name]
    if name in done or not isinstance(entry, dict) or LIKE not in entry:
        return done.get(name, entry)
    where, below = f"{table}.{name}.{LIKE}", value(entry[LIKE])
    if name in before:
        raise UserError(f"goes in a circle: {' -> '.join(map(str, (*before, name)))}", where, "take one of them out")
    if not isinstance(below, str) or below not in entries:
        close = difflib.get_close_matches(str(below), list(map(str, entries)), n=1)
        do = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(sorted(map(str, entries))[:20])}"
        raise UserError(f"'{below}' is not in {table}", where, do)
    under = _resolved(table, below, entries, schema, done, (*before, name), value)
    return laid_over(under, {key: item for key, item in entry.items() if key != LIKE}, schema)


def laid_over(below: Any, above: Any, schema: dict[str, Any]) -> Any:
    """One value over another, by the schema of both."""
    parts = fields_of(schema)
    if not parts or not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: laid_over(below[key], item, parts.get(key, {})) if key in below else item for key, item in above.items()}}


def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of a table with keys of its own, also of one that may be null; none of what has names that people give."""
    inner = next((one for one in schema.get("anyOf", ()) if "required" in one), schema)
    found: dict[str, Any] = inner.get("properties", {}) if "required" in inner else {}
    return found
