"""Filter traces and draw a training mix: so many per category, the same ones for the same seed.

    koreason select --traces try/traces --measures try/measures --shards '{"mixed": 1}' --out try/mixes/demo \\
      --labels '{"demo_quiz": {"category": "Exams", "licence": "A"}}' --spec '{"quotas": {"Exams": 8},
      "traces": [{"pool": "demo", "recipe": "mixed"}], "samples_per_prompt": 1, "seed": 7, "filters": {"min_think_share": 0.01,
      "max_think_share": 0.9, "min_answer_share": 0.0, "max_loop_ratio": 9.0, "min_think_chars": 1, "max_tokens": 512}}'

Shards are read one at a time, once to judge their traces and once to take those that were drawn, so that memory does
not grow with the traces' text.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from koreason import progress
from koreason.config.joined.parts import by_answers
from koreason.config.load import add_spec, read_spec
from koreason.engine.thinking import joined
from koreason.errors import UserError
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST, again
from koreason.records.stage import Stage
from koreason.select.beside import Beside, drop_named, read_contaminated, read_groups, read_purged
from koreason.select.clusters import cluster, none
from koreason.select.draw import draw
from koreason.select.filters import Undrawn, drop_reasons, names
from koreason.select.langmix import first_outside, in_band
from koreason.select.replies import Told, told
from koreason.select.spec import Mix, Part, Strata
from koreason.shards import holds, shard_names
from koreason.switching.spec import COLUMNS
from koreason.tables import JUDGED, MIX, TRACE_KEY, TRACES, UNDRAWN, read_table, write_table

TABLE = "traces.parquet"
OF_TRACE = {
    "part": pl.Int64(),
    "shard": pl.Int64(),
    "prompt_id": pl.String(),
    "sample": pl.Int64(),
    "source": pl.String(),
    "category": pl.String(),
    "reason": pl.String(),
    "outside": pl.String(),  # the first measure that is out of bounds
    "in_band": pl.Struct({"characters": pl.Boolean(), "prose_characters": pl.Boolean(), "prose_letters": pl.Boolean()}),
    "stratum": pl.Int64(),
    "tokens": pl.Int64(),
    "extracted": pl.String(),  # with `verdict` null where the mix does not go by what the judge read
    "verdict": pl.String(),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    add_spec(parser, Mix)
    parser.add_argument("--shards", required=True, metavar="JSON", help="recipe, or imported/NAME, to its number of shards")
    parser.add_argument("--labels", required=True, metavar="JSON", help="source to its category, by which quotas go, and its licence")
    parser.add_argument("--twins", type=Path, metavar="MANIFEST", help="of dedup over the pools of a mix of several")
    parser.add_argument(
        "--overlaps", default="[]", metavar="JSON", help="for each part the manifest of its traces' overlaps with benchmarks, or null"
    )
    parser.add_argument("--traces", required=True, type=Path, metavar="DIR", help="folder of all traces: POOL/RECIPE/SHARD below it")
    parser.add_argument("--measures", required=True, type=Path, metavar="DIR", help="folder of their measures: POOL/RECIPE/BLOCK below it")
    parser.add_argument(
        "--told", default="{}", metavar="JSON", help="recipe, or imported/NAME, to what the mix's filters must know: system, refusals"
    )
    parser.add_argument("--judged", type=Path, metavar="DIR", help="folder of their judgements, where the mix goes by them")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for mix.parquet, dropped.parquet and the manifest")


def main(arguments: argparse.Namespace) -> None:
    """Judge every trace, draw by quota, write what was kept and why the rest was not."""
    mix, shards, labels = read_spec(arguments.spec, Mix), json.loads(arguments.shards), json.loads(arguments.labels)
    tables = [[held(arguments.traces / part.folder / shard / MANIFEST) for shard in shard_names(shards[part.key])] for part in mix.traces]
    asks = by_answers(mix.filters.drop_wrong, mix.strategies.values())
    beside = [tables_beside(part, shards[part.key], arguments, asks) for part in mix.traces]
    recipes = {name: read_spec(json.dumps(said), Told) for name, said in json.loads(arguments.told).items()}
    overlaps = [path and Path(path) for path in json.loads(arguments.overlaps)] or [None] * len(mix.traces)
    blocks = [block.manifest for part in beside for each in part for block in each.blocks.values()]
    others = [path for path in (*overlaps, arguments.twins) if path]
    inputs = [*(table.manifest for part in tables for table in part), *blocks, *others]
    with Stage(arguments.out, "select", json.loads(arguments.spec), inputs) as stage:
        judged = with_categories(pl.concat(judge(tables, beside, mix, overlaps, recipes)), labels)
        refuse_empty(judged, mix)
        passed = judged.filter(pl.col("reason").is_null())
        clusters = clustered(passed, tables, mix, stage.out / ".scratch")
        judged = draw(judged, mix, read_groups(arguments.twins), clusters)
        dropped = judged.filter(pl.col("reason").is_not_null())
        kept = judged.filter(pl.col("reason").is_null())
        if kept.is_empty() and Undrawn.no_consensus in dropped["reason"]:
            raise UserError(f"drops the last of {passed.height} passing traces", "strategy consensus", "choose another for them")
        if kept.is_empty():
            raise UserError(
                f"none of {passed.height} passing traces is of a category in quotas ({', '.join(mix.quotas)})", arguments.out.name
            )
        # of two parts the earlier first
        frame = pl.concat(take(tables, kept, labels)).sort("prompt_id", "sample", maintain_order=True)
        write_table(frame, stage, "mix.parquet", MIX)
        write_table(dropped.sort("prompt_id", "sample", "part"), stage, "dropped.parquet", UNDRAWN)
        stage.counts = {
            "input": judged.height,
            "kept": kept.height,
            "dropped": dict(sorted(Counter(dropped["reason"].to_list()).items())),
            "outside": dict(sorted(Counter(judged.filter(pl.col("reason") == "outside_bounds")["outside"].to_list()).items())),
            "band": band(judged),
            "categories": {
                category: {"passed": passed.filter(pl.col("category") == category).height, "drawn": rows.height}
                | ({"clusters": found} if (found := clusters.filter(pl.col("category") == category)["cluster"].n_unique()) else {})
                for (category,), rows in sorted(kept.group_by("category"))
            },
        }


def tables_beside(part: Part, shards: int, arguments: argparse.Namespace, asks: list[str]) -> list[Beside]:
    """What lies beside the traces of a part: measures, and where the mix goes by them judgements.

    Raises:
        UserError: it does, and nobody says where they are.
    """
    found = [Beside(arguments.measures / part.folder, shards, "measures.parquet", COLUMNS)]
    if asks and not arguments.judged:
        raise UserError(f"{asks[0]} wants the traces judged", "--judged", "name the folder of what `koreason judge` wrote")
    if asks:
        found.append(Beside(arguments.judged / part.folder, shards, "judged.parquet", JUDGED))
    return found


def judge(
    tables: list[list[Held]], beside: list[list[Beside]], mix: Mix, overlaps: list[Path | None], recipes: dict[str, Told]
) -> Iterator[pl.DataFrame]:
    """Every trace's drop reason (null: it passes), a shard at a time, without its text."""
    purged = read_purged(mix.purged)
    with progress.bar(total=sum(map(len, tables)), what="judging", unit="shard") as bar:
        for part, shards in enumerate(tables):
            found = overlaps[part]
            contaminated = read_contaminated(found) if found else None
            for shard, table in enumerate(shards):
                traces = read_shard(table)
                for each in beside[part]:
                    traces = each.join(traces, table)
                traces = traces.with_columns(*told(mix.filters, recipes.get(mix.traces[part].key, Told())))
                if "verdict" not in traces.columns:
                    traces = traces.with_columns(extracted=pl.lit(None, pl.String), verdict=pl.lit(None, pl.String))
                judged = traces.with_columns(
                    part=pl.lit(part, pl.Int64),
                    shard=pl.lit(shard, pl.Int64),
                    reason=drop_reasons(mix.filters),
                    outside=first_outside(mix.filters),
                    in_band=in_band(mix.filters),
                    stratum=stratum(mix.strata),
                ).select(name for name in OF_TRACE if name != "category")
                if contaminated is not None:
                    judged = drop_named(judged, contaminated, Undrawn.contaminated)
                yield drop_named(judged, purged, Undrawn.purged)
                bar.update()


