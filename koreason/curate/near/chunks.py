"""A cleaned source in chunks that are bounded in rows and in characters.

for frame in chunks(table, sizes): ...
"""

from collections.abc import Iterator

import polars as pl

from koreason.columns.arrays import Places, pieces, sums_before

COMPARED = ["prompt_id", "question", "passage", "options", "gold", "answer"]
ROWS_PER_CHUNK = 32_768
CHARACTERS_PER_CHUNK = 1 << 24


def sizes(table: pl.LazyFrame) -> Places:
    """Characters of each prompt of a table with the columns of `CLEANED`."""
    return table.select(pl.col("chars").fill_null(0)).collect().to_series().to_numpy()


def chunks(table: pl.LazyFrame, sizes: Places) -> Iterator[tuple[int, pl.DataFrame]]:
    """The columns that are compared, and the number of the chunk's first row."""
    for first, last in pieces(sums_before(sizes), CHARACTERS_PER_CHUNK, ROWS_PER_CHUNK):
        yield first, table.select(COMPARED).slice(first, last - first).collect()
