"""The report's charts, each from the table of the same subject.

    figure = waterfall("prompts-demo", "Prompts", "…", ("records", "kept"), 520, [("too short", 31)], 489)

Each returns a `Figure` whose `summary` tells in words what the eye sees, for those who cannot see it.
"""

import polars as pl

from koreason.report.svg import WIDTH, Canvas, Figure, Scale, clip, short, ticks

ROW = 24.0  # height of one row of a chart with a label on each row
LABEL, VALUE = 132.0, 62.0  # room for a row's label and for the figure at its end
CURVE_POINTS = 300  # a longer curve is drawn through the means of neighbouring steps


def waterfall(name: str, title: str, caption: str, words: tuple[str, str], start: int, drops: list[tuple[str, int]], end: int) -> Figure:
    """Bars from what went in, over what each reason took, to what came out; `words` name the first and the last bar."""
    canvas = Canvas()
    scale = Scale(0, max(start, 1), LABEL, WIDTH - VALUE)
    rows = [
        (words[0], 0, start, "whole"),
        *(("− " + reason, None, count, "dropped") for reason, count in drops),
        (words[1], 0, end, "kept"),
    ]
    left = start
    for index, (label, low, count, kind) in enumerate(rows):
        y = index * ROW
        if low is None:
            canvas.line(scale(left), y - 4, scale(left), y + 4, "link")
            left -= count
            low = left
        elif kind == "kept":
            canvas.line(scale(end), y - 4, scale(end), y + 4, "link")
        canvas.text(LABEL - 8, y + 16, clip(label, 21), "row" if kind == "dropped" else "row strong", "end")
        canvas.bar(scale(low), y + 4, max(scale(low + count) - scale(low), 1), ROW - 8, kind, f"{label}: {count:,}")
        canvas.text(WIDTH, y + 16, f"{count:,}", "value" if kind != "dropped" else "value drop", "end")
    told = ", ".join(f"{reason} {count:,}" for reason, count in drops) or "nothing"
    summary = f"{title}: {start:,} went in; dropped: {told}; {end:,} remain."
    return Figure(name, title, caption, summary, len(rows) * ROW, canvas.body)


def stacked(name: str, title: str, caption: str, rows: list[tuple[str, list[tuple[str, str, int]]]]) -> Figure:
    """A bar per row, made of parts (word, class, count), with the first part's share at its end."""
    canvas = Canvas()
    longest = max((sum(count for _, _, count in parts) for _, parts in rows), default=1)
    scale = Scale(0, max(longest, 1), LABEL, WIDTH - VALUE)
    told = []
    for index, (label, parts) in enumerate(rows):
        y, low = index * ROW, 0
        canvas.text(LABEL - 8, y + 16, clip(label, 20), "row", "end")
        for word, kind, count in parts:
            canvas.bar(scale(low), y + 4, scale(low + count) - scale(low), ROW - 8, kind, f"{label}, {word}: {count:,}")
            low += count
        canvas.text(WIDTH, y + 16, f"{parts[0][2]:,}", "value", "end")
        told.append(f"{label}: " + ", ".join(f"{word} {count:,}" for word, _, count in parts))
    return Figure(name, title, caption, f"{title}. " + "; ".join(told) + ".", max(len(rows), 1) * ROW, canvas.body)


def histogram(
    name: str, title: str, caption: str, axis: str, bars: pl.DataFrame, band: tuple[float, float] | None = None, percent: bool = False
) -> Figure:
    """Columns over `from`/`to` with the count `traces`; `band` shades what a filter lets through."""
    canvas = Canvas()
    height, left, base = 218.0, 46.0, 176.0
    low, high = (float(bars["from"].min() or 0), float(bars["to"].max() or 1)) if bars.height else (0.0, 1.0)  # type: ignore[arg-type]
    most = int(bars["traces"].max() or 1) if bars.height else 1  # type: ignore[call-overload]
    across, up = Scale(low, high, left, WIDTH - 8), Scale(0, most, base, 14)
    if band:
        canvas.bar(across(band[0]), 6, across(min(band[1], high)) - across(band[0]), base - 6, "band")
    values = ticks(0, most, 4)
    canvas.axis_left(
        up, left, WIDTH - 8, [value for value in values if value == int(value)], [short(value) for value in values if value == int(value)]
    )
    for start, end, count in bars.select("from", "to", "traces").iter_rows():
        x = across(start)
        said = f"{start:.1%} to {end:.1%}" if percent else f"{start:,} to {end - 1:,}"
        canvas.bar(x + 0.5, up(count), across(end) - x - 1, base - up(count), "kept", f"{said}: {count:,}")
    if band:
        for edge in band:
            if low < edge < high:
                canvas.line(across(edge), 6, across(edge), base, "edge")
    marks = ticks(low, high, 6)
    canvas.axis_below(across, base, marks, [f"{mark:.0%}" if percent else short(mark) for mark in marks], axis)
    total = int(bars["traces"].sum()) if bars.height else 0
    return Figure(name, title, caption, f"{title}: histogram of {total:,} traces, {axis}. {describe(bars, percent)}", height, canvas.body)


