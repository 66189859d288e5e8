"""From a configuration entry to its dataclass: what each subcommand's `--spec` goes through.

pool = load(Pool, json.loads(arguments.spec))
"""

import argparse
import dataclasses
import json
import os
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from koreason.errors import UserError

T = TypeVar("T")


def load(kind: Any, value: Any) -> Any:
    """Build the dataclass or annotation `kind` from a JSON value that the schema has accepted.

    Raises:
        UserError: a key is missing or unknown, as when a subcommand is called by hand.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        try:
            return kind(**{key: load(hints.get(key, Any), item) for key, item in value.items()})
        except (TypeError, AttributeError) as error:
            raise UserError(
                str(error).replace("__init__() ", ""), f"--spec of {kind.__name__}", f"its keys are {', '.join(hints)}"
            ) from None
    if origin is list:
        return [load(arguments[0], item) for item in value]
    if origin is dict:
        return {key: load(arguments[1], item) for key, item in value.items()}
    if origin in (types.UnionType, typing.Union) and value is not None:
        return load(next(argument for argument in arguments if argument is not type(None)), value)
    return value


def add_spec(parser: argparse.ArgumentParser, kind: type) -> None:
    """Add `--spec`, the JSON text of one `kind`."""
    names = ", ".join(field.name for field in dataclasses.fields(kind))
    parser.add_argument("--spec", required=True, metavar="JSON", help=f"a {kind.__name__} of the configuration: {names}")


def read_spec(text: str, kind: type[T]) -> T:
    """Parse the text of `--spec`.

    Raises:
        UserError: it is not JSON, or does not fit `kind`.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"not JSON ({error})", "--spec") from None
    loaded: T = load(kind, value)
    return loaded


def expand(path: str) -> Path:
    """A configured path with its `$NAME`s read from the environment.

    Raises:
        UserError: a variable is not set.
    """
    expanded = os.path.expandvars(path)
    if "$" in expanded:
        name = expanded.split("$", 1)[1].split("/", 1)[0].strip("{}")
        raise UserError(f"the environment variable {name} is not set", path, f"export {name}=FOLDER")
    return Path(expanded).expanduser()
