"""Numbers as people write them: `5e-5` is text to YAML, which wants `5.0e-5`, and a number to everybody else.

read_numbers(config)      # in place: where the schema wants a number, what reads as one is one
"""

import re
from typing import Any

from koreason.config.schema import read_schema

WRITTEN = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+")


def read_numbers(config: dict[str, Any]) -> None:
    """Make numbers of texts where the schema has a number."""
    _read(config, read_schema())


def _read(value: Any, schema: dict[str, Any]) -> Any:
    kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
    if isinstance(value, str) and kinds & {"number", "integer"} and "string" not in kinds and WRITTEN.fullmatch(value):
        number = float(value)
        if "number" in kinds:
            return number
        return int(number) if number.is_integer() and abs(number) < 2**53 else value
    if isinstance(value, dict):
        inner = next((one for one in schema.get("anyOf", ()) if one.get("type") == "object"), schema)
        fields, rest = inner.get("properties", {}), inner.get("additionalProperties")
        for key in value:
            value[key] = _read(value[key], fields.get(key) or (rest if isinstance(rest, dict) else {}))
    elif isinstance(value, list):
        inner = next((one for one in schema.get("anyOf", ()) if one.get("type") == "array"), schema)
        for index, item in enumerate(value):
            value[index] = _read(item, inner.get("items", {}))
    return value
