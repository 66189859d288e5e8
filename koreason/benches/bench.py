"""Bring a benchmark to one table of items, or refuse it before any model is loaded.

    koreason bench --out try/benches/ko_math --spec '{"kind": "math", "file": "$KOREASON_HOME/data/benches/ko_math.jsonl",
      "sha256": "2ce06e6115740dba7d41dae34e940d114c11c891ea1a7af13d40eacd36c01e25"}'

Writes `items.parquet`, one row per item, sorted by id: the question, the options of a choice, and the gold as it is compared (a
choice's label, a value as LaTeX). An item without gold, or with an id that stands twice, is refused with its line; so is another
number of items than the entry says, and a column that it names and the source has not.
"""

import argparse
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from koreason.benches.items import ITEMS_FILE, Item, frame
from koreason.benches.readers import Record, read_source
from koreason.benches.records import item, named_columns, value_of
from koreason.benches.spec import Items
from koreason.config.load import add_spec, note_how, read_spec
from koreason.errors import UserError
from koreason.records.stage import Stage
from koreason.tables import ITEMS, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Items)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the items and their manifest")


def main(arguments: argparse.Namespace) -> None:
    """Read one benchmark's source and write its items."""
    source = read_spec(arguments.spec, Items, arguments.how)
    with Stage(arguments.out, "bench", json.loads(arguments.spec), []) as stage:
        note_how(stage.run, arguments)
        items = normalised(source)
        write_table(frame(items), stage, ITEMS_FILE, ITEMS)
        stage.counts |= {
            "items": len(items),
            "categories": dict(sorted(Counter(item.category for item in items).items())),
            "kinds": dict(sorted(Counter(item.kind for item in items).items())),
            "options": {str(options): count for options, count in sorted(Counter(len(item.options) for item in items).items())},
            "clusters": len({item.cluster for item in items}),
        }


def normalised(source: Items) -> list[Item]:
    """All items of a source, sorted by id.

    Raises:
        UserError: the source is missing or not the one that was pinned, or an item is incomplete or stands twice.
    """
    columns = named_columns(source)
    records, where = read_source(source)
    if not records:
        raise UserError("holds no items", where)
    _hold_columns(records, columns, where)
    items = [item(record, f"{where}:{number}", number, columns, source) for number, record in enumerate(records, 1)]
    twice = sorted(key for key, count in Counter(item.id for item in items).items() if count > 1)
    if twice:
        raise UserError(f"{len(twice)} ids stand more than once, the first is {twice[0]!r}", where, "give each item its own id")
    if source.items is not None and len(items) != source.items:
        raise UserError(
            f"holds {len(items):,} items, and its entry says {source.items:,}",
            where,
            "look at what was taken for items ('files', 'name', 'split'), or mend 'items' and raise 'version'",
        )
    alone = {one.id for one, record in zip(items, records, strict=True) if not str(value_of(record, "cluster", columns) or "").strip()}
    taken = alone & {one.cluster for one in items if one.id not in alone}  # ids that are names of what others share
    items = [replace(one, cluster=f"{one.id} (alone)") if one.id in taken else one for one in items]
    return sorted(items, key=lambda item: item.id)


def _hold_columns(records: list[Record], columns: dict[str, list[str]], where: object) -> None:
    """A column that is named and stands in no record is a misspelt one, not an empty one."""
    there = {column for record in records for column in record}
    for ours, its in columns.items():
        for column in its:
            if column not in there:
                known = ", ".join(sorted(name for name in there if not name.startswith("$")))
                raise UserError(f"'columns' names '{column}' for {ours}, which no item has", where, f"they have {known[:200]}")
