"""What of planned jobs is paid for already, and what they will replace, with what that had cost.

    free(jobs, config, Path("results"))         # {"trace": 3.5}: of the traces' jobs as many need nothing drawn
    replaced(jobs)                              # lines for people

An answer lies in its journal whatever becomes of the table that it stood in, so a shard that was drawn by the same recipe and teacher
costs nothing again, as far as its prompts are the same; so do answers to a benchmark of the same model. A training that came to its end,
from the same inputs, settings and code, is declared once more and not taken again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from koreason.commands import COMMANDS
from koreason.config.effects import identity
from koreason.identity.code import code_digest
from koreason.ops.planning import disk, expected
from koreason.records import attempts
from koreason.records.adopted import code_of
from koreason.records.digests import canonical, sha256_file
from koreason.records.manifest import MANIFEST, RUN
from koreason.workflow.dryrun import Planned

# Rules whose results take hours, each with what gives the new one another folder.
COSTLY = {
    "trace": "the recipe or the pool",
    "select": "the mix",
    "train": "the schedule, the mix or the model",
    "generate": "the benchmark or the model",
}
SHOWN = 5  # results named one by one


def free(jobs: Iterable[Planned], config: dict[str, Any], results: Path) -> dict[str, float]:
    """How many jobs of each rule are paid for, in parts of a job."""
    planned = list(jobs)
    made = {job.output for job in planned}
    found: dict[str, float] = defaultdict(float)
    shares: dict[tuple[str, str], float] = {}
    for job in planned:
        if job.rule == "trace":
            key = job.wildcards["pool"], job.wildcards["recipe"]
            if key not in shares:
                shares[key] = _drawn(*key, config, results)
            found["trace"] += shares[key]
        elif job.rule in ("generate", "train") and not made & set(_read(job)):
            found[job.rule] += _same(job, config)
    return {rule: share for rule, share in found.items() if share}


def told(jobs: Iterable[Planned], shares: dict[str, float]) -> list[str]:
    """A line for each rule of which something is free."""
    counts = Counter(job.rule for job in jobs)
    lines = [
        f"  {rule:<22}{share:,.1f} of {counts[rule]} jobs: their work is there, and is not done again" for rule, share in shares.items()
    ]
    return ["", "free, and not counted above:", *lines] if lines else []


def _drawn(pool: str, recipe: str, config: dict[str, Any], results: Path) -> float:
    """Which share of a pool's traces its journal holds, by the recipe and teacher of now."""
    entry = config["recipes"][recipe]
    rows = sum(run["made"]["counts"]["rows"] for _, run in expected.runs(results / "traces" / pool / recipe, entry, results))
    wanted = disk.prompts(pool, entry["shards"], config, results) * entry["shards"] * entry["samples"]
    return min(rows / wanted, 1.0) if wanted else 0.0


def _same(job: Planned, config: dict[str, Any]) -> float:
    """1 where a job's former run had the same causes, and its inputs are as they were; else 0."""
    run = _run(job)
    names = job.wildcards
    try:
        if job.rule == "generate":
            spec: Any = identity("generate", "benches", config["benches"][names["bench"]])
            same = canonical(run["spec"]) == canonical(spec)
        else:
            spec = {table[:-1]: identity("train", table, config[table][names[table[:-1]]]) for table in ("models", "schedules")}
            same = canonical(run["spec"]) == canonical(spec) and code_of(run) == code_digest(COMMANDS["train"].module)
        return float(same and all(Path(path).is_file() and sha256_file(Path(path)) == digest for path, digest in run["inputs"].items()))
    except (KeyError, TypeError, AttributeError):
        return 0.0


def _read(job: Planned) -> list[str]:
    """The manifests that a job's former run read."""
    inputs = _run(job).get("inputs")
    return list(inputs) if isinstance(inputs, dict) else []


def _run(job: Planned) -> dict[str, Any]:
    try:
        found = json.loads(Path(job.output).with_name(RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def replaced(jobs: Iterable[Planned]) -> list[str]:
    """What of costly results will make way, what it had taken, and how to keep it."""
    found: dict[str, list[tuple[Path, float, float]]] = defaultdict(list)
    for job in jobs:
        folder = Path(job.output).parent
        if job.rule in COSTLY and (folder / RUN).is_file():
            tries = attempts.of_output(folder)
            seconds = [(attempts.seconds(one), attempts.cards(one)) for one in tries]
            found[job.rule].append((folder, sum(each for each, _ in seconds), sum(each * cards for each, cards in seconds)))
    lines = []
    for rule, results in found.items():
        hours, gpu_hours = sum(row[1] for row in results) / 3600, sum(row[2] for row in results) / 3600
        what = ", ".join(str(folder) for folder, *_ in results[:SHOWN]) + (f" and {len(results) - SHOWN} more" if results[SHOWN:] else "")
        bare = sum(not (folder / MANIFEST).is_file() for folder, *_ in results)
        lines.append(f"  {rule:<22}{what}: took {hours:,.1f} hours" + (f", {gpu_hours:,.1f} GPU-hours" if gpu_hours else ""))
        if bare:
            lines.append(f"{'':<24}{bare} of these were left without a manifest by a run that was stopped: files of before, as they were")
        lines.append(f"{'':<24}to keep: give {COSTLY[rule]} another name in the configuration")
    if not lines:
        return []
    return ["", "replaces, each only when its successor is whole; until then both take room on the disk:", *lines]
