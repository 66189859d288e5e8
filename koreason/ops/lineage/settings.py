"""The configuration that a run's results are looked at with.

settings([])      # of the last run in this folder, as it was planned; {} where there was none
"""

import json
from pathlib import Path
from typing import Any

from koreason.config.joined.parts import pair_of
from koreason.errors import UserError
from koreason.records.manifest import RUN
from koreason.workflow.given import KEPT

Config = dict[str, Any]


def settings(files: list[Path]) -> Config:
    """Files laid over the catalogue; without any, what the last run had.

    Raises:
        UserError: a file is missing.
    """
    for file in files:
        if not file.is_file():
            raise UserError("no such configuration", file, "ids stand in front of --configfile")
    if files:
        from koreason.workflow.dryrun import read_config  # takes Snakemake along

        return read_config(files)
    for path in sorted(KEPT.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            kept: Config = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return kept
    return {}


def entry(config: Config, table: str, name: str) -> Config:
    """An entry of a table; an empty one where it has none."""
    found = config.get(table, {}).get(name)
    return found if isinstance(found, dict) else {}


def parts_of(mix: Path) -> list[str]:
    """Folders of the traces that a mix was drawn from, below `results/traces`, in the order of its parts; none where nobody says it."""
    try:
        said = json.loads((mix / RUN).read_text(encoding="utf-8"))["spec"]["traces"]
        return ["/".join(pair_of(part)) for part in said]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []


def source_entry(config: Config, results: Path, source: str) -> Config:
    """What is known of a source, or of finished traces: from the configuration, else from what its own `run.json` says."""
    table, _, name = source.rpartition("/")
    if found := entry(config, table or "sources", name):
        return found
    folders = [results / "sources" / source] if not table else sorted((results / "traces" / source).glob("*-of-*"))
    for folder in folders:
        try:
            run = json.loads((folder / RUN).read_text(encoding="utf-8"))
            return {**run.get("spec", {}), **run.get("how", {})}
        except (OSError, ValueError, TypeError, AttributeError):
            continue
    return {}
