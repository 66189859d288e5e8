"""A file of an archive, and the parts that a run's files belong to.

PARTS["logs"]        # what the jobs printed, and what Snakemake measured of them

Paths are those that a file has below the bag's `data/`; what lies in the run's folder keeps its own below `run/`.
"""

from dataclasses import dataclass
from pathlib import Path

# In the order in which their sizes are told. What a rerun cannot do without comes first, and is in every archive.
PARTS = {
    "records": "manifests, run.json and every attempt of every job",
    "code": "the package that ran, its repository, the configuration as resolved, and the locks",
    "results": "what the manifests declare, bases aside",
    "bases": "teachers and students",
    "journals": "every answer that was drawn",
    "logs": "what the jobs printed, and what Snakemake measured of them",
    "inputs": "dumps, finished traces and benchmarks as they came",
    "wheels": "the packages that the locks name",
    "images": "the container images that ran",
    "checkpoints": "training as it was saved; only where it is selected",
}
ALWAYS = ("records", "code")
ASKED = ("checkpoints",)
RUN = "run"  # the run's folder, below `data/`
INPUTS = "inputs"


@dataclass(frozen=True)
class Entry:
    """A file of an archive.

    Attributes:
        path: below `data/`, with slashes.
        part: key of `PARTS`.
        source: where its bytes are; None where `text` has them.
        text: its bytes, where they are made here.
        sha256: of what goes into the bag; before it was read, what it has to be, or empty.
        size: in bytes.
        fixed: nothing ever writes into the file, so that it may be linked to.
        told: it tells of a run in plain text: what names a user or a place of the machine is taken out.
        program: it is executable.
    """

    path: str
    part: str
    source: Path | None = None
    text: bytes | None = None
    sha256: str = ""
    size: int = -1
    fixed: bool = False
    told: bool = False
    program: bool = False
