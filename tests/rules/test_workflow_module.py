"""The workflow as a module of another one, from another folder, and through the path that catalogues look for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from workflow_copy import HOME, read_config

SNAKEFILE = """
configfile: "all.yaml"


module koreason:
    snakefile:
        "{home}/Snakefile"
    config:
        config


use rule * from koreason as koreason_*


rule mine:
    default_target: True
    input:
        rules.koreason_clean.output[0].format(pool="demo"),
    output:
        "mine.txt",
    shell:
        "cp {{input}} {{output}}"
"""


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "snakemake", "--cores", "2", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "KOREASON_HOME")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_another_workflow_takes_it_as_a_module_and_runs_its_rules(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(read_config(HOME / "config", "demo"), allow_unicode=True), encoding="utf-8")
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(home=HOME))
    done = snakemake(tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "mine.txt").read_text() == (tmp_path / "results/pools/demo/manifest.json").read_text()


def test_the_catalogues_path_plans_the_same_jobs(tmp_path: Path) -> None:
    selections = [str(HOME / "config" / name) for name in ("config.yaml", "demo.yaml")]
    (tmp_path / "shim").mkdir()
    shim = snakemake(tmp_path / "shim", "-n", "-s", str(HOME / "workflow/Snakefile"), "--configfile", *selections)
    (tmp_path / "own").mkdir()
    own = snakemake(tmp_path / "own", "-n", "-s", str(HOME / "Snakefile"), "--configfile", selections[1])

    def counts(text: str) -> list[str]:
        return re.findall(r"^(\w+ +\d+)$", text, re.MULTILINE)

    assert counts(shim.stdout + shim.stderr) == counts(own.stdout + own.stderr) != []
