"""Find duplicates among sketched sources: equal prompts, and near-duplicates, each pair verified.

    koreason dedup --spec '{"near_duplicates": 0.8}' --sketches try/sketches/demo/demo_quiz/manifest.json \\
      --texts try/cleaned/demo/demo_quiz/manifest.json --out try/duplicates/demo

Writes `duplicates.parquet`: of each prompt that has a twin its group, its most similar twin, and how similar the two are. Which of a
group is kept, `pool` decides. Memory grows by about 180 bytes a prompt; bands, and the texts of candidates, lie on disk meanwhile, in
`.scratch` of `--out`.
"""

import argparse
import json
from pathlib import Path

import numpy
import polars as pl

from koreason.config.load import add_spec, read_spec
from koreason.curate.near.parts import Prompts, parts
from koreason.curate.near.search import Search
from koreason.curate.spec import Near
from koreason.curate.writer import Rows
from koreason.minhash.groups import NONE
from koreason.minhash.scratch import Scratch
from koreason.records.stage import Stage
from koreason.tables import DUPLICATES

ROWS_PER_WRITE = 262_144


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--spec`, `--sketches`, `--texts` and `--out`."""
    add_spec(parser, Near)
    parser.add_argument("--sketches", required=True, nargs="+", type=Path, metavar="MANIFEST", help="of sketches")
    parser.add_argument(
        "--texts", required=True, nargs="+", type=Path, metavar="MANIFEST", help="of the texts they are of, in the same order"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where duplicates.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Make the groups of twins in `--out`."""
    near = read_spec(arguments.spec, Near)
    with Stage(arguments.out, "dedup", json.loads(arguments.spec), [*arguments.sketches, *arguments.texts]) as stage:
        dedup(near, arguments.sketches, arguments.texts, stage)


def dedup(near: Near, sketches: list[Path], texts: list[Path], stage: Stage) -> None:
    """Find the groups of twins among all prompts.

    Raises:
        UserError: sketches or texts are not there, or do not belong to each other.
    """
    prompts = Prompts(parts(sketches, texts))
    search = Search(prompts)
    search.exact()
    if near.near_duplicates is not None:
        with Scratch(stage.out / ".scratch") as scratch:
            search.near(near.near_duplicates, scratch)
    groups = search.groups
    roots, with_twin = groups.roots(), numpy.flatnonzero(groups.twins != NONE)
    exact = 0
    with Rows(stage, "duplicates.parquet", DUPLICATES) as rows:
        for first in range(0, len(with_twin), ROWS_PER_WRITE):
            places = with_twin[first : first + ROWS_PER_WRITE]
            twins = groups.twins[places].astype(numpy.int64)
            equal = search.equal(places, twins)
            exact += int(equal.sum())
            rows.write(
                pl.DataFrame(
                    {
                        "prompt_id": prompts.ids.gather(places),
                        "group": prompts.ids.gather(roots[places]),
                        "twin": prompts.ids.gather(twins),
                        "similarity": groups.similarity[places],
                        "method": numpy.where(equal, "exact", "near"),
                    }
                )
            )
    stage.add("duplicates.parquet", rows=rows.count)
    counts = {"prompts": len(prompts), "repeated": prompts.repeated, "groups": int((roots[with_twin] == with_twin).sum())}
    stage.counts.update(counts, exact=exact, near=rows.count - exact, **search.counts)
