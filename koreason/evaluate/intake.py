"""Anybody's answers: rows of JSON Lines (also compressed), CSV, Parquet, or lm-evaluation-harness sample logs.

    for row in read_rows([Path("answers.jsonl")], {"response": "solution"}, None):
        print(row.id, row.asked.kind, row.response)

A row needs `gold` and `response`; `id`, `kind`, `question`, `options` and `cluster` are optional. What lacks them is refused with its line.
"""

import bz2
import codecs
import gzip
import json
import lzma
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from koreason.benches.kinds import KINDS
from koreason.benches.told import told
from koreason.errors import UserError
from koreason.evaluate.profiles.readings import Asked
from koreason.intake import tabulated
from koreason.intake.arrow import records
from koreason.intake.jsons import loaded

FIELDS = ("id", "kind", "question", "options", "gold", "response", "cluster")
LONGEST_LINE = 64 << 20  # bytes of one row, after decompression
STARTS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
ZSTANDARD = b"\x28\xb5\x2f\xfd"
# Fields of a harness's sample log: where it has what we ask for.
QUESTIONS = ("question", "query", "problem", "input", "prompt")
CHOICES = ("choices", "options")


@dataclass(frozen=True)
class Row:
    """One answer to one item."""

    id: str
    asked: Asked
    response: str
    cluster: str | None = None


def read_rows(paths: Sequence[Path], names: Mapping[str, str], kind: str | None) -> Iterator[Row]:
    """The answers of files in their order; `names` says what fields of ours are called there, with dots for fields of fields.

    Rows with the same id are answers to one item; without one each is an item of its own, numbered through all files.

    Raises:
        UserError: a file is not there or not readable, a row lacks what it needs, or an id stands for two items.
    """
    known: dict[str, tuple[Asked, str]] = {}
    count = 0
    for path in paths:
        if not path.is_file():
            what = "is no plain file" if path.exists() else "no such file"
            raise UserError(what, path, "give a file of answers: JSON Lines, CSV or Parquet")
        for _, where, record in numbered(path):
            count += 1
            for row in _rows(harness(record) or {}, record, count, where, names, kind):
                first, place = known.setdefault(row.id, (row.asked, where))
                if not _same(first, row.asked):
                    do = "give each item its own id, or score the files one by one"
                    raise UserError(f"has the id {row.id[:40]!r} of another item, that of {place}", where, do)
                yield row


def _same(one: Asked, other: Asked) -> bool:
    """Whether two rows ask the same; options may come in another order each time, so a question alone tells, where there is one."""
    if one.question and other.question:
        return one.question == other.question
    return (one.given, one.gold) == (other.given, other.gold)


