"""What planned jobs cost, and whether the site's budget allows it.

    cost(Counter({"train": 9}), config["resources"], site)     # gpu_hours, core_hours, hours of each rule

The walltimes are those that the configuration and the site file ask for, so a job that ends early costs less. A job that a
partition's limit cuts into several turns costs its whole walltime: it saves, goes back to the queue and goes on.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from koreason.errors import UserError
from koreason.ops.dryrun import Planned
from koreason.ops.site import Site, asked

RESOURCES = {"page": "report"}  # rules whose `resources` have another name, their stage's
ORDER = ("base", "ingest", "clean", "trace", "select", "pack", "train", "generate", "score", "page")


@dataclass(frozen=True)
class Cost:
    """What the jobs of one rule ask for, together; hours.

    Attributes:
        each: one job's nodes, tasks, threads, gpus, mem_mb and runtime (minutes).
    """

    jobs: int
    each: dict[str, int]
    hours: float
    gpu_hours: float
    core_hours: float


def in_order(rule: str) -> tuple[int, str]:
    """Sorts rules as the pipeline runs them, rules of other workflows behind them."""
    return ORDER.index(rule) if rule in ORDER else len(ORDER), rule


def of_rule(rule: str, jobs: int, resources: Mapping[str, dict[str, int]], site: Site | None) -> Cost:
    """Cost of `jobs` jobs of a rule: walltime times GPUs, and walltime times cores."""
    name = RESOURCES.get(rule, rule)
    each = asked(site, name, resources[name])
    hours = jobs * each["runtime"] / 60
    cores = each["nodes"] * each["tasks"] * each["threads"]
    return Cost(jobs, each, hours, hours * each["nodes"] * each["gpus"], hours * cores)


def cost(jobs: Mapping[str, int], resources: Mapping[str, dict[str, int]], site: Site | None) -> dict[str, Cost]:
    """Cost of every rule, in the order of `jobs`."""
    return {rule: of_rule(rule, number, resources, site) for rule, number in jobs.items()}


def longest_chain(jobs: list[Planned], costs: Mapping[str, Cost]) -> float:
    """Hours of the longest chain of jobs that wait for each other: less than this no cluster can take."""
    graph = {job.output: job.after for job in jobs}
    rules = {job.output: job.rule for job in jobs}
    ends: dict[str, float] = {}
    for output in TopologicalSorter(graph).static_order():
        starts = max((ends[before] for before in graph[output]), default=0.0)
        ends[output] = starts + costs[rules[output]].each["runtime"] / 60
    return max(ends.values(), default=0.0)


def excess(costs: Mapping[str, Cost], site: Site | None) -> str | None:
    """One line that says by how much a plan is above the site's budget; None if it is not."""
    if site is None:
        return None
    planned = {"gpu_hours": sum(item.gpu_hours for item in costs.values()), "core_hours": sum(item.core_hours for item in costs.values())}
    over = [
        f"{hours:,.1f} {name.replace('_', '-')} are planned and {limit:,.1f} allowed"
        for name, hours in planned.items()
        if (limit := getattr(site.budget, name)) is not None and hours > limit
    ]
    return " and ".join(over) or None


def enforce(dag: Any, config: dict[str, Any], site: Site | None) -> None:
    """For the Snakefile, before the first job: end Snakemake with one line and status 2 if its plan is above the budget."""
    if site is None or (site.budget.gpu_hours is None and site.budget.core_hours is None):
        return
    jobs = Counter(job.rule.name for job in dag.needrun_jobs() if job.output)
    if over := excess(cost(jobs, config["resources"], site), site):
        error = UserError(over, "budget", "`koreason plan` shows where; choose less, or raise `budget` in the site file")
        print(f"koreason: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2)
