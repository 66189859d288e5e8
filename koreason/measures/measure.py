"""Measure how the languages of traces are mixed, for some shards of a pool and recipe.

    koreason measure --traces try/traces/demo/mixed --shards 1 --block 00000-of-00001 --out try/measures/demo/mixed/00000-of-00001 \\
      --spec '{"scripts": ["Latin"]}' --language '{"scripts": ["Hangul"]}'

A block is up to 32 shards: measuring one takes seconds, and starting a job on a cluster as long. Writes `measures.parquet`, a row for
each trace; what becomes of it is for those who read it to decide. Shards are read one at a time.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import polars as pl

from koreason.config.load import add_spec, read_spec
from koreason.errors import UserError
from koreason.languages import Language
from koreason.progress import bar
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST
from koreason.records.stage import Stage
from koreason.shards import blocks
from koreason.switching.letters import Scripts
from koreason.switching.measures import measured
from koreason.switching.spec import COLUMNS, Beside
from koreason.tables import TRACE_KEY, TRACES, scan_table, write_table

TABLE = "traces.parquet"
TEXTS = ["question", "think", "answer"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Beside)
    parser.add_argument("--language", required=True, metavar="JSON", help="the target language: its scripts")
    add_block(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where measures.parquet goes")


def add_block(parser: argparse.ArgumentParser) -> None:
    """Declare which shards of which traces a command looks at."""
    parser.add_argument("--traces", required=True, type=Path, metavar="FOLDER", help="all shards of one pool and recipe")
    parser.add_argument("--shards", required=True, type=int, metavar="N", help="number of shards in --traces")
    parser.add_argument("--block", required=True, metavar="I-of-N", help="which of the shards, 32 at a time, such as 00000-of-00001")


def main(arguments: argparse.Namespace) -> None:
    """Measure the block into `--out`."""
    scripts = Scripts.of(read_spec(arguments.language, Language), read_spec(arguments.spec, Beside))
    shards = shards_of_block(arguments.traces, arguments.shards, arguments.block)
    what = json.loads(arguments.spec) | {"language": json.loads(arguments.language)}
    with Stage(arguments.out, "measure", what, [*shards.values()]) as stage:
        tables = {shard: held(path) for shard, path in shards.items()}
        parts: list[pl.DataFrame] = []
        letters: Counter[str] = Counter()
        for table in bar(tables.values(), what="measure", unit=" shards"):
            frame, found = measure(table, scripts)
            parts.append(frame)
            letters += found
        frame = pl.concat(parts).sort(TRACE_KEY)
        # of which traces: what reads both holds one against the other
        write_table(
            frame, stage, "measures.parquet", COLUMNS, traces={shard: table.fact(TABLE, "sha256") for shard, table in tables.items()}
        )
        by_script = dict(sorted(letters.items()))
        leaked = {name: count for name, count in by_script.items() if name not in (*scripts.target, *scripts.beside)}
        stage.counts |= {"traces": frame.height, "letters": by_script, "leaked": leaked}


def shards_of_block(traces: Path, shards: int, block: str) -> dict[str, Path]:
    """Manifests of the shards of a block, by their names.

    Raises:
        UserError: there is no such block.
    """
    every = blocks(shards)
    if block not in every:
        raise UserError(f"{block!r} is none of {len(every)}", "--block", f"{shards} shards have {', '.join(every)}")
    return {shard: traces / shard / MANIFEST for shard in every[block]}


def measure(table: Held, scripts: Scripts) -> tuple[pl.DataFrame, Counter[str]]:
    """The measures of one shard's traces, and the letters of their thinking by script."""
    traces = scan_table(table, TABLE, TRACES).select(*TRACE_KEY, *TEXTS).collect()
    frame, letters = measured(traces, scripts)
    return traces.select(TRACE_KEY).hstack(frame), letters
