"""Published tables recomputed from their rows: the differences, whether they are carried, and what follows.

    recomputed(config["run"]["report"]["recomputed"], config["benches"])[0]["summary"]

Needs no run: what it reads is the configuration.
"""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from koreason.report.recomputed.carried import Row, compared, rows_of
from koreason.statistics.gains import LEVEL, mean_gain, proposed, two_sided
from koreason.statistics.paired import holm

Entry = Mapping[str, Any]


def recomputed(printed: Sequence[Entry], benches: Mapping[str, Entry]) -> list[dict[str, Any]]:
    """What the page shows of each table: the paper's own, and those that entries of `benches` hold with the figures they publish."""
    return [of_printed(entry) for entry in printed] + of_benches(benches)


def of_printed(entry: Entry) -> dict[str, Any]:
    """One table: its rows held against the row that it names, a summary, and gains where it says on how much each was trained."""
    rows = rows_of(entry["rows"], entry["against"], entry["items"])
    shown = {key: entry[key] for key in ("title", "where", "says")}
    return {**shown, "rows": rows, "summary": summary(rows), "gains": gains(entry) if entry.get("trained") else []}


def of_benches(benches: Mapping[str, Entry]) -> list[dict[str, Any]]:
    """The tables that the entries' published figures make together: each base before and after training, on every benchmark."""
    tables: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    items: dict[str, int] = {}
    for name, entry in benches.items():
        sizes: dict[str, int] = {}
        bench = name.removesuffix("_kit")  # the same figures stand in both entries
        for one in entry.get("published", ()) if entry.get("items") and bench not in items else ():
            sizes[bench] = entry["items"]
            for state in ("before", "after"):
                for base, figure in one.get(state, {}).items():
                    tables.setdefault(one["where"], {}).setdefault(base, {}).setdefault(state, {})[bench] = figure
        items |= sizes
    return [
        {
            "title": "Before and after training",
            "where": where,
            "says": [],
            "rows": (rows := rows_of(table, "before", items)),
            "summary": [*summary(rows), *averages(table, items)],
            "gains": [],
        }
        for where, table in sorted(tables.items(), key=lambda pair: -len(pair[1]))
    ]


def summary(rows: Sequence[Row]) -> list[str]:
    """How many of the differences are carried, up and down."""
    told = []
    for name, chosen in (("higher", [r for r in rows if r.after > r.before]), ("lower", [r for r in rows if r.after < r.before])):
        if not chosen:
            continue
        counted = Counter(row.found.carried for row in chosen)
        against = f"than {rows[0].against}"
        told.append(
            f"{len(chosen)} of {len(rows)} figures are {name} {against}: {counted['yes']} of these are carried by the items,"
            f" {counted['if paired']} might be if it were known which items were right, {counted['no']} are not, whichever they were."
        )
    if {row.row for row in rows} == {"after"} and (lower := [row for row in rows if row.after < row.before]):
        told.append("Lower after: " + ", ".join(f"{row.model} on {row.bench} ({row.after - row.before:+.1f})" for row in lower) + ".")
    return told


def averages(table: Mapping[str, Mapping[str, Mapping[str, float]]], items: Mapping[str, int]) -> list[str]:
    """The mean gain over benchmarks of each model, and over all models, with its interval as of different items."""
    told, gains = [], []
    for model, states in table.items():
        each = [compared(states["before"][bench], states["after"][bench], items[bench]) for bench in states["before"]]
        gain, error = mean_gain(each)
        gains.append(gain)
        before, after = (statistics.fmean(states[state].values()) for state in ("before", "after"))
        told.append(f"{model}: {before:.1f} to {after:.1f}, {100 * gain:+.1f} ± {196 * error:.1f} (95%).")
    spread = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return [
        f"Mean over the benchmarks, all models: {100 * statistics.fmean(gains):+.1f}, with a standard error of {100 * spread:.1f} over"
        " models.",
        *told,
    ]


def gains(entry: Entry) -> list[dict[str, Any]]:
    """Of each model what each row gained per 1,000 rows of data, and the mix that would follow."""
    found = []
    for model, of_model in entry["rows"].items():
        before = of_model[entry["against"]]
        means = {
            name: mean_gain([compared(before[bench], figure, entry["items"][bench]) for bench, figure in figures.items()])
            for name, figures in of_model.items()
            if name in entry["trained"]
        }
        adjusted = dict(zip(means, holm([two_sided(*mean) for mean in means.values()]), strict=True))
        rows = [
            {
                "name": name,
                "rows": entry["trained"][name],
                "gain": 100 * gain,
                "error": 100 * error,
                "p": adjusted[name],
                "carried": "yes" if adjusted[name] < LEVEL else "not shown",
                "per_1000": 100_000 * gain / entry["trained"][name],
            }
            for name, (gain, error) in means.items()
        ]
        most = entry.get("available", {})
        weighed = {
            name: (gain, adjusted[name], entry["trained"][name], most.get(name, entry["mix"]))
            for name, (gain, _) in means.items()
            if not most or name in most
        }
        found.append({"model": model, "rows": rows, "quotas": proposed(weighed, entry["mix"])})
    return found
