"""A site's own values: what a cluster decides, and nothing that an experiment decides.

    site = read_site(Path("profiles/slurm/site.yaml"))
    need(site, "trace", config["resources"]["trace"])     # what Snakemake is to ask Slurm for

The file is written by `koreason doctor --init-site` and stays out of the repository. The profile names it to every job in
the environment variable KOREASON_SITE: where that is set, stages run as the site says, in containers or as Slurm tasks.
"""

import dataclasses
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from koreason.errors import UserError
from koreason.resources import Jobs
from koreason.schema import schema_of
from koreason.settings import load
from koreason.workflow import ConfigError, check_structure

HOME = Path(os.environ.get("KOREASON_HOME", Path(__file__).resolve().parents[2]))
VARIABLE = "KOREASON_SITE"
DEFAULT = Path("profiles/slurm/site.yaml")
FIRST_STEP = "write one with `koreason doctor --init-site`"

started_in = Path()  # where Snakemake was typed, before it went to the run's folder
jobs_are_ours = False  # `koreason submit` makes the rules' commands its own jobs, and not Snakemake


@dataclass(frozen=True)
class Partition:
    """Where jobs of one kind go; null leaves a choice to Slurm.

    Attributes:
        max_runtime: longest walltime in minutes; longer wishes are cut to it.
        max_mem_mb: most memory of a node; a retry does not ask for more.
    """

    partition: str | None = None
    constraint: str | None = None
    qos: str | None = None
    max_runtime: int | None = None
    max_mem_mb: int | None = None


@dataclass(frozen=True)
class GpuPartition(Partition):
    """Where jobs with GPUs go.

    Attributes:
        style: how the site wants GPUs asked for: `--gres=gpu:MODEL:N` or `--gpus=MODEL:N`.
        model: GPU type as Slurm names it.
    """

    style: Literal["gres", "gpus"] = "gres"
    model: str | None = None


@dataclass(frozen=True)
class Containers:
    """How images are entered.

    Attributes:
        images: folder with the SIF files, relative to the repository.
        nv: hand NVIDIA's driver to jobs with GPUs.
        binds: further folders that every job sees, as `SOURCE[:TARGET[:ro]]`.
        verify_signatures: let Apptainer check each image's signature, too.
    """

    images: str = "containers/images"
    nv: bool = True
    binds: list[str] = field(default_factory=list)
    verify_signatures: bool = False


@dataclass(frozen=True)
class Overrides:
    """What jobs of one rule ask for here, in place of the configuration's `resources`; null keeps it."""

    mem_mb: int | None = None
    runtime: int | None = None
    threads: int | None = None
    gpus: int | None = None
    nodes: int | None = None
    tasks: int | None = None
    partition: str | None = None


@dataclass(frozen=True)
class Budget:
    """A run that is planned to take more is refused; null sets no limit."""

    gpu_hours: float | None = None
    core_hours: float | None = None


@dataclass(frozen=True)
class Site:
    """All of a site file.

    Attributes:
        account: Slurm account; null lets Slurm choose.
        jobs: most jobs of ours in Slurm at a time.
        retries: how often a failed job is tried again, with more memory and time each time.
        poll: seconds between two looks at the jobs.
        notice: seconds before the end of its walltime at which a job is told to save.
        requeue: the site lets jobs be put back into the queue.
        containers: null runs the host's environments.
    """

    account: str | None = None
    cpu: Partition = Partition()
    gpu: GpuPartition | None = None
    jobs: int = 100
    retries: int = 2
    poll: int = 20
    notice: int = 120
    requeue: bool = True
    containers: Containers | None = None
    rules: dict[str, Overrides] = field(default_factory=dict)
    budget: Budget = Budget()


