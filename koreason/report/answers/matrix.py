"""Models × benchmarks: what stands in each cell of the page's table of scores.

matrix(plan, facts, tables)["rows"][0]["cells"]["ksm"]["accuracy"]
"""

from typing import Any

import polars as pl

from koreason.report.answers.tables import to_base
from koreason.report.facts import Cell, Facts, Plan


def matrix(plan: Plan, facts: Facts, tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """`benches`, and `rows`: of each model and mix its name, and by benchmark a cell with `key`, `accuracy`, `low`, `high`, and, where
    they are known, `change`, `p` (by Holm), `detectable`, `mark` (better, worse, unclear), `published` and `inside`.
    """
    scores = {tuple(row[name] for name in ("model", "mix", "schedule", "bench")): row for row in tables["scores"].to_dicts()}
    tested = to_base(tables["paired"])
    published = {
        (row["model"], row["mix"], row["schedule"], row["bench"]): row for row in tables.get("published", pl.DataFrame()).to_dicts()
    }
    states = list(dict.fromkeys(cell[:3] for cell in plan.cells))
    benches = list(dict.fromkeys(cell[3] for cell in plan.cells))
    rows = []
    for model, mix, schedule in states:
        cells = {}
        for bench in benches:
            cell: Cell = (model, mix, schedule, bench)
            if cell not in scores:
                continue
            found = {name: scores[cell][name] for name in ("accuracy", "low", "high", "items", "repeats")}
            found |= {
                "key": key_of(plan, cell),
                "published": None,
                "inside": None,
                "change": None,
                "p": None,
                "detectable": None,
                "mark": "",
            }
            if one := tested.get(cell):
                found |= {"change": one["difference"], "p": one["p_holm"], "detectable": one["detectable"], "mark": one["mark"]}
                found |= {"change_low": one["low"], "change_high": one["high"], "test": one["test"]}
            if one := published.get(cell):
                found |= {"published": one["published"], "inside": one["inside"]}
            cells[bench] = found
        rows.append({"model": model, "mix": plan.state(mix, schedule), "schedule": schedule, "cells": cells})
    return {"benches": [{"name": name, "role": plan.benches[name].get("role", "")} for name in benches], "rows": rows}


def key_of(plan: Plan, cell: Cell) -> str:
    """By what the page knows a cell's answers: its place, which is no text of anybody's."""
    return str(plan.cells.index(cell))
