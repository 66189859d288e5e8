"""Bring a benchmark to one table of items, or refuse it before any model is loaded.

    koreason bench --out try/benches/ko_math --spec '{"kind": "math", "file": "$KOREASON_HOME/data/benches/ko_math.jsonl",
      "sha256": "2ce06e6115740dba7d41dae34e940d114c11c891ea1a7af13d40eacd36c01e25"}'

Writes `items.parquet`, one row per item, sorted by id: the question, the options of a choice, and the gold as it is compared (a
choice's label, a value as LaTeX). An item without gold, or with an id that stands twice, is refused with its line.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from koreason.benches.items import ITEMS_FILE, Item, frame
from koreason.benches.kinds import KINDS
from koreason.benches.readers import read_source
from koreason.benches.spec import COLUMNS, Items
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
        }


def normalised(source: Items) -> list[Item]:
    """All items of a source, sorted by id.

    Raises:
        UserError: the source is missing or not the one that was pinned, or an item is incomplete or stands twice.
    """
    columns = {str(ours): its for ours, its in (source.columns or {}).items()}
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise UserError(f"'columns' maps {', '.join(unknown)}", "benches", f"it may map {', '.join(COLUMNS)}")
    records, where = read_source(source)
    items = [_item(record, f"{where}:{number}", number, columns, source.kind) for number, record in enumerate(records, 1)]
    if not items:
        raise UserError("holds no items", where)
    twice = sorted(key for key, count in Counter(item.id for item in items).items() if count > 1)
    if twice:
        raise UserError(f"{len(twice)} ids stand more than once, the first is {twice[0]!r}", where, "give each item its own id")
    return sorted(items, key=lambda item: item.id)


def _item(record: dict[str, Any], where: str, number: int, columns: dict[str, Any], kind: str) -> Item:
    value: dict[str, Any] = {name: _value(record, columns.get(name, name)) for name in COLUMNS}
    for name in ("question", "gold"):
        if value[name] is None or (isinstance(value[name], str) and not value[name].strip()):
            raise UserError(f"lacks '{columns.get(name, name)}'", where, "complete the item")
    options = value["options"] or []
    if isinstance(options, str) and options.lstrip().startswith("["):  # a list in a CSV field
        options = as_list(options)
    if not isinstance(options, list) or len(options) == 1 or any(option is None for option in options):
        raise UserError(f"'{columns.get('options', 'options')}' is not a list of options", where, "mend the item")
    named = str(value["kind"] or kind).strip()
    if named not in KINDS:
        raise UserError(f"its kind is {named[:40]!r}", where, f"accepted: {', '.join(KINDS)}")
    question, texts = str(value["question"]).strip(), [str(option).strip() for option in options]
    return Item(
        id=str(value["id"]) if value["id"] is not None else f"{number:06d}",
        category=str(value["category"] or ""),
        question=question,
        options=texts if named == "choice" else [],
        gold=KINDS[named].gold(value["gold"], texts, question, where),
        kind=named,
    )


def _value(record: dict[str, Any], its: str | list[str]) -> Any:
    """What a record has in a column; of several a list of what is there, as an item may have fewer options than others."""
    if isinstance(its, str):
        return record.get(its)
    return [there for there in map(record.get, its) if there not in (None, "")]


def as_list(text: str) -> Any:
    """A list that is written as JSON; the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
