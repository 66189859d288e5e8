"""Make parts of a restored run again, from what its archive holds, and compare: `koreason verify --rerun`.

    rerun(Path.cwd(), start="select", only=[], cores=2)      # exit status: 0 where each output is what its class promises

It runs in a folder of its own beside the results, with the package, configuration and inputs of the archive: what comes before is linked
there, journals are copied, so that answers are replayed and not drawn. A rerun that was killed goes on.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from koreason.archive import comparing
from koreason.archive.bag.opened import MINE
from koreason.archive.gathered.inputs import VARIABLE
from koreason.archive.gathered.jobs import Job, jobs
from koreason.archive.make import CONFIG, SNAKEFILE
from koreason.archive.restore import about
from koreason.archive.told import page
from koreason.config.rules import RULES, stage_of
from koreason.errors import UserError
from koreason.home import HOME, environments
from koreason.identity import laid
from koreason.ops.kept.outputs import PLACES, RESULTS, UNDECLARED, dependents, depending, folders_below
from koreason.records.digests import write_atomically
from koreason.records.manifest import MANIFEST

FOLDER = Path(".koreason/rerun")
ASKED = "asked.json"
REPORTS = f"{RESULTS}/reports/"
NAMES = {rule.name: rule.stage for rule in RULES.values()} | {stage: stage for stage in PLACES.values()} | PLACES  # of stages


def rerun(run: Path, start: str | None, only: list[str], cores: int) -> int:
    """Make again and compare; prints a row for each output.

    Raises:
        UserError: this is no restored run, a name is no stage, or the rerun ended before its end.
    """
    facts = about(run)
    before = {job.folder: job for job in jobs(run) if job.made is not None}
    config = _config(run)
    others = other_reports(before, config)
    wanted = chosen(run, before, start, only) - others
    for folder in sorted(others):
        print(f"{folder}: of another configuration than the archive's; it is not made again", file=sys.stderr)
    again = run / FOLDER
    prepare(run, again, before, wanted)
    package = next((path for path in (run / laid.FOLDER / str(facts["package"]), run / MINE / "code/koreason") if path.is_dir()), HOME)
    rules = sorted(rule for rule in RULES if stage_of(rule) in {NAMES[name] for name in only})
    status = _snakemake(package, run, config, again, sorted(wanted), rules, cores)
    after = {job.folder: job for job in jobs(again)}
    rows = comparing.compared(run, again, before, after, wanted)
    print(comparing.table(rows))
    page.keep(run, f"only {' '.join(only)}" if only else f"from {start} on" if start else "all of it", rows)
    page.write_beside(run, facts)
    if status:
        raise UserError(f"Snakemake ended with status {status} before all was made", again / "logs", "read there why, and type it again")
    return 2 if comparing.failed(rows) else 0


def _config(run: Path) -> Path:
    """The configuration in the archive."""
    config = run / MINE / CONFIG
    if not config.is_file():
        raise UserError("the archive has no configuration", config, "make one of a run that koreason 0.3 or later has planned")
    return config


def chosen(run: Path, before: dict[str, Job], start: str | None, only: list[str]) -> set[str]:
    """Folders of the outputs to make again: those of some stages, or of one and all that was made of it; else all but the bases.

    Raises:
        UserError: a name is no stage's, or nothing of it is there.
    """
    for name in [*only, *([start] if start else [])]:
        if name not in NAMES:
            raise UserError("is no stage", name, f"stages: {', '.join(dict.fromkeys(NAMES.values()))}")
    if not (only or start):
        return {folder for folder, job in before.items() if job.stage != "base"}
    stages = {NAMES[name] for name in (only or [str(start)])}
    found = {folder for folder, job in before.items() if stage_of(job.stage) in stages}
    if not found:
        raise UserError("has made nothing here", ", ".join(sorted(stages)), "name a stage of which the archive holds results")
    if only:
        return found
    made_of = dependents([run / RESULTS])
    with contextlib.chdir(run):
        later = {os.path.relpath(path) for folder in found for path in depending(run / folder, made_of)}
    return found | (later & before.keys())


def other_reports(before: Iterable[str], config: Path) -> set[str]:
    """Folders of reports that the archive's configuration does not name: two configurations may have run in one folder."""
    name = json.loads(config.read_text(encoding="utf-8"))["run"].get("name")
    return {folder for folder in before if name and folder.startswith(REPORTS) and folder != f"{REPORTS}{name}"}


def prepare(run: Path, again: Path, before: dict[str, Job], wanted: set[str]) -> None:
    """Lay out the folder of the rerun: what is not made again, linked; and journals."""
    text = json.dumps(sorted(wanted))
    asked = again / ASKED
    if asked.is_file() and asked.read_text(encoding="utf-8") == text:
        return  # goes on
    shutil.rmtree(again, ignore_errors=True)
    # Snakemake goes by their times, of which none may be younger: a shard may have come back from its journal after it was read
    linked = before.keys() - wanted
    ended = max((float(before[folder].run.get("ended", 0)) for folder in linked), default=0.0)
    for folder in sorted(linked):
        made = before[folder].made
        assert made is not None
        _link(run / folder, again / folder, made["files"])
        os.utime(again / folder / MANIFEST, (ended, ended))
    for there, _ in folders_below(run / RESULTS):
        if (there / UNDECLARED[0]).is_dir():
            shutil.copytree(there / UNDECLARED[0], again / there.relative_to(run) / UNDECLARED[0])
    again.mkdir(parents=True, exist_ok=True)
    write_atomically(asked, text)


def _link(before: Path, after: Path, declared: Iterable[str]) -> None:
    """An output in a second place: declared files as links where that can be, its records as copies."""
    for name in declared:
        (after / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(before / name, after / name)
        except OSError:
            shutil.copyfile(before / name, after / name)
    after.mkdir(parents=True, exist_ok=True)
    for path in before.iterdir():
        if path.is_file() and path.name not in declared:
            shutil.copyfile(path, after / path.name)


def _snakemake(package: Path, run: Path, config: Path, again: Path, folders: list[str], rules: list[str], cores: int) -> int:
    """Run the archived workflow in the folder of the rerun, of some rules alone if there are any; returns its exit status."""
    command = [package / "envs/run", "data", "snakemake", "--snakefile", package / SNAKEFILE, "--cores", str(cores)]
    command += ["--directory", again, "--configfile", config, "--quiet", "rules", "host"]
    command += [*(["--allowed-rules", *rules] if rules else []), "--", *(f"{name}/{MANIFEST}" for name in folders)]
    given = {name: value for name, value in os.environ.items() if not name.startswith("KOREASON_") and name != "PYTHONPATH"}
    own = {VARIABLE: str(run / MINE / "inputs"), "KOREASON_ENVS": str(environments().absolute())}
    return subprocess.run([str(word) for word in command], env=given | own, check=False).returncode
