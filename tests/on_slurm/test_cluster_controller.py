"""The controller as a job of its own: it hands over before its walltime of one minute is over, and `scancel` of it stops the run."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from faults import SITE, environment, fact, slurm, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.usefixtures("cluster")]

POOL = "results/pools/demo_exams/manifest.json"  # five jobs, one after the other
SEVERAL = {"jobs": 3, "containers": None}
LONG = 12  # seconds after which the end of a job is seen at the earliest: of five in a row more than half a minute, on any machine


class Controlled:
    """A run in a folder of its own, whose controller is a job."""

    def __init__(self, folder: Path, home: Path, poll: int = 2) -> None:
        self.folder, self.home = folder, home
        folder.mkdir()
        (folder / "slurm").symlink_to(home / "profiles" / "slurm")
        self.site = folder / "site.yaml"
        self.site.write_text(yaml.safe_dump(yaml.safe_load(SITE.read_text()) | SEVERAL | {"poll": poll}))

    def start(self, *options: str) -> str:
        """Type the command; returns the job's id."""
        snakemake = ["-s", str(self.home / "Snakefile"), "--configfile", str(self.home / "config/demo.yaml"), "--", POOL]
        command = [self.home / "bin" / "koreason", "controller", *options, "--", *snakemake]
        done = subprocess.run(command, cwd=self.folder, env=environment(self.site), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[2].rstrip(";")

    def turns(self) -> list[str]:
        """Ids of the controllers that have begun, oldest first."""
        return sorted((path.stem for path in self.folder.glob(".koreason/controller/*.log")), key=int)

    def said(self) -> str:
        return "".join(f"\n== {job}\n" + (self.folder / f".koreason/controller/{job}.log").read_text() for job in self.turns())

    def over(self) -> bool:
        """Whether no controller runs or waits."""
        text = slurm("squeue", "--noheader", "--name=koreason-controller", "--format=%i %Z")
        return str(self.folder) not in text


def test_a_controller_hands_over_before_its_walltime_is_over(tmp_path: Path, home: Path) -> None:
    run = Controlled(tmp_path / "run", home, LONG)
    first = run.start("--minutes", "1")
    until("the pool", lambda: (run.folder / POOL).is_file() or (run.over() and run.turns()), 400)
    until("the last controller's end", run.over, 120)
    turns, said = run.turns(), run.said()
    assert (run.folder / POOL).is_file(), said[-4000:]
    assert turns[0] == first and len(turns) >= 2, "half a minute is not enough for them"
    assert f"job {turns[1]} goes on with the run" in said
    assert {fact(job, "JobState") for job in turns} == {"COMPLETED"}, "none was ended by its walltime"
    for path in run.folder.glob("results/**/attempts.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line["exit"] for line in lines] == [0], f"{path}: nothing is done twice"


def test_scancel_of_the_controller_stops_the_run(tmp_path: Path, home: Path) -> None:
    run = Controlled(tmp_path / "run", home)
    controller = run.start()
    until("a job of the run", lambda: list(run.folder.glob("logs/slurm/rule_*/**/*.log")), 120)
    slurm("scancel", controller)
    until("the controller's end", run.over, 60)

    def left() -> bool:
        return str(run.folder) in slurm("squeue", "--noheader", "--format=%Z")

    until("the jobs' end", lambda: not left(), 60)
    assert run.turns() == [controller], "nobody succeeds"
    assert "stopping: jobs save what they have and leave the queue" in run.said(), run.said()[-3000:]
