"""Say what the working tree's change would cost before it is committed: which rules run again, how many jobs, how many GPU-hours.

    koreason price --configfile config/demo.yaml                against the last commit
    koreason price v0.1.0 --configfile config/paper.yaml        against a tag

A rule runs again where what its code means, its environment's lock or its command differs; what follows it is counted beside it, since
it is planned, too, though an unchanged result stops it when stages run one after the other. The hours are those that the
configuration and the site file ask for. Nothing is planned or started; what of it has results here is said.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from koreason.config.rules import in_order
from koreason.config.site import VARIABLE, Site, read_site
from koreason.home import HOME
from koreason.ops.planning.budget import of_rule
from koreason.ops.planning.changes import changed, command_of, shells
from koreason.system.git import unpack
from koreason.workflow.dryrun import planned, site_path

SHOWN = 4  # changed files that a line names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason price`."""
    parser.add_argument("revision", nargs="?", default="HEAD", metavar="REVISION", help="tag or commit to compare with (default: HEAD)")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's: the run to price")


def main(arguments: argparse.Namespace) -> int:
    """Compare and print."""
    path = site_path()
    if path:
        os.environ[VARIABLE] = str(path)  # the Snakefile reads it, too
    with tempfile.TemporaryDirectory(prefix="koreason-") as folder, planned(HOME / "Snakefile", arguments.configfile, []) as workflow:
        unpack(HOME, arguments.revision, Path(folder))
        jobs = [job for job in workflow.dag.jobs if job.output and command_of(job.rule)]
        why = {rule: files for rule in {job.rule for job in jobs} if (files := differs(rule, Path(folder)))}
        if not why:
            print(f"Nothing runs again: no rule's code, environment or command differs from {arguments.revision}.")
            return 0
        first = {job for job in jobs if job.rule in why}
        behind = followers(workflow.dag, first) - first
        print("\n".join(table(first, behind, workflow.config["resources"], read_site(path) if path else None)))
        print("\nwhy:")
        for rule, files in sorted(why.items(), key=lambda item: in_order(item[0].name)):
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            print(f"  {rule.name:<22} {', '.join(files[:SHOWN])}{more}")
    return 0


def differs(rule: Any, older: Path) -> list[str]:
    """What makes a rule run again."""
    command = command_of(rule)
    assert command is not None
    files = changed(older, HOME, command)
    return files if shells(older).get(rule.name) == shells(HOME).get(rule.name) else [*files, "its command in rules/"]


def followers(dag: Any, first: Iterable[Any]) -> set[Any]:
    """The jobs that some others come before, by any way."""
    found: set[Any] = set()
    todo = list(first)
    while todo:
        for job in dag.depending[todo.pop()]:
            if job not in found and job.output:
                found.add(job)
                todo.append(job)
    return found


def table(first: set[Any], behind: set[Any], resources: dict[str, dict[str, int]], site: Site | None) -> list[str]:
    """A line for each rule: jobs that run again, those planned behind them, what they ask for, and how many have results here."""
    again, after = (Counter(job.rule.name for job in jobs) for jobs in (first, behind))
    made = Counter(job.rule.name for job in first | behind if Path(str(job.output[0])).is_file())
    lines = [f"{'rule':<22}{'again':>7}{'behind':>8}{'made here':>11}{'GPU-hours':>12}{'core-hours':>12}"]
    total = [0.0, 0.0]
    for rule in sorted(again.keys() | after.keys(), key=in_order):
        cost = of_rule(rule, again[rule] + after[rule], resources, site)
        total = [total[0] + cost.gpu_hours, total[1] + cost.core_hours]
        lines.append(f"{rule:<22}{again[rule]:>7}{after[rule]:>8}{made[rule]:>11}{cost.gpu_hours:>12,.1f}{cost.core_hours:>12,.1f}")
    sums = f"{sum(again.values()):>7}{sum(after.values()):>8}{sum(made.values()):>11}"
    return [*lines, f"{'total':<22}{sums}{total[0]:>12,.1f}{total[1]:>12,.1f}"]
