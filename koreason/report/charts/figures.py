"""The report's charts, each from the table of the same subject.

    figure = waterfall("prompts-demo", "Prompts", "…", ("records", "kept"), 520, [("too short", 31)], 489)

Each returns a `Figure` whose `summary` tells in words what the eye sees, for those who cannot see it.
"""

from collections.abc import Iterable

import polars as pl

from koreason.report.charts.svg import WIDTH, Canvas, Figure, Scale, clip, short, ticks

ROW = 24.0  # height of one row of a chart with a label on each row
LABEL, VALUE = 138.0, 52.0  # room for a row's label and for the figure at its end
LETTER = 7.0  # width of a letter, more or less
CURVE_POINTS = 300  # a longer curve is drawn through the means of neighbouring steps


def waterfall(
    name: str,
    title: str,
    caption: str,
    words: tuple[str, str],
    start: int,
    drops: list[tuple[str, int]],
    end: int,
    idle: Iterable[tuple[str, int]] = (),
) -> Figure:
    """Bars from what went in, over what each reason took, to what came out; `words` name the first and the last bar.

    `idle` is what was fit and not taken: it stands behind the drops.
    """
    idle = list(idle)
    canvas = Canvas()
    scale = Scale(0, max(start, 1), LABEL, WIDTH - VALUE)
    rows = [
        (words[0], 0, start, "whole"),
        *(("− " + reason, None, count, "dropped") for reason, count in drops),
        *(("− " + reason, None, count, "idle") for reason, count in idle),
        (words[1], 0, end, "kept"),
    ]
    left = start
    for index, (label, low, count, kind) in enumerate(rows):
        y, taken = index * ROW, low is None
        if low is None:
            canvas.line(scale(left), y - 4, scale(left), y + 4, "link")
            left -= count
            low = left
        elif kind == "kept":
            canvas.line(scale(end), y - 4, scale(end), y + 4, "link")
        canvas.text(LABEL - 8, y + 16, clip(label, 22), "row" if taken else "row strong", "end")
        canvas.bar(scale(low), y + 4, max(scale(low + count) - scale(low), 1), ROW - 8, kind, f"{label}: {count:,}")
        canvas.text(WIDTH, y + 16, f"{count:,}", "value drop" if kind == "dropped" else "value", "end")
    told = ", ".join(f"{reason} {count:,}" for reason, count in [*drops, *idle]) or "nothing"
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
        canvas.text(LABEL - 8, y + 16, clip(label, 22), "row", "end")
        for word, kind, count in parts:
            canvas.bar(scale(low), y + 4, scale(low + count) - scale(low), ROW - 8, kind, f"{label}, {word}: {count:,}")
            low += count
        canvas.text(WIDTH, y + 16, f"{parts[0][2]:,}", "value", "end")
        told.append(f"{label}: " + ", ".join(f"{word} {count:,}" for word, _, count in parts))
    return Figure(name, title, caption, f"{title}. " + "; ".join(told) + ".", max(len(rows), 1) * ROW, canvas.body)


