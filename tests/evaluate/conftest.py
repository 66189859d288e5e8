"""A small benchmark, and answers to it as `generate` would have left them."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_engine import ENGINE, SAMPLING

from koreason.cli import main
from koreason.config.effects import given
from koreason.records.digests import sha256_file
from koreason.records.stage import Stage
from koreason.tables import GENERATIONS, write_table

ITEMS = [
    {"id": "b", "category": "number", "question": "2와 3의 합은?", "gold": "5"},
    {"id": "a", "category": "money", "question": "값은 모두 몇 원인가?", "gold": "5000"},
]


class Workbench:
    """Writes benchmarks and answers below a folder, and runs `bench` and `score` on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def spec(self, items: list[dict[str, Any]] | None = None, **changes: Any) -> str:
        path = self.folder / "items.jsonl"
        lines = [json.dumps(item, ensure_ascii=False) for item in (ITEMS if items is None else items)]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        spec = {"kind": "math", "role": "held-out", "version": 1, "instruction": "상자에 쓰세요.", "prefill": ""}
        spec |= {"sampling": SAMPLING, "engine": ENGINE, "repeats": 1, "seed": 5, "file": str(path), "sha256": sha256_file(path)}
        return json.dumps(spec | changes, ensure_ascii=False)

    def bench(self, spec: str) -> Path:
        """The items as `bench` leaves them."""
        out = self.folder / "bench"
        assert main(["bench", "--spec", self.part("bench", spec), "--out", str(out)]) == 0
        return out / "manifest.json"

    def part(self, rule: str, spec: str) -> str:
        """What a rule is given of the entry."""
        return json.dumps(given(rule, "benches", json.loads(spec)), ensure_ascii=False)

    def generations(self, rows: list[tuple[str, int, str, str]]) -> Path:
        """Rows of (item, repeat, response, finish)."""
        full = [(item, repeat, "질문", response, finish, 10, 1) for item, repeat, response, finish in rows]
        with Stage(self.folder / "generations", "generate", {}, []) as stage:
            write_table(pl.DataFrame(full, schema=GENERATIONS, orient="row"), stage, "generations.parquet", GENERATIONS)
            stage.counts["repeats"] = 1 + max((repeat for _, repeat, _, _ in rows), default=0)
        return self.folder / "generations" / "manifest.json"

    def score(self, spec: str, generations: Path, out: str = "scores") -> int:
        words = ["--spec", self.part("score", spec), "--bench", str(self.bench(spec)), "--generations", str(generations)]
        return main(["score-bench", *words, "--out", str(self.folder / out)])

    def verdicts(self, out: str = "scores") -> list[str]:
        return pl.read_parquet(self.folder / out / "scored.parquet")["verdict"].to_list()

    def scores(self, out: str = "scores") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / out / "scores.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


@pytest.fixture(scope="session")
def workbench_in() -> type[Workbench]:
    """For a folder that several tests share."""
    return Workbench
