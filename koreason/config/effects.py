"""What a change of each key of the configuration causes: one table, made of the marks on the fields.

    effects()["schedules.*.save_every"]         # Effect(reruns=frozenset(), makes=frozenset())
    identity("generate", "benches", entry)      # the fields by which the answers to a benchmark are known
    execution("train", "models", entry)         # the fields that only say how: {"recompute": False}

The rules take their parameters from here (`rules/common.smk`), and `docs/keys.md` is the table in print. All of it is read from
`config/schema.json`, which carries the marks: planning imports no stage.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from koreason.config.pinned import is_folder
from koreason.config.rules import RULES
from koreason.config.schema import read_schema


@dataclass(frozen=True)
class Effect:
    """What the change of one key causes; with neither, nothing.

    Attributes:
        reruns: rules whose jobs of this entry run again, and with them what follows.
        makes: rules that make new results beside those that are there.
    """

    reruns: frozenset[str]
    makes: frozenset[str]


@functools.cache
def effects() -> dict[str, Effect]:
    """Every key of the schema with its effect; `*` stands for names, `[]` for the places of a list.

    Raises:
        KeyError: a key that no rule is given, nothing shows and no mark explains.
    """
    found = {}
    for key, schemas in _keys(read_schema(), "", ()):
        if any(schema.get("x-how") for schema in schemas):
            found[key] = Effect(frozenset(), frozenset())
            continue
        reruns = {rule for schema in schemas for word in ("x-given", "x-reruns") for rule in schema.get(word, ())}
        makes = {rule for schema in schemas for rule in schema.get("x-makes", ())}
        if not reruns and not makes:
            raise KeyError(f"{key}: no rule is given it, and it is marked neither How nor Label nor Flow")
        found[key] = Effect(frozenset(reruns), frozenset(makes))
    return found


def _keys(schema: dict[str, Any], path: str, above: tuple[dict[str, Any], ...]) -> Iterator[tuple[str, tuple[dict[str, Any], ...]]]:
    """Every key that holds a value, with the schemas from the outermost to its own."""
    here = (*above, schema)
    fields = schema.get("properties")
    entries = schema.get("additionalProperties")
    if fields and "required" in schema:
        for name, field in fields.items():
            yield from _keys(field, f"{path}.{name}".lstrip("."), here)
    elif isinstance(entries, dict) and "properties" in entries:
        yield from _keys(entries, f"{path}.*", here)
    elif "properties" in schema.get("items", {}):
        yield from _keys(schema["items"], f"{path}[]", here)
    else:
        yield path, here


def _fields(table: str) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = read_schema()["properties"][table]["additionalProperties"]["properties"]
    return fields


def identity(rule: str, table: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry that decide what `rule` makes, as far as the rule is given them."""
    fields = _fields(table)
    return {name: _split(value, fields[name], how=False) for name, value in entry.items() if _given(rule, fields[name], how=False)}


def execution(rule: str, table: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry that only say how `rule` works."""
    fields = _fields(table)
    found = {name: _split(value, fields[name], how=True) for name, value in entry.items() if _given(rule, fields[name], how=True)}
    return {name: value for name, value in found.items() if fields[name].get("x-how") or value}


def given(rule: str, table: str, entry: dict[str, Any]) -> dict[str, Any]:
    """All that a rule is given of an entry, in one piece: for a command that is called by hand."""
    what, how = identity(rule, table, entry), execution(rule, table, entry)
    parts = {name: {**what[name], **how[name]} for name in what.keys() & how.keys()}
    return {**what, **how, **parts}


def shown(table: str, entry: dict[str, Any]) -> dict[str, Any]:
    """All of an entry but what only says how something works, or where it lies on this machine: what the report may show."""
    fields = _fields(table)

    def told(name: str, value: Any) -> bool:
        here = fields[name].get("x-path") and not (name == "hub" and isinstance(value, str) and not is_folder(value))
        return not (fields[name].get("x-how") or here)

    return {name: _split(value, fields[name], how=False) for name, value in entry.items() if told(name, value)}


def _given(rule: str, field: dict[str, Any], *, how: bool) -> bool:
    parts = "properties" in field  # an object, of whose fields some may be of either kind
    return rule in field.get("x-given", ()) and (parts or bool(field.get("x-how")) == how)


def _split(value: Any, field: dict[str, Any], *, how: bool) -> Any:
    """A value's part that says how, or the rest; the value itself where it has no parts."""
    parts = field.get("properties")
    if not parts or not isinstance(value, dict) or field.get("x-how"):
        return value
    return {name: item for name, item in value.items() if bool(parts[name].get("x-how")) == how}


def _row(key: str, effect: Effect) -> str:
    reruns, makes = (", ".join(rule for rule in RULES if rule in rules) for rules in (effect.reruns, effect.makes))
    return f"| `{key}` | {reruns or '–'} | {makes or '–'} |"


def page() -> str:
    """The table in print: `docs/keys.md`."""
    lines = [
        "# Every key, and what its change causes",
        "",
        "Written by `make schema` from the marks on the fields (`koreason/config/marks.py`); `config/schema.json` has each key's",
        "sentence.",
        "",
        "`*` is an entry's name, `[]` a place of a list. What runs again are the jobs of the changed entry, and what follows",
        "them; where their manifests come out as they were, it ends there. A key without either causes nothing: no job runs, no",
        "checkpoint is lost.",
        "",
        "| key | runs again | makes new results of |",
        "|---|---|---|",
    ]
    rows = dict.fromkeys(_row(re.sub(r"^resources\..*", "resources.*.*", key), effect) for key, effect in effects().items())
    return "\n".join([*lines, *rows]) + "\n"


if __name__ == "__main__":
    print(page(), end="")
