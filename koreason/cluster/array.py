"""A bounded Slurm array over many tasks, by submitit: submitted once, followed by one progress bar, found again after a kill.

    queue = Slurm(Path("logs/slurm/rule_trace"), parameters, at_once=20)
    arrays = submit(tasks, queue, Path("results/traces/demo/mixed/submitted.json"), [], "trace")
    failures = follow(arrays, queue, print, done=0, what="trace", poll=20)

A task is done when the manifests that it makes are there; what Slurm says of it only tells whether to wait on. submitit
writes a task's work as a pickle into a folder of mode 0700 below our logs, and its job reads that file and no other, after
it has seen that the folder still is this user's alone; nothing here unpickles anything. States come from squeue, which needs no accounting.
"""

import json
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from koreason import progress
from koreason.cluster import turn
from koreason.errors import UserError
from koreason.records.digests import write_atomically
from koreason.system import neighbours

LATENCY = 60.0  # seconds after which a file written on a node is seen everywhere
UNKNOWN = "no longer known to Slurm"
OVER = (UNKNOWN, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "PREEMPTED")


@dataclass(frozen=True)
class Unit:
    """What is made at once or not at all, such as a shard.

    Attributes:
        made: its manifest, in a folder with the unit's name.
        log: where its command writes.
        key: digest of what decides the manifest.
        command: makes it by itself; empty where it was read from a state file.
    """

    made: str
    log: str
    key: str
    command: str = ""


Task = list[Unit]  # of which `koreason.cluster.turn` makes one command


@dataclass(frozen=True)
class Failure:
    """A unit whose task ended without its manifest; `state` is Slurm's word for that."""

    unit: Unit
    state: str


@dataclass(frozen=True)
class Array:
    """An array in Slurm; `id` is empty until Slurm has answered."""

    name: str
    id: str
    tasks: list[Task]

    @property
    def units(self) -> list[Unit]:
        """All that its tasks make."""
        return [unit for task in self.tasks for unit in task]


class Queue(Protocol):
    """Where tasks go."""

    def submit(self, name: str, tasks: list[Task]) -> str:
        """Submit all tasks as the array `name`; returns its id."""

    def states(self, name: str) -> dict[int, str]:
        """State of each task of the array `name`, in Slurm's words; one that ended long ago may be absent."""


