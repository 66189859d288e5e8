"""The configuration as files laid over the catalogue, read without Snakemake.

config = layered([Path("my.yaml")])
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from koreason.config.checks.structure import ConfigError
from koreason.config.files.like import resolve, tables
from koreason.config.files.numbers import read_numbers
from koreason.config.files.places import place
from koreason.errors import UserError
from koreason.home import HOME
from koreason.shown import beginning
from koreason.system import yamls

MOST = 60  # characters of a value in a message
CATALOGUE = Path("config/config.yaml")
# Of YTE: with these Snakemake takes a file for a program.
CODE = frozenset({"__use_yte__", "__definitions__", "__variables__"})
LANGUAGES = Path("config/languages")  # a file an entry: its patterns are long, and a new one touches no other
BENCHES = Path("config/benches")  # likewise
# What of a benchmark's entry says where its items are: all that its kit has in its stead.
SOURCE = ("file", "sha256", "hub", "revision", "digest", "name", "split", "files", "columns", "items", "shuffle")


def layered(files: list[Path], refuse: bool = True) -> dict[str, Any]:
    """The catalogue with files laid over it, the later over the earlier, tables key by key as Snakemake does; not checked.

    Args:
        refuse: as in `settle`.

    Raises:
        UserError: one is missing or no YAML, an entry is `like` one that is not there, or what has entries is no table of them.
    """
    config, over = read_catalogue(HOME), [(file.parent, read_yaml(file)) for file in files]
    for _, values in over:
        lay(config, values)
    settle(config, over, refuse)
    if refuse and (odd := list(_odd(config))):
        raise ConfigError(odd)
    return config


def _odd(config: dict[str, Any]) -> Iterator[str]:
    """Tables, entries and experiments that are none, whose insides nobody could ask for; what is null is not there."""
    run = config.get("run")
    experiments = run.get("experiments") if isinstance(run, dict) else None
    yield from _not(dict, "a table", {"run": run, **{table: config.get(table) for table, _ in tables()}})
    for table, _ in tables():
        if isinstance(entries := config.get(table), dict):
            yield from _not(dict, "a table", {f"{table}.{name}": entry for name, entry in entries.items()})
    yield from _not(list, "a list", {"run.experiments": experiments})
    if isinstance(experiments, list):
        yield from _not(dict, "a table", {f"run.experiments[{place}]": one for place, one in enumerate(experiments)})


def _not(kind: type, words: str, values: dict[str, Any]) -> Iterator[str]:
    for where, value in values.items():
        if not isinstance(value, kind | None):
            yield f"{where}: {beginning(json.dumps(value, ensure_ascii=False, default=str), MOST)} is not accepted; accepted: {words}"


def settle(config: dict[str, Any], files: Sequence[tuple[Path, dict[str, Any]]], refuse: bool = True) -> None:
    """Read a configuration, in place, as people write it: paths from their files, entries like others, numbers.

    Args:
        files: as `places.place` takes them.
        refuse: whether what is like nothing is refused, or left for `check` to say.

    Raises:
        UserError: an entry is `like` one that is not there.
    """
    place(config, files)
    resolve(config, refuse=refuse)
    read_numbers(config)


def read_catalogue(home: Path) -> dict[str, Any]:
    """Every entry that a run may name, as the package at `home` has them."""
    found: dict[str, Any] = {}
    # into an empty one, which copies: two entries that share a part by a YAML anchor would be changed together
    lay(found, read_yaml(home / CATALOGUE))
    found["languages"] = {path.stem: read_language(path) for path in sorted((home / LANGUAGES).glob("*.yaml"))}
    for path in sorted((home / BENCHES).glob("*.yaml")):
        found["benches"] |= read_bench(path)
    return found


def read_bench(file: Path) -> dict[str, dict[str, Any]]:
    """The entries of `benches` that a file makes: its own, and `{name}_kit` where a `kit` says where its items are otherwise.

    What it does not say itself it takes from the file of the folder `asked` beside it that its key `asked` names.

    Raises:
        UserError: one is missing or no YAML.
    """
    said = read_yaml(file)
    asked, kit = said.pop("asked", None), said.pop("kit", None)
    entry = (read_yaml(file.parent / "asked" / f"{asked}.yaml") if asked else {}) | said
    found = {file.stem: entry}
    if kit:
        found[f"{file.stem}_kit"] = {key: value for key, value in entry.items() if key not in SOURCE} | kit
    return found


def read_language(file: Path) -> dict[str, Any]:
    """An entry of `languages`: a file, with the keys of those that lie in a folder of its name beside it.

    Raises:
        UserError: one is missing or no YAML, or two give the same key.
    """
    found = read_yaml(file)
    for part in sorted(file.with_suffix("").glob("*.yaml")):
        keys = read_yaml(part)
        if twice := sorted(found.keys() & keys.keys()):
            raise UserError(f"gives {', '.join(twice)}, which another file of the language gives", part, "give each key once")
        found |= keys
    return found


def read_yaml(file: Path) -> dict[str, Any]:
    """A file's table; an empty file is an empty one.

    Raises:
        UserError: it is missing, no YAML, or no table.
    """
    try:
        found = yamls.read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot be read ({' '.join(str(error).split())})", file, "give a file of the configuration, in YAML") from None
    if isinstance(found, dict) and (code := sorted(CODE & found.keys())):
        do = "write out what it makes; given to Snakemake itself it would be run, before anything of koreason is"
        raise UserError(f"brings code ({', '.join(code)})", file, do)
    if not isinstance(found, dict | None):
        raise UserError("holds no table", file, "give a file of the configuration, in YAML")
    return found or {}


def lay(below: dict[str, Any], above: dict[str, Any]) -> None:
    """Lay one table over another, key by key, in place."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            lay(below[key], value)
        else:
            below[key] = {} if isinstance(value, dict) else value
            if isinstance(value, dict):
                lay(below[key], value)
