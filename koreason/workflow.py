"""All that the Snakefile may import: standard library only, pure, fast enough for every parse.

    code_digest("koreason.curate.clean")   # changes when the code that `clean` runs changes its meaning
"""

import ast
import difflib
import functools
import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.manifest import canonical, digest

PACKAGE = Path(__file__).parent
HOME = PACKAGE.parent
BASE = "base"  # stands for "not trained" where a path names a mix and a schedule

__all__ = ["BASE", "ConfigError", "canonical", "cells", "check", "code_digest", "environment_digest", "shard_names"]


class ConfigError(ValueError):
    """The configuration is wrong; the message is one line that names the key and what would be accepted."""


def _without_docstrings(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            if isinstance(body[0].value.value, str):
                node.body = body[1:]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@functools.cache
def code_digest(module: str) -> str:
    """Digest of what `module` and every `koreason` module it imports mean: comments, layout and docstrings aside."""
    seen: dict[str, str] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name in seen or not name.startswith("koreason.") or not path.is_file():
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        todo += _imports(tree)
        seen[name] = _without_docstrings(tree)
    return digest(seen)[:16]


@functools.cache
def environment_digest(name: str) -> str:
    """What a stage's dependencies are: its image's digest where images were built, else its lock file's."""
    images = HOME / "containers" / "images.lock.json"
    if images.is_file():
        entry = json.loads(images.read_text(encoding="utf-8")).get(name)
        if entry:
            return str(entry["sha256"])[:16]
    return hashlib.sha256((HOME / "envs" / f"{name}.lock").read_bytes()).hexdigest()[:16]


def shard_names(count: int) -> list[str]:
    """Names of all shards of a pool cut into `count`: `00000-of-00002`, `00001-of-00002`."""
    return [f"{index:05d}-of-{count:05d}" for index in range(count)]


def cells(config: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Every (model, mix, schedule, bench) that the run's experiments ask for, once each, in their order."""
    found: dict[tuple[str, str, str, str], None] = {}
    for block in config["run"]["experiments"]:
        for model, mix, schedule, bench in itertools.product(*(block[key] for key in ("models", "mixes", "schedules", "benches"))):
            if block["base"]:
                found[model, BASE, BASE, bench] = None
            found[model, mix, schedule, bench] = None
    return list(found)


def check(config: dict[str, Any]) -> None:
    """Refuse a configuration that the schema does not accept, or that refers to what the catalogue lacks.

    Raises:
        ConfigError: with one line.
    """
    schema = json.loads((HOME / "config" / "schema.json").read_text(encoding="utf-8"))
    _check_structure(config, schema)
    for where, table, name in _references(config, schema, ""):
        if name not in config[table]:
            raise ConfigError(f"{where}: '{name}' is not in {table}; {_accepted(name, config[table])}")
    for where, source in config["sources"].items():
        if source["licence"] == "C":
            raise ConfigError(f"sources.{where}.licence: C means that its owner forbids crawling; A or B would be accepted")
    for where, recipe in config["recipes"].items():
        if recipe["shards"] < 1 or recipe["samples"] < 1:
            raise ConfigError(f"recipes.{where}: shards and samples must be 1 or more")


def _accepted(name: Any, choices: Any) -> str:
    names = sorted(map(str, choices))
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"accepted: {', '.join(names)}"


def _check_structure(config: dict[str, Any], schema: dict[str, Any]) -> None:
    import jsonschema  # Snakemake's own dependency; not needed to merely import this module

    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(config))
    if error is None:
        return
    where = ".".join(map(str, error.absolute_path)) or "configuration"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        raise ConfigError(f"{where}: unknown key '{unknown}'; {_accepted(unknown, known)}")
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        raise ConfigError(f"{where}: lacks the key '{missing}'")
    if error.validator == "enum":
        raise ConfigError(f"{where}: {error.instance!r} is not accepted; {_accepted(error.instance, error.validator_value)}")
    raise ConfigError(f"{where}: {error.message}")


def _references(value: Any, schema: dict[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    """Every (place, table, name) at which a value names a catalogue entry, as the schema's `x-table` marks it."""
    if "x-table" in schema:
        yield where, schema["x-table"], value
    elif "items" in schema:
        for index, item in enumerate(value):
            yield from _references(item, schema["items"], f"{where}[{index}]")
    elif schema.get("type") == "object":
        rest = schema.get("additionalProperties") or {}
        for key, item in value.items():
            yield from _references(item, schema.get("properties", {}).get(key, rest), f"{where}.{key}".lstrip("."))
