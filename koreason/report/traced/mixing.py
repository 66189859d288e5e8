"""How the languages of traces are mixed, on the page: a table and charts of each measure, a row for each recipe.

    tables |= mixing_tables(plan, facts)
    figures = mixing_figures(plan, tables)

Measures are scanned one column at a time.
"""

import numpy
import polars as pl

from koreason.report.charts import figures
from koreason.report.charts.svg import WIDTH, Canvas, Figure, Scale, clip, short, ticks
from koreason.report.facts import Facts, Plan
from koreason.report.words import percent, share
from koreason.switching.spec import COLUMNS, MEASURES, TENTHS
from koreason.tables import scan_table

Frames = dict[str, pl.DataFrame]
# What is drawn, with the words of its heading and of its axis; `%` where it is a share.
DRAWN = {
    "share_letters": ("Letters of the language in the thinking", "Share of the letters", "%"),
    "switches_per_100_words": ("Switches of language", "Switches in 100 words", ""),
    "span_words": ("Length of the language's spans", "Words in a span, in the mean of a trace", ""),
    "burstiness": ("Burstiness of spans", "−1 all alike, 0 as by chance, 1 at most", ""),
    "copied_spans": ("Spans copied from the question", "Share of the language's spans", "%"),
    "leaked_share": ("Letters of scripts that the recipe does not want", "Share of the letters", "%"),
    "answer_share_letters": ("Letters of the language in the answer", "Share of the letters", "%"),
    "loop_ratio": ("Going in circles", "Compression of the last 1,000 characters", ""),
}
ROW = 40.0  # height of a recipe's row


def mixing_tables(plan: Plan, facts: Facts) -> Frames:
    """`measures`: of each pool, recipe and measure how many traces have it, its mean, and what a tenth, half and nine tenths have at most;
    `scripts`: of each pool, recipe and script the letters of all thinking, and how many the recipe does not want; `band`: of each mix how
    many of the traces that reached the filter are inside the band by each thing that its share may be of.
    """
    values, letters = [], []
    for (pool, recipe), blocks in facts.measures.items():
        scan = pl.concat([scan_table(block, "measures.parquet", COLUMNS) for block in blocks])
        for name in MEASURES:
            column = scan.select(name).drop_nulls().collect(engine="streaming").to_series().to_numpy()
            edges = numpy.quantile(column, [0.1, 0.5, 0.9], method="inverted_cdf") if len(column) else [None] * 3
            values.append((pool, recipe, name, len(column), numpy.sort(column).mean() if len(column) else None, *edges))
        counts = [block.made["counts"] for block in blocks]
        every = sorted({script for count in counts for script in count["letters"]})
        letters += [
            (pool, recipe, script, *(sum(count[kind].get(script, 0) for count in counts) for kind in ("letters", "leaked")))
            for script in every
        ]
    bands = [
        (mix, of, inside, counts["band"]["reached"])
        for mix, counts in facts.mixes.items()
        for of, inside in sorted(counts.get("band", {}).items())
        if of != "reached"
    ]
    key, whole = dict.fromkeys(("pool", "recipe"), pl.String), pl.Int64
    numbers = dict.fromkeys(("mean", "tenth", "half", "nine_tenths"), pl.Float64)
    return {
        "measures": pl.DataFrame(values, {**key, "measure": pl.String, "traces": whole, **numbers}, orient="row"),
        "scripts": pl.DataFrame(letters, {**key, "script": pl.String, "letters": whole, "leaked": whole}, orient="row"),
        "band": pl.DataFrame(bands, {"mix": pl.String, "of": pl.String, "inside": whole, "reached": whole}, orient="row"),
    }


