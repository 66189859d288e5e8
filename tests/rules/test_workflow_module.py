"""The workflow as a module of another one: from a folder, from a repository at a tag, and as `snakedeploy` deploys it."""

import fcntl
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from published import Published, git, publish
from workflow_copy import HOME

SNAKEFILE = """
configfile: "all.yaml"


module koreason:
    snakefile:
        {source}
    config:
        config["koreason"]


use rule * from koreason as koreason_*


rule mine:
    default_target: True
    input:
        rules.koreason_pool.output[0].format(pool="demo"),
    output:
        "mine.txt",
    shell:
        "cp {{input}} {{output}}"
"""
GITHUB = 'github("lab/koreason", path="workflow/Snakefile", tag="v1")'
pytestmark = pytest.mark.xdist_group("published")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


def project(folder: Path, source: str, **config: object) -> Path:
    """A workflow of somebody's with a rule of its own, and things in its configuration that JSON cannot say."""
    demo = yaml.safe_load((HOME / "config" / "demo.yaml").read_text(encoding="utf-8"))
    (folder / "workflow").mkdir(parents=True)
    (folder / "workflow" / "Snakefile").write_text(SNAKEFILE.format(source=source))
    mine = yaml.safe_dump({"koreason": demo | config}, allow_unicode=True) + "since: 2026-01-01\n"
    (folder / "all.yaml").write_text(mine, encoding="utf-8")
    return folder


def counts(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The table of a dry run, each line once."""
    assert result.returncode == 0, result.stderr[-4000:]
    return sorted({" ".join(line.split()) for line in re.findall(r"^\w+ +\d+$", result.stdout, re.MULTILINE)})


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The only thing that is said by a run that is refused."""
    assert result.returncode == 2, result.stderr[-4000:]
    assert "Traceback" not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("koreason: ") and "is the package now" not in line]
    return line


def test_from_a_tag_its_rules_run_beside_ones_own(published: Published, tmp_path: Path) -> None:
    folder = project(tmp_path / "mine", GITHUB)
    done = published.snakemake(folder)
    assert done.returncode == 0, done.stderr[-4000:]
    made = folder / "results" / "pools" / "demo"
    assert (folder / "mine.txt").read_text() == (made / "manifest.json").read_text()
    assert json.loads((made / "run.json").read_text())["commit"] == published.commit
    home = folder / ".koreason" / "home"
    assert (home / "Snakefile").read_text() == (HOME / "Snakefile").read_text()
    assert (home / ".envs").resolve() == folder / ".envs"
    assert "Nothing to be done" in published.snakemake(folder).stderr


def test_lock_and_budget_hold(published: Published, tmp_path: Path) -> None:
    folder = project(tmp_path / "mine", f'"{HOME}/Snakefile"')
    site = tmp_path / "site.yaml"
    site.write_text("containers: null\nbudget: {core_hours: 0.1}\n")
    refused = published.snakemake(folder, KOREASON_SITE=str(site))
    assert "core-hours are planned and 0.1 allowed" in one_line(refused)
    planned = published.call(folder, HOME / "bin" / "koreason", "plan", "--snakefile", "workflow/Snakefile", KOREASON_SITE=str(site))
    assert refused.stderr.splitlines()[-1].partition(";")[0] == one_line(planned).partition(";")[0]
    assert re.search(r"^ingest +6 ", planned.stdout, re.MULTILINE) and re.search(r"^  \(mine\) +1 ", planned.stdout, re.MULTILINE)
    lock = folder / ".snakemake" / "koreason.lock"
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another Snakemake runs there" in one_line(published.snakemake(folder, "--nolock"))
    assert not (folder / "results").exists()
    assert not (folder / ".koreason" / "home").exists(), "a clone has its launcher and environments in it"


def test_a_git_file_at_a_tag(published: Published, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--no-checkout", str(published.bare), str(clone))
    folder = project(tmp_path / "mine", f'"git+file://{clone}/workflow/Snakefile@v1"')
    found = counts(published.snakemake(folder, "-n"))
    assert {"koreason_ingest 6", "koreason_pool 2", "mine 1"} <= set(found)
    assert not any(line.startswith(("koreason_trace", "koreason_select")) for line in found), "what the rule does not need"


def test_a_folder_that_may_not_be_written_is_planned_all_the_same(published: Published, tmp_path: Path) -> None:
    folder = project(tmp_path / "mine", GITHUB)
    (folder / ".koreason").write_text("in the way")  # root may write everywhere
    assert counts(published.snakemake(folder, "-n"))
    assert (published.root / "cache").is_dir()
    assert (folder / ".koreason").read_text() == "in the way"


def test_what_cannot_work_in_a_module_is_refused(published: Published, tmp_path: Path) -> None:
    folder = project(tmp_path / "mine", GITHUB)
    snakefile = folder / "workflow" / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("    config:", '    prefix: "below"\n    config:'))
    assert "`prefix` would move" in one_line(published.snakemake(folder, "-n"))


@pytest.fixture(scope="module")
def deployed(published: Published, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder as `snakedeploy` leaves it, and what the first command there says."""
    folder = tmp_path_factory.mktemp("deployed")
    done = published.call(folder, "snakedeploy", "deploy-workflow", "https://github.com/lab/koreason", ".", "--tag", "v1")
    assert done.returncode == 0, done.stderr
    return folder, published.snakemake(folder, "-n")


def test_deployed_it_plans_the_demo(published: Published, deployed: tuple[Path, Any], tmp_path: Path) -> None:
    folder, bare = deployed
    assert f"{folder}/.koreason/home/bin/koreason setup" in bare.stderr
    assert "no configuration is given: this is config/demo.yaml" in bare.stderr
    own = published.snakemake(tmp_path, "-n", "-s", str(HOME / "Snakefile"), "--configfile", str(HOME / "config" / "demo.yaml"))
    assert counts(bare) == counts(own) != []


def test_deployed_the_profile_for_slurm_works(published: Published, deployed: tuple[Path, Any]) -> None:
    folder, bare = deployed
    koreason = folder / ".koreason" / "home" / "bin" / "koreason"
    nowhere = {"KOREASON_ENVS": "", "KOREASON_PYTHON": "/bin/false"}  # it makes the environment that it runs in, in the folder
    assert "envs/create: /bin/false is" in published.call(folder, koreason, "setup", **nowhere).stderr
    ready = published.call(folder, koreason, "setup", "data")
    assert ready.returncode == 0, ready.stderr
    assert (folder / "slurm").readlink() == Path("profiles/slurm")
    site = folder / "profiles" / "slurm" / "site.yaml"
    site.unlink(missing_ok=True)  # there is one where a Slurm answers
    usage = yaml.safe_load((HOME / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    flags = usage["mandatory-flags"]["flags"].split()
    assert "doctor --init-site" in one_line(published.snakemake(folder, "-n", "--profile", "slurm", *flags))
    site.write_text("acount: lab\n")
    assert "did you mean 'account'" in one_line(published.snakemake(folder, "-n", "--profile", "slurm", *flags))
    site.write_text("containers: null\n")
    assert one_line(published.snakemake(folder, "-n", "--profile", "slurm")).startswith("koreason: run.experiments: is empty")
    assert counts(published.snakemake(folder, "-n", "--profile", "slurm", *flags)) == counts(bare)
