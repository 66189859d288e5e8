"""Inputs of `koreason decontaminate` as other stages leave them."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from koreason.cli import main
from koreason.records.digests import sha256_file
from koreason.tables import CLEANED, ITEMS, OVERLAPS, TRACES, Contract


def table(folder: Path, name: str, rows: list[dict[str, Any]], contract: Contract, stage: str) -> Path:
    """A stage's folder with one table; columns that rows lack are null."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows, schema={column: kind for column, kind in contract.items() if rows and column in rows[0]})
    frame = frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in contract.items() if column not in frame.columns)
    path = folder / name
    frame.select(list(contract)).write_parquet(path)
    facts = {"sha256": sha256_file(path), "bytes": path.stat().st_size, "rows": frame.height}
    (folder / "manifest.json").write_text(json.dumps({"stage": stage, "files": {name: facts}, "counts": {}}), encoding="utf-8")
    return folder / "manifest.json"


def texts(folder: Path, questions: list[str], source: str = "", **columns: Any) -> Path:
    """What `clean` leaves of a source."""
    name = source or folder.name
    rows = [{"prompt_id": f"{name}-{place:06d}", "source": name, "question": text, **columns} for place, text in enumerate(questions)]
    return table(folder, "texts.parquet", rows, CLEANED, "clean")


def bench(folder: Path, questions: dict[str, str], options: dict[str, list[str]] | None = None) -> Path:
    """What `bench` leaves."""
    rows = [{"id": key, "question": text, "options": (options or {}).get(key, [])} for key, text in questions.items()]
    return table(folder, "items.parquet", rows, ITEMS, "bench")


def traces(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """What `trace` leaves."""
    return table(folder, "traces.parquet", rows, TRACES, "trace")


def decontaminate(
    out: Path, inputs: list[Path], benches: list[Path], profile: str = "robust", segmenter: str = "words", **spec: Any
) -> pl.DataFrame:
    """The overlaps that the command writes."""
    language = json.dumps({"segmenter": segmenter})
    arguments = ["--spec", json.dumps({"contamination": profile, **spec}), "--language", language, "--in", *map(str, inputs)]
    status = main(["decontaminate", *arguments, "--benches", *map(str, benches), "--out", str(out)])
    assert status == 0
    found = pl.read_parquet(out / "overlaps.parquet")
    assert found.schema == pl.Schema(OVERLAPS)
    return found
