"""Entities of an RO-Crate, as flat JSON-LD.

    graph = Graph(date)
    graph.add("#operator", "Organization", name="…", url="README.md")
    graph.text()

A property of one value is that value, one of none is left out, and the same id is one entity.
"""

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

CRATE = "https://w3id.org/ro/crate/1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run#"
BIOSCHEMAS = "https://bioschemas.org/"
# The profile's own words, written out so that one context is left to be fetched; and those that later contexts give other meanings.
WORDS = ("ContainerImage", "SIFImage", "ParameterConnection")
PROPERTIES = ("connection", "containerImage", "environment", "registry", "sha256", "sourceParameter", "tag", "targetParameter")
WORKFLOWS = {name: BIOSCHEMAS + name for name in ("ComputationalWorkflow", "FormalParameter")}
WORKFLOWS |= {name: f"{BIOSCHEMAS}ComputationalWorkflow#{name}" for name in ("input", "output")}
CONTEXT = [f"{CRATE}/context", {word: TERMS + word for word in (*WORDS, *PROPERTIES)} | WORKFLOWS]

FORMATS = {
    ".json": "application/json", ".jsonl": "application/x-ndjson", ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values", ".csv": "text/csv", ".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml",
    ".md": "text/markdown", ".txt": "text/plain", ".log": "text/plain", ".lock": "text/plain", ".cff": "application/yaml",
}  # fmt: skip


class Graph:
    """The entities of a crate, in the order in which they were added."""

    def __init__(self, date: float) -> None:
        self.day = when(date)[:10]  # on which it tells of everything in it
        self.entities: dict[str, dict[str, Any]] = {}

    def add(self, name: str, kind: str | list[str], /, **facts: Any) -> dict[str, str]:
        """Add an entity, unless it is there, and return what refers to it."""
        if name not in self.entities:
            self.entities[name] = {"@id": name, "@type": kind} | facts
        return ref(name)

    def text(self) -> str:
        """The crate's metadata, an entity a line."""
        lines = [json.dumps(_single(entity), ensure_ascii=False, separators=(",", ":")) for entity in self.entities.values()]
        context = json.dumps(CONTEXT, separators=(",", ":"))
        return f'{{"@context":{context},\n"@graph":[\n' + ",\n".join(lines) + "\n]}\n"


def _single(entity: dict[str, Any]) -> dict[str, Any]:
    bare = {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}
    return {key: value for key, value in bare.items() if value not in (None, [], "")}


def ref(name: str) -> dict[str, str]:
    """What refers to an entity."""
    return {"@id": name}


def uri(path: str) -> str:
    """A path below the crate's root as an id."""
    return quote(path, safe="/~+@=,")


def format_of(path: str) -> str:
    """The media type of a file, by its name."""
    return FORMATS.get(PurePosixPath(path).suffix, "application/octet-stream")


def when(seconds: float) -> str:
    """A moment as the profile writes it, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
