"""A pool as `koreason pool` leaves it, traces as `koreason trace` does, and what is made of them, in this process."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from koreason.cli import main
from koreason.config.effects import given
from koreason.config.files.layers import read_language
from koreason.records.digests import sha256_file
from koreason.shards import holds, shard_names
from koreason.tables import POOL, TRACES

HOME = Path(__file__).resolve().parents[3]
KOREAN = read_language(HOME / "config" / "languages" / "ko.yaml")
PHRASING = given("augment", "languages", KOREAN)


def left(folder: Path, stage: str, table: str, rows: list[dict[str, Any]], contract: dict[str, Any]) -> Path:
    """One table with its manifest."""
    folder.mkdir(parents=True)
    pl.DataFrame(rows, schema=contract).write_parquet(folder / table)
    facts = {"sha256": sha256_file(folder / table), "bytes": (folder / table).stat().st_size, "rows": len(rows)}
    (folder / "manifest.json").write_text(json.dumps({"stage": stage, "files": {table: facts}, "counts": {}}))
    return folder / "manifest.json"


def exam(number: int, stem: str, options: list[str] | None, gold: str | None, source: str = "exams", **columns: Any) -> dict[str, Any]:
    """A prompt of a pool; one with options is shown with them."""
    lines = "\n".join(f"{label}. {option}" for label, option in zip("ABCDEFGHIJ", options or [], strict=False))
    parts = {"question": f"{stem}\n\n{lines}", "stem": stem} if options else {"question": stem}
    return {"prompt_id": f"{number:024x}", "source": source, **parts, "options": options, "gold": gold, **columns}


def pool(folder: Path, rows: list[dict[str, Any]], name: str = "demo") -> Path:
    return left(folder / "pools" / name, "pool", "prompts.parquet", rows, POOL)


def traces(folder: Path, rows: list[dict[str, Any]], shards: int = 2) -> Path:
    """Traces by shards; returns the folder of all."""
    for shard in shard_names(shards):
        mine = [row for row in rows if holds(shard, row["prompt_id"])]
        left(folder / "traces" / shard, "trace", "traces.parquet", mine, TRACES)
    return folder / "traces"


def augment(out: Path, manifest: Path, spec: dict[str, Any], *more: str, of: tuple[str, ...] = ("exams",), language: Any = PHRASING) -> int:
    arguments = ["augment", "--source", out.name, "--pool", str(manifest), "--of", json.dumps(of), "--out", str(out), *more]
    return main([*arguments, "--spec", json.dumps(spec), "--language", json.dumps(language)])


def made(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "prompts.parquet")


def counts(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]
    return found


def reasons(out: Path) -> dict[int, str]:
    """Why nothing was made, by the pool's row."""
    lines = (out / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["record"]: line["reason"] for line in map(json.loads, lines)}
