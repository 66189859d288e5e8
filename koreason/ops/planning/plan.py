"""Say what a run would cost before it starts: jobs, GPU-hours, core-hours, walltime, disk, and why each job would run.

    koreason plan --configfile config/demo.yaml
    koreason plan models --configfile config/paper.yaml
    koreason plan --models --configfile config/paper.yaml

It makes Snakemake plan in the current folder and starts nothing. Costs are what jobs ask for (`resources` of the configuration,
`rules` of the site file), so they are the most that a run takes if nothing is tried twice. What journals hold, and trainings that need
only be declared again, counts nothing. What will be replaced is named, with what it had cost. What traces take is told from those that
the same recipe has drawn before, as of a pool with `limit: 200`; without any, from its limit of tokens. Exit status 2, and one line, where
they are above the site's `budget`; `snakemake --profile slurm` refuses such a run in the same way. Below the plan stands how many things
`koreason check` finds, and the first three.
"""

import argparse
import os
import shutil
from collections import Counter, defaultdict
from pathlib import Path

from koreason.arguments import above_zero
from koreason.checking.command import SHOWN, look, told
from koreason.config.rules import in_order
from koreason.config.site import VARIABLE, Site, read_site
from koreason.errors import UserError
from koreason.home import HOME
from koreason.ops.planning import disk, expected, models, paid
from koreason.ops.planning.budget import Cost, cost, excess, longest_chain
from koreason.ops.watching.drawing import NINETY
from koreason.workflow.dryrun import Planned, read_whole, site_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason plan`."""
    parser.epilog = disk.__doc__
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="as Snakemake's: models, results/..., in front of --configfile")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument("--models", action="store_true", help="what each model to be trained takes of a card, and how long, instead")
    parser.add_argument("--card", type=above_zero(), metavar="GIB", help="with --models: a card's memory, in place of the site file's")
    parser.add_argument(
        "--mfu", type=above_zero(1), default=models.MFU, metavar="SHARE", help=f"with --models: of a card's peak ({models.MFU})"
    )
    parser.add_argument("--snakefile", type=Path, default=HOME / "Snakefile", metavar="FILE", help="another workflow that uses this one")


def main(arguments: argparse.Namespace) -> int:
    """Plan and print."""
    path = site_path()
    site = read_site(path) if path else None
    if path:
        os.environ[VARIABLE] = str(path)  # the Snakefile reads it, too
    for file in arguments.configfile:
        if not file.is_file():
            raise UserError("no such configuration", file, "targets stand in front of --configfile")
    if arguments.models:
        return models.tell(arguments.configfile, site, arguments.card, arguments.mfu)
    plan = read_whole(arguments.snakefile, arguments.configfile, arguments.targets)
    jobs, config = plan.jobs, plan.config
    jobs.sort(key=lambda job: (*in_order(job.rule), job.output))
    print(f"site file: {path or 'none: costs on this machine'}")
    if not jobs:
        print("Nothing to be done: every requested file is there and up to date.")
        print("\n".join(told(look(plan, site), SHOWN)))
        return 0
    results = Path("results")
    shares = paid.free(jobs, config, results)
    costs = cost(Counter(job.rule for job in jobs), config["resources"], site, shares)
    at_once = site.jobs if site else 1
    drawn = expected.of_plan(jobs, config, results)
    tokens = {recipe: one.tokens + NINETY * one.error for recipe, one in drawn.items()}
    sizes = disk.peak(jobs, config, results, at_once, tokens)
    print("\n".join([*table(costs, site), *chain(jobs, costs, at_once), *room(sizes, results)]))
    print("\n".join([*paid.told(jobs, shares), *paid.replaced(jobs)]))
    print("\n".join(expected.told(jobs, config, results, drawn)))
    print("\n".join([*why(jobs), "", *told(look(plan, site), SHOWN)]))
    if over := excess(costs, site):
        raise UserError(over, "budget", f"choose less, or raise `budget` in {path}")
    return 0


def table(costs: dict[str, Cost], site: Site | None) -> list[str]:
    """One line for each rule, and their sum."""
    head = f"{'rule':<22}{'jobs':>7}  {'each asks for':<44}{'hours':>12}{'GPU-hours':>12}{'core-hours':>13}"
    lines = ["", head]
    for rule, item in costs.items():
        lines.append(
            f"{rule:<22}{item.jobs:>7}  {_each(item, site):<44}{item.hours:>12,.1f}{item.gpu_hours:>12,.1f}{item.core_hours:>13,.1f}"
        )
    total = [sum(getattr(item, name) for item in costs.values()) for name in ("jobs", "hours", "gpu_hours", "core_hours")]
    return [*lines, f"{'total':<22}{total[0]:>7}  {'':<44}{total[1]:>12,.1f}{total[2]:>12,.1f}{total[3]:>13,.1f}"]


def _each(item: Cost, site: Site | None) -> str:
    each = item.each
    words = [f"{each['nodes']} x"] if each["nodes"] > 1 else []
    if each["gpus"]:
        words = [f"{each['nodes']} x {each['gpus']} GPU"]
    words += [_count(each["tasks"] * each["threads"], "core"), f"{each['mem_mb'] / 1000:g} GB", f"{each['runtime']} min"]
    place = None
    if site is not None:
        place = site.gpu if each["gpus"] else site.cpu
    if place and place.max_runtime and each["runtime"] > place.max_runtime:
        words.append(f"in {-(-each['runtime'] // place.max_runtime)} turns")
    return ", ".join(words)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number > 1 else "")


def chain(jobs: list[Planned], costs: dict[str, Cost], at_once: int) -> list[str]:
    """How long it takes at the least if every job takes what it asks for."""
    longest = longest_chain(jobs, costs)
    queue = sum(item.hours for item in costs.values()) / at_once
    most = "one job at a time" if at_once == 1 else f"{at_once} jobs at a time"
    return [
        "",
        f"walltime: the longest chain of jobs asks for {longest:,.1f} hours; all of them, {most}, {queue:,.1f}",
    ]


def room(sizes: dict[str, int], results: Path) -> list[str]:
    """Disk that the plan may fill, beside what is free."""
    folder = results if results.is_dir() else Path()
    free, total = shutil.disk_usage(folder).free, sum(sizes.values())
    parts = ", ".join(f"{name} {size / 1e9:,.1f}" for name, size in sizes.items() if size)
    lines = [
        f"disk: at most {total / 1e9:,.1f} GB more at its peak ({parts}); {free / 1e9:,.1f} GB are free (formula: koreason plan --help)"
    ]
    return [*lines, "disk: WARNING: more than is free"] if total > free else lines


def why(jobs: list[Planned]) -> list[str]:
    """Each rule's jobs by the reason for which they run."""
    groups: dict[tuple[str, tuple[str, ...]], list[Planned]] = defaultdict(list)
    for job in jobs:
        groups[job.rule, job.reasons].append(job)
    lines = ["", "why:"]
    for (rule, reasons), group in groups.items():
        names = f" ({_names(group)})" if len(group) <= 3 and group[0].wildcards else ""
        lines.append(f"  {rule:<22}{len(group):>6}  {'; '.join(reasons) or 'asked for'}{names}")
    return lines


def _names(jobs: list[Planned]) -> str:
    return ", ".join("/".join(job.wildcards.values()) for job in jobs)
