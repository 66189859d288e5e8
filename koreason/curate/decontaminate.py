"""Find what prompts, traces or a training mix share with benchmarks.

    koreason decontaminate --out try/overlaps/demo --spec '{"contamination": "robust"}' --language '{"segmenter": "words"}' \\
      --in try/cleaned/demo/demo_quiz/manifest.json --benches try/benches/ko_math/manifest.json

`--in` takes what `clean` left, of which passage, question and options are looked at, or what `trace` left, of which think and answer
are, and of what `import-traces` left the question, too, or what `select` left, of which all that is learnt from and its question are.
Writes `overlaps.parquet`, one row for each text, item and method; what becomes
of them is for those who read it to decide.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet

from koreason.config.load import add_spec, note_how, read_spec
from koreason.config.variables import expand
from koreason.curate.overlap.items import read_items
from koreason.curate.overlap.sealed import Sealed, key_of, read_sealed, sealed_searches
from koreason.curate.overlap.searches import overlaps, searches
from koreason.curate.spec import Overlap, Segmentation
from koreason.errors import UserError
from koreason.intake.named import named
from koreason.progress import bar
from koreason.records.held import held
from koreason.records.manifest import MANIFEST
from koreason.records.stage import Stage
from koreason.shards import shard_names
from koreason.tables import CLEANED, GIVEN_BESIDE, MIX, OVERLAPS, TRACES, scan_table, write_table

ROWS_PER_CHUNK = {"texts.parquet": 16_384, "traces.parquet": 1024, "mix.parquet": 1024}  # a trace is long


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Overlap)
    parser.add_argument("--language", required=True, metavar="JSON", help="how the language's texts are cut: a Segmentation")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--in", nargs="+", type=Path, dest="texts", metavar="MANIFEST", help="of texts, of traces or of a mix")
    # by name: their manifests' paths would not fit into an argument
    which.add_argument("--traces", type=Path, metavar="FOLDER", help="all shards of one pool and recipe, with --shards")
    parser.add_argument("--shards", type=int, default=1, metavar="N", help="number of shards in --traces")
    parser.add_argument("--benches", default=[], nargs="*", type=Path, metavar="MANIFEST", help="of benchmarks")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where overlaps.parquet goes")


def main(arguments: argparse.Namespace) -> None:
    """Write the overlaps to `--out`."""
    spec, language = read_spec(arguments.spec, Overlap, arguments.how), read_spec(arguments.language, Segmentation)
    texts = arguments.texts or [arguments.traces / shard / MANIFEST for shard in shard_names(arguments.shards)]
    what = json.loads(arguments.spec) | {"language": json.loads(arguments.language)}
    with Stage(arguments.out, "decontaminate", what, [*texts, *arguments.benches]) as stage:
        note_how(stage.run, arguments)
        decontaminate(spec, language, texts, arguments.benches, stage)


def decontaminate(spec: Overlap, language: Segmentation, texts: list[Path], benches: list[Path], stage: Stage) -> None:
    """Look all texts through into the stage's output and counts.

    Raises:
        UserError: a source is a benchmark, or an input is not what its manifest says.
    """
    items = read_items(benches)
    unseen = sealed(spec)
    using = [*(searches(spec, language, items) if items else []), *unseen]
    every = (chunk for manifest in texts for chunk in chunks(manifest))
    found, counts = overlaps(using, bar(every, what="decontaminate", unit=" chunks"))
    refuse(found, counts, spec.max_bench_share)
    found = found.drop("source")
    write_table(found, stage, "overlaps.parquet", OVERLAPS)
    per_method = found.group_by("bench", "method").len().sort("bench", "method")
    stage.counts |= {
        "texts": counts.total(),
        "overlapping": found.select("prompt_id", "sample").n_unique(),
        "items": dict(sorted((Counter(item.bench for item in items) + sum((search.items for search in unseen), Counter())).items())),
        "not_looked_for": {search.method: search.without for search in using},
        "benches": {
            bench: dict(part.select("method", "len").iter_rows()) for (bench,), part in per_method.group_by("bench", maintain_order=True)
        },
    }


def sealed(spec: Overlap) -> list[Sealed]:
    """The searches for the benchmarks that do not lie in the clear.

    Raises:
        UserError: a file is not the one that its digest says, or its key is not at hand.
    """
    if not spec.sealed:
        return []
    if spec.seal_key is None:
        raise UserError("is not set", "seal_key", "name the environment variable of the sealed benchmarks' key: $KOREASON_SEAL_KEY")
    frames = {Path(name).stem: read_sealed(path) for name, path in named(spec.sealed, expand(spec.sealed_root))}
    return sealed_searches(frames, key_of(spec.seal_key))


def refuse(found: pl.DataFrame, counts: Counter[str], most: float) -> None:
    """Stop where more than `most` of a source's texts are one benchmark's.

    Raises:
        UserError: so it is.
    """
    shares = found.group_by("source", "bench").agg(pl.struct("prompt_id", "sample").n_unique().alias("texts")).sort("source", "bench")
    for source, bench, texts in shares.iter_rows():
        if texts > most * counts[source]:
            raise UserError(
                f"{texts / counts[source]:.0%} of the source {source} is the benchmark {bench}",
                "max_bench_share",
                f"leave {source} out, or raise max_bench_share ({most:g}) to have its overlaps removed one by one",
            )


def chunks(manifest: Path) -> Iterator[pl.DataFrame]:
    """Texts of one manifest in order, with `prompt_id`, `sample`, `source` and `text`.

    Raises:
        UserError: it is of neither texts nor traces, or not what it says.
    """
    made = held(manifest)
    names = [name for name in ROWS_PER_CHUNK if name in made.names]
    if len(names) != 1:
        raise UserError("declares neither texts nor traces nor a mix", manifest, "name manifests of `clean`, `trace` or `select`")
    name = names[0]
    if name == "texts.parquet":
        contract, columns, sample = CLEANED, ["passage", "question", "options"], pl.lit(None, pl.Int64)
    elif name == "mix.parquet":
        contract, columns, sample = MIX, ["sample", "messages"], pl.col("sample")
    else:
        # no pool has held an imported trace's question against the benchmarks
        asked = ["question"] if GIVEN_BESIDE in made.names else []
        contract, columns, sample = TRACES, ["sample", *asked, "think", "answer"], pl.col("sample")
    scan_table(made, name, contract)  # holds it to its manifest
    joined = {"options": pl.col("options").list.join("\n")}
    joined["messages"] = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n")
    parts = [joined.get(column, pl.col(column)) for column in columns if column != "sample"]
    text = pl.concat_str(parts, separator="\n", ignore_nulls=True)
    # batch by batch and not by `read_chunks`: a row group of traces does not fit, and a slice of a scan decodes all of it each time
    with pyarrow.parquet.ParquetFile(made.path(name)) as file:
        for batch in file.iter_batches(ROWS_PER_CHUNK[name], columns=["prompt_id", "source", *columns]):
            frame = pl.DataFrame(batch)
            yield frame.select("prompt_id", sample.alias("sample"), "source", text.alias("text"))
