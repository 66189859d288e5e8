"""What goes wrong on clusters: each run is hurt while it works, and ends with what an undisturbed one ends with."""

import contextlib
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

STEPS = 450
UP_TO_TRAINING = ("models",)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder for the model and the undisturbed run; KOREASON_REFERENCE names one that other calls of pytest use, too."""
    return Path(os.environ.get("KOREASON_REFERENCE") or tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def inputs(home, shared):
    """The variable that the configuration reads: where its model is."""
    tiny = shared / "tiny"
    if not tiny.is_dir():
        write = [home / "envs/run", "vllm", "python", home / "tests/engine/tiny_model.py", tiny, "--printable"]
        subprocess.run(write, check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOREASON_TINY", str(tiny))
        yield


@pytest.fixture(scope="module")
def reference(inputs, home, shared):
    """The same run, undisturbed, without Slurm and containers."""
    folder = shared / "run"
    if (folder / "results/reports/faults/manifest.json").is_file():
        return folder
    folder.mkdir(exist_ok=True)
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
    for part in (*(f"results/{made}" for made in ("bases", "sources", "cleaned", "sketches", "duplicates", "pools")), ".snakemake"):
        shutil.copytree(reference / part, folder / part)
    return folder


def steps_of_last_turn(folder):
    """Optimizer steps that the job which finished the training took itself."""
    return faults.lines(folder / MODEL / "throughput.jsonl")


def test_scancel_in_each_stage(reference, tmp_path):
    run = Run(tmp_path / "run")
    for rule in ("base", "pool"):
        faults.slurm("scancel", run.job(rule))
    faults.slurm("scancel", run.traced(5))
    faults.slurm("scancel", run.job("select"))
    faults.slurm("scancel", run.trained(10))
    run.reached(ANSWERS / "journal/00000-of-00001/rows.jsonl", 5)
    faults.slurm("scancel", run.jobs("generate")[-1])
    faults.slurm("scancel", run.job("page"))
    run.succeed()
    run.same_as(reference)
    assert steps_of_last_turn(run.folder) <= STEPS - 10
    assert faults.facts(run.folder / TRACES / "00000-of-00001")["from_journal"] >= 5


@pytest.mark.alone
def test_preemption_a_dead_node_a_restarted_controller_and_a_killed_snakemake(reference, begun):
    scavenge = {"partition": "scavenge", "max_runtime": 1440, "max_mem_mb": 16000, "style": "gres", "model": "a100"}
    # both tasks on one node: the one that died is not asked again
    rules = {"trace": {"gpus": 1}, "train": {"nodes": 1, "tasks": 2, "gpus": 2, "threads": 1}}
    run = Run(begun, UP_TO_TRAINING, gpu=scavenge, rules=rules)
    make_way(run.traced(3))
    job = run.traced(12)
    node = fact(job, "NodeList")
    root = Path("/etc/slurm/slurm.conf").resolve().parents[1]
    power_off(int((root / f"run/slurmd.{node}.pid").read_text()), job)
    faults.slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    small_slurm.stop(root / "run/slurmctld.pid")
    time.sleep(3)
    small_slurm.start_controller()
    until("the job on another node", lambda: fact(job, "JobState") == "RUNNING" and fact(job, "NodeList") != node)
    small_slurm.start_node(node)
    faults.slurm("scontrol", "update", f"nodename={node}", "state=resume")
    make_way(run.trained(10))
    run.trained(40)
    run.kill()
    run.start()
    run.succeed()
    run.same_as(reference)
    assert "Trying to restart" not in run.text(), "none of this is a failed attempt"
    assert "jobs of an earlier Snakemake are still in Slurm" in run.text()
    assert len(run.jobs("trace")) == len(run.jobs("train")) == 1, "a requeued job keeps its id, and its result is waited for"
    assert 0 < steps_of_last_turn(run.folder) <= STEPS - 10


def make_way(job: str) -> None:
    """Let a job of higher priority take all nodes for a moment."""
    turn = int(fact(job, "Restarts"))
    faults.slurm("sbatch", "-A", "lab", "-p", "gpu", "-N2", "--exclusive", "-t", "1", "-o", "/dev/null", "--wrap", "sleep 2")
    until("the job's next turn", lambda: int(fact(job, "Restarts")) == turn + 1 and fact(job, "JobState") == "RUNNING")


def processes(job: str) -> list[int]:
    """Everything that runs with a job's number in its environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"SLURM_JOB_ID={job}\0".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def power_off(daemon: int, job: str) -> None:
    """Kill a node's daemon and all that its job runs, at once."""
    os.kill(daemon, signal.SIGKILL)
    steps = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if f"[{job}." in said_of(path)]
    for process in (*processes(job), *steps):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def said_of(path: Path) -> str:
    """A file of /proc as text; nothing where its process has gone."""
    with contextlib.suppress(OSError):
        return path.read_text(errors="replace")
    return ""


