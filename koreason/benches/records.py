"""One record of a benchmark's source as an item of ours.

    item({"problem": "2+3?", "answer": 5}, "test.jsonl:1", 1, {"question": ["problem"], "gold": ["answer"]}, Items(kind="math"))

Which of its columns is which, the entry's `columns` says; nothing here knows a benchmark by name.
"""

import hashlib
import json
from typing import Any

from koreason.benches.items import Item
from koreason.benches.kinds import KINDS, MIXED
from koreason.benches.spec import COLUMNS, Items
from koreason.benches.told import told
from koreason.errors import UserError

Columns = dict[str, list[str]]
# How several columns become one; options are one each, and what has no word here is a single column.
LONGEST_NAME = 80  # characters of a cluster's name
JOINED = {"id": "-", "category": ", ", "question": "\n\n", "cluster": ", "}


def named_columns(source: Items) -> Columns:
    """The source's columns by ours, always as a list.

    Raises:
        UserError: it maps what is none of ours, or joins columns that cannot be.
    """
    columns: Columns = {str(ours): its if isinstance(its, list) else [its] for ours, its in (source.columns or {}).items()}
    if unknown := sorted(set(columns) - set(COLUMNS)):
        raise UserError(f"'columns' maps {', '.join(unknown)}", "benches", f"it may map {', '.join(COLUMNS)}")
    for ours, its in columns.items():
        if len(its) != 1 and (not its or ours not in (*JOINED, "options")):
            raise UserError(f"'columns' gives {len(its)} columns for {ours}", "benches", "it takes one")
    return columns


def item(record: dict[str, Any], where: str, number: int, columns: Columns, source: Items) -> Item:
    """The item that a record is; `where` names it in messages, `number` is its place in the source, from 1.

    Raises:
        UserError: it lacks what it needs.
    """
    value = {name: value_of(record, name, columns) for name in COLUMNS}
    for name in ("question", "gold"):
        if value[name] is None or (isinstance(value[name], str) and not value[name].strip()):
            raise UserError(f"lacks '{'/'.join(columns.get(name, [name]))}'", where, "complete the item")
    texts = _options(value["options"], where, columns)
    question = str(value["question"]).strip()
    named = str(value["kind"] or source.kind).strip()
    if named == MIXED:
        named = told(value["gold"], texts, question, where)
    if named not in KINDS:
        raise UserError(f"its kind is {named[:40]!r}", where, f"accepted: {', '.join(KINDS)}")
    identity = str(value["id"]) if value["id"] is not None else f"{number:06d}"
    given = columns.get("gold", ["gold"])[0]
    apart = columns.get("options", [])
    if named == "choice" and len(apart) > 1 and given in apart:  # the right one's column says which it is
        gold = chr(ord("A") + apart.index(given))
    else:
        gold = KINDS[named].gold(value["gold"], texts, question, where)
    if named == "choice" and texts and source.shuffle is not None:
        texts, gold = _shuffled(texts, gold, source.shuffle, identity)
    return Item(
        id=identity,
        category=str(value["category"] or ""),
        question=question,
        options=texts if named == "choice" else [],
        gold=gold,
        kind=named,
        cluster=_cluster(str(value["cluster"] or "").strip()) or identity,
    )


def _cluster(text: str) -> str:
    """A cluster's name: what items share itself, or its digest where that is a whole passage."""
    return text if len(text) <= LONGEST_NAME else hashlib.sha256(text.encode()).hexdigest()[:24]


def value_of(record: dict[str, Any], name: str, columns: Columns) -> Any:
    """What a record has in the column or columns that are ours by this name."""
    its = columns.get(name, [name])
    if name == "options" and len(its) > 1:
        return [record.get(column) for column in its]
    if len(its) == 1:
        return record.get(its[0])
    parts = [str(record[column]).strip() for column in its if record.get(column) is not None]
    return JOINED[name].join(part for part in parts if part) or None


def _options(value: Any, where: str, columns: Columns) -> list[str]:
    options = value or []
    if isinstance(options, str) and options.lstrip().startswith("["):  # a list in a CSV field
        options = as_list(options)
    if isinstance(options, list) and len(columns.get("options", ())) > 1:
        while options and options[-1] is None:  # four options where others have five
            options = options[:-1]
    if not isinstance(options, list) or len(options) == 1 or any(option is None for option in options):
        raise UserError(f"'{'/'.join(columns.get('options', ['options']))}' is not a list of options", where, "mend the item")
    return [str(option).strip() for option in options]


def _shuffled(options: list[str], gold: str, seed: int, identity: str) -> tuple[list[str], str]:
    """The options in an order that depends on the seed and the item alone, and the label that the right one has there."""

    def key(index: int) -> bytes:
        return hashlib.sha256(json.dumps([seed, identity, index], ensure_ascii=False).encode()).digest()

    order = sorted(range(len(options)), key=key)
    return [options[index] for index in order], chr(ord("A") + order.index(ord(gold) - ord("A")))


def as_list(text: str) -> Any:
    """A list that is written as JSON; the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
