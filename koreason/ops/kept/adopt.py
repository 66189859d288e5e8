"""Take results of older code for current ones, after a look at what changed: for an upgrade that would train again for nothing.

    koreason adopt train --configfile config/demo.yaml              what would be taken, and what changed in its code since
    koreason adopt train --configfile config/demo.yaml --diff       the same with the changed lines
    koreason adopt train --configfile config/demo.yaml --yes        take it: the next run plans these jobs no more

Only results that would be made again for their code or environment alone are taken; other parameters or inputs are another result.
run.json keeps the code that ran and notes under `adopted` what it was taken for; so does the report.
"""

import argparse
import difflib
import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.commands import COMMANDS
from koreason.errors import UserError
from koreason.home import HOME
from koreason.identity import laid
from koreason.ops.planning.changes import changed, command_of, shells
from koreason.records.adopted import note_adoption
from koreason.records.manifest import RUN
from koreason.workflow import driver
from koreason.workflow.dryrun import changed_params, planned

TAKEN_FOR = {"code", "environment"}  # parameters of a rule that may differ


@dataclass(frozen=True)
class Result:
    """A result that would be made again: Snakemake's job, its run.json, and the parameters that differ."""

    job: Any
    run: dict[str, Any]
    differs: set[str]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(str(self.job.output[0])).parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason adopt`."""
    rules = [name for name, command in COMMANDS.items() if command.kind == "rule"]
    parser.add_argument("stages", nargs="+", metavar="STAGE", help=f"rules whose results are taken: {', '.join(rules)}")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's: the run they belong to")
    parser.add_argument("--diff", action="store_true", help="print the changed lines, too")
    parser.add_argument("--yes", action="store_true", help="take them")


def main(arguments: argparse.Namespace) -> int:
    """Show, and with `--yes` take."""
    driver.alone(Path.cwd())
    with planned(HOME / "Snakefile", arguments.configfile, []) as workflow:
        rules = {rule.name: rule for rule in workflow.rules if command_of(rule)}
        if unknown := [name for name in arguments.stages if name not in rules]:
            raise UserError(f"no rule is called '{unknown[0]}'", "adopt", f"there are: {', '.join(rules)}")
        found, others = candidates(workflow, set(arguments.stages))
        for result in others:
            print(f"{result.folder}: stays: {', '.join(sorted(result.differs)) or 'what it reads'} differs, too")
        if not found:
            print("Nothing to take: no result here would be made again for its code or environment alone.")
            return 0
        show(found, arguments.diff)
        if not arguments.yes:
            print("\nNothing was changed. Give --yes to take them.")
            return 0
        for result in found:
            adopt(workflow, result)
        print(f"\ntaken: {len(found)}")
    return 0


def candidates(workflow: Any, rules: set[str]) -> tuple[list[Result], list[Result]]:
    """Results of the rules that would be made again for what they may be taken for, and those that differ in more."""
    found: list[Result] = []
    others: list[Result] = []
    for job in sorted(workflow.dag.needrun_jobs(), key=lambda job: str(job.output[0]) if job.output else ""):
        reason = workflow.dag.reason(job)
        differs = reason.params_changed or reason.code_changed
        if job.rule.name not in rules or not differs or not Path(str(job.output[0])).is_file():
            continue
        result = Result(job, read_run(Path(str(job.output[0])).parent), set(changed_params(reason, job) if reason.params_changed else {}))
        alone = not (reason.missing_output or reason.updated_input or reason.input_changed or reason.forced)
        (found if alone and result.run and result.differs <= TAKEN_FOR else others).append(result)
    return found, others


def read_run(folder: Path) -> dict[str, Any]:
    """A result's run.json; empty where it cannot be read."""
    try:
        run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return run if isinstance(run, dict) else {}


def show(found: list[Result], lines: bool) -> None:
    """Say what would be taken, and what changed since it was made."""
    groups: dict[tuple[str, str, str], list[Result]] = defaultdict(list)
    for result in found:
        groups[result.job.rule.name, str(result.run.get("package", "")), str(result.run.get("code", ""))].append(result)
    for (rule, package, code), results in sorted(groups.items()):
        now = results[0].job.params
        print(f"{rule}: {len(results)} results of code {code}, which is {now.code} now (such as {results[0].folder})")
        older = laid.place(Path.cwd(), package)
        if not package or not older.is_dir():
            print("  what changed cannot be told: the package that made them is no longer here")
            continue
        command = command_of(results[0].job.rule)
        assert command is not None
        if shells(older).get(rule) != shells(HOME).get(rule):
            print("  its command in rules/")
        for name in changed(older, HOME, command):
            diff = list(difference(older, HOME, name))
            plus, minus = (sum(line[0] == sign and line[:3] != 3 * sign for line in diff) for sign in "+-")
            print(f"  {name}: +{plus} -{minus}")
            if lines:
                print("\n".join(f"    {line}" for line in diff))


def difference(older: Path, newer: Path, name: str) -> list[str]:
    """A unified diff of one file in two states of the package."""
    before, now = (
        (home / name).read_text(encoding="utf-8", errors="replace").splitlines() if (home / name).is_file() else []
        for home in (older, newer)
    )
    return list(difflib.unified_diff(before, now, f"{name} (ran)", f"{name} (now)", lineterm="", n=1))


def adopt(workflow: Any, result: Result) -> None:
    """Note in run.json what a result is taken for, and in Snakemake's records that it is current."""
    from snakemake.common import async_run

    params = result.job.params
    taken = {"code": params.code, "environment": params.environment, "package": laid.tree_digest(HOME), "at": time.time()}
    note_adoption(result.folder, result.run, taken)
    async_run(workflow.persistence.finished(result.job))