def read_site(path: Path) -> Site:
    """Read a site file.

    Raises:
        UserError: it is missing, or says what no site file may say.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError:
        raise UserError("no such site file", path, FIRST_STEP) from None
    except yaml.YAMLError as error:
        raise UserError(f"not YAML ({error})", path) from None
    try:
        check_structure(values, schema_of(Site))
    except ConfigError as error:
        raise UserError(str(error), path) from None
    known = {rule.name for rule in dataclasses.fields(Jobs)}
    if unknown := sorted(set(values.get("rules") or {}) - known):
        raise UserError(f"rules: no rule is called '{unknown[0]}'", path, f"accepted: {', '.join(sorted(known))}")
    site: Site = load(Site, values)
    return site


def active_site() -> Site | None:
    """The site that KOREASON_SITE names, if any."""
    path = os.environ.get(VARIABLE)
    return read_site(Path(path)) if path else None


def enter() -> Site:
    """For the profile: read the site file and name it to every job; a mistake in it ends Snakemake with one line."""
    global started_in
    started_in = Path.cwd()
    path = Path(os.environ.get(VARIABLE) or DEFAULT).resolve()
    try:
        site = read_site(path)
    except UserError as error:
        print(f"koreason: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None
    os.environ[VARIABLE] = str(path)
    return site


def asked(site: Site | None, rule: str, resources: dict[str, int]) -> dict[str, int]:
    """The configuration's `resources` of a rule with the site's overrides: mem_mb, runtime, threads, gpus, nodes, tasks."""
    override = vars(site.rules[rule]) if site and rule in site.rules else {}
    mine = {key: value for key, value in override.items() if value is not None and key != "partition"}
    return {"nodes": 1, "tasks": 1} | resources | mine


def need(site: Site | None, rule: str, resources: dict[str, int]) -> dict[str, Any]:
    """What a rule's `resources:` are: the configuration's wishes, in the words of the site's Slurm if there is one.

    Raises:
        UserError: GPUs are asked for where the site has none.
    """
    ask = asked(site, rule, resources)
    if site is None:
        return {"mem_mb": ask["mem_mb"], "runtime": ask["runtime"], "gpu": ask["nodes"] * ask["gpus"]}
    if ask["gpus"] and site.gpu is None:
        raise UserError(f"asks for {ask['gpus']} GPUs, and the site file has no `gpu`", f"resources.{rule}", "add it, or set gpus: 0")
    place = site.gpu if ask["gpus"] and site.gpu else site.cpu
    override = site.rules.get(rule, Overrides())
    said: set[tuple[str, int]] = set()
    found: dict[str, Any] = {
        "mem_mb": _growing("mem_mb", "MB", ask["mem_mb"], place.max_mem_mb, rule, said),
        "runtime": _growing("runtime", "minutes", ask["runtime"], place.max_runtime, rule, said),
        "slurm_partition": override.partition or place.partition,
        "slurm_account": site.account,
        "constraint": place.constraint,
        "qos": place.qos,
        **_layout(ask, site),
    }
    return {key: value for key, value in found.items() if value is not None}


def _layout(ask: dict[str, int], site: Site) -> dict[str, Any]:
    """Nodes, tasks and GPUs in the words of Snakemake's Slurm plugin."""
    gpus, tasks = ask["gpus"], ask["nodes"] * ask["tasks"]
    style, model = (site.gpu.style, site.gpu.model) if gpus and site.gpu else (None, None)
    per_node = f"{model}:{gpus}" if model else str(gpus)
    if tasks > 1:
        # `mpi` keeps the plugin from starting one task of its own. It would make of `gpu` and `tasks` that many tasks per GPU,
        # so GPUs are asked for in `slurm_extra`.
        extra = f"--ntasks-per-node={ask['tasks']}" + (f" --gpus-per-node={per_node}" if gpus else "")
        return {"mpi": "srun", "nodes": ask["nodes"], "tasks": tasks, "slurm_extra": extra}
    if style == "gres":
        return {"gres": f"gpu:{per_node}"}
    if style == "gpus":
        return {"gpu": gpus, "gpu_model": model}
    return {}


def _growing(name: str, unit: str, first: int, most: int | None, rule: str, said: set[tuple[str, int]]) -> Callable[..., int]:
    """A resource that each new attempt asks more of, up to what the site has, and says so once."""

    def ask(wildcards: Any, attempt: int) -> int:
        now = min(first * attempt, most or first * attempt)
        key = (f"{name} {wildcards}", attempt)
        if attempt > 1 and key not in said:
            said.add(key)
            limit = ", the most there is" if now == most else ""
            print(f"koreason: {rule} {' '.join(wildcards)}: attempt {attempt} asks for {now} {unit}{limit}", file=sys.stderr, flush=True)
        return now

    return ask
