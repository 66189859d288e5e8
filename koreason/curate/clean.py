"""Clean and filter sources into one pool of prompts.

    koreason clean --in results/sources/*/manifest.json --out results/pools/my_pool --spec POOL --language LANGUAGE

Texts are cleaned first: HTML to text (in sources that hold HTML), Unicode NFC, white space, personal data masked. Then
the filters run: `empty`, `image_dependent`, `target_share`, `too_short`, `too_long`, `duplicate`, `limit`.
Writes `prompts.parquet`, the pool, and `dropped.parquet`, which gives each dropped prompt its reason; the counts of
both add up to the input. Prompts are read, cleaned and written in chunks: memory does not grow with the pool, but for
eight bytes a prompt by which duplicates are known.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy
import polars as pl

from koreason.curate.filters import DUPLICATE, LIMIT, first_reason, names, normalised
from koreason.curate.markup import decode_entities, shows_image, strip_html
from koreason.curate.normalise import PERSONAL, compose, is_odd, mask, personal_data, plain, tidy
from koreason.curate.occurrences import Occurrences
from koreason.curate.spec import Pool
from koreason.curate.tally import Tally
from koreason.curate.writer import Rows
from koreason.errors import UserError
from koreason.languages import Language, target_share
from koreason.manifest import Stage, read_manifest
from koreason.progress import bar
from koreason.settings import add_spec, read_spec
from koreason.tables import DROPPED, POOL, PROMPTS

ROWS_PER_CHUNK = 32_768


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--spec`, `--language`, `--in` and `--out`."""
    add_spec(parser, Pool)
    parser.add_argument("--language", required=True, metavar="JSON", help="the pool's entry of `languages`")
    parser.add_argument(
        "--in", required=True, nargs="+", type=Path, dest="sources", metavar="MANIFEST", help="of sources, in order of preference"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where prompts.parquet and dropped.parquet go")


def main(arguments: argparse.Namespace) -> None:
    """Make the pool in `--out`."""
    pool, language = read_spec(arguments.spec, Pool), read_spec(arguments.language, Language)
    with Stage(arguments.out, "clean", json.loads(arguments.spec), arguments.sources) as stage:
        clean(pool, language, arguments.sources, stage)


def clean(pool: Pool, language: Language, sources: list[Path], stage: Stage) -> None:
    """Clean all sources into the stage's outputs and counts.

    Raises:
        UserError: a filter left nothing.
    """
    tally, occurrences = Tally(), Occurrences()
    held = pl.DataFrame(schema=POOL)
    with ExitStack() as stack:
        rows = stack.enter_context(Rows(stage, "prompts.parquet", POOL))
        dropped = stack.enter_context(Rows(stage, "dropped.parquet", DROPPED))
        for chunk in bar((chunk for source in sources for chunk in chunks(source)), what="clean", unit=" chunks"):
            frame = cleaned(chunk, pool, language).with_columns(reason=first_reason(pool, language))
            frame = deduplicated(frame, occurrences)
            tally.add(frame, list(PERSONAL))
            dropped.write(frame.filter(pl.col("reason").is_not_null()))
            kept = frame.filter(pl.col("reason").is_null()).select(list(POOL))
            if pool.limit is None:
                rows.write(kept)
                continue
            held, surplus = limited(held.vstack(kept), pool.limit)
            tally.move(surplus, LIMIT)
            dropped.write(surplus.with_columns(reason=pl.lit(LIMIT)))
        rows.write(held)
    left = tally.total.total()
    for name in names(pool, language):
        entering, left = left, left - tally.total[name]
        if not left:
            raise UserError(
                f"the filter `{name}` left nothing of the {entering} prompts that reached it",
                "pool",
                "check its thresholds and its sources",
            )
    stage.add("prompts.parquet", rows=rows.count)
    stage.add("dropped.parquet", rows=dropped.count)
    stage.counts.update(tally.counts())


def chunks(manifest_path: Path) -> Iterator[pl.DataFrame]:
    """A source's prompts in order, at most `ROWS_PER_CHUNK` rows at a time, with the column `html`.

    Raises:
        UserError: the source is not there, or is not what its manifest says.
    """
    facts = read_manifest(manifest_path)["files"]["prompts.parquet"]
    path = (manifest_path if manifest_path.is_dir() else manifest_path.parent) / "prompts.parquet"
    if not path.is_file() or path.stat().st_size != facts["bytes"]:
        raise UserError("is missing or not the file that its manifest describes", path, "delete its folder and run `ingest` again")
    for offset in range(0, facts["rows"], ROWS_PER_CHUNK):
        yield pl.scan_parquet(path).slice(offset, ROWS_PER_CHUNK).select(*PROMPTS, pl.lit(facts["html"]).alias("html")).collect()


def cleaned(frame: pl.DataFrame, pool: Pool, language: Language) -> pl.DataFrame:
    """A chunk with its texts cleaned and the columns that filters and counts read."""
    question = pl.col("question")
    frame = frame.with_columns(shows_image=shows_image(question, pl.col("html")))
    if frame["html"].any():  # a chunk is of one source
        frame = frame.with_columns(question=strip_html(question))
        frame = frame.with_columns(question=decode_entities(question))
    odd = pl.when(is_odd(question)).then(question)
    frame = frame.with_columns(question=pl.coalesce(plain(compose(odd)), question))
    frame = frame.with_columns(question=tidy(question))
    frame = frame.with_columns(has_personal_data=pl.col("category").is_in(pool.mask_personal_data))
    for kind in PERSONAL:
        text = pl.when("has_personal_data").then(question)
        frame = frame.with_columns(
            personal_data(text, kind).alias(f"masked_{kind}"),
            *(pl.coalesce(mask(pl.when("has_personal_data").then(column), kind), column) for column in ("question", "answer")),
        )
    return frame.with_columns(chars=question.str.len_chars(), target_share=target_share(question, language))


def deduplicated(frame: pl.DataFrame, occurrences: Occurrences) -> pl.DataFrame:
    """A chunk with `dup_group`, a digest of the normalised text, and the reason `duplicate` where it came before."""
    passing = pl.col("reason").is_null()
    texts = frame.filter(passing).select(normalised(pl.col("question")).cast(pl.Binary)).to_series()
    digests = [hashlib.sha256(text).hexdigest()[:32] for text in texts]
    keys = numpy.array([int(digest[:16], 16) for digest in digests], numpy.uint64)
    again = occurrences.count(keys) > 0
    found = pl.DataFrame({"dup_group": digests, "again": again}, schema={"dup_group": pl.String, "again": pl.Boolean})
    places = frame.select(pl.when(passing).then(passing.cum_sum() - 1).cast(pl.Int64).alias("place")).to_series()
    return frame.with_columns(
        dup_group=found["dup_group"].gather(places),
        reason=pl.when(found["again"].gather(places)).then(pl.lit(DUPLICATE)).otherwise("reason"),
    )


def limited(frame: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split off what exceeds `limit`: the prompts whose ids, which are digests, come last; both parts keep their order.

    Ids are compared from their ends, because shards are ranges of their beginnings: a limited pool still fills all shards.
    """
    if frame.height <= limit:
        return frame, frame.clear()
    ends = frame["prompt_id"].str.reverse()
    inside = ends <= ends.sort()[limit - 1]
    return frame.filter(inside), frame.filter(~inside)
