"""Where two files differ first, in words: which row and column of a table, which line of a text, which byte of anything else.

first_difference(before, after)            # "row 3, column source: 'quiz' became 'forum'"
off(before, after, {"loss": 0.01})         # (0.12, "loss of row 7 is off by 0.0012, 0.01 are allowed")
"""

import json
from itertools import zip_longest
from pathlib import Path
from typing import Any

import polars as pl

SHOWN = 60  # characters of a value
CHUNK = 2**20
TEXTS = (".jsonl", ".json", ".csv", ".tsv", ".html", ".svg", ".jinja", ".txt")


def first_difference(before: Path, after: Path) -> str:
    """What is different first; empty where nothing is."""
    if before.suffix == ".parquet":
        try:
            return _of_tables(pl.read_parquet(before, memory_map=False), pl.read_parquet(after, memory_map=False))
        except (OSError, pl.exceptions.PolarsError):
            return _of_bytes(before, after)
    return _of_lines(before, after) if before.suffix in TEXTS else _of_bytes(before, after)


def _of_tables(before: pl.DataFrame, after: pl.DataFrame) -> str:
    if before.columns != after.columns:
        return f"columns {', '.join(before.columns)} became {', '.join(after.columns)}"
    if before.height != after.height:
        return f"{before.height:,} rows became {after.height:,}"
    found = []
    for place, name in enumerate(before.columns):
        same = (before[name] == after[name]) | (before[name].is_null() & after[name].is_null())
        if not (row := same.fill_null(value=False).arg_min()) and (row is None or same.fill_null(value=False)[0]):
            continue
        found.append((row or 0, place, name))
    if not found:
        return "the same rows in other bytes"
    row, _, name = min(found)
    return f"row {row + 1}, column {name}: {_shown(before[name][row])} became {_shown(after[name][row])}"


def _of_lines(before: Path, after: Path) -> str:
    with open(before, encoding="utf-8", errors="replace") as one, open(after, encoding="utf-8", errors="replace") as other:
        for number, (line, new) in enumerate(zip_longest(one, other), 1):
            if line != new:
                return f"line {number}{_key(line, new)}: {_shown(line)} became {_shown(new)}"
    return _of_bytes(before, after)


def _key(line: str | None, new: str | None) -> str:
    """The first key of two JSON lines whose values differ."""
    try:
        one, other = json.loads(line or ""), json.loads(new or "")
        return f", {next(key for key in one if one[key] != other.get(key))}"
    except (ValueError, TypeError, AttributeError, StopIteration):
        return ""


def _of_bytes(before: Path, after: Path) -> str:
    with open(before, "rb") as one, open(after, "rb") as other:
        place = 0
        while True:
            chunk, new = one.read(CHUNK), other.read(CHUNK)
            if chunk != new:
                pairs = enumerate(zip(chunk, new, strict=False))
                return f"byte {place + next((at for at, (a, b) in pairs if a != b), min(len(chunk), len(new))):,}"
            if not chunk:
                return ""
            place += len(chunk)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value.rstrip("\n") if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def off(before: Path, after: Path, bounds: dict[str, float]) -> tuple[float, str]:
    """How much of its bound the worst value takes, with what it is; above 1 it is outside.

    Args:
        bounds: column, or key, to how far its values may be off, as a share of the value.
    """
    worst, what = 0.0, "nothing is off"
    for number, (one, other) in enumerate(zip_longest(_rows(before), _rows(after)), 1):
        if one is None or other is None:
            return float("inf"), f"row {number} is only in one of them"
        for name, most in bounds.items():
            a, b = one.get(name), other.get(name)
            if not isinstance(a, int | float) or not isinstance(b, int | float):
                if a != b:
                    return float("inf"), f"row {number}, {name}: {_shown(a)} became {_shown(b)}"
                continue
            share = abs(a - b) / max(abs(a), 1e-12)
            taken = 0.0 if share == 0 else share / most if most else float("inf")
            if taken > worst:
                worst, what = taken, f"{name} of row {number} is off by {share:.2g}, {most:g} are allowed"
    return worst, what


def _rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    found = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
    return [row for row in found if isinstance(row, dict)]
