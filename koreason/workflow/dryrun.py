"""What Snakemake would run, from its own graph of jobs rather than from what it prints.

jobs, config = read_plan(Path("Snakefile"), [Path("config/demo.yaml")], ["report"])
jobs[0].rule, jobs[0].reasons      # 'ingest', ('output files have to be generated',)
"""

import ast
import contextlib
import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from koreason.config.files.layers import layered, read_yaml
from koreason.config.site import DEFAULT, VARIABLE
from koreason.errors import UserError
from koreason.home import HOME

OWN_CODE = {"code": "the stage's code", "environment": "its environment's lock or image"}


_planning: list[Path] = []  # whose plan is being read


class Refused(BaseException):
    """The Snakefile says what is wrong with the configuration. No ordinary exception: Snakemake would take it for a defect of the file."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Planned:
    """One job that Snakemake would run.

    Attributes:
        rule: its rule, by the name that it has in this workflow; in parentheses another workflow's that takes this one as a module.
        output: its first declared output, which no other job has.
        wildcards: what its paths name.
        after: outputs of the planned jobs that it waits for.
        reasons: why it would run, in Snakemake's words; of parameters, which.
    """

    rule: str
    output: str
    wildcards: dict[str, str]
    after: tuple[str, ...]
    reasons: tuple[str, ...]


def site_path() -> Path | None:
    """The site file that a run from here would use, if there is one."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).resolve()
    return next((path.resolve() for path in (DEFAULT, HOME / DEFAULT) if path.is_file()), None)


def read_config(configfiles: list[Path]) -> dict[str, Any]:
    """The workflow's configuration with files laid over it, as Snakemake does that; not checked."""
    return layered(configfiles)


@dataclass(frozen=True)
class Plan:
    """What a run would do, and what it goes by.

    Attributes:
        jobs: those that would run.
        config: the configuration that they follow; in another workflow its first module's.
        finished: outputs of jobs that need not run.
        read: which of them a job that would run reads.
    """

    jobs: list[Planned]
    config: dict[str, Any]
    finished: list[str]
    read: set[str]


def written(plan: Plan) -> str:
    """A plan as text."""
    return json.dumps({**asdict(plan), "read": sorted(plan.read)}, default=str)


def read_written(text: str) -> Plan:
    """What `written` wrote."""
    told = json.loads(text)
    jobs = [Planned(**{**job, "after": tuple(job["after"]), "reasons": tuple(job["reasons"])}) for job in told["jobs"]]
    return Plan(jobs, told["config"], told["finished"], set(told["read"]))


def read_plan(snakefile: Path, configfiles: list[Path], targets: list[str]) -> tuple[list[Planned], dict[str, Any]]:
    """The jobs of a dry run in the current folder, and the configuration that they follow.

    Raises:
        UserError: Snakemake cannot plan this.
    """
    plan = read_whole(snakefile, configfiles, targets)
    return plan.jobs, plan.config


def read_whole(snakefile: Path, configfiles: list[Path], targets: list[str]) -> Plan:
    """A dry run in the current folder.

    Raises:
        UserError: Snakemake cannot plan this.
    """
    with planned(snakefile, configfiles, targets) as workflow:
        parts = getattr(workflow, "koreason", [])  # of `begin`
        names = {rule: name for part in parts for rule, name in part.names().items()}
        return whole(workflow, names, parts[0].config if parts else workflow.config)


def whole(workflow: Any, names: dict[str, str], config: dict[str, Any]) -> Plan:
    """What Snakemake has planned; `names` are those of the rules here."""
    due = {job for job in workflow.dag.needrun_jobs() if job.output}
    finished = [str(output) for job in workflow.dag.jobs if job not in due for output in job.output]
    read = {str(path) for job in due for path in job.input}
    return Plan(jobs_of(workflow.dag, names), config, finished, read & set(finished))


