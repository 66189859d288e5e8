"""The page that says whether a run can be made again: in a bag beside its payload, so that it may name the archive, and in a restored run.

    text = page(about, jobs, identifier, reruns=[], beside=False)      # HTML that loads nothing and runs nothing

What was made again is kept in `.koreason/reruns.jsonl` of the restored folder, the latest last.
"""

import json
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from koreason.archive.bag.opened import MINE
from koreason.archive.bag.tags import MANIFEST
from koreason.archive.comparing import ORDER, Row
from koreason.archive.gathered.jobs import Job, jobs, tries
from koreason.archive.told.provenance import draw, stages_of
from koreason.records.digests import write_atomically
from koreason.repeats import class_of_output
from koreason.report.charts.svg import PALETTE
from koreason.report.rendering import environment

PAGE = TEMPLATE = "reproducibility.html"
RERUNS = Path(".koreason/reruns.jsonl")
HERE = Path(__file__).parent


def page(about: dict[str, Any], found: Iterable[Job], identifier: str, reruns: list[dict[str, Any]], beside: bool) -> str:
    """The page's HTML.

    Args:
        about: what the archive says of itself.
        identifier: what it is known by.
        reruns: what was made again, the latest first.
        beside: it stands in a restored run's folder, not in the bag.
    """
    made = [job for job in found if job.made is not None]
    drawn = stages_of(made)
    kinds: dict[str, set[str]] = {}
    for job in made:
        kinds.setdefault(job.stage, set()).add(class_of_output(job.stage, (job.made or {})["files"], job.run.get("spec")))
    stages = [{"name": stage.name, "outputs": stage.outputs, "kinds": sorted(kinds[stage.name])} for stage in drawn]
    figure = draw(drawn)
    known = {"title": "A run of koreason", "jobs": len(made), "attempts": tries(made), "ended": "an unknown day"}
    return (
        environment(HERE)
        .get_template(TEMPLATE)
        .render(
            about=known | about,
            archive=identifier,
            reruns=reruns,
            beside=beside,
            stages=stages,
            figure=figure.inline(),
            caption=figure.caption,
            style=PALETTE.read_text(encoding="utf-8"),
        )
    )


def write_beside(run: Path, about: dict[str, Any]) -> None:
    """Write the page into a restored run's folder, with all that was made again there."""
    identifier = sha256((run / MINE / MANIFEST).read_bytes()).hexdigest() if (run / MINE / MANIFEST).is_file() else "not known"
    write_atomically(run / PAGE, page(about, jobs(run), identifier, list(reversed(kept(run))), beside=True))


def kept(run: Path) -> list[dict[str, Any]]:
    """What was made again of a restored run, the earliest first."""
    path = run / RERUNS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def keep(run: Path, asked: str, rows: list[Row]) -> None:
    """Add what was made again just now."""
    counts = ", ".join(f"{count} {verdict}" for verdict in ORDER if (count := sum(row.verdict == verdict for row in rows)))
    now = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "asked": asked,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "counts": counts or "nothing was compared",
        "rows": [vars(row) for row in rows],
    }
    write_atomically(run / RERUNS, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in [*kept(run), now]))
