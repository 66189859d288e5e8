"""What an archive says of itself: `archive.json` for programs, `README.md` for people.

    FORMAT      # 2; a later koreason restores what an earlier one made

Written before the crate, so that the crate tells of it.
"""

from typing import Any

from koreason.archive.entries import PARTS, Entry
from koreason.archive.gathered.inputs import Given
from koreason.archive.gathered.packages import Package

FORMAT = 2  # since it has a page of its own, and says which environments are not in it; docs/archive.md tells of them
ABOUT, README = "archive.json", "README.md"
# Licences that let everybody pass a thing on; any other is for its reader to judge.
FREE = ("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "PSF-2.0", "MPL-2.0", "CC0-1.0", "CC-BY-4.0", "Unlicense")
TIERS = {"A": "may be passed on", "B": "may be trained on, and not be passed on", "?": "as its makers state it: judge for yourself"}

TEXT = """# {title}

A finished run of koreason {version}, archived: {jobs} jobs, {files} files. This folder is the payload of a BagIt bag
(RFC 8493); the run as a whole is described in `ro-crate-metadata.json`, a Provenance Run Crate.

- `run/` is the run's folder as it was: `results/`, with a manifest beside each output, `logs/`, and under
  `.koreason/code/` the package that made it.
- `inputs/` are dumps and benchmarks as they came; `wheels/` and `images/` what it ran in; `code/` its repository.
- `config.json` is the configuration as resolved; it reads its inputs below `$KOREASON_INPUTS`.
- `archive.json` says which of these parts are here, how each kind of file repeats, and under which licences all is.

With koreason, this one or a later one:

    koreason restore run.bag --into FOLDER

Without it: `sha256sum --check manifest-sha256.txt` holds every byte against its digest; `run/` is then complete as it
lies here, and `bin/koreason` in the package below `.koreason/code/` needs Python 3.11 and the wheels that `envs/*.lock`
name.

Paths of the machine that it was made on stand as `$RUN`, `$HOME`, `$KOREASON_HOME`, `$KOREASON_ENVS`, its user as
`$USER`.
"""


def sizes(entries: list[Entry]) -> dict[str, tuple[int, int]]:
    """Files and bytes of each part; a content that an earlier part has counts there only."""
    found = {part: (0, 0) for part in PARTS if any(entry.part == part for entry in entries)}
    seen: set[str] = set()
    for part in found:
        for entry in entries:
            if entry.part == part:
                count, size = found[part]
                found[part] = count + 1, size + (0 if entry.sha256 in seen else entry.size)
                seen.add(entry.sha256)
    return found


def licences(
    config: dict[str, Any], given: list[Given], bases: list[str], packages: dict[str, Package], known: dict[str, str]
) -> list[dict[str, str]]:
    """The licence of everything in an archive, with its tier."""
    found = [_licence("koreason", "software", "Apache-2.0")]
    for one in given:
        entry = config[one.table][one.name]
        tier = {"tier": entry["licence"]} if entry.get("licence") in TIERS else {}
        found.append(_licence(one.name, one.table, str(entry.get("licence", ""))) | tier)
    found += [_licence(base, "bases", str(config.get("bases", {}).get(base, {}).get("licence", ""))) for base in bases]
    return found + [_licence(f"{one.name}=={one.version}", "package", known.get(name, "")) for name, one in sorted(packages.items())]


def _licence(name: str, kind: str, licence: str) -> dict[str, str]:
    return {"name": name, "kind": kind, "licence": licence or "not stated", "tier": "A" if licence in FREE else "?"}
