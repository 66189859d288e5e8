"""Say all that can be known for free before the first job: one line a finding, with what to do.

    koreason check --configfile config/demo.yaml
    koreason check pools --configfile my.yaml        # what stands in the way of the pools alone

It plans as Snakemake would and then looks: at dumps and benchmarks with their digests, heads and items, at models, environments, images,
numbers that contradict each other, disk, and what earlier runs left. Where the configuration itself is refused, what its other entries
name is looked at all the same. Nothing is started. Digests are remembered, so a second check reads
only what changed. Exit status 2 where a finding touches what would run; a real run begins with the same check and ends with it, before
its first job. `koreason plan` and `snakemake -n` print how many findings there are, and end with 0.
"""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from koreason.checking.finding import Finding, Run
from koreason.checking.registry import ALONE, findings
from koreason.config.checks.check import examined
from koreason.config.checks.structure import ConfigError
from koreason.config.files.layers import layered, read_yaml
from koreason.config.site import VARIABLE, Site, read_site
from koreason.errors import UserError
from koreason.home import HOME
from koreason.records.held import MEMORY
from koreason.workflow.dryrun import Plan, read_whole, read_written, site_path

SHOWN = 3  # by what only plans


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason check`."""
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="as Snakemake's: models, results/..., in front of --configfile")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument("--snakefile", type=Path, default=HOME / "Snakefile", metavar="FILE", help="another workflow that uses this one")
    parser.add_argument("--no-network", dest="network", action="store_false", help="ask no hub")
    parser.add_argument("--planned", type=Path, metavar="FILE", help=argparse.SUPPRESS)  # of a run that begins: what it has planned
    parser.add_argument("--first", type=int, metavar="N", help=argparse.SUPPRESS)


def main(arguments: argparse.Namespace) -> int:
    """Look, and say what was found."""
    path = site_path()
    site = read_site(path) if path else None
    if arguments.planned:
        plan = read_written(arguments.planned.read_text(encoding="utf-8"))
    else:
        if path:
            os.environ[VARIABLE] = str(path)  # the Snakefile reads it, too
        if absent := [file for file in arguments.configfile if not file.is_file()]:
            raise UserError("no such configuration", absent[0], "targets stand in front of --configfile")
        try:
            plan = read_whole(arguments.snakefile, arguments.configfile, arguments.targets)
        except ConfigError as error:
            print("\n".join(told(refused(error, arguments.configfile, site))))
            return 2
    found = look(plan, site, arguments.network)
    stops = any(finding.touches for finding in found)
    if arguments.planned and not stops:  # a run goes on: in brief
        arguments.first = arguments.first or SHOWN
    if found or not arguments.planned:
        print("\n".join(told(found, arguments.first)), file=sys.stderr if arguments.planned else sys.stdout)
    return 2 if stops else 0


def refused(error: ConfigError, files: list[Path], site: Site | None) -> list[Finding]:
    """What is wrong with a configuration of which nothing can be planned, and with what its sound entries name."""
    found = [Finding(line, touches=True) for line in error.lines]
    rest = examined(layered(files, refuse=False))[1]
    if rest is None:
        return found
    given = [read_yaml(file) for file in files]
    named = {table: [*dict.fromkeys(name for own in given for name in own.get(table) or () if name in rest[table])] for table in rest}
    return found + findings(Run(rest, [], site, network=False, named=named), ALONE)


def look(plan: Plan, site: Site | None, network: bool = True) -> list[Finding]:
    """All findings of a plan."""
    if Path.cwd().stat().st_uid == os.getuid():
        with suppress(OSError):  # where digests are remembered
            MEMORY.parent.mkdir(exist_ok=True)
    return findings(Run(plan.config, plan.jobs, site, finished=plan.finished, read=plan.read, network=network))


def told(found: list[Finding], first: int | None = None) -> list[str]:
    """The findings as they are printed, with their number."""
    if not found:
        return ["check: nothing is found"]
    lines = [("" if finding.touches else "(nothing planned meets it) ") + finding.line for finding in found]
    count = sum(finding.touches for finding in found)
    said = f"check: {len(found)} finding{'s' if len(found) > 1 else ''}, {count or 'none'} of which would stop a run"
    if first is not None and len(lines) > first:
        return [said, *lines[:first], f"… and {len(lines) - first} more: `koreason check` says all of them"]
    return [said, *lines]
