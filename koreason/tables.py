"""Column contracts of the tables that stages hand on, and Parquet that is the same bytes every time.

write_table(frame, stage, "prompts.parquet", PROMPTS)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from koreason.errors import UserError
from koreason.records.held import Held
from koreason.records.manifest import again
from koreason.records.stage import Stage

Contract = dict[str, pl.DataType]

ORIGIN = pl.Struct({"file": pl.String(), "record": pl.Int64(), "first": pl.Int64(), "bytes": pl.Int64()})
PROMPTS: Contract = {
    "prompt_id": pl.String(),
    "source": pl.String(),  # its category and licence are labels of the catalogue, joined where they decide or are shown
    "url": pl.String(),
    "question": pl.String(),  # without passage and options, where the dump has them apart
    "passage": pl.String(),
    "options": pl.List(pl.String()),
    "gold": pl.String(),
    "answer": pl.String(),
    "posted_at": pl.String(),
    "parents": pl.List(pl.String()),  # prompts that this one was made from
    "origin": ORIGIN,  # where in the dump: its bytes after decompression; null where a record has none of its own
}
# What clean measures of a text; pools decide by it.
MEASURES: Contract = {
    "chars": pl.Int64(),
    "share_characters": pl.Float64(),
    "share_outside_math_and_code": pl.Float64(),
    "share_letters": pl.Float64(),
    "shows_image": pl.Boolean(),
    "image_phrase": pl.String(),
    "repetition": pl.Float64(),
    "damage": pl.Float64(),
    "chat_control": pl.Int64(),
    "masked": pl.Int64(),
}
CLEANED: Contract = {**PROMPTS, **MEASURES}
# One row a prompt, sorted by prompt_id: how duplicates are looked for.
SKETCH: Contract = {
    "prompt_id": pl.String(),
    "exact": pl.Binary(),  # 16 bytes: equal in equal prompts
    "guard": pl.UInt64(),  # near twins have the same
    "bands": pl.List(pl.UInt64()),  # candidates share one; empty where a text is too short
}
# One row a prompt that has a twin, sorted by prompt_id.
DUPLICATES: Contract = {
    "prompt_id": pl.String(),
    "group": pl.String(),  # the smallest id of its group
    "twin": pl.String(),  # its most similar twin
    "similarity": pl.Float64(),  # of the two, 1 where they are equal
    "method": pl.String(),  # exact or near
}
# One row an overlap, sorted by prompt_id, sample, bench, item_id, method.
OVERLAPS: Contract = {
    "prompt_id": pl.String(),
    "sample": pl.Int64(),  # of a trace; null for a prompt
    "bench": pl.String(),
    "item_id": pl.String(),
    "method": pl.String(),
    "value": pl.Float64(),
    "span": pl.String(),
}
# Where the rows of a table in the dump's order are: sorted by `head`, so that one is found without reading the table.
INDEX: Contract = {
    "head": pl.UInt64(),  # the first HEX_DIGITS digits of prompt_id as a number; null where they are none
    "row": pl.UInt32(),  # from 0
}
POOL: Contract = {
    **PROMPTS,
    "question": pl.String(),  # all that is asked: passage, question and options
    "stem": pl.String(),  # the question without them; null where there are none
    "target_share": pl.Float64(),
    "twins": pl.Int64(),  # how many dropped prompts it stands for
}
DROPPED: Contract = {
    "prompt_id": pl.String(),
    "source": pl.String(),
    "origin": ORIGIN,
    "reason": pl.String(),
    "evidence": pl.String(),
}
TRACE_KEY = ["prompt_id", "sample"]
TRACES: Contract = {
    "request_key": pl.String(),
    "prompt_id": pl.String(),
    "source": pl.String(),
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
# One row an imported trace, sorted by prompt_id and sample: what its data set says beside it, and where it stands there.
GIVEN_BESIDE = "given.parquet"
GIVEN: Contract = {
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "options": pl.List(pl.String()),
    "gold": pl.String(),
    "origin": ORIGIN,
}
# One row a trace, sorted by prompt_id and sample: whether the teacher's answer is right.
JUDGED: Contract = {
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "gold": pl.String(),  # as the dump has it; null where it says none
    "extracted": pl.String(),
    "verdict": pl.String(),
}
UNKNOWN_GOLD = ("no_gold", "unclear_gold")  # verdicts of traces of which nobody knows what is right
MIX: Contract = {
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "source": pl.String(),
    "category": pl.String(),
    "licence": pl.String(),
    "messages": pl.List(pl.Struct({"role": pl.String(), "content": pl.String()})),
    "why_kept": pl.String(),
}
DROPPED_TRACES: Contract = {"prompt_id": pl.String(), "sample": pl.Int64(), "reason": pl.String()}
# Of a mix: parts of one pool have traces of the same prompts, numbered alike, and `part` is the place in the mix's `traces`, from 0.
UNDRAWN: Contract = {**DROPPED_TRACES, "part": pl.Int64()}
ITEMS: Contract = {
    "id": pl.String(),
    "category": pl.String(),
    "question": pl.String(),
    "options": pl.List(pl.String()),
    "gold": pl.String(),
    "kind": pl.String(),
    "cluster": pl.String(),  # a passage or an exam that items share; the item's id where it shares none
}
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
# One row an answer and profile, sorted by item_id and repeat, profiles in their order: what each profile read.
READINGS: Contract = {
    "item_id": pl.String(),
    "repeat": pl.Int64(),
    "profile": pl.String(),
    "extracted": pl.String(),
    "correct": pl.Boolean(),
    "verdict": pl.String(),
    "rule": pl.String(),  # that read the answer
    "start": pl.Int64(),  # the characters of the response that it was read from; null where nothing was
    "end": pl.Int64(),
    "cluster": pl.String(),  # of the item
}

# Row groups are kept small because Polars' memory use grows with them when the rows are long strings.
ROWS_PER_GROUP = 8192


def index_of(name: str) -> str:
    """The name of the index beside a table: `prompts.index.parquet` of `prompts.parquet`."""
    return name.removesuffix(".parquet") + ".index.parquet"


def write_table(frame: pl.DataFrame, stage: Stage, name: str, contract: Contract, **facts: Any) -> None:
    """Write `frame` with exactly the contract's columns, in its order, as a declared output of `stage` with further facts."""
    frame = frame.select([pl.col(column).cast(kind) for column, kind in contract.items()])
    frame.write_parquet(stage.path(name), compression="zstd", compression_level=3, row_group_size=ROWS_PER_GROUP)
    stage.add(name, rows=frame.height, **facts)


