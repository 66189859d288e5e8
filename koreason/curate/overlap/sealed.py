"""Benchmarks that must not lie in the clear: found by keyed hashes of their windows.

frame = seal(items, key_of("$KOREASON_SEAL_KEY"))     # what `koreason seal` writes
sealed_searches({"secret": frame}, key)               # searches as any others

A long item is known by its windows of 30, and found where the search `characters` would find it; another one by its windows of 15,
all of which a text must have. Kept are their SipHashes: without the key nothing is to be had from
them; who has the key can try a guess.
"""

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy
import polars as pl

from koreason.config.variables import OURS
from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.block import Block
from koreason.curate.overlap.evidence import Evidence
from koreason.curate.overlap.fold import folded
from koreason.curate.overlap.hashed.grams import Index, Places, hashes_of
from koreason.curate.overlap.hashed.siphash import Key, siphash
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.robust.characters import LEAST, WIDTH, in_runs, long_windows
from koreason.errors import UserError

SEALED: dict[str, pl.DataType] = {
    "item_id": pl.String(),
    "width": pl.Int64(),  # characters of a window
    "windows": pl.List(pl.UInt64()),
    "check": pl.String(),  # of the key, by which another one is known
}
NARROW = 15  # characters of a short item's window
ASKED = {WIDTH: LEAST, NARROW: 1.0}  # of an item's windows
SHORTEST_KEY = 16


@dataclass(frozen=True)
class SealKey:
    """What windows are hashed with, and what tells it from another key."""

    words: Key
    check: str


def key_of(named: str) -> SealKey:
    """The key in the environment variable that is named as `$NAME`.

    Raises:
        UserError: it is not named so, not set, or so short that it can be guessed.
    """
    if not re.fullmatch(rf"\$(?:{OURS.pattern}|\{{{OURS.pattern}\}})", named):
        do = "write $KOREASON_SEAL_KEY, or another that begins with KOREASON_: a key never stands in a file"
        raise UserError("names no environment variable for it", "seal_key", do)
    secret = os.environ.get(named.strip("${}"), "")
    if len(secret) < SHORTEST_KEY:
        what = f"has fewer than {SHORTEST_KEY} characters" if secret else "is not set"
        raise UserError(f"{what}", named, "set it to the key of the sealed benchmark; `openssl rand -hex 32` makes one")
    windows, check = (hashlib.blake2b(secret.encode(), digest_size=16, person=person).digest() for person in (b"windows", b"check"))
    return SealKey((int.from_bytes(windows[:8], "little"), int.from_bytes(windows[8:], "little")), check.hex())


def seal(items: list[Item], key: SealKey) -> pl.DataFrame:
    """Keyed hashes of all items that are long enough to have windows, in the order of their ids."""
    rows, long = [], long_windows(items)
    for number, item in enumerate(items):
        parts = [item.letters, *map(folded, item.options)]
        windows = long[number] if number in long else numpy.unique(numpy.concatenate([hashes_of(part, NARROW) for part in parts]))
        if len(windows):
            rows.append((item.id, WIDTH if number in long else NARROW, numpy.sort(siphash(key.words, windows)).tolist(), key.check))
    return pl.DataFrame(rows, schema=SEALED, orient="row").sort("item_id")


class Sealed:
    """Looks for the items of one sealed benchmark that have windows of one width."""

    method = "sealed"
    without = 0  # what has too few windows is counted when it is sealed

    def __init__(self, frame: pl.DataFrame, bench: str, width: int, key: SealKey) -> None:
        """Index a table of `koreason seal`.

        Raises:
            UserError: it was sealed with another key.
        """
        if frame.filter(pl.col("check") != key.check).height:
            raise UserError(f"the benchmark {bench} was sealed with another key", "seal_key", "set the key that it was sealed with")
        mine = frame.filter(pl.col("width") == width).sort("item_id")
        self._width, self._key, self._names = width, key, [(bench, item) for item in mine["item_id"].to_list()]
        counts = mine["windows"].list.len().to_numpy()
        hashes = mine["windows"].explode().drop_nulls().to_numpy().astype(numpy.uint64)
        self.items = Counter({bench: mine.height})
        self._index = Index.of(hashes, numpy.repeat(numpy.arange(mine.height), counts), mine.height)
        self._evidence = Evidence(self._index, ASKED[width])

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        texts, grams, places = self._hits(batch.block)
        for candidate in self._evidence.weighed(texts, grams, batch.sources):
            own = slice(*numpy.searchsorted(texts, [candidate.text, candidate.text + 1]))
            at = places[own][numpy.isin(grams[own], candidate.grams)]
            units = batch.block.places[[at.min(), min(at.max() + self._width, len(batch.block.places)) - 1]]
            span = batch.block.text_between(int(units[0]), int(units[1]) + 1)
            self._evidence.keep(candidate, int(batch.sources[candidate.text]), (*batch.keys[candidate.text], span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found, once all sources were read and have so many texts."""
        return self._evidence.rows(texts, self._names, self.method)

    def _hits(self, block: Block) -> tuple[Places, Places, Places]:
        """Texts, grams and places of a block's windows that are in the index."""
        places, grams = self._index.find(siphash(self._key.words, block.sums.windows(self._width)))
        if self._width == WIDTH:
            return in_runs(block, places, grams)
        inside = block.inside(places, self._width)
        return block.text_at(places[inside]), grams[inside], places[inside]


def sealed_searches(frames: dict[str, pl.DataFrame], key: SealKey) -> list[Sealed]:
    """The searches for some sealed benchmarks, given by name."""
    return [Sealed(frame, bench, width, key) for bench, frame in sorted(frames.items()) for width in ASKED]


def read_sealed(path: Path) -> pl.DataFrame:
    """A table of `koreason seal`.

    Raises:
        UserError: it is none.
    """
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"is no Parquet ({str(error).splitlines()[0]})", path, "name a file that `koreason seal` wrote") from None
    if dict(frame.schema) != SEALED or frame.null_count().sum_horizontal().item():
        raise UserError("is no sealed benchmark", path, "name a file that `koreason seal` wrote")
    return frame
