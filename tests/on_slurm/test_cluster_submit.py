"""`koreason submit` on a real Slurm: a bounded array whose driver is killed, one task of which saves and comes back.

Snakemake, the rules, submitit, `koreason exec` and Slurm are real; what the stage would do is a stand-in's.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.workflow_copy import Workflow

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("cluster")]
SHARDS = 8

RUN = """#!/bin/bash
# bin/koreason: enters jobs as the real one does, and notes what a stage is asked for
if [ "$1" = exec ]; then exec {python} -m koreason "$@"; fi
if [ "$1" = check ]; then exec {here}/stand-in "$@"; fi # what a submission begins with is no task
shard=$(sed -E 's/.*--shard ([^ ]+) .*/\\1/' <<< "$*")
echo "$shard $SLURM_ARRAY_JOB_ID $SLURM_JOB_ID" >> ran
[[ -f broken ]] && {{ echo no room here; exit 3; }}
sleep 2
# the task that has the array's own id: as if told to save
[[ $SLURM_JOB_ID = "$SLURM_ARRAY_JOB_ID" && ! -f saved ]] && {{ touch saved; exit 75; }}
exec {here}/stand-in "$@"
"""


@pytest.fixture
def workflow(tmp_path, home, monkeypatch):
    found = Workflow.copied_to(tmp_path / "copy").without_imported()
    found.run("pools", "bases")
    [part] = [part for mix in found.config["mixes"].values() for part in mix["traces"]][:1]
    found.config["recipes"][part["recipe"]]["shards"] = SHARDS
    found.snakemake("--dry-run")
    run = found.folder / "bin" / "koreason"
    run.rename(run.with_name("stand-in"))
    run.write_text(RUN.format(python=sys.executable, here=run.parent))
    run.chmod(0o755)
    site = yaml.safe_load((home / "tests" / "on_slurm" / "site.yaml").read_text())
    (found.folder / "site.yaml").write_text(yaml.safe_dump(site | {"containers": None, "rules": {}}))
    for name, value in {"KOREASON_SITE": "site.yaml", "KOREASON_HOME": ".", "PYTHONPATH": "."}.items():
        monkeypatch.setenv(name, str((found.folder / value).resolve()))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # as the real launcher does
    monkeypatch.chdir(found.folder)
    return found, part["pool"], part["recipe"]


def until_one_more(traces):
    """Wait for a task that starts after this."""
    made, deadline = len(list(traces.glob("*/manifest.json"))), time.monotonic() + 240
    while len(list(traces.glob("*/manifest.json"))) < made + 3:  # two were running
        assert time.monotonic() < deadline, [path.read_text()[-300:] for path in Path("logs").glob("trace/*.log")]
        time.sleep(0.5)


def test_a_killed_driver_finds_its_array_again(workflow):
    copy, pool, recipe = workflow
    command = [sys.executable, "-m", "koreason", "submit", "trace", "--configfile", "selection.yaml", "--pool", pool, "--recipe", recipe]
    traces, ran = Path(f"results/traces/{pool}/{recipe}"), Path("ran")
    with open("driver.log", "wb") as log:
        driver = subprocess.Popen([*command, "--limit", "2"], stderr=log, start_new_session=True)
    deadline = time.monotonic() + 240
    most = 0
    while not any(traces.glob("*/manifest.json")):
        assert driver.poll() is None, Path("driver.log").read_text()
        assert time.monotonic() < deadline, Path("driver.log").read_text()
        states = subprocess.run(["squeue", "-h", "-t", "running", "--me", "-o", "%j"], capture_output=True, text=True).stdout
        most = max(most, states.count("trace-"))
        time.sleep(0.5)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    # what is edited meanwhile is not what its tasks run
    planned = Path("bin/koreason").read_text()
    Path("bin/koreason").write_text("#!/bin/sh\necho this was not planned\nexit 3\n")
    code = Path("koreason/trace/rows.py").read_text()
    Path("koreason/trace/rows.py").write_text(code + "\nEDITED = 1\n")
    until_one_more(traces)
    Path("koreason/trace/rows.py").write_text(code)
    Path("bin/koreason").write_text(planned)
    assert most <= 2
    assert len(list(traces.glob("*/manifest.json"))) < SHARDS, "it was killed too late"

    again = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert again.returncode == 0, again.stderr
    assert "found array" in again.stderr
    assert len(list(Path("logs/slurm/rule_trace").iterdir())) == 1, "nothing was submitted twice"
    runs = Counter(line.split()[0] for line in ran.read_text().splitlines())
    last = f"{SHARDS - 1:05d}-of-{SHARDS:05d}"
    assert runs == {f"{index:05d}-of-{SHARDS:05d}": 1 for index in range(SHARDS)} | {last: 2}, "one saved and came back, by itself"
    assert not (traces / "submitted.json").exists()
    assert copy.plan("traces") == {}, "Snakemake knows them"

    Path("broken").touch()
    (traces / last / "manifest.json").unlink()
    failed = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert failed.returncode == 1, failed.stderr
    assert f"koreason: {traces}/{last}: FAILED: no room here (log: logs/trace/trace.{pool}.{recipe}.{last}.log)" in failed.stderr
