"""Clean one source's texts for a pool, and measure them; which prompts are kept is decided later, by `koreason pool`.

    koreason clean --language '{"scripts": ["Hangul"], "image_phrases": []}' --mask \\
      --in try/sources/demo_quiz/manifest.json --out try/cleaned/demo/demo_quiz

Writes `texts.parquet`: HTML turned to text (in sources that hold HTML), Unicode NFC, plain white space, personal data masked if
asked to, and for each prompt what the pool's thresholds are held against. No prompt is dropped. Prompts are read, cleaned
and written in chunks of a bounded size: memory does not grow with the source, nor with its prompts.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy
import polars as pl
import pyarrow.parquet

from koreason.columns.arrays import pieces, sums_before
from koreason.config.load import read_spec
from koreason.curate.spec import PromptLanguage
from koreason.curate.text.cleaned import cleaned
from koreason.curate.text.patterns import refuse_broken
from koreason.curate.writer import Rows
from koreason.progress import bar
from koreason.records.held import held
from koreason.records.stage import Stage
from koreason.tables import CLEANED, PROMPTS, scan_table

ROWS_PER_CHUNK, BYTES_PER_CHUNK = 65_536, 1 << 26
TEXTS = "texts.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--language`, `--mask`, `--in` and `--out`."""
    parser.add_argument("--language", required=True, metavar="JSON", help="the pool's entry of `languages`")
    parser.add_argument("--mask", action="store_true", help="mask personal data")
    parser.add_argument("--in", required=True, type=Path, dest="source", metavar="MANIFEST", help="of the source")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where texts.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Clean the source into `--out`."""
    language = read_spec(arguments.language, PromptLanguage)
    refuse_broken(language)
    options = {"language": json.loads(arguments.language), "mask": arguments.mask}
    with Stage(arguments.out, "clean", options, [arguments.source]) as stage:
        clean(language, arguments.mask, arguments.source, stage)


def clean(language: PromptLanguage, mask: bool, source: Path, stage: Stage) -> None:
    """Clean a source into the stage's output and counts."""
    masked: Counter[str] = Counter()
    with Rows(stage, TEXTS, CLEANED) as rows:
        for chunk, html in bar(chunks(source), what="clean", unit=" chunks"):
            frame = cleaned(chunk, language, html=html, mask=mask)
            masked.update({kind: int(frame[f"masked_{kind}"].sum()) for kind in language.personal_data})
            rows.write(frame)
    stage.add(TEXTS, rows=rows.count)
    stage.counts.update(input=rows.count, masked=dict(masked))


def chunks(manifest_path: Path) -> Iterator[tuple[pl.DataFrame, bool]]:
    """A source's prompts in order, at most `ROWS_PER_CHUNK` rows and about `BYTES_PER_CHUNK` at a time, and whether they hold HTML.

    Raises:
        UserError: the source is not there, or is not what its manifest says.
    """
    source, name = held(manifest_path), "prompts.parquet"
    html, table = bool(source.fact(name, "html")), scan_table(source, name, PROMPTS)
    written = pyarrow.parquet.read_metadata(source.path(name))
    groups = [written.row_group(place) for place in range(written.num_row_groups)]
    rows = sums_before(numpy.array([group.num_rows for group in groups], numpy.int64))
    bytes_as_rows = [group.total_byte_size * ROWS_PER_CHUNK // BYTES_PER_CHUNK for group in groups]
    weights = numpy.maximum(numpy.diff(rows), numpy.array(bytes_as_rows, numpy.int64))
    for first, last in pieces(sums_before(weights), ROWS_PER_CHUNK):
        for offset in range(int(rows[first]), int(rows[last]), ROWS_PER_CHUNK):
            yield table.slice(offset, min(ROWS_PER_CHUNK, int(rows[last]) - offset)).collect(), html
