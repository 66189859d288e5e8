"""Print the values in force, and where each comes from.

    koreason config smollm2_mixed --configfile config/taste.yaml
    koreason config schedules.laptop_short
    koreason config pools --configfile my.yaml

NAME is a table, an entry of any table, or TABLE.ENTRY; without one all entries are printed that the run comes to. Behind each value stands
the file that says it; the entry that it is `like`, with that one's file; or `default`. What is wrong with the configuration is said by
`koreason check`.
"""

import argparse
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.config.files.layers import layered
from koreason.config.files.like import tables
from koreason.config.files.origins import Sourced, kind_of, sourced, with_defaults
from koreason.config.joined.reached import reached
from koreason.errors import UserError, printable

WIDTH = 60  # of a value on its line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason config`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a table, an entry, or TABLE.ENTRY")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")


def main(arguments: argparse.Namespace) -> None:
    """Print."""
    if absent := [file for file in arguments.configfile if not file.is_file()]:
        raise UserError("no such configuration", absent[0])
    tree = sourced(arguments.configfile)
    for table, name in chosen(tree, arguments.name, arguments.configfile):
        entry = tree[table] if name is None else tree[table][name]
        print(table if name is None else f"{table}.{name}")
        shown = with_defaults(entry, kind_of(table)) if name is not None and isinstance(entry, dict) else entry
        print("\n".join(lines(shown)))


def chosen(tree: dict[str, Any], name: str | None, files: list[Path]) -> list[tuple[str, str | None]]:
    """The entries that are meant, or a table that has none, such as `run`.

    Raises:
        UserError: there is nothing of that name.
    """
    named = {table: list(tree.get(table, {})) for table, _ in tables()}
    if name is None:
        come_to = reached(layered(files))
        return [*((table, entry) for table in named for entry in come_to.get(table, [])), ("run", None)]
    if name in named:
        return [(name, entry) for entry in named[name]]
    if name in ("run", "resources"):
        return [(name, None)]
    found: list[tuple[str, str | None]] = [
        (table, entry) for table, entries in named.items() for entry in entries if name in (entry, f"{table}.{entry}")
    ]
    if not found:
        known = sorted({*named, *(entry for entries in named.values() for entry in entries)})
        close = difflib.get_close_matches(name, known, n=1)
        do = f"did you mean '{close[0]}'?" if close else "see `koreason config`"
        do = do if files or close else "name the file that has it with --configfile: without one it is the catalogue alone"
        raise UserError(f"there is no table and no entry '{name}'", "config", do)
    return found


def lines(tree: dict[str, Any], indent: str = "  ") -> Iterator[str]:
    """A line for each value, the origins in one column."""
    width = max((len(key) for key in map(str, tree)), default=0)
    for key, item in tree.items():
        if isinstance(item, Sourced):
            yield f"{indent}{key:<{width}}  {_short(item.value):<{WIDTH}}  {item.origin}"
        else:
            yield f"{indent}{key}"
            yield from lines(item, indent + "  ")


def _short(value: Any) -> str:
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
