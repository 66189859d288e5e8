"""Bring finished traces that others made to the table of our own, one shard of them.

    koreason import-traces --name worked --shard 00000-of-00001 --out try/traces/imported/worked/00000-of-00001 \\
      --language '{"scripts": ["Hangul"]}' --spec '{"format": "jsonl", "shape": "instruction_response", "columns": {"gold": ["gold"]},
      "root": "$KOREASON_HOME/data/demo",
      "files": {"worked.jsonl": "6aad13f40c7729b082d81032cfed00c3ac19f96cd05fb58ebb208c9d7f11ce0e"}}'

Writes `traces.parquet`, as `trace` does; `given.parquet`, what the data set says beside each trace, and where it stands; and of the whole
reading `rejected.jsonl` and `files.jsonl`, as `ingest` does. Each shard's job reads all of the files and keeps the prompts of its range.
"""

import argparse
import gc
import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.parts import SHAPES, misplaced, source_of
from koreason.config.load import add_spec, load, note_how, read_spec
from koreason.curate.account import Account
from koreason.curate.reading.dump import readable
from koreason.curate.reading.records import Record
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Files, Source
from koreason.errors import UserError
from koreason.imported.rows import Traces
from koreason.imported.spec import Imported
from koreason.languages import Language, target_share
from koreason.progress import bar
from koreason.records.stage import Stage
from koreason.shards import borders
from koreason.tables import GIVEN, GIVEN_BESIDE, TRACES, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("--name", required=True, metavar="NAME", help="the entry's name in the catalogue")
    add_spec(parser, Imported)
    parser.add_argument("--language", required=True, metavar="JSON", help="the target language whose share is measured")
    parser.add_argument("--shard", required=True, metavar="I-of-N", help="which part, such as 00000-of-00001")
    parser.add_argument("--withdrawn", default="[]", metavar="JSON", help="ids of prompts that are left out")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where traces.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Read all files, write the shard to `--out`."""
    entry, language = read_spec(arguments.spec, Imported, arguments.how), load(Language, json.loads(arguments.language), "--language")
    where = f"imported {arguments.name}"
    columns = columns_of(entry, where)
    borders(arguments.shard)
    source = readable(as_source(entry, columns), where)
    withdrawn: list[str] = json.loads(arguments.withdrawn)
    with Stage(arguments.out, "import_traces", json.loads(arguments.spec) | {"withdrawn": withdrawn}, []) as stage:
        note_how(stage.run, arguments)
        traces = read(source, Traces(columns, wanted := Wanted(source), arguments.shard), wanted, where, stage)
        whole = traces.frame(source_of(arguments.name))
        frame = whole.filter(~pl.col("prompt_id").is_in(withdrawn))
        shares = [target_share(pl.col(part), language).alias(f"{part}_share") for part in ("think", "answer")]
        write_table(frame.with_columns(shares), stage, "traces.parquet", TRACES, shard=arguments.shard)
        write_table(frame, stage, GIVEN_BESIDE, GIVEN)
        stage.counts |= {"prompts": frame["prompt_id"].n_unique(), "rows": frame.height, "tokens": int(frame["tokens"].sum())}
        stage.counts["withdrawn"] = whole.height - frame.height
        stage.counts["finish"] = dict(sorted(Counter(frame["finish"].to_list()).items()))


def columns_of(entry: Imported, where: str) -> dict[str, list[str]]:
    """The columns that are read: those of the shape, and what the entry says in their place or beside them.

    Raises:
        UserError: it names one that the shape does not have.
    """
    if wrong := misplaced(entry.shape, entry.columns):
        what, _, accepted = wrong.partition("; ")
        raise UserError(what, f"{where}.columns", accepted)
    return SHAPES[entry.shape] | {str(column): names for column, names in entry.columns.items()}


def as_source(entry: Imported, columns: Any) -> Source:
    """The entry as readers know one."""
    return Source(format=entry.format, columns=columns, **{part.name: getattr(entry, part.name) for part in fields(Files)})


def read(source: Source, traces: Traces, wanted: Wanted, where: str, stage: Stage) -> Traces:
    """Read all records, and declare what became of them as counts of the whole source.

    Raises:
        UserError: nothing was accepted, a mapped column never occurred, too many records were rejected, or bytes are unaccounted for.
    """
    gc.freeze()  # what is there by now stays
    with ExitStack() as stack:
        account = stack.enter_context(Account(stage))
        progress = stack.enter_context(bar(None, what=where, unit=" records"))

        def add(file: str, record: Record) -> Unused | None:
            progress.update()
            return traces.add(file, record)

        account.read(source, wanted, where, add)
    account.declare(stage, traces.accepted)
    whole = dict(stage.counts) | {"system_messages": traces.systems, "golds_unread": traces.unread}
    stage.counts.clear()
    stage.counts["source"] = whole
    return traces