def clustered(passed: pl.DataFrame, tables: list[list[Held]], mix: Mix, scratch: Path) -> pl.DataFrame:
    """Clusters of the prompts that pass, of the categories that are drawn as `diverse`."""
    categories = sorted(category for category, strategy in mix.strategies.items() if strategy == "diverse")
    wanted = passed.filter(pl.col("category").is_in(categories)).unique(["prompt_id", "category"], keep="first", maintain_order=True)
    if wanted.is_empty():
        return none()
    asked = (
        rows.select("prompt_id", "category").join(
            read_shard(tables[int(str(part))][int(str(shard))]).select("prompt_id", "question").unique("prompt_id"), on="prompt_id"
        )
        for (part, shard), rows in sorted(wanted.group_by("part", "shard"))
    )
    return cluster(asked, categories, mix.cluster_similarity, scratch)


def stratum(strata: Strata | None) -> pl.Expr:
    """The number of the stratum of each trace, from 0."""
    edges = strata.edges if strata else []
    value = pl.col(strata.measure) if strata else pl.lit(0.0)
    return pl.sum_horizontal(pl.lit(0, pl.Int64), *((value >= edge).fill_null(False).cast(pl.Int64) for edge in edges))


def band(judged: pl.DataFrame) -> dict[str, int]:
    """Of the traces that reach the filter `outside_band`, how many are inside the band by each thing that the share may be of."""
    before = names()[: names().index("outside_band")]
    reached = judged.filter(pl.col("reason").is_null() | ~pl.col("reason").is_in(before))
    return {"reached": reached.height, **reached["in_band"].struct.unnest().sum().row(0, named=True)}


