"""Bases that training would not understand, found before anything runs, as far as they are at hand.

    strange("demo_student", config, Path("results"))        # findings, one a line

At hand is what lies below `results/bases`, and a folder of this machine that an entry names. A base of a hub is looked at by the rule
`base`, its configuration before its weights are fetched.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from koreason.config.joined.experiments import trained_bases
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.pretrained.finding import Finding
from koreason.pretrained.understood import findings
from koreason.records.manifest import MANIFEST


def folder_of(name: str, entry: dict[str, Any], results: Path, made: Collection[str] = ()) -> Path | None:
    """Where a base's files are, None where they are nowhere on this machine yet.

    Args:
        made: bases that are planned to be made: what is there of them says nothing.
    """
    folder = results / "bases" / name
    if name not in made and (folder / MANIFEST).is_file():
        return folder
    try:
        path = expand(entry["path"]).resolve() if entry.get("path") else None
    except UserError:
        return None
    return path if path and path.is_dir() else None


def strange(name: str, config: dict[str, Any], results: Path, made: Collection[str] = ()) -> list[Finding]:
    """What is not understood of a base: all that training would read, or, where nothing is trained from it, what an engine would."""
    folder = folder_of(name, config["bases"][name], results, made)
    return findings(folder, name in trained_bases(config)) if folder else []
