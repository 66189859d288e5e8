"""Entries that lie over another one of their table: `like: NAME`, key by key.

    resolve(config)      # in place: schedules.mine = {like: laptop_short, epochs: 3} has all keys of laptop_short, and three epochs

Keys of a table with keys of its own (`sampling`, `engine`, `filters`) are laid over one by one; what has names that people give (`files`,
`columns`, `quotas`), and every list, is taken whole from the upper entry.
"""

import difflib
from collections.abc import Callable
from typing import Any

from koreason.config.checks.structure import ConfigError
from koreason.config.schema import read_schema
from koreason.errors import UserError

LIKE = "like"


def resolve(config: dict[str, Any], value: Callable[[Any], Any] = lambda leaf: leaf, refuse: bool = True) -> None:
    """Give every entry what it is like.

    Args:
        value: what a leaf says, where leaves are no plain values.
        refuse: whether what is like nothing is refused; else it is left as it is, for `check` to say with all else that is wrong.

    Raises:
        ConfigError: there is no entry of that name, or entries are like each other in a circle; with a line for each.
    """
    if (wrong := unlike(config, value)) and refuse:
        raise ConfigError(wrong)
    for table, schema in tables():
        entries = config.get(table)
        if isinstance(entries, dict):
            done = dict[Any, Any]()
            for name in list(entries):
                done[name] = _resolved(name, entries, schema, done, value)
            config[table] = done


def unlike(config: dict[str, Any], value: Callable[[Any], Any] = lambda leaf: leaf) -> list[str]:
    """What is wrong with `like`: a line for each entry that is like nothing, and one for each circle."""
    found = []
    for table, _ in tables():
        entries = config.get(table)
        if not isinstance(entries, dict):
            continue
        circles = set[frozenset[str]]()
        for name, entry in entries.items():
            if not isinstance(entry, dict) or LIKE not in entry:
                continue
            where, below = f"{table}.{name}.{LIKE}", value(entry[LIKE])
            if not isinstance(below, str) or below not in entries:
                close = difflib.get_close_matches(str(below), list(map(str, entries)), n=1)
                do = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(sorted(map(str, entries))[:20])}"
                found.append(str(UserError(f"'{below}' is not in {table}", where, do)))
                continue
            chain = _chain(name, entries, value)
            if chain[-1] == name and len(chain) > 1 and frozenset(chain) not in circles:
                circles.add(frozenset(chain))
                found.append(str(UserError(f"goes in a circle: {' -> '.join(map(str, chain))}", where, "take one of them out")))
    return found


def tables() -> list[tuple[str, dict[str, Any]]]:
    """The tables that have named entries, each with the schema of an entry."""
    properties = read_schema()["properties"]
    return [
        (name, schema["additionalProperties"])
        for name, schema in properties.items()
        if isinstance(schema.get("additionalProperties"), dict)
    ]


def _chain(name: Any, entries: dict[Any, Any], value: Callable[[Any], Any]) -> list[Any]:
    """An entry, the one that it is like, and so on, up to one that is like none of them or that came before."""
    chain = [name]
    while isinstance(entry := entries[chain[-1]], dict) and LIKE in entry:
        below = value(entry[LIKE])
        if not isinstance(below, str) or below not in entries:
            break
        chain.append(below)
        if below in chain[:-1]:
            break
    return chain


def _resolved(name: Any, entries: dict[Any, Any], schema: dict[str, Any], done: dict[Any, Any], value: Callable[[Any], Any]) -> Any:
    """An entry with what it is like; itself where that comes to nothing."""
    entry = entries[name]
    last = entries[_chain(name, entries, value)[-1]]
    if name in done or not isinstance(entry, dict) or LIKE not in entry or (isinstance(last, dict) and LIKE in last):
        return done.get(name, entry)
    under = _resolved(value(entry[LIKE]), entries, schema, done, value)
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
