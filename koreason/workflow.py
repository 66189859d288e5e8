"""All that the Snakefile may import: standard library only, pure, fast enough for every parse.

code_digest("koreason.curate.clean")   # changes when the code that `clean` runs changes its meaning
"""

import ast
import difflib
import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.manifest import canonical, digest
from koreason.shards import shard_names

PACKAGE = Path(__file__).parent
HOME = PACKAGE.parent
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
BASE = "base"  # stands for "not trained" where a path names a mix and a schedule

__all__ = ["BASE", "ConfigError", "canonical", "cells", "check", "code_digest", "environment_digest", "shard_names", "trainings"]


class ConfigError(ValueError):
    """The configuration is wrong; the message is one line that names the key and what would be accepted."""


def _without_docstrings(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        match node:
            case ast.Module(body=[ast.Expr(ast.Constant(str())), *rest]):
                node.body = rest
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
    return ast.dump(tree)


def _imports(tree: ast.AST, importer: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = importer.rsplit(".", node.level)[0] if node.level else ""
            module = ".".join(part for part in (package, node.module) if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@functools.cache
def _read(module: str) -> tuple[str, tuple[str, ...]] | None:
    """What a `koreason` module means and what it imports; None for anything else."""
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not module.startswith("koreason.") or not path.is_file():
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = tuple(_imports(tree, module))
    return _without_docstrings(tree), imports


@functools.cache
def _beside(folder: Path) -> dict[str, str]:
    """Digests of the files in a package's folder that are no Python, such as a style sheet."""
    files = (path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyc") and path.name[0] not in ".#")
    return {str(path.relative_to(PACKAGE)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.name[-1] != "~"}


@functools.cache
def code_digest(*modules: str) -> str:
    """Digest of what `modules` and every `koreason` module they import mean: comments, layout and docstrings aside."""
    seen: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in seen or (read := _read(name)) is None:
            continue
        seen[name] = read[0]
        todo += read[1]
        seen.update(_beside(PACKAGE.joinpath(*name.split(".")[1:-1])))
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


def trainings(config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every (model, mix, schedule) that the run's experiments train, once each, in their order."""
    blocks = config["run"]["experiments"]
    found = (cell for block in blocks for cell in itertools.product(block["models"], block["mixes"], block["schedules"]))
    return list(dict.fromkeys(found))


def cells(config: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Every (model, mix, schedule, bench) that the run's experiments score, once each; untrained models as (model, BASE, BASE, bench)."""
    found: dict[tuple[str, str, str, str], None] = {}
    for block in config["run"]["experiments"]:
        for model in block["models"]:
            trained = list(itertools.product([model], block["mixes"], block["schedules"]))
            for state in [(model, BASE, BASE), *trained] if block["base"] else trained:
                found.update(((*state, bench), None) for bench in block["benches"])
    return list(found)


def check(config: dict[str, Any]) -> None:
    """Refuse a configuration that the schema does not accept, or that refers to what the catalogue lacks.

    Raises:
        ConfigError: with one line.
    """
    schema = json.loads((HOME / "config" / "schema.json").read_text(encoding="utf-8"))
    check_structure(config, schema)
    for where, table, name in _references(config, schema, ""):
        if name not in config[table]:
            raise ConfigError(f"{where}: '{name}' is not in {table}; {_accepted(name, config[table])}")
    _check_names(config)
    for name, source in config["sources"].items():
        if source["licence"] == "C":
            raise ConfigError(f"sources.{name}.licence: C means that its owner forbids crawling; A or B would be accepted")
    for name, recipe in config["recipes"].items():
        if recipe["shards"] < 1 or recipe["samples"] < 1:
            raise ConfigError(f"recipes.{name}: shards and samples must be 1 or more")
    for name, mix in config["mixes"].items():
        sources = [source for part in mix["traces"] for source in config["pools"][part["pool"]]["sources"]]
        known = {config["sources"][source]["category"] for source in sources}
        for category in mix["quotas"]:
            if category not in known:
                raise ConfigError(
                    f"mixes.{name}.quotas: no source of its pools has the category '{category}'; {_accepted(category, known)}"
                )
    if not config["run"]["experiments"]:
        raise ConfigError("run.experiments: is empty; choose a run, for example with --configfile config/demo.yaml")


def _check_names(config: dict[str, Any]) -> None:
    """Names become folders, log files and parts of commands: keep them to what is plain everywhere."""
    for table in ("languages", "bases", "sources", "pools", "recipes", "mixes", "models", "schedules", "benches"):
        for name in config[table]:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise ConfigError(
                    f"{table}: '{name}' cannot be a name; accepted: up to 64 letters, digits, '_' and '-', a letter or digit first"
                )
    for table in ("mixes", "schedules"):
        if BASE in config[table]:
            raise ConfigError(f"{table}: '{BASE}' is reserved for untrained models; any other name would be accepted")


def _accepted(name: Any, choices: Any) -> str:
    names = sorted(map(str, choices))
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"accepted: {', '.join(names)}"


def check_structure(config: dict[str, Any], schema: dict[str, Any]) -> None:
    """Refuse values that a JSON schema does not accept.

    Raises:
        ConfigError: with one line that names the key and what would be accepted.
    """
    import jsonschema  # Snakemake's own dependency; not needed to merely import this module

    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(config))
    # A misspelt key is also a lacking one: name the one that is there.
    error = next((error for error in errors if error.validator == "additionalProperties"), jsonschema.exceptions.best_match(errors))
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
