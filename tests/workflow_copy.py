"""A copy of the workflow in a folder of its own, with the real `snakemake`, rules and digests, and a stand-in for the stages.

Only `envs/run` is replaced: what it would run writes instead a manifest that depends on what the real stage's does, which is its
options and the manifests that it reads. A whole run then takes seconds.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HOME = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "config", "profiles", "koreason", "envs")

STAND_IN = '''#!{python} -IS
"""envs/run ENV python -m koreason STAGE OPTIONS..."""
import hashlib, json, os, sys
stage, *options = sys.argv[5:]
out = options.pop(options.index("--out") + 1)
texts = [stage]
for option in options:
    texts.append(option)
    if option.endswith("manifest.json"):
        texts.append(open(option).read())
if stage == "select":
    shards = json.loads(options[options.index("--shards") + 1])
    for part in json.loads(options[options.index("--spec") + 1])["traces"]:
        for index in range(shards[part["recipe"]]):
            texts.append(open("results/traces/%s/%s/%05d-of-%05d/manifest.json"
                              % (part["pool"], part["recipe"], index, shards[part["recipe"]])).read())
os.makedirs(out, exist_ok=True)
with open(out + "/manifest.json", "w") as file:
    json.dump({{"stage": stage, "content": hashlib.sha256(json.dumps(texts).encode()).hexdigest()}}, file)
'''


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two configurations as Snakemake lays one over the other: tables merge, everything else is replaced."""
    both = dict(below)
    for key, value in above.items():
        both[key] = overlaid(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def read_config(folder: Path, selection: str) -> dict[str, Any]:
    """The catalogue with a selection over it."""
    catalogue, over = (yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("config", selection))
    return overlaid(catalogue, over)


class Workflow:
    """One copy; `config` is the whole configuration it runs, as a dictionary that a test may change before it plans."""

    def __init__(self, folder: Path, selection: str = "demo") -> None:
        self.folder = folder
        self.config = read_config(folder / "config", selection)

    @classmethod
    def copied_to(cls, folder: Path) -> "Workflow":
        for part in PARTS:
            copy = shutil.copytree if (HOME / part).is_dir() else shutil.copy2
            options = {"ignore": shutil.ignore_patterns("__pycache__")} if copy is shutil.copytree else {}
            folder.mkdir(parents=True, exist_ok=True)
            copy(HOME / part, folder / part, **options)
        run = folder / "envs" / "run"
        run.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        run.chmod(0o755)
        return cls(folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Snakemake with the configuration as it is now."""
        (self.folder / "selection.yaml").write_text(yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False), encoding="utf-8")
        command = [Path(sys.executable).parent / "snakemake", "--cores", "2", "--configfile", "selection.yaml", *arguments]
        # with byte code: most of a start is reading it
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end."""
        process = self.start(*arguments)
        printed, said = process.communicate(timeout=300)
        assert not check or process.returncode == 0, printed[-4000:] + said[-4000:]
        return subprocess.CompletedProcess(process.args, process.returncode, printed, said)

    def run(self, *targets: str) -> None:
        self.snakemake("--quiet", "all", "--", *targets)

    def plan(self, *targets: str) -> dict[str, str]:
        """What Snakemake would make now: each output with its rule, without the targets that only collect."""
        text = self.snakemake("--dry-run", "--", *targets).stdout
        jobs = re.findall(r"^rule (\w+):\n(?:    input: .*\n)?    output: (\S+)$", text, re.MULTILINE)
        counted = re.search(r"^total\s+(\d+)$", text, re.MULTILINE)
        collecting = len(re.findall(r"^(?:local)?rule (?:all|bases|pools|traces|mixes|models|evals|report):$", text, re.MULTILINE))
        assert len(jobs) + collecting == (int(counted[1]) if counted else 0), text[-4000:]
        return {output: rule for rule, output in jobs}

    def edit(self, path: str, old: str | None = None, new: str = "") -> None:
        """Replace the first `old` in a file of the copy, or append `new` to it."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old is None or old in text
        file.write_text(text + new if old is None else text.replace(old, new, 1), encoding="utf-8")


def names(plan: dict[str, str], rule: str, part: int) -> list[str]:
    """What stands at one place of the paths that a rule makes, such as the recipes of all traces."""
    return sorted({output.split("/")[part] for output in made_by(plan, rule)})


def made_by(plan: dict[str, str], *rules: str) -> set[str]:
    """The outputs of `rules` in a plan."""
    return {output for output, rule in plan.items() if rule in rules}


def of_trained_models(plan: dict[str, str], *rules: str) -> set[str]:
    """The outputs of `rules` in a plan, without what untrained models answered."""
    return {output for output in made_by(plan, *rules) if "/base/base/" not in output}
