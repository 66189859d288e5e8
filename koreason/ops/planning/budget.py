"""What planned jobs cost, and whether the site's budget allows it.

    cost({"train": 9}, config["resources"], site)     # gpu_hours, core_hours, hours of each rule

The walltimes are those that the configuration and the site file ask for, so a job that ends early costs less. A job that a
partition's limit cuts into several turns costs its whole walltime: it saves, goes back to the queue and goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from koreason.config.rules import resources_of
from koreason.config.site import Site, asked
from koreason.errors import UserError
from koreason.workflow.dryrun import Planned


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


def of_rule(rule: str, jobs: int, resources: Mapping[str, dict[str, int]], site: Site | None, free: float = 0.0) -> Cost:
    """Cost of `jobs` jobs of a rule, of which as many as `free` have nothing to do: walltime times GPUs, and walltime times cores."""
    name = resources_of(rule)
    each = asked(site, name, resources[name])
    hours = max(jobs - free, 0.0) * each["runtime"] / 60
    cores = each["nodes"] * each["tasks"] * each["threads"]
    return Cost(jobs, each, hours, hours * each["nodes"] * each["gpus"], hours * cores)


def cost(
    jobs: Mapping[str, int], resources: Mapping[str, dict[str, int]], site: Site | None, free: Mapping[str, float] | None = None
) -> dict[str, Cost]:
    """Cost of every rule, in the order of `jobs`; none of another workflow's, of which nothing is known. `free`: of `planning.paid`."""
    known = {rule: number for rule, number in jobs.items() if resources_of(rule) in resources}
    return {rule: of_rule(rule, number, resources, site, (free or {}).get(rule, 0.0)) for rule, number in known.items()}


def longest_chain(jobs: list[Planned], costs: Mapping[str, Cost]) -> float:
    """Hours of the longest chain of jobs that wait for each other: less than this no cluster can take."""
    graph = {job.output: job.after for job in jobs}
    rules = {job.output: job.rule for job in jobs}
    ends: dict[str, float] = {}
    for output in TopologicalSorter(graph).static_order():
        starts = max((ends[before] for before in graph[output]), default=0.0)
        ends[output] = starts + (costs[rules[output]].each["runtime"] / 60 if rules[output] in costs else 0.0)
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


def limited(site: Site | None) -> bool:
    """Whether a site has a budget."""
    return site is not None and not (site.budget.gpu_hours is None and site.budget.core_hours is None)


def enforce(planned: Iterable[tuple[Mapping[str, int], Mapping[str, dict[str, int]], Mapping[str, float]]], site: Site | None) -> None:
    """Before the first job of a run: `planned` says how many jobs of each rule there are, what the rules' `resources` are, what is free.

    Raises:
        UserError: they are above the site's budget.
    """
    parts = enumerate(cost(jobs, resources, site, free) for jobs, resources, free in planned)
    costs = {f"{number} {rule}": item for number, part in parts for rule, item in part.items()}
    if over := excess(costs, site):
        raise UserError(over, "budget", "`koreason plan` shows where; choose less, or raise `budget` in the site file")
