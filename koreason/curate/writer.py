"""A table written in batches, so that its size is bounded by the disk and not by memory.

with Rows(stage, "prompts.parquet", PROMPTS) as rows:
    rows.write(frame)
"""

from types import TracebackType

import polars as pl
import pyarrow.parquet

from koreason.manifest import Stage
from koreason.tables import ROWS_PER_GROUP, Contract


class Rows:
    """A declared Parquet output of a stage; the same frames in the same order give the same bytes."""

    def __init__(self, stage: Stage, name: str, contract: Contract) -> None:
        self._stage, self._name, self._contract = stage, name, contract
        schema = pl.DataFrame(schema=contract).to_arrow().schema
        self._writer = pyarrow.parquet.ParquetWriter(stage.path(name), schema, compression="zstd", compression_level=3)
        self.count = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Append the contract's columns of `frame`."""
        if frame.is_empty():
            return
        frame = frame.select([pl.col(column).cast(kind) for column, kind in self._contract.items()])
        self._writer.write_table(frame.to_arrow(), row_group_size=ROWS_PER_GROUP)
        self.count += frame.height

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._writer.close()