def with_categories(judged: pl.DataFrame, labels: dict[str, dict[str, str]]) -> pl.DataFrame:
    """Traces with the category of their source.

    Raises:
        UserError: a source has no label.
    """
    if unknown := sorted(set(judged["source"]) - labels.keys()):
        raise UserError(f"lack the source {unknown[0]}, of which there are traces", "--labels", "name each source's category and licence")
    categories = {source: label["category"] for source, label in labels.items()}
    return judged.with_columns(category=pl.col("source").replace_strict(categories, return_dtype=pl.String)).select(list(OF_TRACE))


def read_shard(table: Held) -> pl.DataFrame:
    """The traces of one shard, which is the one that its folder is named for.

    Raises:
        UserError: it is not what its manifest says, or another shard's output lies there.
    """
    traces, shard = read_table(table, TABLE, TRACES), table.folder.name
    # manifests of older versions do not name their shard, but a prompt's id tells in which one it is
    named = table.made["files"][TABLE].get("shard", shard)
    if named != shard or not all(
        holds(shard, str(prompt_id)) for prompt_id in (traces["prompt_id"].min(), traces["prompt_id"].max()) if prompt_id
    ):
        other = f"shard {named}" if named != shard else "another shard"
        raise UserError(f"holds the traces of {other}", table.folder, again(table.folder))
    return traces


def refuse_empty(judged: pl.DataFrame, mix: Mix) -> None:
    """Stop when nothing passes.

    Raises:
        UserError: names the filter that took the last traces, and how many it was given.
    """
    counts, left = Counter(judged["reason"].to_list()), judged.height
    for reason in names():
        if left and left == counts[reason]:
            raise UserError(
                f"drops all {left} traces that reach it", f"filter {reason}", "loosen it in this mix's filters, or look at the traces"
            )
        left -= counts[reason]
    if not judged.height:
        raise UserError("the shards hold no traces", "select", "look at the pool and the recipe")


def take(tables: list[list[Held]], kept: pl.DataFrame, labels: dict[str, dict[str, str]]) -> Iterator[pl.DataFrame]:
    """The kept traces as training rows, a shard at a time."""
    for (part, shard), rows in sorted(kept.group_by("part", "shard")):
        traces = read_shard(tables[int(str(part))][int(str(shard))])
        chosen = traces.join(rows.select(*TRACE_KEY, "rank", "strategy"), on=TRACE_KEY)
        yield pl.DataFrame([training_row(trace, labels[trace["source"]]) for trace in chosen.iter_rows(named=True)], schema=MIX)


def training_row(trace: dict[str, Any], label: dict[str, str]) -> dict[str, Any]:
    """One row of the contract MIX: the question as the user's turn, thinking and answer as the assistant's."""
    strategy = "" if trace["strategy"] == "random" else f" as {trace['strategy']}"
    return {
        **{key: trace[key] for key in ("prompt_id", "sample", "source")},
        **{key: label[key] for key in ("category", "licence")},
        "messages": [
            {"role": "user", "content": trace["question"]},
            {"role": "assistant", "content": joined(trace["think"], trace["answer"]) if trace["think"] else trace["answer"]},
        ],
        "why_kept": f"passes every filter (target language: {trace['think_share']:.3f} of the thinking, {trace['answer_share']:.3f} of the"
        f" answer) and drawn for {label['category']}{strategy}, rank {trace['rank'][:8]}",
    }
