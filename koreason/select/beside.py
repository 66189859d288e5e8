"""What is known of a trace from elsewhere: its measures, judgement, overlaps with benchmarks, and twins of its prompt in another pool.

groups = read_groups(manifest)
"""

import re
from pathlib import Path

import polars as pl

from koreason.errors import UserError
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST, again
from koreason.select.filters import Undrawn
from koreason.shards import blocks
from koreason.tables import DUPLICATES, OVERLAPS, TRACE_KEY, Contract, read_table

KINDS = (pl.String, pl.Int64)
PURGED = re.compile("[^/]+/[0-9]{1,9}")


class Beside:
    """A table that lies beside the traces of one pool and recipe, a block of shards in a folder; it reads one block at a time."""

    def __init__(self, folder: Path, shards: int, table: str, contract: Contract) -> None:
        self.blocks = {name: held(folder / name / MANIFEST) for name in blocks(shards)}
        self._block = {shard: name for name, names in blocks(shards).items() for shard in names}
        self._table, self._contract = table, contract
        self._read: tuple[str, pl.DataFrame] | None = None

    def join(self, traces: pl.DataFrame, of: Held) -> pl.DataFrame:
        """A shard's traces with the table's columns.

        Raises:
            UserError: it was made of other traces.
        """
        name = self._block[of.folder.name]
        block = self.blocks[name]
        if block.fact(self._table, "traces").get(of.folder.name) != of.fact("traces.parquet", "sha256"):
            raise UserError(f"was made of other traces than those in {of.folder}", block.folder, again(block.folder))
        if self._read is None or self._read[0] != name:
            self._read = name, read_table(block, self._table, self._contract)
        return traces.join(self._read[1], on=TRACE_KEY, how="left", maintain_order="left")


def read_groups(manifest: Path | None) -> pl.DataFrame:
    """Prompts that have twins in the mix's pools, each with its group: `prompt_id, group`."""
    if manifest is None:
        return pl.DataFrame(schema={"prompt_id": pl.String, "group": pl.String})
    return read_table(held(manifest), "duplicates.parquet", DUPLICATES).select("prompt_id", "group")


def read_contaminated(manifest: Path) -> pl.DataFrame:
    """The traces of one pool and recipe that overlap with a benchmark, once each: `prompt_id, sample`."""
    return read_table(held(manifest), "overlaps.parquet", OVERLAPS).select(TRACE_KEY).unique()


def read_purged(names: list[str]) -> pl.DataFrame:
    """Traces that a mix leaves out, once each, of their names PROMPT_ID/SAMPLE: `prompt_id, sample`.

    Raises:
        UserError: one is none.
    """
    if strange := [name for name in names if not PURGED.fullmatch(name)]:
        raise UserError(f"{strange[0]!r} is no trace", "purged", "accepted: PROMPT_ID/SAMPLE")
    pairs = [name.split("/") for name in sorted(set(names))]
    return pl.DataFrame(
        [(prompt_id, int(sample)) for prompt_id, sample in pairs], schema=dict(zip(TRACE_KEY, KINDS, strict=True)), orient="row"
    )


def drop_named(judged: pl.DataFrame, named: pl.DataFrame, reason: Undrawn) -> pl.DataFrame:
    """Give traces that pass every filter and are among those named, once each as `prompt_id, sample`, a reason."""
    found = judged.join(named.with_columns(hit=True), on=TRACE_KEY, how="left", maintain_order="left")
    hit = pl.col("hit").fill_null(False) & pl.col("reason").is_null()
    return found.with_columns(reason=pl.when(hit).then(pl.lit(reason.value)).otherwise("reason")).drop("hit")


def with_groups(rows: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Add `group`: what a prompt and its twins have in common; the prompt itself where it has none."""
    found = rows.join(groups, on="prompt_id", how="left", maintain_order="left")
    return found.with_columns(group=pl.coalesce("group", "prompt_id"))
