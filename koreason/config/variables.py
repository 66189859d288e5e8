"""Variables of the environment that a configuration may name: in paths, as `$NAME`, and never a secret's.

    expand("$KOREASON_DATA/forum")       # Path("/data/forum")
    named('{"root": "$KOREASON_DATA/forum", "instruction": "$HF_TOKEN"}')      # {"KOREASON_DATA"}

A configuration may be a colleague's. In any other field `$NAME` is text; what looks like a secret's name is refused in a path, too, so that
no message and no file ever holds its value. One field names a secret, `seal_key`, and says so by its mark.
"""

import functools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.config.schema import read_schema
from koreason.errors import UserError

NAME = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
# Parts of a name, between `_`, or what stands in one: of variables that hold what nobody is to see.
SECRET_PARTS = frozenset({"KEY", "PASS", "AUTH", "PAT", "CRED", "CREDS", "COOKIE", "COOKIES", "PRIVATE", "CERT", "DSN", "SESSION", "JWT"})
SECRET = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|APIKEY|ACCESSKEY")
OURS = re.compile(r"KOREASON_[A-Z0-9_]+")  # what a field that names a secret may name


def is_secret(name: str) -> bool:
    """Whether a variable is called as those are that hold secrets."""
    name = name.upper()
    return bool(SECRET.search(name)) or bool(SECRET_PARTS & set(name.split("_")))


def expand(path: str) -> Path:
    """A configured path with its `$NAME`s read from the environment.

    Raises:
        UserError: a variable is not set, or holds a secret.
    """
    names = [one or other for one, other in NAME.findall(path)]
    if secret := next(filter(is_secret, names), None):
        raise UserError(f"names the variable {secret}, which looks like a secret", path, "name a folder by another variable")
    expanded = os.path.expandvars(path)
    if "$" in expanded:
        name = expanded.split("$", 1)[1].split("/", 1)[0].strip("{}")
        raise UserError(f"the environment variable {name} is not set", path, f"export {name}=FOLDER")
    return Path(expanded).expanduser()


def named(text: str) -> set[str]:
    """The variables that an entry's JSON text, or `@FILE` with it, names in its fields of paths and of secrets."""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return set()
    if not text.startswith("{"):
        return set()
    try:
        return set(_named(json.loads(text)))
    except (ValueError, RecursionError):
        return set()


def _named(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for inner, item in value.items():
            yield from _named(item, inner)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, key)
    elif isinstance(value, str):
        names = [one or other for one, other in NAME.findall(value)]
        if key in fields("x-path"):
            yield from (name for name in names if not is_secret(name))
        elif key in fields("x-secret") and NAME.fullmatch(value):
            yield from filter(OURS.fullmatch, names)


@functools.cache
def fields(mark: str) -> frozenset[str]:
    """Names of the configuration's fields that have a mark."""
    return frozenset(_marked(read_schema(), mark))


def _marked(schema: Any, mark: str) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, field in (schema.get("properties") or {}).items():
            if isinstance(field, dict) and field.get(mark):
                yield name
        for inner in schema.values():
            yield from _marked(inner, mark)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _marked(inner, mark)
