"""How long Snakemake takes to plan the paper's experiment, beside a bare Snakefile with as many jobs.

    envs/run dev python bench/plan.py

The bare one is what a plan costs at the least: as many jobs of one rule, a literal command, one output each, no inputs,
parameters, resources, logs or configuration. Both are planned in turns, in empty folders; the lesser of two times counts.
Exit status 1 where the paper's plan takes more than 15 seconds of processor time: by the clock, a machine with other work, or one whose
Slurm does not answer (each start of Snakemake asks it, for 10 seconds), would be measured instead.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
LIMIT = 15.0  # seconds of processor time

BARE = """\
rule all:
    input: [f"out/{{i}}" for i in range({jobs})]
rule one:
    output: "out/{{i}}"
    shell: "touch {{output}}"
"""


def plan(snakefile: Path, *arguments: str) -> tuple[float, float, str]:
    """Wall seconds, CPU seconds and printed plan of one dry run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        # with byte code, as on any machine that has run it once
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        command = [SNAKEMAKE, "--dry-run", "--cores", "2", "--snakefile", snakefile, "--directory", folder, *arguments]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        text = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, text


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=2, help="how often both are planned (default: 2)")
    turns_each = parser.parse_args().turns
    paper = (HOME / "Snakefile", "--configfile", str(HOME / "config" / "paper.yaml"))
    _, _, text = plan(*paper)  # also writes the byte code
    jobs = int(re.findall(r"^total\s+(\d+)$", text, re.MULTILINE)[0])
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "Snakefile"
        bare.write_text(BARE.format(jobs=jobs - 1), encoding="utf-8")
        turns = [(plan(*paper)[:2], plan(bare)[:2]) for _ in range(turns_each)]
    (wall, cpu), (bare_wall, bare_cpu) = (tuple(map(min, zip(*times, strict=True))) for times in zip(*turns, strict=True))
    print(f"{'plan':24}{'jobs':>8}{'wall s':>10}{'CPU s':>10}{'jobs/s':>10}")
    for name, seconds, processor in (("config/paper.yaml", wall, cpu), ("bare Snakefile", bare_wall, bare_cpu)):
        print(f"{name:24}{jobs:8}{seconds:10.1f}{processor:10.1f}{jobs / seconds:10.0f}")
    print(f"ratio: {wall / bare_wall:.2f} times the wall time of a bare Snakefile, {cpu / bare_cpu:.2f} times its CPU time")
    return int(cpu > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
