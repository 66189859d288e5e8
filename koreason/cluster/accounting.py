"""What Slurm's accounting says of jobs: one record for each time a job ran.

attempts = parse(sacct_text)       # of `sacct -P -D` with the fields FIELDS
attempts[0].used_mb, attempts[0].cpu_seconds
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from koreason.cluster.slurm import ask

# the last one may hold a `|`
FIELDS = "JobIDRaw,State,ElapsedRaw,TotalCPU,AllocCPUS,ReqMem,MaxRSS,AllocTRES,TimelimitRaw,NTasks,NNodes,WorkDir"
AT_ONCE = 500  # job ids in one question
# States in which what a job did is lost, or saved and continued by the job's next turn.
FAILED = ("FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "CANCELLED", "DEADLINE")
PUT_BACK = ("REQUEUED", "PREEMPTED")
LIVE = ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "RESIZING", "SUSPENDED")


@dataclass(frozen=True)
class Attempt:
    """One time that a job ran.

    Attributes:
        state: such as COMPLETED, its first word.
        seconds: walltime.
        cpu_seconds: of all its processes.
        cores: of all its nodes.
        gpus: of all its nodes.
        asked_mb: memory of each node.
        used_mb: highest memory on a node, None where Slurm did not measure it. Steps that run beside each other are added up.
        limit_minutes: walltime asked for.
        folder: where it was submitted.
    """

    job: str
    state: str
    seconds: int
    cpu_seconds: float
    cores: int
    gpus: int
    asked_mb: float
    used_mb: float | None
    limit_minutes: int | None
    folder: str = ""


def read_attempts(jobs: list[str]) -> tuple[list[Attempt], str]:
    """Every record of these jobs, and why there are none where accounting does not answer."""
    found: list[Attempt] = []
    for first in range(0, len(jobs), AT_ONCE):
        good, text = ask("sacct", "-P", "-D", "-j", ",".join(jobs[first : first + AT_ONCE]), "-o", FIELDS)
        if not good:
            return [], text
        found += parse(text)
    return found, ""


def parse(text: str) -> list[Attempt]:
    """Records of `sacct -P -D -o FIELDS`, with the header line: a job's own line and those of its steps behind it."""
    lines = [line.split("|", FIELDS.count(",")) for line in text.splitlines() if "|" in line]
    if not lines:
        return []
    head, *rows = lines
    attempts: list[Attempt] = []
    steps: list[dict[str, str]] = []
    for row in rows:
        record = dict(zip(head, row, strict=False))
        if "." in record["JobIDRaw"]:
            steps.append(record)
            continue
        _close(attempts, steps)
        attempts.append(_attempt(record))
    _close(attempts, steps)
    return attempts


def _close(attempts: list[Attempt], steps: list[dict[str, str]]) -> None:
    """Add to the last record what its steps used."""
    if attempts and steps:
        used = memory_of_steps(steps)
        attempts[-1] = replace(attempts[-1], used_mb=used)
    steps.clear()


def memory_of_steps(steps: Iterable[dict[str, str]]) -> float | None:
    """MB on a node: the batch step, which lasts as long as the job, beside the largest of the others."""
    batch, others = 0.0, [0.0]
    measured = False
    for step in steps:
        size = parse_mb(step["MaxRSS"])
        if not size:  # a step that ended between two measurements has 0
            continue
        measured = True
        if step["JobIDRaw"].endswith(".batch"):
            batch = size
        elif not step["JobIDRaw"].endswith(".extern"):
            tasks, nodes = (int(step[name]) if step.get(name, "").isdigit() else 1 for name in ("NTasks", "NNodes"))
            others.append(size * -(-tasks // max(nodes, 1)))  # MaxRSS is of one task
    return batch + max(others) if measured else None


def _attempt(record: dict[str, str]) -> Attempt:
    gpus = re.search(r"(?:^|,)gres/gpu=(\d+)", record["AllocTRES"])
    limit = record["TimelimitRaw"]
    nodes = max(_integer(record["NNodes"]), 1)
    return Attempt(
        job=record["JobIDRaw"],
        state=record["State"].split()[0] if record["State"] else "",
        seconds=_integer(record["ElapsedRaw"]),
        cpu_seconds=parse_seconds(record["TotalCPU"]),
        cores=_integer(record["AllocCPUS"]),
        gpus=int(gpus[1]) if gpus else sum(map(int, re.findall(r"gres/gpu:[^=,]+=(\d+)", record["AllocTRES"]))),
        asked_mb=asked_mb(record["ReqMem"], _integer(record["AllocCPUS"]) / nodes, nodes),
        used_mb=parse_mb(record["MaxRSS"]),
        limit_minutes=int(limit) if limit.isdigit() else None,
        folder=record.get("WorkDir", ""),
    )


def _integer(text: str) -> int:
    return int(text) if text.isdigit() else 0


def asked_mb(text: str, cores: float, nodes: int) -> float:
    """MB of a node from ReqMem: `2000M` for all nodes, and before Slurm 21.08 `1000Mn` for each node or `500Mc` for each core."""
    size = parse_mb(text.rstrip("nc")) or 0.0
    if text.endswith("c"):
        return size * cores
    return size if text.endswith("n") else size / nodes


def parse_mb(text: str) -> float | None:
    """MB from a size such as `123852K` or `1.50G`; None if there is none."""
    match = re.fullmatch(r"([\d.]+)([KMGT]?)", text)
    if not match:
        return None
    # Slurm counts in powers of two, and its MB are what it is asked for
    return float(match[1]) * {"": 2**-20, "K": 2**-10, "M": 1, "G": 2**10, "T": 2**20}[match[2]]


def parse_seconds(text: str) -> float:
    """Seconds from `[days-][hours:]minutes:seconds[.fraction]`."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):([\d.]+)", text)
    if not match:
        return 0.0
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def of_folder(attempts: Iterable[Attempt], folder: str) -> Iterator[Attempt]:
    """Those that were submitted in a folder, or do not say where: ids may have been given twice, as after a new start of Slurm."""
    return (attempt for attempt in attempts if attempt.folder in ("", folder))
