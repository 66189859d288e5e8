"""What comes before a run's first job, in this workflow and where another one takes it as a module.

    code = plan(workflow, home)                               # while the Snakefile is read: where its jobs will find their code
    before_jobs(workflow, home, code, rules, config, site)    # and what is to be done before the first of them

Snakemake ignores a module's `onstart`. This goes before its scheduler's first step: the plan is known then, and a dry run, a report or
`--touch` gets no further than that. The Snakemake inside a job plans nothing: it is told where the code lies.
"""

import atexit
import hashlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from koreason import home as places
from koreason.config.site import Site
from koreason.errors import UserError
from koreason.identity import laid
from koreason.ops.planning import budget, paid
from koreason.ops.site.shared import written
from koreason.records.digests import canonical, write_atomically
from koreason.system import neighbours
from koreason.system.git import commit_of
from koreason.workflow import driver, dryrun, stopping, telling
from koreason.workflow.given import KEPT

PLANNED = "KOREASON_PLANNED"  # names the laid-down package to everything that a run starts


def plan(workflow: Any, home: Path) -> Path:
    """Where the jobs of the run find their code, which may have yet to be laid down.

    Raises:
        UserError: a job that the run has started does not find it, or another workflow takes this one in a way that cannot work.
    """
    if not workflow.is_main_process and PLANNED in os.environ:
        return Path(os.environ[PLANNED])
    if home.resolve() != places.HOME:
        raise UserError(f"the run has koreason from {places.HOME} already", home, "take the same version in every module")
    if workflow.modifier.modify_path("results") != "results":
        raise UserError("`prefix` would move what the commands do not", "module", "leave it out, and name a folder by `--directory`")
    if would_enter_images(workflow) and workflow.is_main_process:
        print("koreason: `--sdm apptainer` is not for these rules: `containers` in the site file is", file=sys.stderr, flush=True)
    os.environ[places.VARIABLE] = str(home)
    os.environ["KOREASON_ENVS"] = str(Path(os.environ.get("KOREASON_ENVS") or home / ".envs").absolute())
    code = laid.place(Path.cwd(), laid.tree_digest(home))
    if not (workflow.is_main_process or code.is_dir()):
        raise UserError("is not the code that was planned", home, "type the command again that started the run")
    return code


def would_enter_images(workflow: Any) -> bool:
    """Whether Snakemake would start commands in the images that rules name, which another workflow may want for rules of its own."""
    return "APPTAINER" in {method.name for method in workflow.deployment_settings.deployment_method}


@dataclass(frozen=True)
class Part:
    """This workflow in a run, or a part of it: another one may take rules from it several times, each time with a configuration.

    Attributes:
        rules: Snakemake's `rules` of the part, which know what they are called in the run.
    """

    home: Path
    planned: Path
    rules: Any
    config: dict[str, Any]
    site: Site | None

    def names(self) -> dict[str, str]:
        """What rules are called here, by what they are called in the run."""
        return {proxy.rule.name: name for name, proxy in self.rules._rules.items()}

    def jobs(self, workflow: Any) -> Counter[str]:
        """How many jobs of each rule are planned, by the name that the rule has here."""
        names = self.names()
        return Counter(names[job.rule.name] for job in workflow.dag.needrun_jobs() if job.output and job.rule.name in names)

    def free(self, workflow: Any) -> dict[str, float]:
        """How many of these are paid for already."""
        planned = [job for job in dryrun.jobs_of(workflow.dag, self.names()) if not job.rule.startswith("(")]
        return paid.free(planned, self.config, Path("results"))


