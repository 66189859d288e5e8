"""Does a site file fit its cluster? Each check is one line with a state, what was looked at, what was found and what to do.

for check in [*slurm_checks(cluster), *site_checks(site, cluster)]:
    print(check.state, check.what, check.finding, check.do)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from koreason.cluster.slurm import Cluster, count_gpus
from koreason.config.site import GpuPartition, Partition, Site, asked


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    state: Literal["ok", "warning", "error"]
    what: str
    finding: str
    do: str = ""


def slurm_checks(cluster: Cluster) -> Iterator[Check]:
    """Slurm itself: programs, controller, accounting, what it forgets."""
    if cluster.missing:
        yield Check(
            "error", "Slurm programs", f"not to be run: {', '.join(cluster.missing)}", "load the site's module, or use a login node"
        )
    if not cluster.config:
        yield Check("error", "Slurm controller", "does not answer", "try `scontrol ping`; ask your site")
        return
    yield Check(
        "ok", "Slurm controller", f"Slurm {cluster.config.get('SLURM_VERSION', '?')}, cluster {cluster.config.get('ClusterName', '?')}"
    )
    if cluster.accounting:
        lacking = "jobs run all the same, `koreason spent` knows seconds only"
        yield Check("ok", "accounting", f"sacct does not answer ({cluster.accounting}): {lacking}")
    else:
        yield Check("ok", "accounting", "sacct answers: `koreason spent` knows memory, cores and failed attempts, too")


def site_checks(site: Site, cluster: Cluster) -> Iterator[Check]:
    """A site file's values against the cluster's."""
    if not cluster.config:
        return
    yield _account(site, cluster)
    yield from _place("cpu", site.cpu, site, cluster)
    if site.gpu is None:
        yield Check("ok", "gpu", "the site file has none: jobs that ask for GPUs are refused")
    else:
        yield from _place("gpu", site.gpu, site, cluster)
        yield from _gpus(site.gpu, cluster)
    for rule, override in site.rules.items():
        if override.partition:
            yield from _place(f"rules.{rule}", Partition(override.partition), site, cluster)
    yield from _patience(site, cluster)


def _account(site: Site, cluster: Cluster) -> Check:
    mine = ", ".join(cluster.user.accounts) or "none"
    if site.account and cluster.user.known and site.account not in cluster.user.accounts:
        return Check("error", "account", f"{site.account} is none of yours ({mine})", "correct `account` in the site file")
    if not site.account and "associations" in cluster.config.get("AccountingStorageEnforce", "") and not cluster.user.accounts:
        return Check("error", "account", "this Slurm takes jobs of known accounts only, and you have none", "ask your site for one")
    return Check("ok", "account", site.account or "left to Slurm")


def _place(key: str, place: Partition, site: Site, cluster: Cluster) -> Iterator[Check]:
    what = f"partition of {key}"
    name = place.partition or next((info.name for info in cluster.partitions.values() if info.default), None)
    if name not in cluster.partitions:
        known = ", ".join(cluster.partitions) or "none"
        finding = f"no partition is called {name}" if name else "none is named, and this Slurm has no default partition"
        yield Check("error", what, finding, f"there are {known}: correct `{key}` in the site file")
        return
    info, nodes = cluster.partitions[name], cluster.nodes_of(name)
    problems = list(_limits(key, place, name, cluster))
    if reason := cluster.refuses(name, site.account):
        yield Check("error", what, f"{name}: {reason}", f"choose another partition or account for `{key}`")
    elif info.qos and place.qos not in info.qos and not set(info.qos) & {qos for mine in cluster.user.accounts.values() for qos in mine}:
        yield Check("warning", what, f"{name} admits the qualities of service {', '.join(info.qos)} only", f"set `{key}.qos`")
    elif not any(node.alive for node in nodes):
        yield Check("warning", what, f"{name}: none of its {len(nodes)} nodes takes jobs now", "jobs will wait; see `sinfo`")
    elif not problems:
        yield Check("ok", what, f"{name}: {len(nodes)} nodes")
    yield from problems
    if info.preempt == "CANCEL" and info.grace == 0:
        finding = f"jobs in {name} are preempted by cancelling, with no grace: Snakemake would wait for them for ever"
        yield Check("warning", what, finding, "choose another partition, or ask your site for PreemptMode=REQUEUE or a GraceTime")
    elif info.preempt != "OFF" and info.grace < site.notice:
        finding = f"jobs in {name} can be preempted and have {info.grace} s to save, `notice` is {site.notice}"
        yield Check("warning", what, finding, "what is not saved by then is done again")


def _limits(key: str, place: Partition, name: str, cluster: Cluster) -> Iterator[Check]:
    """Limits and features of a partition."""
    info, nodes = cluster.partitions[name], cluster.nodes_of(name)
    if info.max_minutes and place.max_runtime and place.max_runtime > info.max_minutes:
        finding = f"{place.max_runtime} minutes are above {name}'s limit of {info.max_minutes}: such jobs never start"
        yield Check("error", f"{key}.max_runtime", finding, f"set {info.max_minutes}")
    largest = max((node.mem_mb for node in nodes), default=0)
    if largest and place.max_mem_mb and place.max_mem_mb > largest:
        finding = f"{place.max_mem_mb} MB are above the {largest} of {name}'s largest node: such jobs never start"
        yield Check("error", f"{key}.max_mem_mb", finding, f"set {largest}")
    features = {feature for node in nodes for feature in node.features}
    for wanted in re.findall(r"[A-Za-z_][\w.:-]*", place.constraint or ""):
        if wanted not in features:
            known = ", ".join(sorted(features)) or "none"
            yield Check("error", f"{key}.constraint", f"no node of {name} has the feature {wanted}", f"there are: {known}")


def _gpus(place: GpuPartition, cluster: Cluster) -> Iterator[Check]:
    name = place.partition or ""
    if name not in cluster.partitions:
        return
    found = count_gpus(cluster.nodes_of(name))
    types = ", ".join(f"{number} {model or 'of no named type'}" for model, number in found.items())
    if not found:
        yield Check("error", "GPUs", f"{name} has none", "choose another partition for `gpu`, or set gpu: null")
    elif place.model and place.model not in found:
        yield Check("error", "GPUs", f"{name} has no {place.model}; it has {types}", "correct `gpu.model` in the site file")
    elif place.style == "gpus" and not cluster.config.get("SelectType", "select/cons_tres").endswith("cons_tres"):
        yield Check("error", "GPUs", "this Slurm knows no --gpus", "set style: gres")
    else:
        yield Check("ok", "GPUs", f"{name}: {types}")


def _patience(site: Site, cluster: Cluster) -> Iterator[Check]:
    """How long Slurm remembers a finished job, and whether jobs may be put back into the queue."""
    text = cluster.config.get("MinJobAge", "").split()
    needed = 3 * site.poll  # below that Snakemake's plugin asks `sacct`, which it misreads
    if text and text[0].isdigit() and int(text[0]) < needed:
        finding = f"Slurm forgets a finished job after {text[0]} s; Snakemake looks every {site.poll} s"
        yield Check(
            "warning", "MinJobAge", finding, f"ask your site for MinJobAge={needed} or more; a job whose end is missed is waited for"
        )
    if not site.requeue:
        finding = "`requeue: false`: a job that was told to save counts as a failed attempt"
        yield Check("warning", "requeue", finding, "raise `retries`, or set requeue: true")


def fits(config: dict[str, Any], site: Site, cluster: Cluster) -> Iterator[Check]:
    """Whether what each rule asks for is on one node of its partition."""
    good = True
    for rule, resources in config["resources"].items():
        ask = asked(site, rule, resources)
        place = site.gpu if ask["gpus"] else site.cpu
        if place is None:
            good = False
            yield Check(
                "error", f"resources.{rule}", f"asks for {ask['gpus']} GPUs, and the site file has no `gpu`", "add it, or set gpus: 0"
            )
            continue
        name = (site.rules[rule].partition if rule in site.rules else None) or place.partition
        nodes = [node for node in cluster.nodes_of(name or "") if not ask["gpus"] or _model(place) in (None, *node.gpus)]
        if not nodes:
            continue
        most = {
            "GPUs": (ask["gpus"], max(sum(node.gpus.values()) for node in nodes)),
            "cores": (ask["tasks"] * ask["threads"], max(node.cores for node in nodes)),
            "MB of memory": (min(ask["mem_mb"], place.max_mem_mb or ask["mem_mb"]), max(node.mem_mb for node in nodes)),
        }
        for unit, (wanted, there) in most.items():
            if wanted > there:
                good = False
                finding = f"asks for {wanted} {unit} on a node, and {name} has nodes of at most {there}"
                yield Check("error", f"resources.{rule}", finding, f"give {rule} less in `rules` of the site file, or more nodes")
        if place.max_mem_mb and ask["mem_mb"] > place.max_mem_mb:
            good = False
            finding = f"asks for {ask['mem_mb']} MB and gets {place.max_mem_mb}, the most that the site file allows"
            yield Check("warning", f"resources.{rule}", finding, "it may run out of memory")
    if good:
        yield Check("ok", "resources", "every rule fits a node of its partition")


def _model(place: Partition) -> str | None:
    return place.model if isinstance(place, GpuPartition) else None
