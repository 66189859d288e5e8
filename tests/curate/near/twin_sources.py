"""Cleaned sources, and the two commands over them."""

import json
from pathlib import Path

import polars as pl
from chain import KOREAN

from koreason.cli import main
from koreason.config.effects import given
from koreason.records.digests import sha256_file
from koreason.tables import CLEANED

LANGUAGE = given("sketch", "languages", KOREAN)


def rows_of(rows: list[dict] | list[str], name: str = "a") -> pl.DataFrame:
    """Prompts with the columns that `clean` gives them."""
    rows = [{"question": row} if isinstance(row, str) else row for row in rows]
    rows = [{"prompt_id": f"{name}{number:05d}", "chars": len(row["question"]), **row} for number, row in enumerate(rows)]
    given = {column for row in rows for column in row}
    frame = pl.DataFrame(rows, schema={column: kind for column, kind in CLEANED.items() if column in given})
    return frame.with_columns(pl.lit(None, kind).alias(column) for column, kind in CLEANED.items() if column not in given).select(
        list(CLEANED)
    )


def cleaned(folder: Path, rows: list[dict] | list[str], rows_per_group: int = 50) -> Path:
    """A source as `clean` leaves it; its manifest."""
    folder.mkdir(parents=True)
    frame, path = rows_of(rows, folder.name), folder / "texts.parquet"
    frame.write_parquet(path, row_group_size=rows_per_group)
    facts = {"sha256": sha256_file(path), "bytes": path.stat().st_size, "rows": frame.height}
    (folder / "manifest.json").write_text(json.dumps({"stage": "clean", "files": {"texts.parquet": facts}, "counts": {}}))
    return folder / "manifest.json"


def sketch(texts: Path, out: Path, kind: str = "talk", language: dict = LANGUAGE) -> Path:
    """`koreason sketch`; its manifest."""
    assert main(["sketch", "--kind", kind, "--language", json.dumps(language), "--in", str(texts), "--out", str(out)]) == 0
    return out / "manifest.json"


def dedup(sketches: list[Path], texts: list[Path], out: Path, least: float | None = 0.8) -> pl.DataFrame:
    """`koreason dedup`; its table."""
    spec = json.dumps({"near_duplicates": least})
    assert main(["dedup", "--spec", spec, "--sketches", *map(str, sketches), "--texts", *map(str, texts), "--out", str(out)]) == 0
    return pl.read_parquet(out / "duplicates.parquet")


def twins(folder: Path, rows: list[dict] | list[str], kind: str = "talk", least: float | None = 0.8) -> list[set[int]]:
    """Groups of the numbers of rows that are twins."""
    texts = cleaned(folder / "a", rows)
    found = dedup([sketch(texts, folder / "sketch", kind)], [texts], folder / "out", least)
    groups = found.group_by("group").agg("prompt_id")["prompt_id"].to_list()
    return sorted(({int(name[1:]) for name in group} for group in groups), key=min)
