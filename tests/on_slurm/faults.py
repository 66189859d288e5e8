"""What the fault tests do to a run: start it, watch it, hurt it, and compare what it ends with."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from small_slurm import run as slurm

HOME = Path(__file__).resolve().parents[2]
SITE = HOME / "tests" / "on_slurm" / "site.yaml"
CONFIG = HOME / "tests" / "on_slurm" / "faults.yaml"
TRACES = Path("results/traces/small/tiny_mixed")
MODEL = Path("results/models/tiny/all_of_it/many_steps")
ANSWERS = Path("results/evals/tiny/all_of_it/many_steps/ko_math")
# Everything but the report, which shows times.
RESULTS = (
    "bases/*",
    "sources/*",
    "cleaned/*/*",
    "sketches/*/*",
    "duplicates/*",
    "pools/*",
    "traces/*/*/*-of-*",
    "mixes/*",
    "packed/*/*",
    "models/*/*/*",
    "evals/**/generations",
    "evals/**/scores",
)


def until(what: str, condition: Callable[[], object], seconds: float = 300) -> object:
    """Wait for something to be true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)
    return answer


def lines(path: Path) -> int:
    """How many lines a file has; 0 where there is none."""
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def fact(job: str, name: str) -> str:
    """What the controller says of a job."""
    text = slurm("scontrol", "show", "job", "--oneliner", job)
    return next((part.partition("=")[2] for part in text.split() if part.startswith(f"{name}=")), "")


def environment(site: Path = SITE, **variables: str) -> dict[str, str]:
    """The environment of somebody who has put the data environment on the PATH."""
    tools = Path(os.environ.get("KOREASON_ENVS", HOME / ".envs")) / "data" / "bin"
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "KOREASON_HOME")}
    return {**kept, "KOREASON_SITE": str(site), "PATH": f"{tools}:{os.environ['PATH']}", **variables}


def logs(folder: Path) -> str:
    """The last lines of all logs of a run."""
    return "".join(f"\n== {path}\n{path.read_text(errors='replace')[-600:]}" for path in sorted(folder.glob("logs/**/*.log"))[-20:])


class Run:
    """`snakemake --profile slurm` in the background, in a folder of its own."""

    def __init__(self, folder: Path, targets: tuple[str, ...] = (), **changes: Any) -> None:
        """Start; `changes` are values of the site file."""
        self.folder, self.targets = folder, targets
        folder.mkdir(parents=True, exist_ok=True)
        self.site = folder.with_suffix(".site.yaml")
        self.site.write_text(yaml.safe_dump(yaml.safe_load(SITE.read_text()) | changes))
        self.start()

    def start(self) -> None:
        """Type the command, for the first time or once more."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # shells make what they start in the background deaf to it
        command = ["snakemake", "--profile", "slurm", "--directory", str(self.folder), "--configfile", str(CONFIG)]
        self.said = open(self.folder.with_suffix(".snakemake.log"), "a+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, "--", *self.targets] if self.targets else command,
            cwd=HOME, env=environment(self.site), stdout=self.said, stderr=self.said, start_new_session=True,
        )  # fmt: skip

    def end(self, seconds: float = 900) -> int:
        """Wait for Snakemake's end; returns its status."""
        status = self.process.wait(seconds)
        self.said.close()
        return status

    def text(self) -> str:
        """All that Snakemake has said."""
        return self.folder.with_suffix(".snakemake.log").read_text(errors="replace")

    def succeed(self) -> None:
        """Wait for a good end."""
        assert self.end() == 0, self.text()[-4000:] + logs(self.folder)

    def kill(self) -> None:
        """End Snakemake as a crash of the login node does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def jobs(self, rule: str) -> list[str]:
        """Ids of a rule's jobs that have started, oldest first."""
        return sorted((path.stem for path in self.folder.glob(f"logs/slurm/rule_{rule}/**/*.log")), key=int)

    def out_of_memory(self, rule: str) -> list[str]:
        """Ids of the rule's jobs in which something was killed for memory. Only some are OUT_OF_MEMORY: others see a part of them fail."""
        return [
            job
            for job in self.jobs(rule)
            if any("oom-kill event" in path.read_text() for path in self.folder.glob(f"logs/slurm/**/{job}.log"))
        ]

    def job(self, rule: str) -> str:
        """Wait for a rule's first job to run; returns its id."""
        return str(until(f"a job of {rule}", lambda: self._alive() and (self.jobs(rule) or [None])[-1]))

    def reached(self, path: Path, count: int) -> None:
        """Wait until a file of the run has that many lines."""
        until(f"{count} lines of {path}", lambda: self._alive() and lines(self.folder / path) >= count)

    def traced(self, rows: int) -> str:
        """Wait until so many traces are finished; returns the job's id."""
        self.reached(TRACES / "journal/00000-of-00001/rows.jsonl", rows)
        return self.jobs("trace")[-1]

    def trained(self, steps: int) -> str:
        """Wait until so many steps are taken; returns the job's id."""
        self.reached(MODEL / ".live" / "metrics.jsonl", steps)
        return self.jobs("train")[-1]

    def _alive(self) -> bool:
        assert self.process.poll() is None, self.text()[-4000:] + logs(self.folder)
        return True

    def same_as(self, reference: Path) -> None:
        """Hold the manifests against an undisturbed run's, and count tokens and steps: nothing lost, nothing done twice."""
        for pattern in RESULTS:
            if self.targets and pattern.startswith("evals"):
                continue  # what a run that ends with its models does not make
            manifests = list((reference / "results").glob(f"{pattern}/manifest.json"))
            assert manifests, pattern
            for manifest in manifests:
                name = manifest.relative_to(reference)
                assert (self.folder / name).read_text() == manifest.read_text(), name
        for journal in (TRACES / "journal", ANSWERS / "journal"):
            if (self.folder / journal).is_dir():
                assert drawn(self.folder / journal) == drawn(reference / journal)


def drawn(journal: Path) -> list[str]:
    """Every line of a journal, sorted: each answer and each segment is in it once, if it was drawn once."""
    return sorted(line for path in journal.glob("*/*.jsonl") for line in path.read_text().splitlines())


def facts(run: Path) -> dict:
    """A stage's `run.json`."""
    return json.loads((run / "run.json").read_text())