def histogram(
    name: str,
    title: str,
    caption: str,
    axis: str,
    bars: pl.DataFrame,
    band: tuple[float, float] | None = None,
    percent: bool = False,
    what: str = "traces",
    doubling: bool = False,
) -> Figure:
    """Columns over `from`/`to` with the count `what`, a row at least; `band` shades what a filter lets through.

    `doubling`: the axis is logarithmic, and the first column, which begins at 0, is as wide as the second.
    """
    canvas = Canvas()
    height, left, base = 218.0, 46.0, 176.0
    low, high, most = float(bars["from"][0]), float(bars["to"][-1]), max(1, *bars[what])
    if doubling:
        low = float(bars["to"][0]) ** 2 / float(bars["to"][1])
    across, up = Scale(low, high, left, WIDTH - 16, doubling), Scale(0, most, base, 14)
    if band:
        canvas.bar(across(band[0]), 6, across(min(band[1], high)) - across(band[0]), base - 6, "band")
    values = [value for value in ticks(0, most, 4) if value == int(value)]
    canvas.axis_left(up, left, WIDTH - 16, values, [short(value) for value in values])
    for start, end, count in bars.select("from", "to", what).iter_rows():
        x = across(start)
        said = f"{start:.1%} to {end:.1%}" if percent else f"{start:,} to {end - 1:,}"
        canvas.bar(x + 0.5, up(count), across(end) - x - 1, base - up(count), "kept", f"{said}: {count:,}")
    if band:
        for edge in band:
            if low < edge < high:
                canvas.line(across(edge), 6, across(edge), base, "edge")
    marks = [4.0**power for power in range(16) if low < 4**power <= high] if doubling else ticks(low, high, 6)
    canvas.axis_below(across, base, marks, [f"{mark:.0%}" if percent else short(mark) for mark in marks], axis)
    total = int(bars[what].sum())
    told = f"{title}: histogram of {total:,} {what}, {axis}. {describe(bars, percent, what)}"
    return Figure(name, title, caption, told, height, canvas.body)


def describe(bars: pl.DataFrame, percent: bool, what: str) -> str:
    """Where the middle of a histogram lies, in words."""
    if not bars[what].sum():
        return "There are none."
    middle = bars.filter(pl.col(what).cum_sum() * 2 >= pl.col(what).sum()).row(0, named=True)
    low, high = middle["from"], middle["to"]
    return f"Half lie at or below {low:.1%} to {high:.1%}." if percent else f"Half lie at or below {low:,} to {high:,}."


