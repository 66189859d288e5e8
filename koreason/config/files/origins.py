"""Where each value of a configuration comes from: the values in force, with the file or the entry that says them.

tree = sourced([Path("my.yaml")])
tree["schedules"]["mine"]["lr"]      # Sourced(value=5e-05, origin="my.yaml")
"""

import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from koreason.config.catalogue import Catalogue
from koreason.config.files.layers import CATALOGUE, LANGUAGES, lay, layered, read_language, read_yaml
from koreason.config.files.like import LIKE, resolve, tables
from koreason.home import HOME


class Sourced(NamedTuple):
    """A value and where it comes from: a file, or an entry of one that the value's own is like."""

    value: Any
    origin: str


def sourced(files: list[Path]) -> dict[str, Any]:
    """The catalogue with files over it, as `layered` has them, each value with its origin; not checked."""
    settled = layered(files)
    tree: dict[str, Any] = {}
    lay(tree, _wrapped(read_yaml(HOME / CATALOGUE), CATALOGUE.as_posix()))
    tree["languages"] = {
        path.stem: _wrapped(read_language(path), f"{LANGUAGES}/{path.name}") for path in sorted((HOME / LANGUAGES).glob("*.yaml"))
    }
    for file in files:
        lay(tree, _wrapped(read_yaml(file), str(file)))
    own = {(table, name): entry for table, _ in tables() for name, entry in tree.get(table, {}).items() if isinstance(entry, dict)}
    likes = {place: entry[LIKE].value for place, entry in own.items() if LIKE in entry}
    mine = {place: set(leaves(entry)) for place, entry in own.items()}
    resolve(tree, lambda leaf: leaf.value)
    for (table, name), below in likes.items():
        tree[table][name] = _through(tree[table][name], mine[table, name], below, ())
    _agree(tree, settled)
    return tree


def _wrapped(value: Any, origin: str) -> Any:
    if isinstance(value, dict):
        return {key: _wrapped(item, origin) for key, item in value.items()}
    return Sourced(value, origin)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value."""
    if isinstance(tree, dict) and tree:
        for key, item in tree.items():
            yield from leaves(item, (*path, key))
    else:
        yield path


def _through(tree: Any, mine: set[tuple[Any, ...]], below: str, path: tuple[Any, ...]) -> Any:
    """Say of what an entry does not say itself which one it is like."""
    if isinstance(tree, dict):
        return {key: _through(item, mine, below, (*path, key)) for key, item in tree.items()}
    if path in mine or tree.origin.startswith("like "):
        return tree
    return tree._replace(origin=f"like {below}, {tree.origin}")


def _agree(tree: Any, values: Any) -> None:
    """Take the values that are in force: numbers are read and paths placed by then."""
    for key, item in list(tree.items()):
        if isinstance(item, dict):
            _agree(item, values[key])
        else:
            tree[key] = item._replace(value=values[key])


def with_defaults(entry: dict[str, Any], kind: Any) -> dict[str, Any]:
    """An entry with what its class gives where it says nothing."""
    found = dict(entry)
    for part, hint in typing.get_type_hints(kind).items():
        inner = next((one for one in (hint, *typing.get_args(hint)) if is_dataclass(one)), None)
        if part in found and inner and isinstance(found[part], dict):
            found[part] = with_defaults(found[part], inner)
    for field in fields(kind):
        if field.name not in found:
            value = field.default_factory() if field.default_factory is not MISSING else field.default
            if value is not MISSING:
                found[field.name] = Sourced(value, "default")
    return found


def kind_of(table: str) -> Any:
    """The class of a table's entries."""
    return typing.get_args(typing.get_type_hints(Catalogue)[table])[1]
