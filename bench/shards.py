"""What many jobs cost: one Snakemake job per shard beside one array of `koreason submit`, on a real Slurm.

    python tests/on_slurm/small_slurm.py up /dev/shm/slurm
    envs/run dev python bench/shards.py            KOREASON_SITE: a site file other than tests/on_slurm/site.yaml

Every shard is a command that only sleeps, started as the rules start theirs (`koreason exec --job`, on the host). Both ways get
the same jobs at a time. The controller's memory is measured with 1,414 real jobs in Slurm, which are held and never start.
Exit status 1 where Snakemake's controller needs 1 GB or more.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from koreason.cluster import array
from koreason.cluster.accounting import read_attempts
from koreason.config.site import VARIABLE
from koreason.ops import submit

HOME = Path(__file__).resolve().parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
SHARDS = 1414
SLEEP = 1.0  # seconds
LIMIT_MB = 1000
SITE = Path(os.environ.get(VARIABLE, HOME / "tests" / "on_slurm" / "site.yaml"))

SNAKEFILE = """\
import sys
sys.path.insert(0, "{home}")
from koreason.cluster import driver, inside
if workflow.remote_exec:
    inside.begin()
else:
    inside.start_alone()
onstart:
    driver.begin(Path.cwd(), {poll})
SHARDS = [f"{{i:05d}}-of-{shards:05d}" for i in range({shards})]
localrules: all
rule all:
    input: expand("results/{{shard}}/manifest.json", shard=SHARDS)
rule one:
    output: "results/{{shard}}/manifest.json"
    log: "logs/one.{{shard}}.log"
    resources: mem_mb=500, runtime=10, slurm_partition="{partition}", slurm_account="{account}", slurm_extra="{extra}"
    shell: "exec {start} --shard {{wildcards.shard}} --out results/{{wildcards.shard}} > {{log:q}} 2>&1"