def curve(name: str, title: str, caption: str, steps: pl.DataFrame) -> Figure:
    """Loss over steps, and below it the learning rate on the same axis.

    `steps` has `step`, `loss`, `lr` and `held_out_loss` (null where it was not taken), a row at least.
    """
    canvas = Canvas()
    left, right = 52.0, WIDTH - 12.0
    group = -(-steps.height // CURVE_POINTS)
    drawn = steps.select("step", "loss", "lr")
    thin = drawn.group_by(pl.int_range(pl.len()) // group, maintain_order=True).mean() if group > 1 else drawn
    first, last = float(steps["step"][0]), float(steps["step"][-1])
    across = Scale(first, last, left, right)
    losses, rates = thin["loss"].to_list(), thin["lr"].to_list()
    kept_back = steps.select("step", "held_out_loss").drop_nulls().rows()
    seen = [*losses, *(value for _, value in kept_back)]
    low, high, most = min(seen), max(seen), max(rates)
    pad = (high - low) * 0.06 or 0.1
    above, below = Scale(low - pad, high + pad, 150, 20), Scale(0, most or 1, 226, 190)
    canvas.axis_left(above, left, right, values := ticks(low - pad, high + pad, 6), [f"{value:g}" for value in values])
    canvas.axis_left(below, left, right, [0, most], ["0", f"{most:.2g}"])
    for word, up, kind, column in (("Loss", above, "trained", losses), ("Learning rate", below, "rate", rates)):
        canvas.text(left, up.end - 8, word, "name")
        points = [(across(step), up(value)) for step, value in zip(thin["step"], column, strict=True)]
        canvas.path(points, f"stroke {kind}")
        if len(points) <= 40:
            for (x, y), step, value in zip(points, thin["step"], column, strict=True):
                canvas.dot(x, y, 2.5, f"fill {kind}", f"step {step:g}: {value:.4g}")
    if kept_back:
        canvas.text(right, above.end - 8, "On documents kept back", "name held-out", "end")
        canvas.path([(across(step), above(value)) for step, value in kept_back], "stroke held-out")
    for step, value in kept_back:
        canvas.dot(across(step), above(value), 3, "fill held-out", f"step {step}, documents kept back: {value:.4g}")
    marks = [mark for mark in ticks(first, last, 7) if mark == int(mark)]
    canvas.axis_below(across, 234, marks, [short(mark) for mark in marks], "Optimizer step")
    begin, end = float(steps["loss"][0]), float(steps["loss"][-1])
    told = f"the loss goes from {begin:.3f} to {end:.3f} in {steps.height:,} steps; the largest learning rate is {most:.2g}"
    if kept_back:
        told += f"; on documents kept back it is {kept_back[0][1]:.3f} after step {kept_back[0][0]:,}"
        told += f" and {kept_back[-1][1]:.3f} at the end" if len(kept_back) > 1 else ""
    return Figure(name, title, caption, f"{title}: {told}.", 274, canvas.body)


def dots(name: str, title: str, caption: str, rows: pl.DataFrame, chance: float | None) -> Figure:
    """Accuracy with error bars: per `label` a hollow dot `base` (may be null) and a full one `trained`, each with `_low` and `_high`."""
    canvas = Canvas()
    row_height, top = 46.0, 18.0
    bottom = top + rows.height * row_height
    scale, told = Scale(0, 1, 12, WIDTH - 20), []
    for mark in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas.line(scale(mark), top, scale(mark), bottom, "grid")
    if chance is not None:
        canvas.line(scale(chance), top - 4, scale(chance), bottom, "chance")
        canvas.text(scale(chance), top - 7, f"chance {chance:.0%}", "tick chance-word", "middle")
    for index, row in enumerate(rows.iter_rows(named=True)):
        y = top + index * row_height
        canvas.text(scale.start, y + 15, clip(row["label"], 52), "row halo")
        for kind, offset in (("base", 26.0), ("trained", 38.0)):
            value = row[kind]
            if value is None:
                continue
            canvas.line(scale(row[f"{kind}_low"]), y + offset, scale(row[f"{kind}_high"]), y + offset, f"whisker {kind}")
            canvas.dot(scale(value), y + offset, 4.5, f"point {kind}", f"{kind}: {value:.1%}")
            told.append(f"{row['label']} {kind} {value:.1%}")
    canvas.axis_below(scale, bottom + 4, [0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"], "Answers that are right")
    more = f" Chance is {chance:.0%}." if chance is not None else ""
    return Figure(name, title, caption, f"{title}: " + "; ".join(told) + "." + more, bottom + 44, canvas.body)


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


def matrix(name: str, title: str, caption: str, down: list[str], across: list[str], cells: dict[tuple[str, str], int]) -> Figure:
    """A table of counts, each cell the darker the larger its count is; an empty cell is none."""
    canvas = Canvas()
    wide, most = (WIDTH - LABEL) / len(across), max(cells.values(), default=1)
    words = [clip(column, 15) for column in across]
    turned = any(len(word) * LETTER > wide for word in words)
    top = 14 + max(map(len, words)) * LETTER * 0.62 if turned else 22.0
    for place, word in enumerate(words):
        x = LABEL + (place + 0.5) * wide
        canvas.text(x + 4 * turned, top - 7, word, "row", "end" if turned else "middle", turn=38 * turned)
    for index, row in enumerate(down):
        y = top + index * ROW
        canvas.text(LABEL - 8, y + 16, clip(row, 20), "row", "end")
        for place, column in enumerate(across):
            x, count = LABEL + place * wide, cells.get((row, column), 0)
            canvas.bar(x + 1, y + 1, wide - 2, ROW - 2, "cell")
            if count:
                canvas.bar(x + 1, y + 1, wide - 2, ROW - 2, "kept", f"{row}, {column}: {count:,}", 0.1 + 0.35 * (count / most) ** 0.5)
                canvas.text(x + wide / 2, y + 16, short(count), "row", "middle")
    told = "; ".join(f"{row}, {column}: {cells[row, column]:,}" for row in down for column in across if (row, column) in cells)
    return Figure(name, title, caption, f"{title}. {told}.", top + len(down) * ROW + 4, canvas.body)
