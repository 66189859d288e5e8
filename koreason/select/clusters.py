"""Clusters of prompts that are alike at a looser threshold than a pool's twins are, for the strategy `diverse`.

    clusters = cluster(asked, ["Exams"], 0.5, out / ".scratch")      # prompt_id, category, cluster

Compared are questions alone, by their character 5-grams, without white space and with each number as one and the same: what tells twins
apart does not count here, since exercises of one drill differ in nothing else. Candidates are found by sketches, each pair is verified by
its exact Jaccard similarity, and a cluster is what verified pairs connect. The order of shards decides nothing; texts lie on disk
meanwhile.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy
import polars as pl

from koreason.minhash.forms import forms_of
from koreason.minhash.groups import Groups
from koreason.minhash.scratch import Scratch
from koreason.minhash.search import join_alike, put_buckets
from koreason.minhash.sketches import BINS, bands, rows_for

KEY = ["prompt_id", "category"]
NUMBER = r"[0-9]+(?:[.,][0-9]+)*"
ROWS = 16_384  # of a chunk


def none() -> pl.DataFrame:
    """No clusters, as of a mix that draws nothing by them."""
    return pl.DataFrame(schema=dict.fromkeys((*KEY, "cluster"), pl.String))


def cluster(asked: Iterable[pl.DataFrame], categories: list[str], least: float, folder: Path) -> pl.DataFrame:
    """The cluster of each prompt within its category: the smallest id among the prompts that it is connected with.

    Args:
        asked: `prompt_id, category, question`, each prompt once in a category, in any order.
        categories: all that there are.
        least: similarity of two questions that makes them one cluster.
        folder: of temporary files.
    """
    rows, numbers = rows_for(least), {category: number for number, category in enumerate(categories)}
    named, some = [none().select(KEY)], [numpy.empty(0, bool)]
    with Scratch(folder, BINS // rows) as scratch:
        for chunk in (part for frame in asked for part in frame.iter_slices(ROWS)):
            forms = forms_of(chunk["question"].str.replace_all(NUMBER, "0"))
            keys, fit = bands(forms, chunk["category"].replace_strict(numbers, return_dtype=pl.UInt64).to_numpy(), rows)
            scratch.add_bands(keys)
            scratch.add_forms(forms)
            some.append(fit)
            named.append(chunk.select(KEY))
        prompts = pl.concat(named).with_row_index("slot").sort(KEY)
        slots = prompts["slot"].to_numpy().astype(numpy.int32)
        kinds = prompts["category"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
        searched = numpy.flatnonzero(numpy.concatenate(some)[slots])
        groups = Groups(len(slots))
        put_buckets(scratch, searched, slots[searched])
        join_alike(groups, scratch, slots, least, may=lambda first, second: kinds[first] == kinds[second])
    return prompts.select(*KEY, cluster=prompts["prompt_id"].gather(groups.roots()))
