"""A copy of the workflow in a folder of its own, with the real `snakemake`, rules and digests, and a stand-in for the stages.

Only `bin/koreason` is replaced: what it would run writes instead an output, with its manifest, that depends on what the real stage's does,
which is its options and the manifests that it reads. A whole run then takes seconds.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from koreason.config.files.layers import read_bench, read_language
from koreason.config.files.like import resolve

HOME = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "config", "profiles", "koreason", "envs", "bin")

# a stage that waits in its command until there is a file `go`
WAITING = """

_main = main


def main(arguments: argparse.Namespace) -> int | None:
    import pathlib
    import time

    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    return _main(arguments)
"""

STAND_IN = '''#!{python} -IS
"""koreason STAGE OPTIONS..."""
import hashlib, json, os, sys
stage, *options = sys.argv[1:]
if stage == "check":  # what a run begins with: there is nothing here to look at
    sys.exit(0)
out = options.pop(options.index("--out") + 1)
if "--how" in options:  # decides no result
    del options[options.index("--how") : options.index("--how") + 2]
texts, read = [stage, *options], [option for option in options if option.endswith("manifest.json")]
if stage == "select":
    shards = json.loads(options[options.index("--shards") + 1])
    for part in json.loads(options[options.index("--spec") + 1])["traces"]:
        drawn = "imported/" + part["imported"] if "imported" in part else part["pool"] + "/" + part["recipe"]
        count = shards[drawn if "imported" in part else part["recipe"]]
        for index in range(count):
            read.append("results/traces/%s/%05d-of-%05d/manifest.json" % (drawn, index, count))
        read.append("results/measures/%s/00000-of-00001/manifest.json" % drawn)
        if "--judged" in options:
            read.append("results/judged/%s/00000-of-00001/manifest.json" % drawn)
if stage in ("measure", "judge"):
    folder, count = (options[options.index(name) + 1] for name in ("--traces", "--shards"))
    read += ["%s/%05d-of-%05d/manifest.json" % (folder, index, int(count)) for index in range(int(count))]
content = json.dumps(texts + [open(path).read() for path in read]).encode()
package = os.path.abspath(__file__).split(os.sep)[-3]
files = {{"output": {{"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}}}
made = {{"stage": stage, "files": files, "counts": {{}}}}
os.makedirs(out, exist_ok=True)
open(out + "/output", "wb").write(content)
if "/reports/" in out:
    for name in ("figures", "tables"):
        os.makedirs(out + "/" + name, exist_ok=True)
    open(out + "/index.html", "w").close()
run = {{"inputs": dict.fromkeys(read), "made": made, "package": package, "code": "ran"}}
for name, facts in (("run.json", run), ("manifest.json", made)):
    with open(out + "/" + name, "w") as file:
        json.dump(facts, file)
'''


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two configurations as Snakemake lays one over the other: tables merge, everything else is replaced."""
    both = dict(below)
    for key, value in above.items():
        both[key] = overlaid(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def read_config(folder: Path, *selections: str) -> dict[str, Any]:
    """The catalogue with selections over it, the later over the earlier."""
    catalogue, *over = (yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("config", *selections))
    languages = sorted((folder / "languages").glob("*.yaml"))
    catalogue["languages"] = {path.stem: read_language(path) for path in languages}
    for path in sorted((folder / "benches").glob("*.yaml")):
        catalogue["benches"] |= read_bench(path)
    config: dict[str, Any] = functools.reduce(overlaid, over, catalogue)
    resolve(config)
    return config


class Workflow:
    """One copy; `config` is the whole configuration it runs, as a dictionary that a test may change before it plans."""

    def __init__(self, folder: Path, selection: str = "demo") -> None:
        self.folder = folder
        self.config = read_config(folder / "config", selection)

    @classmethod
    def copied_to(cls, folder: Path, stages: bool = False) -> "Workflow":
        """A copy in `folder`, with the real stages and the demo's dumps if `stages`."""
        for part in [*PARTS, "pyproject.toml", *(["data"] if stages else [])]:
            copy = shutil.copytree if (HOME / part).is_dir() else shutil.copy2
            options = {"ignore": shutil.ignore_patterns("__pycache__")} if copy is shutil.copytree else {}
            folder.mkdir(parents=True, exist_ok=True)
            copy(HOME / part, folder / part, **options)
        if stages:
            return cls(folder)
        launcher = folder / "bin" / "koreason"
        launcher.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        launcher.chmod(0o755)
        return cls(folder)

    def without_imported(self) -> "Workflow":
        """Itself, with only the mixes of a teacher's traces and the experiments on them."""
        mixes = self.config["mixes"]
        self.config["mixes"] = {name: mix for name, mix in mixes.items() if not any("imported" in part for part in mix["traces"])}
        run = self.config["run"]
        run["experiments"] = [block for block in run["experiments"] if {*block["mixes"]} <= self.config["mixes"].keys()]
        return self

    def start(self, *arguments: str, config: bool = True) -> subprocess.Popen[str]:
        """Start Snakemake with the configuration as it is now, or with none."""
        (self.folder / "selection.yaml").write_text(yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False), encoding="utf-8")
        given = ["--configfile", "selection.yaml"] if config else []
        command = [Path(sys.executable).parent / "snakemake", "--cores", "2", *given, *arguments]
        # with byte code: most of a start is reading it
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def snakemake(self, *arguments: str, check: bool = True, config: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end."""
        process = self.start(*arguments, config=config)
        printed, said = process.communicate(timeout=300)
        assert not check or process.returncode == 0, printed[-4000:] + said[-4000:]
        return subprocess.CompletedProcess(process.args, process.returncode, printed, said)

    def run(self, *targets: str) -> None:
        self.snakemake("--quiet", "all", "--", *targets)

    def plan(self, *targets: str) -> dict[str, str]:
        """What Snakemake would make now: each output with its rule, without the targets that only collect."""
        text = self.snakemake("--dry-run", "--", *targets).stdout
        jobs = re.findall(r"^rule (\w+):\n(?:    input: .*\n)?    output: ([^\s,]+)(?:, .*)?$", text, re.MULTILINE)
        counted = re.search(r"^total\s+(\d+)$", text, re.MULTILINE)
        collecting = len(re.findall(r"^(?:local)?rule (?:all|bases|benches|pools|traces|mixes|models|evals|report):$", text, re.MULTILINE))
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