def before_jobs(workflow: Any, home: Path, planned: Path, rules: Any, config: dict[str, Any], site: Site | None) -> None:
    """Have the run of `workflow` begin with our own first steps."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    if not workflow.is_main_process:
        return
    workflow.koreason = [*getattr(workflow, "koreason", []), Part(home, planned, rules, config, site)]
    if hasattr(JobScheduler, "koreason"):
        return
    schedule = JobScheduler.koreason = JobScheduler.schedule

    def begin_and_schedule(scheduler: Any) -> Any:
        of_run = scheduler.workflow
        parts = getattr(of_run, "koreason", [])
        if parts and of_run.dryrun and not dryrun.planning():
            # what is planned is known now, and is said below all that Snakemake still prints
            atexit.register(check, plans(of_run, parts), "--first", "3")
        if not parts or of_run.dryrun or of_run.touch:
            return schedule(scheduler)
        _begin(of_run, parts)
        told = telling.listen(scheduler, {rule: name for part in parts for rule, name in part.names().items()})
        stopping.politely(scheduler, told, parts[0].site)
        done = schedule(scheduler)
        if told.stopped:
            stopping.settle(scheduler)
        return done

    JobScheduler.schedule = begin_and_schedule


def _begin(workflow: Any, parts: list[Part]) -> None:
    site = parts[0].site
    try:
        neighbours.refuse(written(site))
        if workflow.local_exec:
            driver.alone(Path.cwd())
        else:
            driver.begin(Path.cwd(), site.poll if site else driver.POLL)
        if status := check(plans(workflow, parts)):
            raise SystemExit(status)
        stopping.go_on()
        if budget.limited(site):
            budget.enforce([(part.jobs(workflow), part.config["resources"], part.free(workflow)) for part in parts], site)
        lay_down(parts[0].home, parts[0].planned)
    except UserError as error:
        print(f"koreason: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None
    _keep_config(workflow)


def plans(workflow: Any, parts: list[Part]) -> list[tuple[Path, dryrun.Plan]]:
    """What is planned of each part, and where its package lies."""
    return [(part.home, dryrun.whole(workflow, part.names(), part.config)) for part in parts]


def check(planned: list[tuple[Path, dryrun.Plan]], *options: str) -> int:
    """Have `koreason check` say what it finds, in the environment that it needs; the highest of its exit statuses."""
    worst = 0
    for home, plan in planned:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(dryrun.written(plan))
            file.flush()
            command = [str(home / "bin" / "koreason"), "check", "--planned", file.name, *options]
            worst = max(worst, subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode)
    return worst


def share(config: dict[str, Any]) -> None:
    """Tell all that the run starts which group may write its folders."""
    if group := config["run"].get("shared_group"):
        os.environ[neighbours.SHARED] = group


def lay_down(home: Path, planned: Path) -> None:
    """Lay the planned package down, and from here on use it: for what this process has yet to read, too.

    Raises:
        UserError: it was edited since the plan was made.
    """
    if home != planned:
        laid.lay(home, planned.parents[2], planned.name)
        laid.prune(planned.parents[2], {planned.name})
    os.environ.pop("KOREASON_COMMIT", None)  # of an earlier plan of this process
    os.environ |= {PLANNED: str(planned), "KOREASON_COMMIT": commit_of(home)}
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(planned), *(path for path in paths if path and Path(path).resolve() != home)])
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "koreason" and hasattr(module, "__path__"):
            module.__path__ = [str(planned.joinpath(*name.split(".")))]


def _keep_config(workflow: Any) -> None:
    """Let the Snakemakes inside jobs read the configuration of the plan and not files that are edited meanwhile."""
    try:
        text = canonical(workflow.config)
    except TypeError:  # another workflow's, with a date in it: JSON has none
        text = yaml.safe_dump(workflow.config, allow_unicode=True)
    path = (KEPT / f"{hashlib.sha256(text.encode()).hexdigest()[: laid.DIGITS]}.json").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    for other in path.parent.glob("*.json"):  # of runs that are over
        if other != path:
            other.unlink()
    if not path.is_file():
        write_atomically(path, text)
    workflow.config_settings.configfiles = [path]
    workflow.config_settings.config_args = []