"""


# in place of `bin/koreason`: enters jobs as the real one does; every stage only sleeps, for as many shards as its task has:
#   trace --shard A B ... --out FOLDER/{shard}
LAUNCHER = """\
#!/bin/bash
here=$(dirname "$(dirname "$0")")
if [ "$1" = exec ]; then PYTHONPATH=$here exec "$here/envs/run" data python -m koreason "$@"; fi
shift
while [ $# -gt 2 ]; do [ "$1" = --shard ] || shards="$shards $1"; shift; done
for shard in $shards; do sleep %s; touch "$(echo "$2" | sed "s/{shard}/$shard/")/manifest.json"; done
"""


def start(folder: Path) -> str:
    """How both ways start the stage, in a folder that is prepared."""
    return f"{folder}/bin/koreason exec --job trace"


def prepare(folder: Path, shards: int, at_once: int, extra: str) -> dict[str, str]:
    """A folder with a Snakefile and a site file; returns the environment in which both ways run."""
    site = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    site |= {"containers": None, "jobs": at_once, "retries": 0}
    (folder / "site.yaml").write_text(yaml.safe_dump(site))
    for part in ("koreason", "envs", "bin"):
        shutil.copytree(HOME / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bin" / "koreason").write_text(LAUNCHER % SLEEP)
    cluster = {"partition": site["cpu"]["partition"], "account": site["account"], "extra": extra, "poll": site["poll"]}
    (folder / "Snakefile").write_text(SNAKEFILE.format(shards=shards, start=start(folder), home=HOME, **cluster))
    os.environ[VARIABLE] = str(folder / "site.yaml")
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def start_snakemake(folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Snakemake with the profile, as a user starts it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells make what they start in the background deaf to it
    options = ["--profile", str(HOME / "profiles" / "slurm"), "--snakefile", str(folder / "Snakefile"), "--directory", str(folder)]
    with open(folder / "snakemake.log", "wb") as log:
        return subprocess.Popen([SNAKEMAKE, *options], cwd=HOME, env=environment, stdout=log, stderr=log)


def peak_mb(pid: int) -> float:
    """Most memory that a process ever held, in MB."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def by_snakemake(shards: int, at_once: int) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds inside the jobs, and peak MB of the controller."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare(folder, shards, at_once, "")
        begun, peak = time.perf_counter(), 0.0
        process = start_snakemake(folder, environment)
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(0.5)
        wall = time.perf_counter() - begun
        assert process.returncode == 0, (folder / "snakemake.log").read_text()[-2000:]
        jobs = [path.stem for path in (folder / "logs" / "slurm").glob("rule_one/**/*.log")]
        return wall, cpu_of(jobs), peak


def queue_and_tasks(folder: Path, shards: int, at_once: int, each: int = 1, **extra: bool) -> tuple[array.Slurm, list[array.Task]]:
    """What `koreason submit` would hand to Slurm in a folder that is prepared, `each` shards a task."""
    site = yaml.safe_load((folder / "site.yaml").read_text())
    units = []
    for index in range(shards):
        shard = f"{index:05d}-of-{shards:05d}"
        made, log = folder / "results" / shard / "manifest.json", folder / "logs" / f"one.{shard}.log"
        made.parent.mkdir(parents=True)
        command = f"exec {start(folder)} --shard {shard} --out {made.parent} > {log} 2>&1"
        units.append(array.Unit(str(made), str(log), "", command))
    parameters = {"partition": site["cpu"]["partition"], "account": site["account"], "mem": "500M", "time": 10, "cpus_per_task": 1}
    queue = array.Slurm(folder / "logs" / "slurm" / "rule_one", parameters | {"additional_parameters": extra}, at_once)
    return queue, [units[first : first + each] for first in range(0, shards, each)]


def by_array(shards: int, at_once: int) -> tuple[float, float, float]:
    """The same of `koreason submit`'s array."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, shards, at_once, "")
        queue, tasks = queue_and_tasks(folder, shards, at_once, -(-shards // submit.longest_array()))
        begun = time.perf_counter()
        arrays = array.submit(tasks, queue, folder / "submitted.json", [], "one")
        failures = array.follow(arrays, queue, lambda unit: None, done=0, what="array", poll=2)
        wall = time.perf_counter() - begun
        assert not failures, failures[0]
        jobs = [path.stem for path in (folder / "logs" / "slurm").glob("rule_one/*/*.log")]
        return wall, cpu_of(jobs), peak_mb(os.getpid())


def cpu_of(jobs: list[str]) -> float:
    """CPU seconds that accounting saw in jobs; not a number where there is none."""
    time.sleep(5)  # the last ones' records are on their way
    attempts, silent = read_attempts(jobs)
    return float("nan") if silent else sum(attempt.cpu_seconds for attempt in attempts)


def with_all_in_slurm() -> tuple[float, float]:
    """Seconds in which Snakemake submits 1,414 jobs, and its peak MB a minute later; they are held, and cancelled after that."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare(folder, SHARDS, SHARDS, "--hold")
        begun = time.perf_counter()
        process = start_snakemake(folder, environment)
        log = folder / "snakemake.log"
        try:
            while log.read_text().count("has been submitted with SLURM jobid") < SHARDS:
                assert process.poll() is None, log.read_text()[-2000:]
                time.sleep(1)
            wall = time.perf_counter() - begun
            time.sleep(60)  # some questions about all of them
            peak = peak_mb(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        return wall, peak


def array_in_slurm() -> tuple[float, float, int]:
    """Seconds in which an array of all shards is submitted, and in which its states are known; how many tasks it has."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, SHARDS, SHARDS, "")
        queue, tasks = queue_and_tasks(folder, SHARDS, SHARDS, -(-SHARDS // submit.longest_array()), hold=True)
        begun = time.perf_counter()
        [made] = array.submit(tasks, queue, folder / "submitted.json", [], "one")
        submitted = time.perf_counter()
        try:
            assert len(queue.states(made.name)) == len(tasks)
            return submitted - begun, time.perf_counter() - submitted, len(tasks)
        finally:
            subprocess.run(["scancel", made.id], check=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", nargs="*", type=int, default=[50, 100], help="how many shards really run, one after the other")
    parser.add_argument("--array", nargs="*", type=int, default=[SHARDS], help="further sizes for the array alone")
    parser.add_argument("--at-once", type=int, default=8, help="jobs at a time")
    parser.add_argument("--held", action="store_true", help="also the controller with 1,414 jobs in Slurm")
    given = parser.parse_args()
    print(f"{given.at_once} jobs at a time, each sleeps {SLEEP} s")
    print(f"{'way':12}{'jobs':>7}{'wall s':>9}{'s a job':>9}{'CPU s a job':>13}{'controller MB':>15}", flush=True)
    peak = 0.0
    walls: dict[str, dict[int, float]] = {"snakemake": {}, "array": {}}
    for way, measure, sizes in (("snakemake", by_snakemake, given.jobs), ("array", by_array, given.jobs + given.array)):
        for jobs in sizes:
            wall, cpu, memory = measure(jobs, given.at_once)
            walls[way][jobs] = wall
            peak = max(peak, memory)
            print(f"{way:12}{jobs:7}{wall:9.0f}{wall / jobs:9.2f}{cpu / jobs:13.2f}{memory:15.0f}", flush=True)
    for jobs in given.jobs:
        print(f"ratio: {walls['snakemake'][jobs] / walls['array'][jobs]:.1f} times the array's wall time for {jobs} jobs")
    if given.held:
        wall, memory = with_all_in_slurm()
        peak = max(peak, memory)
        print(f"{SHARDS} held jobs: submitted in {wall:.0f} s ({wall / SHARDS:.2f} s a job), controller {memory:.0f} MB", flush=True)
        wall, asked, tasks = array_in_slurm()
        print(f"{SHARDS} shards in an array of {tasks} held tasks: submitted in {wall:.1f} s, their states known in {asked:.1f} s")
    return int(peak >= LIMIT_MB)


if __name__ == "__main__":
    raise SystemExit(main())
