"""What a run read that no stage made: dumps, finished traces, benchmarks' files and sealed benchmarks.

    for given in inputs(config, results): given.name, given.files

Which of the catalogue's entries are meant follows from what lies below `results/`.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from koreason.archive.entries import INPUTS, Entry
from koreason.config.pinned import is_folder
from koreason.config.variables import expand
from koreason.intake.named import named
from koreason.records.manifest import MANIFEST

VARIABLE = "KOREASON_INPUTS"  # names the folder of a restored archive's inputs


@dataclass(frozen=True)
class Given:
    """An entry of the configuration that names files or a data set from outside.

    Attributes:
        table: of the configuration: sources, imported, benches or pools.
        root: folder of its files, as it is configured; empty where there are none.
        files: path below the root, or a glob, to its digest.
        facts: what else says where it comes from: hub, revision, urls.
    """

    table: str
    name: str
    root: str = ""
    files: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The folder of its files below `data/`."""
        return f"{INPUTS}/{'sealed' if self.table == 'pools' else self.table}/{self.name}"

    def entries(self) -> Iterator[Entry]:
        """Its files, once their digests are known to be the configured ones.

        Raises:
            UserError: one is missing, or another.
        """
        if self.files:
            yield from (Entry(f"{self.place}/{name}", "inputs", path) for name, path in named(self.files, expand(self.root)))


def inputs(config: dict[str, Any], results: Path) -> list[Given]:
    """What the run read, in the order of the tables and names."""
    found = []
    for table, folder in (("sources", "sources"), ("imported", "traces/imported")):
        for name, entry in sorted(config.get(table, {}).items()):
            if (results / folder / name).is_dir() and (entry.get("files") or entry.get("hub")):
                hub = str(entry.get("hub") or "")
                root = hub if is_folder(hub) else entry.get("root", ".")
                facts = {key: entry[key] for key in ("hub", "revision", "urls") if entry.get(key)}
                found.append(Given(table, name, root, dict(entry.get("files") or {}), facts))
    for name, entry in sorted(config.get("benches", {}).items()):
        if (results / "benches" / name / MANIFEST).is_file():
            file = Path(str(entry.get("file") or ""))
            files = {file.name: str(entry.get("sha256"))} if entry.get("file") else {}
            facts = {key: entry[key] for key in ("hub", "revision") if entry.get(key)}
            found.append(Given("benches", name, str(file.parent) if files else "", files, facts))
    for name, entry in sorted(config.get("pools", {}).items()):
        if entry.get("sealed") and (results / "pools" / name).is_dir():
            found.append(Given("pools", name, entry.get("sealed_root", "."), dict(entry["sealed"])))
    return found


def moved(config: dict[str, Any], given: list[Given]) -> dict[str, Any]:
    """A configuration that reads its inputs, and models of this machine's folders, from a restored archive."""
    found = copy.deepcopy(config)
    for one in given:
        entry, place = found[one.table][one.name], f"${VARIABLE}{one.place.removeprefix(INPUTS)}"
        if one.table == "benches" and one.files:
            entry["file"] = f"{place}/{next(iter(one.files))}"
        elif one.table == "pools":
            entry["sealed_root"] = place
        elif one.files:
            entry["hub" if is_folder(str(entry.get("hub") or "")) else "root"] = place
    for name, entry in found.get("bases", {}).items():
        if entry.get("path"):
            entry["path"] = f"${VARIABLE}/../run/results/bases/{name}"
    return found