@contextlib.contextmanager
def planned(snakefile: Path, configfiles: list[Path], targets: list[str]) -> Iterator[Any]:
    """Snakemake's own workflow object after a dry run in the current folder, with its graph of jobs.

    Raises:
        UserError: Snakemake cannot plan this.
    """
    from snakemake import api, cli
    from snakemake.exceptions import RuleException, WorkflowError
    from snakemake.settings import types

    for file in configfiles:
        if not read_yaml(file):  # one that brings code is refused before Snakemake reads it
            raise UserError("is empty", file, "leave it out, or write a configuration: `koreason init` does")
    arguments = ["--dry-run", "--quiet", "--cores", "1", "--snakefile", str(snakefile)]
    # the package's own profile, which says what makes jobs run again: a profile may be a program, and the current folder anybody's
    arguments += ["--workflow-profile", str(HOME / "profiles" / "default")]
    os.environ.pop("SNAKEMAKE_PROFILE", None)
    with contextlib.redirect_stderr(io.StringIO()):
        _, given = cli.parse_args(arguments)
    _planning.append(snakefile)
    output = types.OutputSettings(dryrun=True, quiet=given.quiet, log_level_override=logging.WARNING)
    try:
        with api.SnakemakeApi(output) as snakemake:
            workflow = snakemake.workflow(
                resource_settings=types.ResourceSettings(cores=1),
                config_settings=types.ConfigSettings(configfiles=configfiles),
                snakefile=snakefile,
            )
            plan = workflow.dag(
                types.DAGSettings(targets=set(targets), rerun_triggers=given.rerun_triggers, force_incomplete=given.rerun_incomplete)
            )
            # a run in progress holds the folder's lock, and reading needs none
            plan.execute_workflow(pseudo_executor="dryrun", execution_settings=types.ExecutionSettings(lock=False))
            yield workflow._workflow
    except (WorkflowError, RuleException, api.ApiError) as error:
        raise UserError(str(error) or type(error).__name__, "snakemake") from None
    except Refused as refused:
        raise refused.error from None
    finally:
        _planning.pop()


def planning() -> bool:
    """Whether a plan is being read here, and nothing is printed."""
    return bool(_planning)


def jobs_of(dag: Any, names: dict[str, str]) -> list[Planned]:
    """Every job of Snakemake's graph that has yet to run, but for targets that only collect; `names` are those of the rules here."""
    waiting = [job for job in dag.needrun_jobs() if job.output]
    return [
        Planned(
            rule=names.get(job.rule.name, f"({job.rule.name})"),
            output=str(job.output[0]),
            wildcards=dict(job.wildcards_dict),
            after=tuple(sorted(str(before.output[0]) for before in dag.dependencies[job] if before.output and dag.needrun(before))),
            reasons=_reasons(dag.reason(job), job),
        )
        for job in waiting
    ]


def _reasons(reason: Any, job: Any) -> tuple[str, ...]:
    if reason.missing_output:
        return ("output files have to be generated",)
    names = [name for name in reason.get_names() if not name.startswith("params ")]
    if reason.params_changed:
        now = changed_params(reason, job)
        before = [ast.literal_eval(text) for text in reason.params_changed.only_old]
        names += what_changed(before, now)
    return tuple(names)


def changed_params(reason: Any, job: Any) -> dict[str, Any]:
    """A job's parameters that are not as Snakemake recorded them."""
    return {name: value for name, value in job.params.items() if repr(value) in reason.params_changed.only_new}


def what_changed(before: list[Any], now: dict[str, Any]) -> list[str]:
    """What is different between recorded values of parameters, whose names Snakemake does not keep, and those of now."""
    found = []
    for name, value in sorted(now.items()):
        new = _table(value)
        if new is None:
            found.append(f"params: {OWN_CODE.get(name, name)} changed")
            continue
        tables = [table for table in map(_table, before) if table is not None]
        old = max(tables, key=lambda table: len(table.keys() & new.keys()), default={})
        found += [f"params: {name}.{line}" for line in _differences(old, new)] or [f"params: {name} changed"]
    return found or ["params have changed since last execution"]


def _table(value: Any) -> dict[str, Any] | None:
    try:
        table = json.loads(value)
    except (TypeError, ValueError):
        return None
    return table if isinstance(table, dict) else None


def _differences(old: dict[str, Any], new: dict[str, Any], above: str = "") -> list[str]:
    """The parts that changed, however deep they stand."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        before, now = old.get(key), new.get(key)
        if before == now and (key in old) == (key in new):
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            lines += _differences(before, now, f"{above}{key}.")
        elif isinstance(before, list) and isinstance(now, list):
            lines.append(f"{above}{key}: {_listed(before, now)}")
        else:
            was, is_now = _short(old, key), _short(new, key)
            alike = next((place for place, (one, other) in enumerate(zip(was, is_now, strict=False)) if one != other), 0)
            start = alike - 10 if alike > 20 else 0  # of a long text the part that changed
            lines.append(f"{above}{key}: {_cut(was, start)} -> {_cut(is_now, start)}")
    return lines


def _listed(before: list[Any], now: list[Any]) -> str:
    """What a list lost and gained, or that only its order changed."""
    gone, new = ([item for item in one if item not in other] for one, other in ((before, now), (now, before)))
    words = [f"{word} {_cut(json.dumps(item, ensure_ascii=False))}" for word, items in (("without", gone), ("with", new)) for item in items]
    return ", ".join(words) or "in another order"


def _short(table: dict[str, Any], key: str) -> str:
    return json.dumps(table[key], ensure_ascii=False) if key in table else "nothing"


def _cut(text: str, start: int = 0) -> str:
    shown = ("..." if start else "") + text[start:]
    return shown if len(shown) <= 40 else shown[:37] + "..."
