"""Run one stage of the pipeline on the cluster as one bounded Slurm array, without a Snakemake job for each of its parts.

    koreason submit trace --configfile config/demo.yaml --pool demo --recipe mixed
    koreason submit clean --configfile config/demo.yaml --pool demo --local       # here, without Slurm

What a part's command is, what it asks for and whether it has to run is asked of the workflow: a part is current exactly where
Snakemake would not run it, and what is made here is recorded so that Snakemake knows it. What comes before the stage has to
be there. A driver that was killed, or left with Ctrl-C, is typed again: it finds its tasks in Slurm and submits none twice.
Tasks that have to make way, or reach their walltime, save, go back into the queue and resume. Exit status 1 where a task failed.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from koreason import progress
from koreason.cluster import array, asks, turn
from koreason.cluster.array import Array, Failure, Task, Unit
from koreason.cluster.job import my_jobs
from koreason.cluster.slurm import longest_array
from koreason.config import site as sites
from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.errors import RESUMABLE, UserError
from koreason.home import HOME
from koreason.identity.laid import SUBMITTED
from koreason.ops.planning import budget
from koreason.records.digests import digest, sha256_file
from koreason.shards import shard_names
from koreason.workflow import begin, driver
from koreason.workflow.dryrun import planned, read_config, site_path

# The manifests that a stage makes, as its rule declares them.
STAGES = {
    "ingest": "results/sources/{source}/manifest.json",
    "clean": "results/cleaned/{pool}/{source}/manifest.json",
    "trace": "results/traces/{pool}/{recipe}/{shard}/manifest.json",
}
# Resources that an array asks Slurm for: Snakemake's word, and submitit's where the value is taken as it is.
TRANSLATED = {
    "slurm_partition": "partition",
    "slurm_account": "account",
    "constraint": "constraint",
    "qos": "qos",
    "gres": "gres",
    "gpu": "",
    "gpu_model": "",
    "mem_mb": "",
    "runtime": "",
}
# How the command starts and what it is told beside its parameters, and what Snakemake works out for itself.
USED_ELSEWHERE = ("start", "how", "mem", "mem_mib", "disk", "disk_mb", "disk_mib", "tmpdir")
TABLES = {"source": "sources", "pool": "pools", "recipe": "recipes"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason submit`."""
    parser.add_argument("stage", choices=sorted(STAGES), metavar="STAGE", help="ingest, clean or trace")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument("--source", metavar="NAME", help="of `ingest`, and of `clean`, where not all of a pool: entry of `sources`")
    parser.add_argument("--pool", metavar="NAME", help="of `clean` and `trace`: entry of `pools`")
    parser.add_argument("--recipe", metavar="NAME", help="of `trace`: entry of `recipes`")
    parser.add_argument("--shards-per-task", type=int, default=1, metavar="K", help="of `trace`: shards that one start of the engine draws")
    parser.add_argument("--limit", type=int, metavar="N", help="tasks at a time; without it the site file's `jobs`")
    parser.add_argument("--local", action="store_true", help="here, one task after the other")


