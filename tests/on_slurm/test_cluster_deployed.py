"""A folder as `snakedeploy` leaves it, on a real Slurm: the profile, the lock, the budget, and jobs that run what was planned."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from faults import HOME, logs, until
from published import Published, publish

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("cluster"), pytest.mark.timeout(600)]
POOL = "results/pools/one/manifest.json"


def change(site: Path, **values: object) -> None:
    site.write_text(yaml.safe_dump(yaml.safe_load(site.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.fixture
def deployed(tmp_path: Path) -> tuple[Published, Path]:
    """A deployed and set up folder, whose demo has a pool of one source, with the site file that `setup` has written."""
    folder = tmp_path / "deployed"
    folder.mkdir()
    (tmp_path / "origin").mkdir()
    published = publish(tmp_path / "origin")
    koreason = folder / ".koreason" / "home" / "bin" / "koreason"
    deploy = ["snakedeploy", "deploy-workflow", "https://github.com/lab/koreason", ".", "--tag", "v1"]
    for command in (deploy, ["snakemake", "-n"], [koreason, "setup", "data"]):
        done = published.call(folder, *command)
        assert done.returncode == 0, done.stderr
    change(folder / "profiles" / "slurm" / "site.yaml", containers=None, poll=2)
    demo = yaml.safe_load((folder / "config" / "demo.yaml").read_text(encoding="utf-8"))
    demo["pools"]["one"] = demo["pools"]["demo"] | {
        "sources": ["demo_quiz"],
        "mask_personal_data": [],
        "twins": {},
        "by": {},
        "decontaminate": [],
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(demo, allow_unicode=True), encoding="utf-8")
    return published, folder


def test_a_deployed_folder_runs_what_it_planned(deployed: tuple[Published, Path]) -> None:
    published, folder = deployed
    tools = Path(os.environ.get("KOREASON_ENVS", HOME / ".envs")) / "data" / "bin"
    run = [str(tools / "snakemake"), "--profile", "slurm", "--configfile", "mine.yaml", "--", POOL]
    site = folder / "profiles" / "slurm" / "site.yaml"
    change(site, budget={"core_hours": 0.01, "gpu_hours": None})
    refused = published.call(folder, *run)
    assert refused.returncode == 2
    assert "core-hours are planned and 0.0 allowed" in refused.stderr.splitlines()[-1]
    change(site, budget={"core_hours": None, "gpu_hours": None})

    stage = folder / ".koreason" / "home" / "koreason" / "curate" / "pool.py"
    planned = stage.read_text(encoding="utf-8")
    with open(folder / "said", "w+") as said:
        process = subprocess.Popen(run, cwd=folder, env=published.environment(), stdout=said, stderr=said, start_new_session=True)
        try:
            until("the first job", lambda: process.poll() is not None or list(folder.glob("logs/slurm/rule_ingest/**/*.log")))
            stage.write_text(planned + '\nraise SystemExit("this was not planned")\n', encoding="utf-8")
            beside = published.call(folder, *run)
            assert process.wait(300) == 0, (folder / "said").read_text() + logs(folder)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert beside.returncode == 2
    assert "another Snakemake runs there" in beside.stderr.splitlines()[-1]
    assert (folder / POOL).is_file()
    again = published.call(folder, tools / "snakemake", "-n", "--configfile", "mine.yaml", "--", POOL)
    assert "\npool         1\n" in again.stdout
    assert "\ningest" not in again.stdout and "\nclean" not in again.stdout
    stage.write_text(planned, encoding="utf-8")
    assert "Nothing to be done" in published.call(folder, *run).stderr
