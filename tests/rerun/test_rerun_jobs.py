"""The Snakemake inside a job: what it records and hands on, which the Snakemake that submitted the job may not live to see."""

import sys
import time
from pathlib import Path

import pytest
from workflow_copy import Workflow

# what the Slurm executor lets a job run, and nobody else is there
IN_A_JOB = ["--mode", "remote", "--force", "--no-hooks", "--nolock", "--ignore-incomplete", "--target-files-omit-workdir-adjustment"]
INGEST = [*IN_A_JOB, "--allowed-rules", "ingest", "--target-jobs", "ingest:source=demo_quiz"]
QUIZ = "results/sources/demo_quiz/manifest.json"

# a stage that comes to its end only when it is told to make way
STAGE = """#!{python} -IS
import pathlib, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
pathlib.Path("started").touch()
signal.sigtimedwait([signal.SIGTERM], 60)
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True, exist_ok=True)
(out / "manifest.json").write_text("{{}}")
"""


def test_a_job_records_its_parameters_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Workflow.copied_to(tmp_path)
    monkeypatch.setenv("KOREASON_PLANNED", str(tmp_path))
    workflow.snakemake(*INGEST)
    assert workflow.plan(QUIZ) == {}
    workflow.config["sources"]["demo_quiz"]["max_reject_share"] = 0.5
    assert workflow.plan(QUIZ) == {QUIZ: "ingest"}


def test_a_stage_hears_that_it_has_to_make_way_and_may_come_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Workflow.copied_to(tmp_path)
    monkeypatch.setenv("KOREASON_PLANNED", str(tmp_path))
    (tmp_path / "bin" / "koreason").write_text(STAGE.format(python=sys.executable), encoding="utf-8")
    snakemake = workflow.start(*INGEST)
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert snakemake.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    begun = time.monotonic()
    snakemake.terminate()
    _, said = snakemake.communicate(timeout=90)
    assert snakemake.returncode == 0, said[-3000:]
    assert time.monotonic() - begun < 50, "it was told, and did not only wait"
    assert (tmp_path / QUIZ).exists()
