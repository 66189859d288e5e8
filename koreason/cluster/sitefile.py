"""Choose a site file's values from what Slurm says, and write it with the reason of each.

cpu, gpu = choose(cluster)                            # account, partitions, GPU type, limits, alternatives
render(cpu, gpu, cluster, apptainer=True)             # the text of profiles/slurm/site.yaml
"""

from collections.abc import Iterable
from dataclasses import dataclass

from koreason.cluster.slurm import UNTYPED, Cluster, Node, count_gpus
from koreason.errors import UserError

SHORT = 240  # minutes; partitions with a smaller limit are for tests
PREEMPTED = ("OFF", "SUSPEND", "REQUEUE")  # what may happen to a running job, the best first; the rest, such as CANCEL, comes last


@dataclass(frozen=True)
class Place:
    """A chosen partition.

    Attributes:
        model: GPU type, UNTYPED if Slurm does not name it, None without GPUs.
        others: what else this user could take.
    """

    partition: str
    account: str | None
    qos: str | None
    max_runtime: int | None
    max_mem_mb: int
    model: str | None
    others: tuple[str, ...]


def choose(cluster: Cluster) -> tuple[Place, Place | None]:
    """Where jobs without and with GPUs go.

    Raises:
        UserError: there is no partition that this user may use.
    """
    names = [name for name in cluster.partitions if cluster.refuses(name) is None and cluster.nodes_of(name)]
    if not names:
        raise UserError("no partition that you may use", "sinfo", "ask your site for an account, or write the file by hand")
    with_gpus = [name for name in names if count_gpus(cluster.nodes_of(name))]
    cpu = sorted(names, key=lambda name: (name in with_gpus, *_rank(cluster, name)))
    gpu = sorted(with_gpus, key=lambda name: (*_rank(cluster, name)[:2], -sum(count_gpus(cluster.nodes_of(name)).values()), name))
    return _place(cluster, cpu, False), _place(cluster, gpu, True) if gpu else None


def _rank(cluster: Cluster, name: str) -> tuple[int, bool, bool, int, str]:
    """Small for a partition whose jobs are left alone, for as long as they need."""
    info = cluster.partitions[name]
    short = info.max_minutes is not None and info.max_minutes < SHORT
    preempted = PREEMPTED.index(info.preempt) if info.preempt in PREEMPTED else len(PREEMPTED)
    return preempted, short, not info.default, -len(cluster.nodes_of(name)), name


def _place(cluster: Cluster, names: list[str], gpus: bool) -> Place:
    best, *others = names
    info, nodes = cluster.partitions[best], cluster.nodes_of(best)
    model = next(iter(count_gpus(nodes)), None) if gpus else None
    nodes = [node for node in nodes if model is None or model in node.gpus]
    accounts = [name for name in cluster.user.accounts if info.accounts is None or name in info.accounts]
    account = accounts[0] if accounts else None
    mine = cluster.user.accounts.get(account, ()) if account else ()
    qos = next((name for name in mine if info.qos and name in info.qos), None)
    memory = max(node.mem_mb for node in nodes)
    return Place(
        partition=best,
        account=account,
        qos=qos,
        max_runtime=info.max_minutes,
        max_mem_mb=min(memory, info.max_mem_mb or memory),
        model=model,
        others=tuple(others),
    )


def render(cpu: Place, gpu: Place | None, cluster: Cluster, apptainer: bool) -> str:
    """The site file."""
    accounts = list(cluster.user.accounts)
    account = (gpu or cpu).account
    why = f"yours: {', '.join(accounts)}" if accounts else "Slurm's accounting names none; null lets Slurm choose"
    lines = [
        "# What this cluster decides for `snakemake --profile slurm`; not committed. koreason/config/site.py describes every key,",
        "# docs/cluster.md shows three clusters, `koreason doctor` checks the values.",
        "",
        f"# Slurm account that jobs are charged to ({why}).",
        f"account: {_value(account)}",
        "",
        f"# Jobs without GPUs{_others(cpu.others)}.",
        *_partition("cpu", cpu, cluster),
        "",
        *(_gpu(gpu, cluster) if gpu else ["# No partition with GPUs that you may use: jobs that ask for GPUs are refused.", "gpu: null"]),
        "",
        "# At most this many of our jobs in Slurm at a time, and how often a failed one is tried again with more memory and time.",
        "jobs: 100",
        "retries: 2",
        "",
        "# Seconds before the end of its walltime (or when it is preempted) that a job needs to save; jobs that saved go back to the",
        "# queue by themselves, unless `requeue: false` forbids it.",
        "notice: 120",
        "requeue: true",
        "",
        *_containers(apptainer),
        "",
        "# What single rules ask for here in place of the configuration's `resources`; `koreason spent` suggests values after a run.",
        "# rules: {train: {runtime: 600, mem_mb: 64000}}",
        "",
        "# A run that is planned above this is refused; null sets no limit. `koreason plan` shows what one is planned to take.",
        "budget: {gpu_hours: null, core_hours: null}",
    ]
    return "\n".join(lines) + "\n"


def _gpu(place: Place, cluster: Cluster) -> list[str]:
    found = count_gpus(cluster.nodes_of(place.partition))
    types = ", ".join(f"{number} {model or 'of no named type'}" for model, number in found.items())
    only_gres = not cluster.config.get("SelectType", "select/cons_tres").endswith("cons_tres")
    why = "this Slurm knows no --gpus" if only_gres else "`gpus` if your site wants --gpus=MODEL:N"
    return [
        f"# Jobs with GPUs{_others(place.others)}.",
        f"# Its GPUs: {types}. `style: gres` asks with --gres=gpu:MODEL:N ({why}).",
        *_partition("gpu", place, cluster),
        "  style: gres",
        f"  model: {_value(None if place.model == UNTYPED else place.model)}",
    ]


def _partition(key: str, place: Place, cluster: Cluster) -> list[str]:
    info = cluster.partitions[place.partition]
    features = _features(cluster.nodes_of(place.partition))
    lines = [
        f"{key}:",
        f"  partition: {_value(place.partition)}",
        f"  constraint: null  # features of its nodes: {', '.join(features) or 'none'}",
    ]
    if place.qos:
        lines.append(f"  qos: {_value(place.qos)}  # the partition admits {', '.join(info.qos or ())}")
    limit = "no limit" if place.max_runtime is None else "the partition's limit, in minutes"
    lines += [f"  max_runtime: {_value(place.max_runtime)}  # {limit}", f"  max_mem_mb: {place.max_mem_mb}  # of its largest node"]
    if info.preempt != "OFF":
        lines.insert(0, f"# Its jobs can be preempted ({info.preempt}, {info.grace} s of grace).")
    return lines


def _containers(apptainer: bool) -> list[str]:
    if not apptainer:
        return ["# No Apptainer here: jobs run in the environments of `envs/create`.", "containers: null"]
    return [
        "# Jobs run in the images of `make images`; null runs the environments of `envs/create` instead.",
        "# `binds` are further folders that jobs need to see, such as [/scratch/lab/dumps].",
        "containers: {images: containers/images, nv: true, binds: []}",
    ]


def _features(nodes: Iterable[Node]) -> list[str]:
    return sorted({feature for node in nodes for feature in node.features})


def _others(names: tuple[str, ...]) -> str:
    return f"; you could also use {', '.join(names)}" if names else ""


def _value(value: object) -> str:
    """A value in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    # as a number, a truth value or null it would be something else
    plain = isinstance(value, int) or (text.replace("_", "").replace("-", "").isalnum() and text[0].isalpha())
    return text if plain and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "y", "n") else f'"{text}"'
