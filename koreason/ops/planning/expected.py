"""What traces will take, from what the same recipe has drawn before, into whatever pool.

    drawn = find(entry, Path("results"))                   # None where this recipe has drawn nothing
    drawn.tokens, drawn.tokens_per_second

A recipe is the same where all that decides its traces is, and the teacher; a shard of it has to be finished, as `run.json` says what it
was drawn by. So a pool with `limit: 200` says what the whole one will take. Speed is taken only from shards whose engine ran as this one
is to, in the same layout, and is one job's.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.config.effects import execution, identity
from koreason.engine.spec import longest
from koreason.ops.planning import disk
from koreason.ops.watching.drawing import NINETY, Drawing
from koreason.records.attempts import cards
from koreason.records.digests import canonical, sha256_file
from koreason.records.manifest import MANIFEST, RUN
from koreason.workflow.dryrun import Planned

Run = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """What a recipe took.

    Attributes:
        where: the journal that is it of, as people name it: `traces/small/mixed`.
        answers: that it is of, those drawn once more among them.
        tokens: drawn for a row of the table, in the mean.
        error: its standard error.
        tokens_per_second: of a job; None where none ran in this layout.
        start_seconds: of its engine.
        gpus: that a job had.
    """

    where: str
    answers: int
    tokens: float
    error: float
    tokens_per_second: float | None
    start_seconds: float
    gpus: int


def find(entry: dict[str, Any], results: Path) -> Drawn | None:
    """What was drawn by the recipe, where most of it was."""
    found = []
    for journal in sorted(results.glob("traces/*/*/journal")):
        if finished := dict(runs(journal.parent, entry, results)):
            found.append(_drawn(journal, finished, execution("trace", "recipes", entry)))
    return max((drawn for drawn in found if drawn), key=lambda drawn: drawn.answers, default=None)


def runs(folder: Path, entry: dict[str, Any], results: Path) -> Iterator[tuple[str, Run]]:
    """Finished shards of this recipe and teacher, by name."""
    wanted = canonical(identity("trace", "recipes", entry))
    teacher = results / "bases" / entry["teacher"] / MANIFEST
    now = sha256_file(teacher) if teacher.is_file() else None
    for path in sorted(folder.glob(f"*-of-*/{RUN}")):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            asked = [digest for name, digest in run["inputs"].items() if Path(name).parts[-3:] == teacher.parts[-3:]]
            if canonical(run["spec"]) == wanted and asked and now in (None, *asked) and run["made"]["counts"]["rows"]:
                yield path.parent.name, run
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue


def _drawn(journal: Path, runs: dict[str, Run], how: dict[str, Any]) -> Drawn | None:
    drawing = Drawing(journal)
    drawing.look(0.0)
    shares = {name: drawing.shards[name] for name in runs if name in drawing.shards}
    if not shares or math.isnan(drawing.lengths.mean):
        return None
    rows = sum(runs[name]["made"]["counts"]["rows"] for name in shares)
    each = sum(share.finished for share in shares.values()) / rows  # answers of a row: more than one where some are drawn once more
    same = [run for run in runs.values() if canonical(run.get("how")) == canonical(how)]
    timed = [run for run in same if run.get("engine_seconds") and run.get("engine_tokens")]
    speed = sum(run["engine_tokens"] for run in timed) / sum(run["engine_seconds"] for run in timed) if timed else None
    start = sum(run.get("start_seconds", 0.0) for run in timed) / max(len(timed), 1)
    mean, error = drawing.lengths.mean * each, drawing.lengths.error * each
    return Drawn(drawing.name, drawing.lengths.finished, mean, error, speed, start, max(map(cards, timed), default=0))


def of_plan(jobs: Iterable[Planned], config: dict[str, Any], results: Path) -> dict[str, Drawn]:
    """By recipe, of those that are planned and have drawn."""
    recipes = sorted({job.wildcards["recipe"] for job in jobs if job.rule == "trace"})
    found = {recipe: find(config["recipes"][recipe], results) for recipe in recipes}
    return {recipe: drawn for recipe, drawn in found.items() if drawn}


def told(jobs: Iterable[Planned], config: dict[str, Any], results: Path, drawn: dict[str, Drawn]) -> list[str]:
    """A line for each pool and recipe whose traces are planned."""
    shards: dict[tuple[str, str], int] = defaultdict(int)
    for job in jobs:
        if job.rule == "trace":
            shards[job.wildcards["pool"], job.wildcards["recipe"]] += 1
    lines = []
    for (pool, recipe), count in shards.items():
        entry = config["recipes"][recipe]
        answers = round(disk.prompts(pool, entry["shards"], config, results) * entry["samples"] * count)
        lines.append(f"  {pool}/{recipe}: {_line(answers, count, entry, drawn.get(recipe))}")
    return ["", "traces (what the journals hold is not drawn again):", *lines] if lines else []


def _line(answers: int, jobs: int, entry: dict[str, Any], drawn: Drawn | None) -> str:
    if drawn is None:
        most = longest(entry)
        return f"{answers:,} traces of at most {most:,} tokens, the recipe's limit; it has drawn none yet, so speed is not known"
    error = NINETY * drawn.error
    line = f"{answers:,} traces of {drawn.tokens:,.0f} (± {error:,.0f}) tokens, from {drawn.answers:,} answers of {drawn.where}"
    if drawn.tokens_per_second is None:
        return f"{line}; speed is not known: none was drawn with this layout of the engine"
    hours = (answers * drawn.tokens / drawn.tokens_per_second + jobs * drawn.start_seconds) / 3600
    line += f"; {drawn.tokens_per_second:,.0f} tokens/s there: {hours:,.1f} hours, one job at a time"
    return line + (f", {hours * drawn.gpus:,.1f} GPU-hours" if drawn.gpus else "")
