"""What a result of older code was taken for: noted in its run.json, which goes on naming the code that ran.

note_adoption(Path("results/models/m/mix/s"), run, {"code": "2d…", "environment": "77…"})
"""

from pathlib import Path
from typing import Any

from koreason.records.digests import write_atomically
from koreason.records.form import text
from koreason.records.manifest import RUN


def note_adoption(folder: Path, run: dict[str, Any], taken_for: dict[str, Any]) -> None:
    """Add a line to `adopted` in a result's run.json, which held `run`."""
    write_atomically(folder / RUN, text(run | {"adopted": [*run.get("adopted", []), taken_for]}))


def code_of(run: dict[str, Any]) -> Any:
    """The code that a result stands for: what it was last taken for, else what ran."""
    return run["adopted"][-1]["code"] if run.get("adopted") else run["code"]
