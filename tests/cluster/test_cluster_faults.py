"""What goes wrong on clusters: each run is hurt while it works, and ends with what an undisturbed one ends with."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import faults
import pytest
import small_slurm
from faults import ANSWERS, MODEL, TRACES, Run, fact, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500), pytest.mark.usefixtures("cluster", "inputs")]

STEPS = 100
UP_TO_TRAINING = ("models",)


@pytest.fixture(scope="module")
def inputs(local_demo, home, tmp_path_factory):
    """The variables that the configuration reads: the demo's teacher, and a student made here."""
    tiny = tmp_path_factory.mktemp("tiny")
    subprocess.run([home / "envs/run", "vllm", "python", home / "tests/engines/tiny_model.py", tiny], check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOREASON_TINY", str(tiny))
        patch.setenv("KOREASON_TEACHER", str(local_demo / "results/bases/smollm2-135m"))
        yield


@pytest.fixture(scope="module")
def reference(inputs, home, tmp_path_factory):
    """The same run, undisturbed, without Slurm and containers."""
    folder = tmp_path_factory.mktemp("reference")
    command = [home / "envs/run", "data", "snakemake", "--cores", "2", "--directory", folder, "--configfile", faults.CONFIG]
    without = {name: value for name, value in os.environ.items() if name != "KOREASON_SITE"}
    done = subprocess.run(command, env=without, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-4000:]
    assert len((folder / MODEL / "metrics.jsonl").read_text().splitlines()) == STEPS
    return folder


@pytest.fixture
def begun(reference, tmp_path):
    """A folder in which bases and pools are there already."""
    folder = tmp_path / "run"
    for part in ("results/bases", "results/sources", "results/pools", ".snakemake"):
        shutil.copytree(reference / part, folder / part)
    return folder


def steps_of_last_turn(folder):
    """Optimizer steps that the job which finished the training took itself."""
    return faults.lines(folder / MODEL / "throughput.jsonl")


def test_scancel_in_each_stage(reference, tmp_path):
    run = Run(tmp_path / "run")
    for rule in ("base", "ingest", "clean"):
        faults.slurm("scancel", run.job(rule))
    faults.slurm("scancel", run.traced(5))
    for rule in ("select", "pack"):
        faults.slurm("scancel", run.job(rule))
    faults.slurm("scancel", run.trained(10))
    run.reached(ANSWERS / "journal/00000-of-00001/rows.jsonl", 5)
    faults.slurm("scancel", run.jobs("generate")[-1])
    for rule in ("score", "page"):
        faults.slurm("scancel", run.job(rule))
    run.succeed()
    run.same_as(reference)
    assert steps_of_last_turn(run.folder) <= STEPS - 10
    assert faults.facts(run.folder / TRACES / "00000-of-00001")["from_journal"] >= 5


def test_making_way_for_a_job_of_higher_priority(reference, begun):
    gpu = "gpu: {partition: scavenge, max_runtime: 1440, max_mem_mb: 16000, style: gres, model: a100}"
    run = Run(begun, UP_TO_TRAINING, gpu=gpu)
    for job in (run.traced(5), None):
        job = job or run.trained(10)
        faults.slurm("sbatch", "-A", "lab", "-p", "gpu", "-N2", "--exclusive", "-t", "1", "-o", "/dev/null", "--wrap", "sleep 2")
        until("the job's second turn", lambda job=job: fact(job, "Restarts") == "1")
    run.succeed()
    run.same_as(reference)
    assert "Trying to restart" not in run.text(), "to make way is no failed attempt"
    assert len(run.jobs("trace")) == len(run.jobs("train")) == 1, "a requeued job keeps its id"
    assert steps_of_last_turn(run.folder) <= STEPS - 10


def test_walltime_ends_before_the_work(reference, begun):
    rules = "rules: {trace: {gpus: 1, runtime: 1}, train: {nodes: 2, gpus: 1, threads: 1, runtime: 1}}"
    shorten = {"rules": rules, "  trace": "", "  train": "", "  generate": "", "notice": "notice: 25"}
    run = Run(begun, UP_TO_TRAINING, **shorten)
    run.succeed()
    run.same_as(reference)
    restarts = {rule: sum(int(fact(job, "Restarts")) for job in run.jobs(rule)) for rule in ("trace", "train")}
    attempts = {rule: len(run.jobs(rule)) for rule in ("trace", "train")}
    assert all(restarts[rule] or attempts[rule] > 1 for rule in restarts), "one minute is enough for neither"


def test_a_node_dies_and_the_controller_restarts(reference, begun):
    run = Run(begun, UP_TO_TRAINING)
    job = run.traced(5)
    node = fact(job, "NodeList")
    root = Path("/etc/slurm/slurm.conf").resolve().parents[1]
    daemon = int((root / f"run/slurmd.{node}.pid").read_text())
    power_off(daemon, job)
    faults.slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    small_slurm.stop(root / "run/slurmctld.pid")
    time.sleep(3)
    small_slurm.start_controller()
    until("the job on another node", lambda: fact(job, "JobState") == "RUNNING" and fact(job, "NodeList") != node)
    small_slurm.start_node(node)
    faults.slurm("scontrol", "update", f"nodename={node}", "state=resume")
    run.trained(10)
    run.kill()
    run.start()
    run.succeed()
    run.same_as(reference)
    assert "jobs of an earlier Snakemake are still in Slurm" in run.text()
    assert len(run.jobs("train")) == 1, "its result was waited for"
    assert steps_of_last_turn(run.folder) == STEPS


def power_off(daemon: int, job: str) -> None:
    """Kill a node's daemon and all that its job runs, at once."""
    os.kill(daemon, signal.SIGKILL)
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"SLURM_JOB_ID={job}\0".encode() in path.read_bytes()
            if mine or f"[{job}." in (path.parent / "cmdline").read_text():
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:
            continue


def test_a_full_disk_and_too_little_memory(reference, begun):
    scratch = begun.with_name("scratch")
    scratch.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900m", "tmpfs", str(scratch)], check=True)
    try:
        shutil.move(begun / "results", scratch / "results")
        (begun / "results").symlink_to(scratch / "results")
        rules = "rules: {trace: {gpus: 1}, train: {nodes: 2, gpus: 1, threads: 1}, select: {mem_mb: 230}}"
        run = Run(begun, UP_TO_TRAINING, rules=rules, retries="retries: 2", **{"  trace": "", "  train": "", "  generate": ""})
        run.traced(3)
        ballast = scratch / "ballast"
        fill(ballast)
        assert run.end() == 1
        said = (begun / "logs/trace/trace.small.smollm2_mixed.00000-of-00001.log").read_text()
        assert "no space left on the disk" in said, said[-2000:]
        ballast.unlink()
        run.start()
        run.succeed()
        run.same_as(reference)
        assert "select all_of_it: attempt 2 asks for 460 MB" in run.text()
        states = {fact(job, "JobState") for job in run.jobs("select")[:-1]}
        assert states == {"OUT_OF_MEMORY"}
    finally:
        subprocess.run(["umount", "-l", str(scratch)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            return


def test_ctrl_c_cancels_the_jobs(begun):
    run = Run(begun, UP_TO_TRAINING)
    job = run.traced(1)
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.end() != 0
    until("the job's end", lambda: fact(job, "JobState") == "CANCELLED")
    assert fact(job, "Restarts") == "0", "a cancelled job does not come back"