class Slurm:
    """Slurm, through submitit and squeue."""

    def __init__(self, logs: Path, parameters: dict[str, Any], at_once: int) -> None:
        self.logs, self.parameters, self.at_once = logs.resolve(), parameters, at_once

    def submit(self, name: str, tasks: list[Task]) -> str:
        """See `Queue`.

        Raises:
            UserError: Slurm refuses.
        """
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError
        from submitit.helpers import clean_env

        folder = self.logs / name
        pickles = private(folder / "submitit")
        # signals: `koreason exec` minds the walltime, submitit is to send none
        try:
            executor = submitit.SlurmExecutor(pickles)
            extra = {**self.parameters.get("additional_parameters", {}), "output": str(folder / "%j.log")}
            told = {"job_name": name, "array_parallelism": self.at_once, "signal_delay_s": 0, "stderr_to_stdout": True, "wckey": None}
            told["setup"] = [still_private(pickles)]
            executor.update_parameters(**{**self.parameters, **told, "additional_parameters": extra})
            with clean_env():
                commands = [[unit.command for unit in task] for task in tasks]
                manifests = [[unit.made for unit in task] for task in tasks]
                jobs = executor.map_array(turn.run, commands, manifests)
        except (FailedJobError, FailedSubmissionError, RuntimeError, OSError) as error:
            raise UserError(str(error), "sbatch", "`koreason doctor` checks the site file") from None
        return str(jobs[0].job_id.split("_")[0])

    def states(self, name: str) -> dict[int, str]:
        """See `Queue`; waits while Slurm does not answer."""
        command = ["squeue", "--noheader", "--array", "--me", "--states=all", f"--name={name}", "--format=%K|%T"]
        while (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
            print(f"koreason: squeue does not answer ({done.stderr.strip()}), trying again", file=sys.stderr, flush=True)
            time.sleep(10)
        return parse_states(done.stdout)


def private(folder: Path) -> Path:
    """Make a folder of our own that nobody else can look into: what lies there is run.

    Raises:
        UserError: there is one already, or others may write where it is to lie.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    neighbours.refuse([folder.parent])
    folder.mkdir(mode=0o700)
    return folder


def still_private(folder: Path) -> str:
    """A shell's line that ends a job before it loads a pickle from a folder that is not ours alone any more."""
    words = f"koreason: {folder}: is not this user's alone any more, and nothing is loaded from it"
    at = shlex.quote(str(folder))
    return f'[ "$(stat -c %a.%u -- {at})" = "700.$(id -u)" ] && [ ! -L {at} ] || {{ echo {shlex.quote(words)} >&2; exit 2; }}'


def parse_states(text: str) -> dict[int, str]:
    """Tasks from `squeue --array --format=%K|%T`; a single task is no array and has no number."""
    pairs = (line.strip().split("|") for line in text.splitlines() if "|" in line)
    return {int(index) if index.isdigit() else 0: state for index, state in pairs}


def read_arrays(path: Path) -> list[Array]:
    """Arrays that an earlier driver noted in its state file."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    found = []
    for one in noted:
        tasks = [[Unit(*unit) for unit in task] for task in one["tasks"]]
        found.append(Array(one["name"], one["id"], tasks))
    return found


def write_arrays(path: Path, arrays: list[Array]) -> None:
    """Note arrays, or remove the file where there are none."""
    if not arrays:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    told = []
    for array in arrays:
        tasks = [[[unit.made, unit.log, unit.key] for unit in task] for task in array.tasks]
        told.append({"name": array.name, "id": array.id, "tasks": tasks})
    write_atomically(path, json.dumps(told, indent=1) + "\n")


def alive(arrays: Iterable[Array], queue: Queue) -> list[Array]:
    """Those of which Slurm still has a task to run."""
    return [array for array in arrays if any(state not in OVER for state in queue.states(array.name).values())]


def in_flight(arrays: Iterable[Array], queue: Queue) -> list[Unit]:
    """The units that tasks in Slurm still have to make."""
    found = []
    for array in arrays:
        live = [index for index, state in queue.states(array.name).items() if state not in OVER]
        found += [unit for index in live for unit in array.tasks[index] if not Path(unit.made).is_file()]
    return found


def submit(tasks: list[Task], queue: Queue, state: Path, running: list[Array], stage: str) -> list[Array]:
    """Submit tasks as one array beside those that run; what their manifests were before goes away first, as Snakemake does it."""
    for unit in (unit for task in tasks for unit in task):
        Path(unit.made).unlink(missing_ok=True)
        Path(unit.log).parent.mkdir(parents=True, exist_ok=True)
    name = f"{stage}-{uuid.uuid4().hex[:12]}"
    # the name is noted first: by it the array is found even if this process ends before Slurm has answered
    write_arrays(state, [*running, Array(name, "", tasks)])
    arrays = [*running, Array(name, queue.submit(name, tasks), tasks)]
    write_arrays(state, arrays)
    return arrays


def follow(
    arrays: list[Array], queue: Queue, on_made: Callable[[Unit], None], *, done: int, what: str, poll: float, latency: float = LATENCY
) -> list[Failure]:
    """Wait for all tasks with one progress bar, which starts at `done`; `on_made` hears of each unit. Returns what failed."""
    waiting: dict[tuple[str, int], Task] = {}
    for array in arrays:
        waiting.update({(array.name, index): list(task) for index, task in enumerate(array.tasks)})
    failures: list[Failure] = []
    gone: dict[tuple[str, int], float] = {}  # since when a task is over
    with progress.bar(total=done + sum(map(len, waiting.values())), what=what, unit="unit") as bar:
        bar.update(done)
        while True:
            states = {array.name: queue.states(array.name) for array in arrays}
            for (name, index), units in list(waiting.items()):
                state = states[name].get(index, UNKNOWN)
                over = state in OVER
                for unit in [unit for unit in units if _is_there(unit.made, over)]:
                    units.remove(unit)
                    on_made(unit)
                    bar.update()
                late = over and time.monotonic() - gone.setdefault((name, index), time.monotonic()) >= latency
                if units and (late or (over and state not in ("COMPLETED", UNKNOWN))):
                    failures += [Failure(unit, state) for unit in units]
                    units.clear()
                if not units:
                    del waiting[name, index]
            if not waiting:
                return failures
            time.sleep(poll)


def _is_there(made: str, over: bool) -> bool:
    """Look for a manifest; of a task that is over so that a network file system looks, too."""
    path = Path(made)
    if over and path.parent.is_dir():
        next(path.parent.iterdir(), None)
    return path.is_file()


def last_line(log: str) -> str:
    """The last line of a log that says something: most often the reason."""
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "no log was written"
    return next((line.strip() for line in reversed(lines) if line.strip()), "the log is empty")