def scan_table(made: Held, name: str, contract: Contract) -> pl.LazyFrame:
    """Lazily read a stage's Parquet table and hold it to its manifest and its contract.

    Raises:
        UserError: the file is not what the manifest says, is not Parquet, lacks a column, or has another number of rows.
    """
    path, rows = made.path(name), made.fact(name, "rows")
    try:
        columns = pl.read_parquet_schema(path)
        found = pl.scan_parquet(path).select(pl.len()).collect().item()
    except pl.exceptions.ComputeError as error:
        raise UserError(f"not a readable Parquet file ({error})", path, again(made.folder)) from None
    if found != rows:
        raise UserError(f"has {found} rows, its manifest says {rows}", path, again(made.folder))
    missing = [column for column in contract if column not in columns]
    if missing:
        raise UserError(f"lacks the columns {', '.join(missing)}", path, "it was written by another version: run its stage again")
    return pl.scan_parquet(path).select(list(contract))


def read_chunks(made: Held, name: str, contract: Contract, rows: int, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """A table in its order, at most `rows` rows at a time, so that memory does not grow with it; errors as in `scan_table`."""
    table = scan_table(made, name, contract).select(columns or list(contract))
    for offset in range(0, made.fact(name, "rows"), rows):
        yield table.slice(offset, rows).collect()


def read_table(made: Held, name: str, contract: Contract) -> pl.DataFrame:
    """Read a whole Parquet table; errors as in `scan_table`."""
    return scan_table(made, name, contract).collect()
