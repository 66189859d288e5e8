"""Sketch one cleaned source: by what equal prompts are known, and near-duplicates are looked for.

    koreason sketch --kind stem --language '{"talk": "[ㅋㅎㅠㅜ~!.?^]+", "opposites": "최대|최소"}' \\
      --in try/cleaned/demo/demo_quiz/manifest.json --out try/sketches/demo/demo_quiz

What of a prompt is compared follows from its kind: `koreason/curate/near/forms.py`. Writes `sketch.parquet`, sorted by `prompt_id`:
`exact`, a digest equal in equal prompts, `guard`, which near twins have in common, and `bands`, of which they share one. Memory grows by
about 230 bytes a prompt, and not with the texts.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy
import polars as pl
import pyarrow

from koreason.config.load import read_spec
from koreason.curate.near.bare import bare
from koreason.curate.near.chunks import chunks, sizes
from koreason.curate.near.forms import seen
from koreason.curate.near.guards import guards
from koreason.curate.spec import Talk, TwinKind
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.minhash.sketches import BANDS, bands
from koreason.progress import bar
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.tables import CLEANED, SKETCH, scan_table

ROWS_PER_WRITE = 65_536


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--kind`, `--language`, `--in` and `--out`."""
    parser.add_argument("--kind", required=True, choices=get_args(TwinKind), help="what of a prompt is compared")
    parser.add_argument("--language", required=True, metavar="JSON", help="the pool's entry of `languages`")
    parser.add_argument("--in", required=True, type=Path, dest="source", metavar="MANIFEST", help="of a cleaned source")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where sketch.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Make the sketches in `--out`."""
    language = read_spec(arguments.language, Talk)
    spec = {"kind": arguments.kind, "language": json.loads(arguments.language)}
    with Stage(arguments.out, "sketch", spec, [arguments.source]) as stage:
        sketch(arguments.kind, language, arguments.source, stage)


def sketch(kind: TwinKind, language: Talk, source: Path, stage: Stage) -> None:
    """Sketch all prompts of a source.

    Raises:
        UserError: the source is not there or not what its manifest says, or the language has no regular expressions.
    """
    table = scan_table(held(source), "texts.parquet", CLEANED)
    characters = sizes(table)
    count = len(characters)
    exact, guard = numpy.empty((count, 16), numpy.uint8), numpy.empty(count, numpy.uint64)
    keys, some, ids = numpy.empty((count, BANDS), numpy.uint64), numpy.empty(count, bool), [pl.Series(dtype=pl.String)]
    for first, frame in bar(chunks(table, characters), what="sketch", unit=" chunks"):
        rows = slice(first, first + frame.height)
        try:
            frame = bare(frame, kind, language)
            of = seen(frame, kind, language)
            guard[rows] = guards(frame, kind, language, of)
        except pl.exceptions.ComputeError as error:
            raise UserError(f"not a regular expression ({error})", "--language", "mend it in `languages`") from None
        exact[rows] = of.forms.digests(guard[rows])
        keys[rows], some[rows] = bands(of.forms, guard[rows])
        ids.append(frame["prompt_id"])
    named = pl.concat(ids)
    order = named.arg_sort().to_numpy()
    with Rows(stage, "sketch.parquet", SKETCH) as written:
        for first in range(0, count, ROWS_PER_WRITE):
            mine = order[first : first + ROWS_PER_WRITE]
            written.write(_frame(named.gather(mine), exact[mine], guard[mine], keys[mine], some[mine]))
    # dedup compares texts as they were sketched
    stage.add("sketch.parquet", rows=count, kind=kind, **asdict(language))
    stage.counts.update(prompts=count, too_short=int((~some).sum()))


def _frame(ids: pl.Series, exact: numpy.ndarray, guard: numpy.ndarray, keys: numpy.ndarray, some: numpy.ndarray) -> pl.DataFrame:
    offsets = numpy.concatenate([[0], numpy.cumsum(numpy.where(some, BANDS, 0))]).astype(numpy.int64)
    lists = pyarrow.LargeListArray.from_arrays(offsets, pyarrow.array(keys[some].reshape(-1)))
    digests = pyarrow.FixedSizeBinaryArray.from_buffers(pyarrow.binary(16), len(ids), [None, pyarrow.py_buffer(exact.tobytes())])
    return pl.DataFrame(
        {
            "prompt_id": ids,
            "exact": pl.Series(pl.from_arrow(digests.cast(pyarrow.large_binary()))),
            "guard": guard,
            "bands": pl.Series(pl.from_arrow(lists)),
        }
    )
