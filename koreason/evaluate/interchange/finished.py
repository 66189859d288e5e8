"""One finished evaluation, read back whole: items, answers, what each profile read, and the score.

finished(Path("results/evals/smollm2/demo/short/ko_math"), Path("results/benches/ko_math")).scores["accuracy"]["mean"]
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from koreason.benches.items import Item, read_items
from koreason.errors import UserError
from koreason.records.held import held
from koreason.records.manifest import MANIFEST, RUN, again
from koreason.tables import GENERATIONS, READINGS, read_table


@dataclass(frozen=True)
class Answer:
    """One answer and what the score's own profile made of it."""

    item: Item
    repeat: int
    prompt: str
    response: str
    finish: str
    tokens: int
    seed: int
    extracted: str | None
    correct: bool
    verdict: str
    rule: str


@dataclass(frozen=True)
class Finished:
    """An evaluation.

    Attributes:
        model, mix, schedule, bench: as its folders are called.
        asking: how the model was asked, as `generate` was given it.
        ended: when its answers were there; UTC, to the second.
        code: digest of the code that scored, and versions of what drew the answers, as `run.json` has them.
    """

    model: str
    mix: str
    schedule: str
    bench: str
    answers: list[Answer]
    items: list[Item]
    scores: dict[str, Any]
    asking: dict[str, Any]
    ended: datetime
    run: dict[str, Any]

    @property
    def name(self) -> str:
        """The model with what it was trained on."""
        return self.model if self.mix == "base" else f"{self.model}-{self.mix}-{self.schedule}"

    def by_item(self) -> Iterator[tuple[Item, list[Answer]]]:
        """Items with their answers, in their order."""
        of: dict[str, list[Answer]] = {}
        for answer in self.answers:
            of.setdefault(answer.item.id, []).append(answer)
        yield from ((item, of[item.id]) for item in self.items)


def finished(folder: Path, bench: Path) -> Finished:
    """The evaluation in a folder of `results/evals`, of the benchmark in a folder of `results/benches`.

    Raises:
        UserError: it is not finished, or not of that benchmark.
    """
    model, mix, schedule, name = folder.resolve().parts[-4:]
    items = {item.id: item for item in read_items(bench / MANIFEST)}
    drawn, scored = held(folder / "generations" / MANIFEST), held(folder / "scores" / MANIFEST)
    scores = json.loads(scored.path("scores.json").read_text(encoding="utf-8"))
    frame = read_table(drawn, "generations.parquet", GENERATIONS)
    readings = read_table(scored, "readings.parquet", READINGS)
    read = {(row["item_id"], row["repeat"]): row for row in readings.iter_rows(named=True) if row["profile"] == scores["profile"]}
    if missing := sorted(set(frame["item_id"]) - items.keys()):
        raise UserError(f"has the item {missing[0]!r}, which {bench} has not", folder, "give the folder of its benchmark")
    answers = [
        Answer(
            items[row["item_id"]],
            *(row[key] for key in ("repeat", "prompt", "response", "finish", "tokens", "seed")),
            *(read[row["item_id"], row["repeat"]][key] for key in ("extracted", "correct", "verdict", "rule")),
        )
        for row in frame.sort("item_id", "repeat").iter_rows(named=True)
    ]
    run = _record(folder / "generations")
    ended = datetime.fromtimestamp(int(run["ended"]), UTC)
    return Finished(model, mix, schedule, name, answers, list(items.values()), scores, run.get("spec") or {}, ended, run)


def _record(folder: Path) -> dict[str, Any]:
    """The record of an output, which says how it was asked and when it was made.

    Raises:
        UserError: there is none.
    """
    try:
        found: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
        int(found["ended"])
    except (OSError, ValueError, TypeError, KeyError):
        raise UserError("does not say when it was made, and how it was asked", folder / RUN, again(folder)) from None
    return found


def lines(rows: list[dict[str, Any]]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