def describe(bars: pl.DataFrame, percent: bool) -> str:
    """Where the middle of a histogram lies, in words."""
    if not bars.height or not bars["traces"].sum():
        return "There are none."
    middle = bars.filter(pl.col("traces").cum_sum() * 2 >= pl.col("traces").sum()).row(0, named=True)
    low, high = middle["from"], middle["to"]
    return f"Half lie at or below {low:.1%} to {high:.1%}." if percent else f"Half lie at or below {low:,} to {high:,}."


def curve(name: str, title: str, caption: str, steps: pl.DataFrame) -> Figure:
    """Loss over steps, and below it the learning rate on the same axis."""
    canvas = Canvas()
    left, right = 52.0, WIDTH - 10.0
    group = -(-steps.height // CURVE_POINTS) if steps.height else 1
    thin = steps.group_by(pl.int_range(pl.len()) // group, maintain_order=True).mean() if group > 1 else steps
    first, last = float(steps["step"].min() or 0), float(steps["step"].max() or 1)  # type: ignore[arg-type]
    across = Scale(first, last, left, right)
    low, high = float(thin["loss"].min() or 0), float(thin["loss"].max() or 1)  # type: ignore[arg-type]
    pad = (high - low) * 0.06 or 0.1
    panels = [
        ("loss", Scale(low - pad, high + pad, 132, 18), "trained", "Loss"),
        ("lr", Scale(0, float(thin["lr"].max() or 1), 206, 168), "rate", "Learning rate"),
    ]  # type: ignore[arg-type]
    for column, up, kind, word in panels:
        values = ticks(min(up.low, up.high), max(up.low, up.high), 5 if column == "loss" else 2)
        canvas.axis_left(up, left, right, values, [f"{value:g}" for value in values])
        canvas.text(left, min(up.start, up.end) - 6, word, "name")
        points = [(across(step), up(value)) for step, value in zip(thin["step"], thin[column], strict=True)]
        canvas.path(points, f"stroke {kind}")
        if len(points) <= 40:
            for (x, y), step, value in zip(points, thin["step"], thin[column], strict=True):
                canvas.dot(x, y, 2.5, f"fill {kind}", f"step {step:g}: {value:.4g}")
    marks = [mark for mark in ticks(first, last, 7) if mark == int(mark)]
    canvas.axis_below(across, 214, marks, [short(mark) for mark in marks], "Optimizer step")
    begin, end = (float(steps["loss"][0]), float(steps["loss"][-1])) if steps.height else (0.0, 0.0)
    summary = f"{title}: the loss goes from {begin:.3f} to {end:.3f} in {steps.height:,} steps; the largest learning rate is {steps['lr'].max():.3g}."
    return Figure(name, title, caption, summary, 254, canvas.body)


def dots(name: str, title: str, caption: str, rows: pl.DataFrame, chance: float | None) -> Figure:
    """Accuracy with error bars: a row per `label`, its hollow dot `base` (may be null) and its full dot trained."""
    canvas = Canvas()
    base_line = rows.height * 34.0 + 16
    scale = Scale(0, 1, LABEL, WIDTH - 12)
    for mark in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line(scale(mark), 10, scale(mark), base_line, "grid")
    if chance is not None:
        canvas.line(scale(chance), 10, scale(chance), base_line, "chance")
        canvas.text(scale(chance) + 4, 9, f"chance {chance:.0%}", "tick chance-word")
    told = []
    for index, row in enumerate(rows.iter_rows(named=True)):
        y = 16 + index * 34.0
        canvas.text(LABEL - 10, y + 18, clip(row["label"], 20), "row", "end")
        for kind, offset in (("base", 11.0), ("trained", 20.0)):
            value, low, high = row[kind], row[f"{kind}_low"], row[f"{kind}_high"]
            if value is None:
                continue
            if low is not None and high is not None:
                canvas.line(scale(max(low, 0)), y + offset, scale(min(high, 1)), y + offset, f"whisker {kind}")
            canvas.dot(scale(value), y + offset, 4.5, f"point {kind}", f"{kind}: {value:.1%}")
            told.append(f"{row['label']} {kind} {value:.1%}")
    canvas.axis_below(scale, base_line, [0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"], "Answers that are right")
    more = f" Chance is {chance:.0%}." if chance is not None else ""
    return Figure(name, title, caption, f"{title}: " + "; ".join(told) + "." + more, base_line + 40, canvas.body)


def bars(name: str, title: str, caption: str, rows: list[tuple[str, float, str]]) -> Figure:
    """A plain bar per (label, value, words for the value)."""
    canvas = Canvas()
    scale = Scale(0, max((value for _, value, _ in rows), default=1) or 1, LABEL, WIDTH - VALUE)
    for index, (label, value, words) in enumerate(rows):
        y = index * ROW
        canvas.text(LABEL - 8, y + 16, clip(label, 20), "row", "end")
        canvas.bar(LABEL, y + 4, max(scale(value) - LABEL, 1), ROW - 8, "whole", f"{label}: {words}")
        canvas.text(WIDTH, y + 16, words, "value", "end")
    told = "; ".join(f"{label} {words}" for label, _, words in rows)
    return Figure(name, title, caption, f"{title}: {told}.", max(len(rows), 1) * ROW, canvas.body)
