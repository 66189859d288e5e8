"""Which entries of the catalogue a run comes to, by the marks on the fields that name them.

reached(config)["bases"]        # ["smollm2-135m"]
list(references(config, schema, ""))      # every place that names an entry
"""

from collections.abc import Iterator
from typing import Any

from koreason.config.schema import read_schema


def reached(config: dict[str, Any]) -> dict[str, list[str]]:
    """By table the entries that the experiments come to, directly or through others, in the order in which they are come to."""
    tables = read_schema()["properties"]
    found: dict[str, dict[str, None]] = {}
    waiting = list(references(config["run"], tables["run"], "run"))
    while waiting:
        _, table, name = waiting.pop(0)
        if name in found.setdefault(table, {}) or name not in config[table]:
            continue
        found[table][name] = None
        waiting += references(config[table][name], tables[table]["additionalProperties"], f"{table}.{name}")
    return {table: list(names) for table, names in found.items()}


def references(value: Any, schema: dict[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    """Every (place, table, name) at which a value names a catalogue entry, as the schema's `x-table` marks it.

    What is of another form than the schema's names nothing.
    """
    if "x-table" in schema:
        if isinstance(value, str):
            yield where, schema["x-table"], value
    elif "anyOf" in schema and value is not None:
        for inner in schema["anyOf"]:
            if inner.get("type") != "null":
                yield from references(value, inner, where)
    elif "items" in schema:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from references(item, schema["items"], f"{where}[{index}]")
    elif schema.get("type") == "object" and isinstance(value, dict):
        rest = schema.get("additionalProperties") or {}
        for key, item in value.items():
            yield from references(item, schema.get("properties", {}).get(key, rest), f"{where}.{key}".lstrip("."))