def numbered(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The objects of a file with their number, from 1, and where they stand, for messages.

    Raises:
        UserError: the file is not readable as JSON Lines, CSV or Parquet.
    """
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"PAR1"):
        yield from ((number, f"{path}: row {number}", record) for number, record in enumerate(records(path), 1))
        return
    if start.startswith(ZSTANDARD):
        raise UserError("is compressed with zstd, which is not read here", path, "give it as it is, or compressed with gzip, bzip2 or xz")
    opened = next((opener for first, opener in STARTS.items() if start.startswith(first)), None)
    name = path.with_suffix("").name if opened else path.name
    try:
        with opened(path, "rb") if opened else open(path, "rb") as file:  # type: ignore[operator]
            yield from _csv(path, file) if name.endswith(".csv") else _lines(path, file)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise UserError(f"not readable ({error})", path, "compress it again, or give it as it is") from None


def _lines(path: Path, file: IO[bytes]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
        where = f"{path}:{number}"
        if len(line) > LONGEST_LINE:
            raise UserError(f"a line of more than {LONGEST_LINE >> 20} MiB", where, "give one answer a line")
        if not line.strip():
            continue
        try:
            record = loaded(line.removeprefix(codecs.BOM_UTF8) if number == 1 else line)
        except UnicodeDecodeError:
            raise UserError("not UTF-8", where, "convert the file to UTF-8") from None
        except ValueError as error:
            raise UserError(f"not JSON ({str(error)[:80]})", where, "give one JSON object a line, or a .csv or Parquet file") from None
        if not isinstance(record, dict):
            raise UserError("not a JSON object", where, "give one JSON object a line")
        yield number, where, record


def _csv(path: Path, file: IO[bytes]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for number, (line, record) in enumerate(tabulated.rows(file, path), 1):
        yield number, f"{path}:{line}", record


def harness(record: dict[str, Any]) -> dict[str, Any] | None:
    """A row of a sample log of lm-evaluation-harness in our fields; None for any other row."""
    if not {"doc", "resps", "target"} <= record.keys() or not isinstance(record["doc"], dict):
        return None
    doc, options, gold = record["doc"], None, record["target"]
    for name in CHOICES:
        options = options or _listed(doc.get(name))
    if isinstance(options, list) and isinstance(gold, int) and not isinstance(gold, bool) and 0 <= gold < len(options):
        gold = chr(ord("A") + gold)  # the harness counts from 0
    question = next((doc[name] for name in QUESTIONS if isinstance(doc.get(name), str)), None)
    said = record["resps"]
    while isinstance(said, list) and len(said) == 1 and isinstance(said[0], list):
        said = said[0]
    return {"id": record.get("doc_id"), "question": question, "options": options, "gold": gold, "response": said}


def _rows(
    ours: dict[str, Any], record: dict[str, Any], number: int, where: str, names: Mapping[str, str], kind: str | None
) -> Iterator[Row]:
    value = {name: _field(record, names[name]) if name in names else ours.get(name, record.get(name)) for name in FIELDS}
    for name in ("gold", "response"):
        if value[name] is None:
            called = names.get(name, name)
            raise UserError(
                f"lacks '{called}'", where, f"say what it is called with --map {name}=FIELD; it has {', '.join(map(str, record))[:120]}"
            )
    given: list[Any] = value["response"] if isinstance(value["response"], list) else [value["response"]]
    said = [one for one in given if isinstance(one, str)] if all(isinstance(one, str) for one in given) else []
    if not said:
        raise UserError("its response is no text", where, "give what the model wrote; likelihoods of options are not read")
    identity, cluster = _name(value["id"], "id", where), _name(value["cluster"], "cluster", where)
    asked = _asked(value, where, kind)
    for one in said:
        yield Row(identity or str(number), asked, one, cluster or None)


def _name(value: Any, field: str, where: str) -> str:
    """A name as text; empty where there is none, as in an empty cell of a table."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise UserError(f"its {field} is neither a text nor a number", where, f"give a {field} as one, or none")
    return "" if value is None or value != value else str(value).strip()


def _field(record: Any, path: str) -> Any:
    for part in [path] if isinstance(record, dict) and path in record else path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _listed(options: Any) -> list[Any] | None:
    """Options as a list: one, or `{"A": …, "B": …}`, or `{"text": […], "label": […]}`, or the JSON of these; None for anything else."""
    if isinstance(options, str):
        try:
            options = json.loads(options)
        except (ValueError, RecursionError):
            return None
    if isinstance(options, dict):
        letters = [chr(ord("A") + place) for place in range(len(options))]
        options = [options[letter] for letter in letters] if [*options] == letters else options.get("text")
    return options if isinstance(options, list) else None


def _asked(value: dict[str, Any], where: str, kind: str | None) -> Asked:
    options = _listed(value["options"]) if value["options"] else []
    if options is None or len(options) == 1:
        raise UserError("its options are no list", where, 'write them as a list or as {"A": …, "B": …}, or leave them in the question')
    if any(option is None or option != option for option in options):
        raise UserError("lacks one of its options", where, "complete the item")
    texts = [str(option).strip() for option in options]
    question = str(value["question"] or "").strip()
    named = str(value["kind"] or kind or told(value["gold"], texts, question, where))
    if named not in KINDS:
        raise UserError(f"its kind is {named[:40]!r}", where, f"accepted: {', '.join(KINDS)}")
    given = texts if named == "choice" else []
    gold = KINDS[named].gold(value["gold"], given, question, where)
    asked = Asked(named, question, tuple(given), gold)
    if not asked.right:
        raise UserError(
            f"its gold {gold[:40]!r} names none of the options in its question", where, "give a letter from A, or a number from 1"
        )
    return asked
