"""The JSON schema of a dataclass: what `koreason.config.load.load` builds from values, and what refuses wrong ones before.

    schema_of(Site)["properties"]["account"]      # {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Slurm account; …"}

A field's sentence stands in its class's docstring, under `Attributes`; its marks (`koreason/config/marks.py`) become keywords.
"""

import dataclasses
import functools
import inspect
import json
import re
import types
import typing
from typing import Annotated, Any, Literal

from koreason.home import HOME

TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


@functools.cache
def read_schema() -> dict[str, Any]:
    """The schema of the configuration, with its marks, as `make schema` wrote it."""
    schema: dict[str, Any] = json.loads((HOME / "config" / "schema.json").read_text(encoding="utf-8"))
    return schema


def schema_of(kind: Any) -> dict[str, Any]:
    """JSON schema of a dataclass or annotation; unknown keys are refused at every level."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind, include_extras=True)
        said = sentences(kind)
        required = [
            f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        properties = {
            field.name: schema_of(hints[field.name]) | ({"description": said[field.name]} if field.name in said else {})
            for field in dataclasses.fields(kind)
        }
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if origin is Annotated:
        found = schema_of(arguments[0])
        for mark in kind.__metadata__:
            found |= mark.keywords()
        return found
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict and typing.get_origin(arguments[0]) is Literal:
        names = typing.get_args(arguments[0])
        return {"type": "object", "properties": {name: schema_of(arguments[1]) for name in names}, "additionalProperties": False}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    if kind is Any:
        return {}
    return {"type": TYPES[kind]}


def sentences(kind: type) -> dict[str, str]:
    """What a dataclass's docstring, and those of the classes it builds on, say of each field under `Attributes`."""
    found: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        _, _, attributes = (inspect.cleandoc(part.__doc__ or "") if "__doc__" in vars(part) else "").partition("\nAttributes:\n")
        for names, text in re.findall(r"^    (\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE):
            found.update(dict.fromkeys(names.split(", "), " ".join(text.split())))
    return found
