"""Column contracts of the tables that stages hand on, and Parquet that is the same bytes every time.

write_table(frame, stage, "prompts.parquet", PROMPTS)
"""

from pathlib import Path

import polars as pl

from koreason.errors import UserError
from koreason.manifest import Stage

Contract = dict[str, pl.DataType]

PROMPTS: Contract = {
    "prompt_id": pl.String(),
    "source": pl.String(),
    "category": pl.String(),
    "licence": pl.String(),
    "url": pl.String(),
    "question": pl.String(),
    "answer": pl.String(),
    "posted_at": pl.String(),
    "origin": pl.Struct({"file": pl.String(), "record": pl.Int64()}),
}
POOL: Contract = {**PROMPTS, "target_share": pl.Float64(), "dup_group": pl.String()}
DROPPED: Contract = {"prompt_id": pl.String(), "reason": pl.String()}
TRACES: Contract = {
    "request_key": pl.String(),
    "prompt_id": pl.String(),
    "category": pl.String(),
    "licence": pl.String(),
    "sample": pl.Int64(),
    "question": pl.String(),
    "think": pl.String(),
    "answer": pl.String(),
    "finish": pl.String(),
    "prompt_tokens": pl.Int64(),
    "tokens": pl.Int64(),
    "seed": pl.Int64(),
    "think_share": pl.Float64(),
    "answer_share": pl.Float64(),
}
MIX: Contract = {
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "category": pl.String(),
    "licence": pl.String(),
    "messages": pl.List(pl.Struct({"role": pl.String(), "content": pl.String()})),
    "why_kept": pl.String(),
}
DROPPED_TRACES: Contract = {"prompt_id": pl.String(), "sample": pl.Int64(), "reason": pl.String()}
GENERATIONS: Contract = {
    "item_id": pl.String(),
    "repeat": pl.Int64(),
    "prompt": pl.String(),
    "response": pl.String(),
    "finish": pl.String(),
    "tokens": pl.Int64(),
    "seed": pl.Int64(),
}
SCORED: Contract = {
    "item_id": pl.String(),
    "repeat": pl.Int64(),
    "category": pl.String(),
    "gold": pl.String(),
    "extracted": pl.String(),
    "correct": pl.Boolean(),
    "verdict": pl.String(),
}

# Row groups are kept small because Polars' memory use grows with them when the rows are long strings.
ROWS_PER_GROUP = 8192


def write_table(frame: pl.DataFrame, stage: Stage, name: str, contract: Contract) -> None:
    """Write `frame` with exactly the contract's columns, in its order, as a declared output of `stage`."""
    frame = frame.select([pl.col(column).cast(kind) for column, kind in contract.items()])
    frame.write_parquet(stage.path(name), compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)
    stage.add(name, rows=frame.height)


def scan_table(path: Path, contract: Contract) -> pl.LazyFrame:
    """Lazily read a Parquet table and hold it to its contract.

    Raises:
        UserError: the file is missing, is not Parquet, or lacks a column.
    """
    try:
        columns = pl.read_parquet_schema(path)
    except FileNotFoundError:
        raise UserError("no such table", path, "run the stage that writes it first") from None
    except pl.exceptions.ComputeError as error:
        raise UserError(f"not a readable Parquet file ({error})", path, "delete its folder and run the stage again") from None
    missing = [column for column in contract if column not in columns]
    if missing:
        raise UserError(f"lacks the columns {', '.join(missing)}", path, "it was written by another version: run its stage again")
    return pl.scan_parquet(path).select(list(contract))


def read_table(path: Path, contract: Contract) -> pl.DataFrame:
    """Read a whole Parquet table; errors as in `scan_table`."""
    return scan_table(path, contract).collect()
