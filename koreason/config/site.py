"""A site's own values: what a cluster decides, and nothing that an experiment decides.

    site = read_site(Path("profiles/slurm/site.yaml"))
    asked(site, "trace", config["resources"]["trace"])    # what a job of that rule may use here

The file is written by `koreason doctor --init-site` and stays out of the repository. The profile names it to every job in
the environment variable KOREASON_SITE: where that is set, stages run as the site says, in containers or as Slurm tasks.
"""

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from koreason.config.checks.structure import ConfigError, check_structure
from koreason.config.load import load
from koreason.config.resources import Jobs
from koreason.config.schema import schema_of
from koreason.errors import UserError
from koreason.system import neighbours, yamls

VARIABLE = "KOREASON_SITE"
DEFAULT = Path("profiles/slurm/site.yaml")
FIRST_STEP = "write one with `koreason doctor --init-site`"


@dataclass(frozen=True)
class Partition:
    """Where jobs of one kind go; null leaves a choice to Slurm.

    Attributes:
        partition: its name.
        constraint: features that its nodes must have.
        qos: quality of service, where the site asks for one.
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
        memory_gib: of each card; `koreason plan --models` takes 79 where it is null.
    """

    style: Literal["gres", "gpus"] = "gres"
    model: str | None = None
    memory_gib: float | None = None


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
    """What jobs of one rule ask for here, in place of the configuration's `resources`; null keeps it.

    Attributes:
        mem_mb, runtime, threads, gpus, nodes, tasks: as in `koreason/config/resources.py`.
        partition: where they go, in place of that of `cpu` or `gpu`.
    """

    mem_mb: int | None = None
    runtime: int | None = None
    threads: int | None = None
    gpus: int | None = None
    nodes: int | None = None
    tasks: int | None = None
    partition: str | None = None


@dataclass(frozen=True)
class Budget:
    """A run that is planned to take more is refused; null sets no limit.

    Attributes:
        gpu_hours: walltimes asked for times GPUs.
        core_hours: walltimes asked for times cores.
    """

    gpu_hours: float | None = None
    core_hours: float | None = None


@dataclass(frozen=True)
class Site:
    """All of a site file.

    Attributes:
        account: Slurm account; null lets Slurm choose.
        cpu: where jobs without GPUs go.
        gpu: where jobs with GPUs go; null refuses them.
        jobs: most jobs of ours in Slurm at a time.
        retries: how often a failed job is tried again, with more memory and time each time.
        poll: seconds between two looks at the jobs.
        notice: seconds before the end of its walltime at which a job is told to save.
        requeue: the site lets jobs be put back into the queue.
        containers: how images are entered; null runs the host's environments.
        rules: what jobs of single rules ask for here.
        budget: above which a run is refused.
        stage_to: folder of each node's own disk, to which weights and images are copied once a node; may name a variable of the node.
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
    stage_to: str | None = None


def read_site(path: Path) -> Site:
    """Read a site file.

    Raises:
        UserError: it is missing, says what no site file may say, or others may write it.
    """
    if path.is_file():
        neighbours.refuse([path, path.parent])
    try:
        values = yamls.read(path.read_text(encoding="utf-8")) or {}
    except OSError:
        raise UserError("no such site file", path, FIRST_STEP) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"not YAML ({' '.join(str(error).split())})", path, FIRST_STEP) from None
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


def asked(site: Site | None, rule: str, resources: dict[str, int]) -> dict[str, int]:
    """The configuration's `resources` of a rule with the site's overrides: mem_mb, runtime, threads, gpus, nodes, tasks."""
    override = vars(site.rules[rule]) if site and rule in site.rules else {}
    mine = {key: value for key, value in override.items() if value is not None and key != "partition"}
    return {"nodes": 1, "tasks": 1} | resources | mine
