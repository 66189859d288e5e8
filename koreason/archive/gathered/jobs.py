"""Every job of a run as an archive tells of it: what it made, from what, how, and each attempt at it.

for job in jobs(run): job.stage, job.folder, job.attempts
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from koreason.ops.kept.outputs import RESULTS, folders_below, stage_of
from koreason.records import attempts
from koreason.records.manifest import MANIFEST, RUN, object_in, wrong_with

# What is taken of a run.json, where it is of its kind: a bag's may be a stranger's.
KINDS: dict[str, type | tuple[type, ...]] = {
    "inputs": dict,
    "ended": (int, float),
    "seconds": (int, float),
    **dict.fromkeys(("stage", "package", "environment", "code"), str),
}


@dataclass(frozen=True)
class Job:
    """An output with its record.

    Attributes:
        folder: of the output, below the run's folder.
        made: its manifest; None where no attempt has made it.
        run: its run.json; empty where there is none.
        attempts: all that are known, oldest first.
    """

    folder: str
    stage: str
    made: dict[str, Any] | None
    run: dict[str, Any] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def inputs(self) -> dict[str, str]:
        """Folders of the outputs that it read, below the run's folder, to the digests that their manifests had."""
        return {str(PurePosixPath(path).parent): digest for path, digest in self.run.get("inputs", {}).items()}

    @property
    def environment(self) -> tuple[str, str]:
        """Name of its environment, and the SHA-256 of its lock or image."""
        name, _, digest = str(self.run.get("environment", "")).partition(":")
        return name, digest


def jobs(run: Path) -> Iterator[Job]:
    """All jobs of the run in a folder, in the order of their paths."""
    for folder, names in folders_below(run / RESULTS):
        if not {MANIFEST, RUN, attempts.FILE} & set(names):
            continue
        facts, made = (object_in(folder / name) if name in names else {} for name in (RUN, MANIFEST))
        facts, made = _sound(facts), {} if wrong_with(made) else made
        tried = [{key: value for key, value in one.items() if value is not None} for one in attempts.of_output(folder)]
        stage = str((made or facts).get("stage") or (tried and tried[-1].get("stage")) or stage_of(folder, None))
        yield Job(folder.relative_to(run).as_posix(), stage, made or None, facts, [one for one in tried if {"start", "end"} <= one.keys()])


def ended(found: list[Job]) -> float:
    """When the last of a run's jobs ended, in seconds since 1970: what its archive is dated by."""
    ends = [float(one["end"]) for job in found for one in job.attempts] + [float(job.run["ended"]) for job in found if "ended" in job.run]
    return max(ends, default=0.0)


def tries(found: Iterable[Job]) -> int:
    """How many attempts there were at some outputs; one that made several has a line beside each."""
    return len({attempts.name_of(one) for job in found for one in job.attempts})


def packages(found: list[Job]) -> list[str]:
    """The packages that made something, the latest first."""
    dated = sorted(((float(job.run.get("ended", 0)), str(job.run["package"])) for job in found if job.run.get("package")), reverse=True)
    return list(dict.fromkeys(package for _, package in dated))


def _sound(facts: dict[str, Any]) -> dict[str, Any]:
    """What of a run.json is of its kind."""
    found = {key: value for key, value in facts.items() if _is(value, KINDS.get(key, object))}
    if "inputs" in found:
        found["inputs"] = {path: digest for path, digest in found["inputs"].items() if isinstance(digest, str)}
    return found


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kind) and (kind is object or not isinstance(value, bool))
