"""The JSON schema of a dataclass: what `koreason.settings.load` builds from values, and what refuses wrong ones before.

schema_of(Site)["properties"]["account"]      # {"anyOf": [{"type": "string"}, {"type": "null"}]}
"""

import dataclasses
import types
import typing
from typing import Annotated, Any, Literal

from koreason.references import Table


def schema_of(kind: Any) -> dict[str, Any]:
    """JSON schema of a dataclass or annotation; unknown keys are refused at every level."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        required = [
            f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        properties = {field.name: schema_of(hints[field.name]) for field in dataclasses.fields(kind)}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if origin is Annotated:
        table = next(mark.name for mark in kind.__metadata__ if isinstance(mark, Table))
        return {**schema_of(arguments[0]), "x-table": table}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    if kind is Any:
        return {}
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}[kind]}
