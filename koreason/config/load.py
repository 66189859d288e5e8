"""From a configuration entry to its dataclass: what each subcommand's `--spec` and `--how` go through.

    model = read_spec(arguments.spec, Model, arguments.how)
    what(model)      # without the fields marked How: all that may decide a result

`--spec` holds what is made, `--how` the fields marked `How`; called by hand a command takes all of them in `--spec`.
"""

import argparse
import contextlib
import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from koreason.config.marks import How, OneOf, Range
from koreason.errors import UserError

T = TypeVar("T")
PLAIN = {str: "a text", bool: "true or false", int: "a whole number"}


def load(kind: Any, value: Any, where: str = "--spec") -> Any:
    """Build the dataclass or annotation `kind` from a JSON value that the schema has accepted.

    Raises:
        UserError: a key is missing or unknown, or a value is outside its range, as when a subcommand is called by hand.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind, include_extras=True)
        try:
            return kind(**{key: load(hints.get(key, Any), item, key) for key, item in value.items()})
        except (TypeError, AttributeError) as error:
            raise UserError(
                str(error).replace("__init__() ", ""), f"--spec of {kind.__name__}", f"its keys are {', '.join(hints)}"
            ) from None
    if origin is typing.Annotated:
        for mark in kind.__metadata__:
            if isinstance(mark, Range) and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise UserError(f"is {value!r}", where, f"accepted: a number, {mark.words()}")
            if isinstance(mark, Range | OneOf) and (accepted := mark.refuses(value)):
                raise UserError(f"is {value!r}", where, accepted)
        return load(arguments[0], value, where)
    if (origin is list and not isinstance(value, list)) or (origin is dict and not isinstance(value, dict)):
        raise UserError(f"is {value!r}", where, f"accepted: a {'list' if origin is list else 'table'}")
    if origin in (list, dict) and arguments[-1] in PLAIN and {*map(type, value.values() if origin is dict else value)} <= {arguments[-1]}:
        return origin(value)  # of a model's weights there are fifty thousand
    if origin is list:
        return [load(arguments[0], item, where) for item in value]
    if origin is dict:
        return {key: load(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind in PLAIN and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise UserError(f"is {repr(value)[:60]}", where, f"accepted: {PLAIN[kind]}")
    if origin in (types.UnionType, typing.Union) and value is not None:
        *others, last = [argument for argument in arguments if argument is not type(None)]
        for kind in others:
            with contextlib.suppress(UserError):
                return load(kind, value, where)
        return load(last, value, where)
    return value


def add_spec(parser: argparse.ArgumentParser, kind: type) -> None:
    """Add `--spec`, the JSON text of one `kind`, and `--how` where it has fields that are marked so."""
    names = ", ".join(field.name for field in dataclasses.fields(kind))
    parser.add_argument(
        "--spec", required=True, type=spec_text, metavar="JSON", help=f"a {kind.__name__} of the configuration: {names}; or @FILE with it"
    )
    if any(_hows(kind)):
        parser.add_argument("--how", default="{}", metavar="JSON", help="what decides no result, laid over the entry")


def spec_text(given: str) -> str:
    """What `--spec` says: itself, or for `@FILE` the text of that file, where it is too long for a command line.

    Raises:
        UserError: there is no such file, or it is no text.
    """
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error})", given[1:], "give the JSON text itself, or a file that holds it") from None


def _hows(kind: Any) -> Iterator[str]:
    """Names of a dataclass's fields that are marked How, those of its parts too."""
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        if any(isinstance(mark, How) for mark in getattr(hint, "__metadata__", ())):
            yield name
        elif dataclasses.is_dataclass(hint):
            yield from _hows(hint)


def read_spec(text: str, kind: type[T], how: str = "{}") -> T:
    """Parse the text of `--spec`, with that of `--how` laid over it as far as it is of this kind.

    Raises:
        UserError: one is not JSON, or does not fit `kind`.
    """
    try:
        value, over = json.loads(text), json.loads(how)
    except ValueError as error:
        raise UserError(f"not JSON ({error})", "--spec, --how") from None
    if isinstance(value, dict) and isinstance(over, dict):
        names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        value = _laid_over(value, {name: item for name, item in over.items() if name in names})
    loaded: T = load(kind, value)
    return loaded


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        both[key] = _laid_over(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def what(spec: Any) -> dict[str, Any]:
    """A dataclass's values without those of fields marked How."""
    hows = set(_hows(type(spec)))
    found = {name: value for name, value in vars(spec).items() if name not in hows}
    return {name: what(value) if dataclasses.is_dataclass(value) else value for name, value in found.items()}


def note_how(run: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Record `--how` among the facts of a run."""
    run["how"] = json.loads(arguments.how)
