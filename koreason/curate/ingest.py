"""Read one raw dump into the common prompt table.

    koreason ingest --source demo_quiz --out try/sources/demo_quiz --spec '{"format": "tsv",
      "columns": {"question": ["question"], "answer": ["answer"]}, "max_reject_share": 0.1, "html": false,
      "root": "$KOREASON_HOME/data/demo",
      "files": {"quiz.tsv": "4d68d020a978c362e551e12b69ee9e97bba6206b4c297c01c048c2e9f20ceaf8"}}'

Writes `prompts.parquet`, one row a question with its text as found; `rejected.jsonl`, one line a record that could not be read,
with its file, number, reason and the beginning of its text; and `files.jsonl`, what became of each file's bytes. The dump is read as a
stream.
A prompt's id depends on the source's name, its text and how often the same text came before it: adding to a dump or
reordering it changes no id.
"""

import argparse
import gc
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from koreason.config.load import add_spec, note_how, read_spec
from koreason.curate.account import Account
from koreason.curate.prompts.of_records import BOUNDED_BYTES, Prompts
from koreason.curate.reading.dump import readable, unreadable
from koreason.curate.reading.readers import READERS
from koreason.curate.reading.records import Record
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Source
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.progress import bar
from koreason.records.stage import Stage
from koreason.tables import PROMPTS, ROWS_PER_GROUP

COLUMNS = ("question", "passage", "options", "gold", "answer", "url", "posted_at")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--source`, `--spec` and `--out`."""
    parser.add_argument("--source", required=True, metavar="NAME", help="the source's name in the catalogue")
    add_spec(parser, Source)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where prompts.parquet and rejected.jsonl go")


def main(arguments: argparse.Namespace) -> None:
    """Read the source into `--out`."""
    source = read_spec(arguments.spec, Source, arguments.how)
    with Stage(arguments.out, "ingest", json.loads(arguments.spec), []) as stage:
        note_how(stage.run, arguments)
        ingest(checked(source, arguments.source), arguments.source, stage)


def checked(source: Source, name: str) -> Source:
    """The entry, once it can be read.

    Raises:
        UserError: a placeholder, an unknown format, column or encoding, or no files.
    """
    for wrong in refused(source, name):
        raise wrong
    return readable(source, f"source {name}")


def refused(source: Source, name: str) -> Iterator[UserError]:
    """Each thing for which an entry cannot be read."""
    where = f"source {name}"
    if source.format == "placeholder":
        yield UserError("is a placeholder", where, "give its format and files in the catalogue")
        return
    if source.format not in READERS:
        yield UserError(f"unknown format '{source.format}'", where, f"accepted: {', '.join(READERS)}")
    if not source.columns.get("question") or (unknown := [column for column in source.columns if column not in COLUMNS]):
        wrong = f"unknown column {', '.join(unknown)}" if source.columns.get("question") else "no column map for `question`"
        yield UserError(wrong, f"{where}.columns", f"accepted: {', '.join(COLUMNS)}")
    yield from unreadable(source, where)


def ingest(source: Source, name: str, stage: Stage) -> None:
    """Read all records into the stage's outputs and counts.

    Raises:
        UserError: nothing was accepted, a mapped column never occurred, too many records were rejected, or bytes are unaccounted for.
    """
    gc.freeze()  # what is there by now stays; else a tenth of the time goes into looking at it again
    wanted = Wanted(source)
    prompts = Prompts(name, source, wanted)
    with ExitStack() as stack:
        rows = stack.enter_context(Rows(stage, "prompts.parquet", PROMPTS, indexed=True))
        account = stack.enter_context(Account(stage))
        progress = stack.enter_context(bar(None, what=f"ingest {name}", unit=" records"))

        def take() -> None:
            progress.update(len(prompts))
            rows.append(prompts.taken())

        def add(file: str, record: Record) -> Unused | None:
            reason = prompts.add(file, record)
            if len(prompts) == ROWS_PER_GROUP or prompts.bytes > BOUNDED_BYTES:
                take()
            return reason

        account.read(source, wanted, f"source {name}", add)
        take()
    # whether questions hold HTML is a property of the dump that `clean` must know
    stage.add("prompts.parquet", rows=rows.count, html=source.html)
    account.declare(stage, rows.count)