def main(arguments: argparse.Namespace) -> int:
    """Submit what is due and wait for it."""
    if arguments.shards_per_task < 1 or (arguments.limit is not None and arguments.limit < 1):
        raise UserError("must be 1 or more", "--shards-per-task, --limit")
    if absent := [file for file in arguments.configfile if not file.is_file()]:
        raise UserError("no such configuration", absent[0])
    config = read_config(arguments.configfile)
    try:
        check(config)
    except ConfigError as error:
        raise UserError(str(error)) from None
    folder, targets = outputs(arguments.stage, vars(arguments), config)
    site = enter(arguments.local)
    driver.take(driver.LOCK, "another run is going on there", Path.cwd())
    with planned(HOME / "Snakefile", arguments.configfile, targets) as workflow:
        stage = Stage(workflow, arguments.stage, targets)
        if status := begin.check(begin.plans(workflow, workflow.koreason)):
            return status
        begin.lay_down(HOME, begin.plan(workflow, HOME))
        state = folder / SUBMITTED
        if site is None or arguments.local:
            return report(run_here(stage, chunks(stage.due(), arguments.shards_per_task)))
        translatable(arguments.stage, stage.resources())
        ask_for = parameters(site, arguments.stage, config["resources"][arguments.stage])
        queue = array.Slurm(driver.LOGS / f"rule_{arguments.stage}", ask_for, arguments.limit or site.jobs)
        refuse_strangers(state, queue.logs)
        arrays, flying = attach(stage, state, queue)
        if due := stage.due(but=flying):
            over = budget.excess(budget.cost({arguments.stage: len(due)}, config["resources"], site), site)
            if over:
                raise UserError(over, "budget", "choose less, or raise `budget` in the site file")
            tasks = chunks(due, max(arguments.shards_per_task, -(-len(due) // longest_array())))
            stage.begin(due)
            arrays = array.submit(tasks, queue, state, arrays, arguments.stage)
            print(f"koreason: array {arrays[-1].id}: {len(due)} of {len(targets)} in {len(tasks)} tasks", file=sys.stderr, flush=True)
        followed = {unit.made for each in arrays for unit in each.units}
        return wait(stage, arrays, queue, state, done=len(set(targets) - followed), poll=site.poll)


def wait(stage: "Stage", arrays: list[Array], queue: array.Queue, state: Path, *, done: int, poll: float) -> int:
    """Follow the arrays to their end; Ctrl-C leaves them to Slurm."""
    try:
        failures = array.follow(arrays, queue, stage.finish, done=done, what=stage.name, poll=poll)
    except KeyboardInterrupt:
        ids = " ".join(each.id or each.name for each in arrays)
        print(f"\nkoreason: array {ids} goes on in Slurm; type this again to follow it, or `scancel {ids}`", file=sys.stderr)
        return 130
    array.write_arrays(state, [])
    return report(failures)


def report(failures: list[Failure]) -> int:
    """Print what failed and why; returns the exit status."""
    for failure in failures:
        unit = failure.unit
        print(f"koreason: {Path(unit.made).parent}: {failure.state}: {array.last_line(unit.log)} (log: {unit.log})", file=sys.stderr)
    return 1 if failures else 0


def outputs(stage: str, given: dict[str, Any], config: dict[str, Any]) -> tuple[Path, list[str]]:
    """The folder that a stage's choices name, and the manifests that it makes there.

    Raises:
        UserError: a choice is missing, not known, or not the stage's.
    """
    wanted = re.findall(r"{(\w+)}", STAGES[stage])
    for name, table in TABLES.items():
        if name not in wanted and given[name] is not None:
            raise UserError(f"`{stage}` has no such choice", f"--{name}")
        if name in wanted and given[name] not in config[table] and not (stage == "clean" and name == "source" and given[name] is None):
            missing = "is missing" if given[name] is None else f"'{given[name]}' is not in {table}"
            raise UserError(missing, f"--{name}", f"accepted: {', '.join(sorted(config[table]))}")
    # a stage's folder holds its parts: a pool's sources, a recipe's shards
    parts: dict[str, list[str]] = {}
    if "shard" in wanted:
        parts = {"shard": shard_names(config["recipes"][given["recipe"]]["shards"])}
    elif stage == "clean":
        parts = {"source": [given["source"]] if given["source"] else config["pools"][given["pool"]]["sources"]}
    made = [STAGES[stage].format(**{**given, name: part}) for name, values in parts.items() for part in values]
    made = made or [STAGES[stage].format(**given)]
    return Path(made[0]).parents[1 if parts else 0], made


def enter(local: bool) -> sites.Site | None:
    """The site file by which jobs run, named to the workflow as the profile does it.

    Raises:
        UserError: there is none, and Slurm is to be used.
    """
    if local:
        return sites.active_site()
    path = site_path()
    if path is None:
        raise UserError("there is none", "site file", f"{sites.FIRST_STEP}, or give --local")
    os.environ[sites.VARIABLE] = str(path)
    os.environ[asks.OWN_JOBS] = "1"
    return sites.read_site(path)


def translatable(stage: str, resources: Iterable[str]) -> None:
    """Refuse a rule's resources that an array would not ask Slurm for; those that Snakemake or a rule uses by itself are left out.

    Raises:
        UserError: naming them.
    """
    asked = [name for name in sorted(resources) if not name.startswith("_") and name not in USED_ELSEWHERE]
    if unknown := [name for name in asked if name not in TRANSLATED]:
        what = f"asks for {', '.join(unknown)}, which `submit` cannot ask Slurm for"
        raise UserError(what, f"rule {stage}", "use `snakemake --profile slurm`, or take it out of the rule's resources")


def parameters(site: sites.Site, stage: str, resources: dict[str, int]) -> dict[str, Any]:
    """What a task asks Slurm for, in submitit's words.

    Raises:
        UserError: it is to have several tasks of its own, which an array's tasks cannot, or something that is not understood.
    """
    asked = sites.asked(site, stage, resources)
    if asked["nodes"] * asked["tasks"] > 1:
        raise UserError("asks for several tasks", f"rules.{stage}", "use `snakemake --profile slurm` for that")
    need = asks.need(site, stage, resources)
    translatable(stage, need)
    extra: dict[str, Any] = {"requeue" if site.requeue else "no-requeue": True}
    if "gpu" in need:
        extra["gpus"] = ":".join(str(part) for part in (need.get("gpu_model"), need["gpu"]) if part)
    found = {word: need.get(name) for name, word in TRANSLATED.items() if word} | {
        "mem": f"{need['mem_mb']('', 1)}M",
        "time": need["runtime"]("", 1),
        "cpus_per_task": asked["threads"],
        # srun does not take the job's cores for its own
        "srun_args": ["--ntasks=1", f"--cpus-per-task={asked['threads']}", "--cpu-bind=none"],
        "additional_parameters": extra,
    }
    return {key: value for key, value in found.items() if value is not None}


def refuse_strangers(state: Path, logs: Path) -> None:
    """Refuse a folder in which jobs that are not noted in the state file write.

    Raises:
        UserError: with some of their ids.
    """
    text = my_jobs()
    strangers = driver.jobs_of(text, Path.cwd() / driver.LOGS)
    for each in array.read_arrays(state):
        strangers -= driver.jobs_of(text, logs / each.name)
    if strangers:
        raise UserError(
            f"jobs of another run are in Slurm ({' '.join(sorted(strangers)[:10])})", Path.cwd(), "wait for them or `scancel` them"
        )


def attach(stage: "Stage", state: Path, queue: array.Queue) -> tuple[list[Array], set[str]]:
    """The arrays of an earlier driver that still run, and the manifests that they have yet to make; what is finished is recorded.

    Raises:
        UserError: they make what is no longer asked for.
    """
    noted = array.read_arrays(state)
    arrays = array.alive(noted, queue)
    # before the look at what is there: what is finished between the two is in both
    flying = array.in_flight(arrays, queue)
    if any(stage.key_of(unit.made) != unit.key for unit in flying):
        ids = " ".join(each.id or each.name for each in arrays)
        raise UserError(f"array {ids} runs with another configuration or code", state, f"`scancel {ids}`, or go back to it")
    for unit in (unit for each in noted for unit in each.units):
        if Path(unit.made).is_file() and stage.key_of(unit.made) == unit.key:
            stage.finish(unit)
    if arrays:
        print(f"koreason: found array {' '.join(each.id or each.name for each in arrays)} in Slurm", file=sys.stderr, flush=True)
    return arrays, {unit.made for unit in flying}


def chunks(units: list[Unit], size: int) -> list[Task]:
    """Units in tasks of `size`."""
    return [units[first : first + size] for first in range(0, len(units), size)]


def run_here(stage: "Stage", tasks: list[Task]) -> list[Failure]:
    """Run tasks in place, one after the other."""
    failures = []
    with progress.bar(total=sum(map(len, tasks)), what=stage.name, unit="unit") as bar:
        for task in tasks:
            stage.begin(task)
            for unit in task:
                Path(unit.made).unlink(missing_ok=True)
                Path(unit.log).parent.mkdir(parents=True, exist_ok=True)
            try:
                turn.run([unit.command for unit in task], [unit.made for unit in task])
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
            for unit in task:
                if Path(unit.made).is_file():
                    stage.finish(unit)
                    bar.update()
                else:
                    failures.append(Failure(unit, "told to save" if status == RESUMABLE else f"exit status {status}"))
    return failures


class Stage:
    """The jobs of one rule in Snakemake's graph, and Snakemake's records of them."""

    def __init__(self, workflow: Any, name: str, targets: list[str]) -> None:
        self.name, self._workflow = name, workflow
        self._jobs = {str(job.output[0]): job for job in workflow.dag.jobs if job.rule.name == name}
        waiting = [job for job in workflow.dag.needrun_jobs() if job.output]
        self._due = {str(job.output[0]) for job in waiting if job.rule.name == name} & set(targets)
        before = [job for job in waiting if str(job.output[0]) not in self._due]
        if before:
            what = before[0].output[0]
            raise UserError(f"has to be made first, and {len(before) - 1} more", what, "run `snakemake` up to there, or `koreason submit`")

    def due(self, but: Iterable[str] = ()) -> list[Unit]:
        """What has to be made and is not among `but`."""
        return [self._unit(made) for made in sorted(self._due.difference(but))]

    def _unit(self, made: str) -> Unit:
        job = self._jobs[made]
        return Unit(made, str(job.log[0]), self.key_of(made), job.shellcmd)

    def resources(self) -> set[str]:
        """Names of what the stage's jobs ask for."""
        return {str(name) for job in self._jobs.values() for name, _ in job.resources.items()}

    def key_of(self, made: str) -> str:
        """Digest of what decides a manifest, its parameters and inputs; empty where the stage does not make it."""
        if made not in self._jobs:
            return ""
        job = self._jobs[made]
        inputs = {str(path): sha256_file(Path(path)) for path in job.input}
        return digest([made, {name: str(value) for name, value in job.params.items()}, inputs])

    def begin(self, units: list[Unit]) -> None:
        """Tell Snakemake's records that these are being made: until they are finished, it would make them again."""
        for unit in units:
            self._workflow.persistence.started(self._jobs[unit.made])

    def finish(self, unit: Unit) -> None:
        """Record a unit as Snakemake records what it made."""
        from snakemake.common import async_run

        async_run(self._workflow.persistence.finished(self._jobs[unit.made]))
        self._due.discard(unit.made)
