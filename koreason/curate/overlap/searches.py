"""The searches of a profile over texts of any number of sources.

overlaps(searches(spec, language, items), frames)       # the table OVERLAPS
"""

from collections import Counter
from collections.abc import Iterable

import numpy
import polars as pl

from koreason.curate.overlap.batch import Batch, Search
from koreason.curate.overlap.block import blocks
from koreason.curate.overlap.items import Item
from koreason.curate.overlap.paper import Morphemes, RawWords
from koreason.curate.overlap.robust.characters import Characters
from koreason.curate.overlap.robust.parts import Parts
from koreason.curate.overlap.robust.short import Whole
from koreason.curate.overlap.robust.signature import Signature
from koreason.curate.spec import Overlap, Segmentation
from koreason.tables import OVERLAPS


def searches(spec: Overlap, language: Segmentation, items: list[Item]) -> list[Search]:
    """What a profile looks for."""
    found: list[Search] = []
    if spec.contamination != "robust":
        found += [RawWords(items), Morphemes(items, language)]
    if spec.contamination != "paper":
        characters = Characters(items)
        whole = Whole(items, characters.held)
        found += [characters, whole, Parts(items, characters.held | whole.held), Signature(items)]
    return found


def overlaps(using: list[Search], frames: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, Counter[str]]:
    """All overlaps with their source, sorted, and how many texts each source has.

    Args:
        using: from `searches`; they remember what they found, so they serve once.
        frames: with the columns `prompt_id`, `sample`, `source` and `text`.
    """
    numbers: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for frame in frames:
        names = frame["source"].fill_null("").to_list()
        counts.update(names)
        sources = numpy.array([numbers.setdefault(name, len(numbers)) for name in names], numpy.int64)
        keys = list(zip(names, frame["prompt_id"].to_list(), frame["sample"].to_list(), strict=True))
        for first, block in blocks(frame["text"]):
            part = slice(first, first + len(block.texts))
            batch = Batch(block, keys[part], sources[part])
            for search in using:
                search.look(batch)
    texts = {numbers[name]: count for name, count in counts.items()}
    rows = [row for search in using for row in search.rows(texts)]
    found = pl.DataFrame(rows, schema={"source": pl.String(), **OVERLAPS}, orient="row")
    return found.sort("prompt_id", "sample", "bench", "item_id", "method"), counts
