"""Section 5.3 of the paper: one shared 13-gram, in either of two passes.

grams = thirteens(units)

The raw pass takes words between white space as they stand, which the paper leaves open; the other takes the language's units
(`segment`) of the folded text. Benchmarks' items are segmented; of the texts only those that hold the letters of a whole gram in a row
(of `words`: thirteen words with the same initials in a row), which is found by rolling hashes and misses none.
"""

import hashlib

import numpy
import polars as pl

from koreason.curate.overlap.batch import Batch, Row
from koreason.curate.overlap.block import Block
from koreason.curate.overlap.evidence import Evidence
from koreason.curate.overlap.fold import fold_table, script_table, stretch
from koreason.curate.overlap.hashed.grams import CODES, Hashes, Index, Places, Sums, hashes_of, scrambled
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.segment import segmenter
from koreason.curate.spec import Segmentation

N = 13
WIDE = 24  # letters of a gram that are looked up; of a shorter gram the least that it can have


class RawWords:
    """13-grams of words between white space, as they stand."""

    method = "words"

    def __init__(self, items: list[Item]) -> None:
        self._names = [(item.bench, item.id) for item in items]
        grams = [_raw_grams(Block(pl.Series([item.text]), raw=True))[0] for item in items]
        owners = numpy.repeat(numpy.arange(len(items)), [len(mine) for mine in grams])
        self.without = sum(not len(mine) for mine in grams)
        self._index = Index.of(numpy.concatenate([numpy.empty(0, numpy.uint64), *grams]), owners, len(items))
        self._evidence = Evidence(self._index, 0.0)

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        block = batch.raw
        hashes, starts, ends = _raw_grams(block)
        places, grams = self._index.find(hashes)
        texts = numpy.searchsorted(block.ends, starts[places])
        for candidate in self._evidence.weighed(texts, grams, batch.sources):
            own = slice(*numpy.searchsorted(texts, [candidate.text, candidate.text + 1]))
            first = int(places[own][numpy.isin(grams[own], candidate.grams)][0])
            span = block.text_between(int(starts[first]), int(ends[first]))
            self._evidence.keep(candidate, int(batch.sources[candidate.text]), (*batch.keys[candidate.text], span))

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found, once all sources were read and have so many texts; `value` is the share of the item's grams."""
        return self._evidence.rows(texts, self._names, self.method)


def _raw_grams(block: Block) -> tuple[Hashes, Places, Places]:
    """Each 13-gram of words that lies in one text: its hash, where it begins and where it ends among the block's units."""
    units = block.units
    white = (units <= 32) | (units == 0x3000) | (units == 0xA0) | (units == 0x85) | ((units >= 0x2000) & (units < 0x200B))
    white[-1] = True
    edges = numpy.flatnonzero(numpy.diff(numpy.append(True, white)))
    starts, ends = edges[::2], edges[1::2]
    return _thirteens(block, Sums(CODES[units]).between(starts, ends), starts, ends)


def _thirteens(block: Block, words: Hashes, starts: Places, ends: Places) -> tuple[Hashes, Places, Places]:
    hashes = Sums(scrambled(words)).windows(N)
    starts, ends = starts[: len(hashes)], ends[N - 1 :][: len(hashes)]
    inside = numpy.searchsorted(block.ends, starts) == numpy.searchsorted(block.ends, ends - 1)
    return hashes[inside], starts[inside], ends[inside]


class Morphemes:
    """13-grams of a language's units of the folded text."""

    method = "morphemes"

    def __init__(self, items: list[Item], language: Segmentation) -> None:
        self._names = [(item.bench, item.id) for item in items]
        self._cut, self._by_initials = segmenter(language), language.segmenter == "words"
        self.without = self.segmented = 0
        hashes, owners, self._grams = [], [], dict[int, str]()
        keys: dict[int, list[Hashes]] = {WIDE: [], N: []}
        for number, item in enumerate(items):
            grams = thirteens(self._cut(item.text))
            self.without += not grams
            for gram in grams:
                joined = "".join(gram)
                hashes.append(_hash(gram))
                owners.append(number)
                width = WIDE if len(joined) >= WIDE else N
                keys[width].append(
                    hashes_of("".join(unit[0] for unit in gram) if self._by_initials else joined[:width], N if self._by_initials else width)
                )
                self._grams[int(hashes[-1])] = joined
        if self._by_initials:
            keys = {N: keys[WIDE] + keys[N]}
        self._keys = {width: _set(found) for width, found in keys.items() if found}
        self._index = Index.of(numpy.array(hashes, numpy.uint64), numpy.array(owners, numpy.int64), len(items))
        self._evidence = Evidence(self._index, 0.0)

    def look(self, batch: Batch) -> None:
        """Take note of a batch's texts."""
        texts, grams = [], []
        for text in self.suspects(batch.block):
            self.segmented += 1
            found = numpy.unique(numpy.array([_hash(gram) for gram in thirteens(self._cut(batch.block.texts[text]))], numpy.uint64))
            numbers = self._index.find(found)[1]
            grams.append(numbers)
            texts.append(numpy.full(len(numbers), text))
        if not texts:
            return
        for candidate in self._evidence.weighed(numpy.concatenate(texts), numpy.concatenate(grams), batch.sources):
            joined = self._grams[int(self._index.hashes[candidate.grams[0]])]
            span = stretch(batch.block.texts[candidate.text], joined) or joined[:200]
            self._evidence.keep(candidate, int(batch.sources[candidate.text]), (*batch.keys[candidate.text], span))

    def suspects(self, block: Block) -> list[int]:
        """The texts of a block that may share a gram: all that do are among them."""
        if self._by_initials:
            scripts = script_table()[fold_table()[block.units]]
            starts = numpy.flatnonzero((scripts != 0) & (scripts != numpy.append(numpy.uint8(0), scripts[:-1])))
            places, _ = self._keys[N].find(Sums(CODES[fold_table()[block.units[starts]]]).windows(N)) if self._keys else (starts[:0], 0)
            texts = numpy.searchsorted(block.ends, starts)
            return [
                int(text) for text in numpy.unique(texts[places][texts[places] == texts[numpy.minimum(places + N - 1, len(texts) - 1)]])
            ]
        found = [numpy.empty(0, numpy.int64)]
        for width, keys in self._keys.items():
            places, _ = keys.find(block.sums.windows(width))
            found.append(block.text_at(places[block.inside(places, width)]))
        return [int(text) for text in numpy.unique(numpy.concatenate(found))]

    def rows(self, texts: dict[int, int]) -> list[Row]:
        """What was found, once all sources were read and have so many texts; `value` is the share of the item's grams."""
        return self._evidence.rows(texts, self._names, self.method)


def thirteens(units: list[str]) -> list[tuple[str, ...]]:
    """All thirteen units in a row."""
    return [tuple(units[start : start + N]) for start in range(len(units) - N + 1)]


def _hash(gram: tuple[str, ...]) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(gram).encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _set(found: list[Hashes]) -> Index:
    hashes = numpy.concatenate(found)
    return Index.of(hashes, numpy.zeros(len(hashes), numpy.int64), 1)
