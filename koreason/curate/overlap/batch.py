"""What the searches are given, and what they say.

batch = Batch(block, keys, sources)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import polars as pl

from koreason.curate.overlap.block import Block
from koreason.curate.overlap.hashed.grams import Places

Key = tuple[str, str, int | None]  # source, prompt, sample
Note = tuple[str, str, int | None, str]  # with a span
Row = tuple[str, str, int | None, str, str, str, float, str]  # the source, then as in the contract OVERLAPS


@dataclass(frozen=True)
class Batch:
    """Texts of a block with whose they are.

    Attributes:
        block: the texts.
        keys: source, prompt and sample of each text.
        sources: number of each text's source, shape (texts,).
    """

    block: Block
    keys: list[Key]
    sources: Places

    @cached_property
    def raw(self) -> Block:
        """The same texts with their layout commands."""
        return Block(pl.Series(self.block.texts), raw=True)


class Search(Protocol):
    """One way to find items."""

    method: str
    without: int  # items that it has nothing to look for of

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found, once all sources were read and have so many texts."""
