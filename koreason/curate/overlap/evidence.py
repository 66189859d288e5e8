"""Which shared grams are evidence, and which are what a source says everywhere.

evidence = Evidence(index, least=0.3)

A gram is no evidence in a source where more than max(20, 0.1 %) of its texts hold it without holding half of an item that it is in: an
answer's instruction, a licence, a page's foot. Texts that hold half of the item are not counted, so a benchmark that was pasted a
thousand times hides nothing of itself.
"""

from dataclasses import dataclass

import numpy
import polars as pl

from koreason.curate.overlap.batch import Note, Row
from koreason.curate.overlap.hashed.grams import Index, Places

FEW, SHARE = 20, 0.001  # texts of a source that may hold a gram beside its item
HALF = 0.5
KNOWN = {"source": pl.UInt32, "gram": pl.UInt32, "texts": pl.UInt32}


@dataclass(frozen=True)
class Candidate:
    """A text that holds some grams of an item."""

    text: int
    item: int
    grams: Places


class Evidence:
    """Counts by source and gram, and the candidates that wait for them.

    Args:
        index: the grams.
        least: share of an item's grams that a text has to hold; 0: one is enough.
    """

    def __init__(self, index: Index, least: float) -> None:
        self._index, self._least = index, least
        self._beside = pl.DataFrame(schema=KNOWN)
        self._waiting: list[pl.DataFrame] = []
        self._kept: list[tuple[Candidate, int, Note]] = []

    def weighed(self, texts: Places, grams: Places, sources: Places) -> list[Candidate]:
        """Count a block's hits, and give the candidates among its texts, sorted; `sources` says each text's source."""
        if not len(texts):
            return []
        index = self._index
        pairs = numpy.unique((texts << 32) + grams)
        texts, grams = pairs >> 32, pairs & 0xFFFFFFFF
        which, items = index.owned(grams)
        order = numpy.lexsort((grams[which], items, texts[which]))
        which, items = which[order], items[order]
        keys = (texts[which] << 32) + items
        heads = numpy.flatnonzero(numpy.append(True, keys[1:] != keys[:-1]))
        counts = numpy.diff(numpy.append(heads, len(keys)))
        shares = counts / index.sizes[items[heads]]
        beside = numpy.ones(len(grams), bool)
        beside[which[numpy.repeat(shares >= HALF, counts)]] = False
        self._count(sources[texts[beside]], grams[beside])
        return [
            Candidate(int(keys[head] >> 32), int(items[head]), grams[which[head : head + count]])
            for head, count, share in zip(heads.tolist(), counts.tolist(), shares.tolist(), strict=True)
            if share >= self._least
        ]

    def keep(self, candidate: Candidate, source: int, row: Note) -> None:
        """Let a candidate wait, with what is to be said of it."""
        self._kept.append((candidate, source, row))

    def _count(self, sources: Places, grams: Places) -> None:
        counted = pl.DataFrame({"source": sources, "gram": grams}).with_columns(texts=pl.lit(1))
        self._waiting.append(counted.cast(KNOWN))  # type: ignore[arg-type]
        if sum(frame.height for frame in self._waiting) > 1_000_000:
            self._gather()

    def _gather(self) -> None:
        self._beside = pl.concat([self._beside, *self._waiting]).group_by("source", "gram").agg(pl.col("texts").sum().cast(pl.UInt32))
        self._waiting = []

    def rows(self, texts: dict[int, int], items: list[tuple[str, str]], method: str) -> list[Row]:
        """The candidates whose evidence is enough, each with the share of its item; `texts` says how many a source has.

        `items` has the benchmark and the id of each.
        """
        self._gather()
        limits = pl.DataFrame(
            {"source": list(texts), "most": [max(FEW, SHARE * count) for count in texts.values()]},
            schema={"source": pl.UInt32, "most": pl.Float64},
        )
        stopped = self._beside.join(limits, on="source").filter(pl.col("texts") > pl.col("most"))
        stops = {source: frame["gram"].to_numpy() for (source,), frame in stopped.group_by("source")}
        found = []
        for candidate, source, (name, key, sample, span) in self._kept:
            left = len(candidate.grams) - int(numpy.isin(candidate.grams, stops.get(source, [])).sum())
            share = left / int(self._index.sizes[candidate.item])
            if left and share >= self._least:
                found.append((name, key, sample, *items[candidate.item], method, round(share, 4), span))
        return found
