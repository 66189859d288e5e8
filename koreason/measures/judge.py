"""Judge a teacher's answers, where the dump says what is right, for some shards of a pool and recipe.

    koreason judge --pool try/pools/demo/manifest.json --traces try/traces/demo/mixed --shards 1 --block 00000-of-00001 \\
      --out try/judged/demo/mixed/00000-of-00001

An answer is what stands in its first box (paper, C.2). Where a prompt has options both it and the gold are read as an option's label,
else they are compared as values. Writes `judged.parquet`, a row for each trace; blocks are those of `measure`.
"""

import argparse
from collections import Counter
from pathlib import Path

import polars as pl

from koreason.answers.boxes import first_box
from koreason.answers.compared import BY_FINISH, compare_once
from koreason.answers.labels import label
from koreason.errors import UserError
from koreason.measures.measure import TABLE, add_block, shards_of_block
from koreason.records.held import Held, held
from koreason.records.stage import Stage
from koreason.tables import GIVEN, GIVEN_BESIDE, JUDGED, POOL, TRACE_KEY, TRACES, UNKNOWN_GOLD, scan_table, write_table

# What becomes of an answer, beside what comparing it says and the words of `BY_FINISH`.
(NO_GOLD, UNCLEAR_GOLD), NO_BOX = UNKNOWN_GOLD, "no_box"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument("--pool", type=Path, metavar="MANIFEST", help="of the prompts, which have the gold; not for imported traces")
    add_block(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where judged.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Judge the block into `--out`."""
    shards = shards_of_block(arguments.traces, arguments.shards, arguments.block)
    with Stage(arguments.out, "judge", {}, [*([arguments.pool] if arguments.pool else []), *shards.values()]) as stage:
        tables = {shard: held(path) for shard, path in shards.items()}
        prompts, key = golds(arguments.pool, list(tables.values()))
        traces = pl.concat([scan_table(table, TABLE, TRACES).select(*TRACE_KEY, "answer", "finish") for table in tables.values()])
        rows = traces.join(prompts, on=key, how="left").collect()
        frame = rows.select(*TRACE_KEY, "gold").with_columns(*judged(rows)).sort(TRACE_KEY)
        write_table(frame, stage, "judged.parquet", JUDGED, traces={name: table.fact(TABLE, "sha256") for name, table in tables.items()})
        stage.counts |= {"traces": frame.height, "verdicts": dict(sorted(Counter(frame["verdict"].to_list()).items()))}


def golds(pool: Path | None, traces: list[Held]) -> tuple[pl.LazyFrame, list[str]]:
    """Options and gold by the columns that are named: of a pool's prompts, else of imported traces, each of which has its own.

    Raises:
        UserError: there is no pool, and the traces are not imported.
    """
    if pool:
        return scan_table(held(pool), "prompts.parquet", POOL).select("prompt_id", "options", "gold"), ["prompt_id"]
    if lacking := [table for table in traces if GIVEN_BESIDE not in table.names]:
        raise UserError("is not given, and these traces bring no gold", "--pool", f"name the pool of {lacking[0].folder}")
    return pl.concat([scan_table(table, GIVEN_BESIDE, GIVEN).select(*TRACE_KEY, "options", "gold") for table in traces]), TRACE_KEY


def judged(rows: pl.DataFrame) -> list[pl.Series]:
    """What was read of each answer, `extracted`, and its `verdict`; of rows with `answer`, `finish`, `options` and `gold`."""
    read, verdicts = [], []
    pairs: list[tuple[str, str]] = []
    for answer, finish, options, gold in rows.select("answer", "finish", "options", "gold").iter_rows():
        found, verdict, right = examine(answer or "", finish, options or [], gold)
        read.append(found)
        verdicts.append(verdict)
        if verdict is None and found is not None:
            pairs.append((right, found))
    outcomes = compare_once(pairs) if pairs else {}
    rest = iter(pairs)
    verdicts = [outcomes[next(rest)] if verdict is None else verdict for verdict in verdicts]
    return [pl.Series("extracted", read, pl.String), pl.Series("verdict", verdicts, pl.String)]


def examine(answer: str, finish: str, options: list[str], gold: str | None) -> tuple[str | None, str | None, str]:
    """What is read of an answer, its verdict, None where values are to be compared, and what is right."""
    if gold is None:  # read all the same: samples of a prompt agree or differ
        box = first_box(answer) if finish == "stop" else None
        return (box and options and label(box, options)) or box, NO_GOLD, ""
    right = label(gold, options) if options else gold
    if right is None:
        return None, UNCLEAR_GOLD, gold
    if finish != "stop":
        return None, BY_FINISH.get(finish.split(":")[0], finish), right
    box = first_box(answer)
    if box is None:
        return None, NO_BOX, right
    if not options:
        return box, None, right
    found = label(box, options)
    return found or box, "unreadable" if found is None else "correct" if found == right else "wrong", right
