"""The sources among which duplicates are looked for, as one row of prompts sorted by their ids.

prompts = Prompts(parts(sketches, texts))
prompts.ids[7]      # the eighth id
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy
import polars as pl

from koreason.columns.arrays import Places
from koreason.curate.near.bare import bare
from koreason.curate.near.chunks import chunks, sizes
from koreason.curate.near.forms import forms
from koreason.curate.spec import Talk, TwinKind
from koreason.errors import UserError
from koreason.minhash.forms import Forms
from koreason.minhash.sketches import BANDS
from koreason.records.held import Held, held
from koreason.records.manifest import again
from koreason.tables import CLEANED, SKETCH, read_chunks, scan_table

ROWS_PER_READ = 262_144


@dataclass(frozen=True)
class Part:
    """A sketched source and its texts."""

    sketch: Held
    texts: Held

    @property
    def kind(self) -> TwinKind:
        """What of its prompts is compared."""
        kind: TwinKind = self.sketch.fact("sketch.parquet", "kind")
        return kind

    @property
    def rows(self) -> int:
        """How many prompts were sketched."""
        rows: int = self.sketch.fact("sketch.parquet", "rows")
        return rows

    @property
    def language(self) -> Talk:
        """What it was sketched with."""
        return Talk(**{name: self.sketch.fact("sketch.parquet", name) for name in Talk.__dataclass_fields__})

    def sketches(self, *columns: str) -> Iterator[pl.DataFrame]:
        """Some columns of its sketches, sorted by `prompt_id`, in chunks."""
        for frame in read_chunks(self.sketch, "sketch.parquet", SKETCH, ROWS_PER_READ, columns):
            if "bands" in columns and not frame["bands"].list.len().is_in([0, BANDS]).all():
                path = self.sketch.folder / "sketch.parquet"
                raise UserError(f"has other than {BANDS} bands", path, "it was written by another version: run its stage again")
            yield frame

    def forms(self, wanted: Places) -> Iterator[tuple[Places, Forms]]:
        """The forms of some of its sketches, by their numbers, chunk by chunk in the order of the texts.

        Raises:
            UserError: the texts are not those that were sketched.
        """
        table = scan_table(self.texts, "texts.parquet", CLEANED)
        ids = table.select("prompt_id").collect().to_series()
        order = ids.arg_sort().to_numpy()
        if not ids.gather(order).equals(pl.concat([frame.to_series() for frame in self.sketches("prompt_id")])):
            raise UserError(f"was not made of {self.texts.manifest}", self.sketch.manifest, again(self.sketch.folder))
        number = numpy.full(len(ids), -1)
        number[order[wanted]] = wanted
        for first, frame in chunks(table, sizes(table)):
            here = number[first : first + frame.height]
            rows = numpy.flatnonzero(here >= 0)
            if len(rows):
                yield here[rows], forms(bare(frame[rows], self.kind, self.language), self.kind, self.language)


def parts(sketches: list[Path], texts: list[Path]) -> list[Part]:
    """The sources, in an order that does not depend on that of the paths.

    Raises:
        UserError: there are not as many of one as of the other.
    """
    if len(sketches) != len(texts):
        raise UserError(f"{len(sketches)} sketches and {len(texts)} texts", "--sketches, --texts", "name them in pairs, in the same order")
    found = [Part(held(sketch), held(text)) for sketch, text in zip(sketches, texts, strict=True)]
    return sorted(found, key=lambda part: (part.sketch.fact("sketch.parquet", "sha256"), part.texts.fact("texts.parquet", "sha256")))


class Prompts:
    """All prompts at places 0 to n - 1, by rising id; an id that comes in several sources is one prompt, as the first of them has it.

    Attributes:
        ids: shape (n,).
        rows: where each stands among the sketches of all parts, one part after the other; shape (n,).
        parts: the sources.
        repeated: how many more sketches there are.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        ids = pl.concat([pl.Series("prompt_id", dtype=pl.String), *(f.to_series() for part in parts for f in part.sketches("prompt_id"))])
        order = ids.arg_sort().to_numpy().astype(numpy.int64)
        ids = ids.gather(order)
        firsts = numpy.flatnonzero((ids != ids.shift(1)).fill_null(True).to_numpy())
        self.ids = ids if len(firsts) == len(ids) else ids.gather(firsts)
        self.rows = numpy.minimum.reduceat(order, firsts).astype(numpy.int32) if len(ids) else order.astype(numpy.int32)
        self.repeated = len(ids) - len(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def numbers(self, places: Places) -> Iterator[tuple[Part, Places, Places]]:
        """Of each part: which of some rising places it holds, and their numbers among its sketches, which rise, too."""
        first = 0
        for part in self.parts:
            rows = self.rows[places]
            last = first + part.sketch.fact("sketch.parquet", "rows")
            mine = places[(rows >= first) & (rows < last)]
            yield part, mine, self.rows[mine].astype(numpy.int64) - first
            first = last
