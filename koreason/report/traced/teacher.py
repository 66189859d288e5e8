"""How often teachers are right, in all and by stratum: the categories, and the quarters of the traces by each measure that is drawn.

tables |= teacher_tables(plan, facts)
figures = teacher_figures(tables)
"""

import numpy
import polars as pl

from koreason.report.charts import figures
from koreason.report.charts.svg import Figure
from koreason.report.facts import Facts, Plan
from koreason.report.traced.mixing import DRAWN
from koreason.report.words import percent
from koreason.switching.spec import COLUMNS
from koreason.tables import JUDGED, TRACE_KEY, TRACES, UNKNOWN_GOLD, scan_table

QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
SCHEMA = {
    **dict.fromkeys(("pool", "recipe", "by", "stratum"), pl.String),
    **dict.fromkeys(("traces", "correct"), pl.Int64),
    "accuracy": pl.Float64,
}


def teacher_tables(plan: Plan, facts: Facts) -> dict[str, pl.DataFrame]:
    """`teacher`: pool, recipe, by (empty: all; `category`; a measure), stratum, traces of known answers, correct, accuracy; if judged."""
    if not facts.judged:
        return {}
    categories, values = {source: label["category"] for source, label in plan.labels.items()}, []
    for (pool, recipe), blocks in facts.judged.items():
        verdicts = pl.concat([scan_table(block, "judged.parquet", JUDGED) for block in blocks]).select(*TRACE_KEY, "verdict")
        measures = pl.concat([scan_table(block, "measures.parquet", COLUMNS) for block in facts.measures[pool, recipe]])
        known = (
            verdicts.filter(~pl.col("verdict").is_in(UNKNOWN_GOLD))
            .join(measures.select(*TRACE_KEY, *DRAWN), on=TRACE_KEY, how="left")
            .collect()
        )
        frame = known.join(sources(facts, pool, recipe).collect(), on=TRACE_KEY, how="left").sort(TRACE_KEY)
        frame = frame.with_columns(pl.col("source").replace_strict(categories, return_dtype=pl.String).alias("category"))
        frame = frame.with_columns(right=pl.col("verdict") == "correct")
        values.append((pool, recipe, "", "", *counted(frame["right"])))
        values += [(pool, recipe, "category", name, *counted(part["right"])) for (name,), part in sorted(frame.group_by("category"))]
        for name in DRAWN:
            values += [(pool, recipe, name, stratum, *counted(part)) for stratum, part in quarters(frame, name)]
    return {"teacher": pl.DataFrame(values, SCHEMA, orient="row")}


def sources(facts: Facts, pool: str, recipe: str) -> pl.LazyFrame:
    """The source of each trace of a pool and recipe."""
    return pl.concat(
        [scan_table(table, "traces.parquet", TRACES).select(*TRACE_KEY, "source") for table in facts.held_traces[pool, recipe]]
    )


def counted(right: pl.Series) -> tuple[int, int, float | None]:
    """How many there are, how many are right, and their share."""
    count, hits = len(right), int(right.sum())
    return count, hits, hits / count if count else None


def quarters(frame: pl.DataFrame, name: str) -> list[tuple[str, pl.Series]]:
    """Which traces are right in each quarter by a measure, cut at its quartiles; equal values stay together."""
    having = frame.drop_nulls(name)
    if not having.height:
        return []
    edges = numpy.quantile(having[name].to_numpy(), [0.25, 0.5, 0.75], method="inverted_cdf")
    place = numpy.searchsorted(edges, having[name].to_numpy(), "left")
    return [(words, having["right"].filter(pl.Series(place == number))) for number, words in enumerate(QUARTERS)]


def teacher_figures(tables: dict[str, pl.DataFrame]) -> list[Figure]:
    """For each pool and recipe the accuracy in all and by category, and one by the outer quarters of each measure."""
    drawn = []
    table = tables.get("teacher", pl.DataFrame(schema=SCHEMA)).filter(pl.col("traces") > 0)
    for (pool, recipe), rows in table.group_by("pool", "recipe", maintain_order=True):
        total = rows.row(0, named=True)["traces"]
        told = f"Of {total:,} traces whose prompt came with its answer; in all, and by the category of the prompt's source."
        named = rows.filter(pl.col("by").is_in(["", "category"]))
        bars = [(row["stratum"] or "all", row["accuracy"], percent(row["accuracy"])) for row in named.to_dicts()]
        drawn.append(figures.bars(f"teacher-{pool}-{recipe}", f"The teacher is right: {recipe}", told, bars))
        cells = [
            (f"{word} {row['by'].replace('_', ' ')}", row["accuracy"], percent(row["accuracy"]))
            for row in rows.filter(pl.col("by").is_in(list(DRAWN))).to_dicts()
            if (word := {QUARTERS[0]: "low", QUARTERS[-1]: "high"}.get(row["stratum"]))
        ]
        told = "The same in the quarter of the traces with the lowest and the highest values of each measure."
        drawn.append(figures.bars(f"teacher-strata-{pool}-{recipe}", f"Right by measure: {recipe}", told, cells))
    return drawn
