"""What a configuration names on a hub or the web, entry by entry.

for one in named(config): one.where, one.repo, one.revision
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from koreason.config.pinned import is_folder
from koreason.pretrained.files import INDEX, SMALL, SUFFIX

# Which files of a repository are taken. Of a data set all: its own card says which are of which subset and split.
OF_MODELS = (*SMALL, INDEX, f"*{SUFFIX}")
OF_BENCHES = ("*.parquet", "*.jsonl", "*.csv", "*.arrow")
TABLES = {"bases": ("models", OF_MODELS), "sources": ("datasets", ()), "imported": ("datasets", ()), "benches": ("datasets", OF_BENCHES)}


@dataclass(frozen=True)
class Repository:
    """A repository at a commit.

    Attributes:
        where: key of the entry that names it.
        patterns: of the files that are taken; none: all.
        digest: that the configuration has of them.
    """

    where: str
    kind: str
    repo: str
    revision: str
    patterns: tuple[str, ...] = ()
    digest: str | None = None


@dataclass(frozen=True)
class File:
    """A file with a URL; `sha256` is empty where a glob has its digest."""

    where: str
    name: str
    url: str
    sha256: str = ""


def named(config: dict[str, Any]) -> Iterator[Repository | File]:
    """Everything that it names, in the order of tables and names; what several entries name comes several times."""
    for table, (kind, patterns) in TABLES.items():
        for name, entry in sorted((config.get(table) or {}).items()):
            where = f"{table}.{name}"
            if entry.get("hub") and not is_folder(entry["hub"]):
                yield Repository(where, kind, entry["hub"], str(entry.get("revision")), patterns, entry.get("digest"))
            for file, url in sorted((entry.get("urls") or {}).items()):
                yield File(where, file, url, (entry.get("files") or {}).get(file, ""))