def slow_down(job: str, turn: int) -> None:
    """Hold all of a job still until its notice has come (24 s before its minute is over, and looked at twice a minute)."""
    held = processes(job)
    for process in held:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
    until("the job's notice", lambda: int(fact(job, "Restarts")) > turn or fact(job, "RunTime") >= "00:00:40")
    for process in held:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


@pytest.mark.alone
def test_a_full_disk_too_little_memory_and_walltime(reference, begun):
    scratch = begun.with_name("scratch")
    scratch.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(scratch)], check=True)
    try:
        shutil.move(begun / "results", scratch / "results")
        (begun / "results").symlink_to(scratch / "results")
        run = Run(begun, UP_TO_TRAINING, retries=0)
        run.traced(3)
        fill(scratch / "ballast")
        assert run.end() == 1
        said = (begun / "logs/trace/trace.small.tiny_mixed.00000-of-00001.log").read_text()
        assert "no space left on the disk" in said, said[-2000:]
        (scratch / "ballast").unlink()
        # a minute is not enough for an engine or for training that are slow, nor is so little memory for selecting
        train = {"nodes": 2, "gpus": 1, "threads": 1, "runtime": 1}
        rules = {"trace": {"gpus": 1, "runtime": 1}, "select": {"mem_mb": 115}, "train": train}
        again = Run(begun, UP_TO_TRAINING, notice=24, rules=rules)
        traced = faults.lines(begun / TRACES / "journal/00000-of-00001/rows.jsonl")
        slow_down(again.traced(traced + 2), 0)
        slow_down(again.trained(10), 0)
        again.succeed()
        again.same_as(reference)
        assert "select all_of_it: attempt 2 asks for 230 MB" in again.text()
        assert again.jobs("select")[:-1] == again.out_of_memory("select") != []
        turns = {rule: sum(1 + int(fact(job, "Restarts")) for job in again.jobs(rule)) for rule in ("trace", "train")}
        assert turns["trace"] > 2 and turns["train"] > 1, "their walltimes were reached"
        assert steps_of_last_turn(begun) < STEPS
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


def test_ctrl_c_cancels_the_jobs(tmp_path):
    run = Run(tmp_path / "run", ("pools",))
    job = run.job("ingest")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.end() != 0
    until("the job's end", lambda: fact(job, "JobState") in ("CANCELLED", "COMPLETED", "FAILED"))  # told to end, it ends with 143
    assert fact(job, "Restarts") == "0", "a cancelled job does not come back"


def test_ctrl_c_lets_a_training_save_and_the_same_command_goes_on(reference, begun):
    run = Run(begun, UP_TO_TRAINING, containers=None)
    job = run.trained(20)
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.end() != 0
    until("the job's end", lambda: fact(job, "JobState") not in ("RUNNING", "COMPLETING", "PENDING"))
    said = run.text()
    assert "stopping: jobs save what they have and leave the queue" in said and "Traceback" not in said
    assert said.splitlines()[-1].endswith("jobs are done and kept; type the same command again to go on")
    assert fact(job, "Restarts") == "0", "it has saved, and does not come back by itself"
    assert list((begun / MODEL).glob("checkpoints/step-*/complete"))
    run.start()
    run.succeed()
    run.same_as(reference)
    assert 0 < steps_of_last_turn(begun) <= STEPS - 20
