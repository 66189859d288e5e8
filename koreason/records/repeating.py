"""What "the same" means of a file that a stage makes again from the same inputs: its determinism class.

    REPEATS = {"trace": Repeats({"*": JOURNAL}, in_float32={"*": BYTES}, dtype=("engine", "dtype"))}      # in a room's determinism.py
    class_of(REPEATS["trace"], "traces.parquet", {"engine": {"dtype": "float32"}})                        # "bytes"

Each stage's room says it of its files in `determinism.py`, which no stage imports but the page: to correct a
statement runs nothing else again.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

BYTES, JOURNAL, TOLERANCE, FACT = "bytes", "bytes given the journal", "tolerance", "fact of a run"
# From what promises most to what promises nothing.
CLASSES = {
    BYTES: "the same bytes, on whatever machine the same environment runs",
    JOURNAL: "the same bytes where the journal is there, from which it is replayed; drawn anew it is another sample",
    TOLERANCE: "within bounds that are stated beside it",
    FACT: "times, hosts and places: another in each run",
}
# Beside every output.
RECORDS = ("run.json", "attempts.jsonl", "throughput.jsonl")


@dataclass(frozen=True)
class Repeats:
    """How one stage's files repeat.

    Attributes:
        files: pattern of a name to its class; the first that matches counts.
        in_float32: the same where the stage computes in float32, laid over `files`.
        dtype: where a job's options say in what it computes.
        bounds: of files of class `tolerance`: name to its columns, and how far each may be off, as a share of the value.
    """

    files: dict[str, str]
    in_float32: dict[str, str] = field(default_factory=dict)
    dtype: tuple[str, ...] = ()
    bounds: dict[str, dict[str, float]] = field(default_factory=dict)


def class_of(repeats: Repeats, name: str, spec: Any) -> str:
    """The class of a stage's file, as the options of the job that made it decide."""
    for part in repeats.dtype:
        spec = spec.get(part) if isinstance(spec, dict) else None
    patterns = [*repeats.in_float32.items()] if spec == "float32" and repeats.dtype else []
    return next((kind for pattern, kind in [*patterns, *repeats.files.items()] if fnmatchcase(name, pattern)), BYTES)


def weakest(kinds: list[str]) -> str:
    """The class that promises least."""
    order = list(CLASSES)
    return max(kinds, key=order.index, default=BYTES)
