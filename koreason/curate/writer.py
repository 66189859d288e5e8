"""A table written in batches, so that its size is bounded by the disk and not by memory.

with Rows(stage, "prompts.parquet", PROMPTS) as rows:
    rows.write(frame)
"""

from types import TracebackType

import polars as pl
import pyarrow.parquet

from koreason.records.stage import Stage
from koreason.shards import HEX_DIGITS
from koreason.tables import INDEX, ROWS_PER_GROUP, Contract, index_of, write_table

# Columns whose values repeat; looking for repeats in the others costs as much as packing them.
REPEATED = ("source", "reason", "origin.file")


class Rows:
    """A declared Parquet output of a stage; the same frames in the same order give the same bytes.

    `indexed`: write the table's index beside it, for which 12 bytes a row are held.
    """

    def __init__(self, stage: Stage, name: str, contract: Contract, *, indexed: bool = False) -> None:
        self._stage, self._name, self._contract = stage, name, contract
        schema = pl.DataFrame(schema=contract).to_arrow().schema
        # level 1: at 3, packing what is soon read again takes longer than all that is done to it
        repeated = [column for column in REPEATED if column.split(".")[0] in contract]
        looked_for = [column for column in (*repeated, "prompt_id") if column.split(".")[0] in contract]  # statistics let a search skip
        self._writer = pyarrow.parquet.ParquetWriter(
            stage.path(name), schema, compression="zstd", compression_level=1, use_dictionary=repeated, write_statistics=looked_for
        )
        self._heads: list[pl.Series] | None = [] if indexed else None
        self.count = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Append the contract's columns of `frame`."""
        if frame.is_empty():
            return
        frame = frame.select([pl.col(column).cast(kind) for column, kind in self._contract.items()])
        self.append(frame.to_arrow())

    def append(self, table: pyarrow.Table) -> None:
        """Append a table of the contract's columns."""
        if not table.num_rows:
            return
        self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)
        if self._heads is not None:
            ids = pl.Series("prompt_id", table["prompt_id"], pl.String)
            self._heads.append(ids.str.slice(0, HEX_DIGITS).str.to_integer(base=16, dtype=pl.UInt64, strict=False))
        self.count += table.num_rows

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._writer.close()
        if error is None and self._heads is not None:
            heads = pl.concat([pl.Series("head", [], pl.UInt64), *self._heads]).rename("head").to_frame().with_row_index("row")
            write_table(heads.sort("head", maintain_order=True), self._stage, index_of(self._name), INDEX)
