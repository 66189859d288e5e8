"""What a site file makes of the configuration's resources, and what it may not say."""

import os
import subprocess
from pathlib import Path

import pytest
from yte import process_yaml

from koreason.cluster.asks import need
from koreason.config.site import Containers, GpuPartition, Overrides, Partition, Site, read_site
from koreason.errors import UserError
from koreason.train.tasks import is_interactive, this_task

ASKED = {"mem_mb": 4000, "runtime": 60, "threads": 2, "gpus": 0}
SITE = Site(account="lab", cpu=Partition("cpu", max_runtime=100, max_mem_mb=9000), gpu=GpuPartition("gpu", model="a100"))


def test_without_a_site_the_configuration_is_all_that_counts():
    assert need(None, "clean", ASKED | {"gpus": 2}) == {"mem_mb": 4000, "runtime": 60, "gpu": 2}


def test_jobs_without_gpus_go_to_the_cpu_partition_and_grow_with_each_attempt(capsys):
    found = need(SITE, "clean", ASKED)
    assert {key: value for key, value in found.items() if not callable(value)} == {"slurm_partition": "cpu", "slurm_account": "lab"}
    assert [found["mem_mb"](["demo"], attempt) for attempt in (1, 2, 3, 3)] == [4000, 8000, 9000, 9000]
    assert [found["runtime"](["demo"], attempt) for attempt in (1, 2)] == [60, 100]
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "koreason: clean demo: attempt 2 asks for 8000 MB"
    assert said[1] == "koreason: clean demo: attempt 3 asks for 9000 MB, the most there is"
    assert len(said) == 3, "each is said once"


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        (GpuPartition("gpu", style="gres", model="a100"), {"gres": "gpu:a100:2"}),
        (GpuPartition("gpu", style="gres"), {"gres": "gpu:2"}),
        (GpuPartition("gpu", style="gpus", model="h100"), {"gpu": 2, "gpu_model": "h100"}),
        (GpuPartition("gpu", style="gpus"), {"gpu": 2}),
    ],
)
def test_gpus_are_asked_for_as_the_site_wants_it(gpu, expected):
    found = need(Site(gpu=gpu), "trace", ASKED | {"gpus": 2})
    assert {key: value for key, value in found.items() if not callable(value)} == {"slurm_partition": "gpu", **expected}


def test_training_spans_nodes_and_tasks():
    site = Site(gpu=GpuPartition("gpu", model="a100"), rules={"train": Overrides(nodes=2, tasks=4, gpus=4)})
    found = need(site, "train", ASKED)
    assert (found["mpi"], found["nodes"], found["tasks"]) == ("srun", 2, 8)
    assert found["slurm_extra"] == "--ntasks-per-node=4 --gpus-per-node=a100:4"
    assert "gpu" not in found and "gres" not in found, "the plugin would make more tasks of them"


def test_gpus_where_there_are_none_are_refused():
    with pytest.raises(UserError, match=r"resources.trace: asks for 1 GPUs, and the site file has no `gpu`"):
        need(Site(), "trace", ASKED | {"gpus": 1})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acount: lab", "unknown key 'acount'; did you mean 'account'?"),
        ("cpu: {partition: 3}", "cpu.partition"),
        ("gpu: {style: cards}", "gpu"),
        ("rules: {tracing: {gpus: 1}}", "no rule is called 'tracing'"),
        ("account: [", "not YAML"),
    ],
)
def test_mistakes_in_a_site_file_end_snakemake_with_one_line(home, tmp_path, text, message):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    environment = {**os.environ, "KOREASON_SITE": str(path)}
    command = [home / "envs/run", "data", "snakemake", "--profile", "slurm", "-n", "--configfile", "config/demo.yaml"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Using profile")]
    assert line.startswith(f"koreason: {path}: ")
    assert message in line


def test_a_missing_site_file_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="doctor --init-site"):
        read_site(tmp_path / "site.yaml")
    (tmp_path / "site.yaml").write_text("")
    assert read_site(tmp_path / "site.yaml") == Site()
    assert Containers().images == "containers/images"


@pytest.mark.parametrize("text", ["", "jobs: many\npoll:\nrequeue: 1", "retries: 5\njobs: 7"])
def test_the_profile_has_the_site_files_values_and_its_defaults(text: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "site.yaml").write_text(text)
    monkeypatch.setenv("KOREASON_SITE", str(tmp_path / "site.yaml"))
    monkeypatch.setenv("KOREASON_STARTED_IN", "")  # which the profile sets
    profile = process_yaml((home / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    site = read_site(tmp_path / "site.yaml") if "many" not in text else Site()  # a wrong type is told by the Snakefile
    poll, requeue = profile["slurm-init-seconds-before-status-checks"], profile["slurm-requeue"]
    assert (profile["jobs"], profile["retries"], poll, requeue) == (site.jobs, site.retries, site.poll, site.requeue)


def test_a_shell_in_an_allocation_or_a_step_is_no_task_of_ours():
    assert this_task({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}).count == 1
    step = {"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3", "SLURM_LOCALID": "1"}
    for started in ({}, {"KOREASON_STEP": "6"}):  # by hand, as `srun --pty bash`, or by us but in another job
        assert this_task(step | started).count == 1 and is_interactive(step | started)
    step["KOREASON_STEP"] = "7"
    assert not is_interactive(step | {"SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1"})
    task = this_task(step | {"SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1"})
    assert list(task.ranks(8)) == [6, 7]
    assert task.meeting == "meet-7-0-0"
    again = step | {"SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1", "SLURM_RESTART_COUNT": "1"}
    assert this_task(again).meeting == "meet-7-1-0"  # a file that an earlier start left behind is not met in
    environment = task.rank_environment(7, 8, "/run/checkpoints/meet-7-0-0")
    assert (environment["RANK"], environment["LOCAL_RANK"], environment["WORLD_SIZE"]) == ("7", "3", "8")
    assert environment["GLOO_SOCKET_IFNAME"] == "lo"


def test_the_repository_has_no_site_of_its_own(home: Path):
    listed = subprocess.run(["git", "-C", home, "check-ignore", "profiles/slurm/site.yaml"], capture_output=True, text=True)
    assert listed.stdout.strip() == "profiles/slurm/site.yaml"