def mixing_figures(plan: Plan, tables: Frames) -> list[Figure]:
    """A chart for each measure that any trace has, one of the thinking from beginning to end, of scripts, and of the band."""
    drawn, several = [], len({recipe for _, recipe in plan.parts}) < len(plan.parts)
    label = pl.col("recipe") + (pl.lit(", ") + pl.col("pool") if several else pl.lit(""))
    measures = tables["measures"].with_columns(label=label)
    for name, (title, axis, unit) in DRAWN.items():
        rows = measures.filter((pl.col("measure") == name) & (pl.col("traces") > 0))
        if rows.height:
            told = "The dot has half of the traces below it, the line goes from a tenth to nine tenths of them. See docs/measures.md."
            drawn.append(spreads(f"measure-{name}", title, told, axis, rows, bool(unit)))
    tenths = [measures.filter(pl.col("measure") == f"tenth_{tenth}") for tenth in range(1, TENTHS + 1)]
    along = [
        (str(row["label"]), [float(tenth["mean"][place]) for tenth in tenths])
        for place, row in enumerate(tenths[0].iter_rows(named=True))
        if row["traces"]
    ]
    if along:
        told = "Share of the language among the letters of each tenth of the thinking, in the mean of all traces."
        drawn.append(profiles("measure-tenths", "The language from beginning to end", told, along))
    if (scripts := tables["scripts"]).height:
        told = "Letters of all thinking by script. Scripts that the recipe does not want are marked with an exclamation mark."
        named = scripts.with_columns(
            label=label, script=pl.col("script") + pl.when(pl.col("leaked") > 0).then(pl.lit("!")).otherwise(pl.lit(""))
        )
        cells = {(row["label"], row["script"]): row["letters"] for row in named.iter_rows(named=True)}
        down, across = (named[column].unique(maintain_order=True).to_list() for column in ("label", "script"))
        drawn.append(figures.matrix("measure-scripts", "Scripts of the thinking", told, down, across, cells))
    return drawn


def band_figures(tables: Frames) -> list[Figure]:
    """Per mix how much of what reaches the filter is inside the band, by each thing that its share may be of."""
    words = {"characters": "all characters", "prose_characters": "prose, characters", "prose_letters": "prose, letters"}
    told = (
        "Traces inside the band of the language's share of the thinking. The mix goes by all characters but white space; the paper does not"
        " say of what its 5 to 20% are. Prose has neither formulas nor code nor addresses."
    )
    return [
        figures.bars(
            f"band-{mix}",
            f"Inside the band of {mix}",
            told,
            [(words[row["of"]], row["inside"] / (row["reached"] or 1), share(row["inside"], row["reached"])) for row in rows.to_dicts()],
        )
        for (mix,), rows in tables["band"].group_by("mix", maintain_order=True)
    ]


def spreads(name: str, title: str, caption: str, axis: str, rows: pl.DataFrame, is_share: bool) -> Figure:
    """A dot at the half and a line from `tenth` to `nine_tenths` for each `label`; a row at least."""
    canvas, told, top = Canvas(), [], 8.0
    low, high = min(0.0, *rows["tenth"]), max(0.0, *rows["nine_tenths"])
    high = high if high > low else low + 1
    bottom = top + rows.height * ROW
    scale = Scale(low, high, 12, WIDTH - 20)
    marks = ticks(low, high, 6)
    for mark in marks:
        canvas.line(scale(mark), top, scale(mark), bottom, "grid")
    for index, row in enumerate(rows.iter_rows(named=True)):
        y = top + index * ROW
        said = [percent(row[edge]) if is_share else f"{row[edge]:.3g}" for edge in ("tenth", "half", "nine_tenths")]
        canvas.text(scale.start, y + 15, clip(row["label"], 52), "row halo")
        canvas.line(scale(row["tenth"]), y + 28, scale(row["nine_tenths"]), y + 28, "whisker trained")
        canvas.dot(scale(row["half"]), y + 28, 4.5, "point trained", f"{row['label']}: half at most {said[1]}")
        told.append(f"{row['label']} {said[1]} ({said[0]} to {said[2]})")
    canvas.axis_below(scale, bottom + 4, marks, [percent(mark, 0) if is_share else short(mark) for mark in marks], axis)
    return Figure(name, title, caption, f"{title}: " + "; ".join(told) + ".", bottom + 44, canvas.body)


def profiles(name: str, title: str, caption: str, rows: list[tuple[str, list[float]]]) -> Figure:
    """A row of columns, shares of 1, for each label."""
    canvas, told = Canvas(), []
    height, left = 74.0, 46.0
    most = max(max(values) for _, values in rows) or 1.0
    for index, (label, values) in enumerate(rows):
        base = (index + 1) * height - 6
        up, wide = Scale(0, most, base, base - 46), (WIDTH - 16 - left) / len(values)
        canvas.text(left, base - 54, clip(label, 44), "row")
        canvas.axis_left(up, left, WIDTH - 16, [0, most], ["0%", percent(most, 0)])
        for place, value in enumerate(values):
            tip = f"{label}, tenth {place + 1}: {percent(value)}"
            canvas.bar(left + place * wide + 1, up(value), wide - 2, base - up(value), "kept", tip)
        told.append(f"{label} from {percent(values[0])} to {percent(values[-1])}")
    return Figure(name, title, caption, f"{title}: " + "; ".join(told) + ".", len(rows) * height, canvas.body)
