"""What a job knows of its output when the Snakemake that submitted it was killed before the job's end."""

from pathlib import Path

from workflow_copy import Workflow

# what the Slurm executor lets a job run, and nobody else is there
IN_A_JOB = ["--mode", "remote", "--force", "--no-hooks", "--nolock", "--ignore-incomplete", "--target-files-omit-workdir-adjustment"]
QUIZ = "results/sources/demo_quiz/manifest.json"


def test_a_job_records_its_parameters_itself(tmp_path: Path) -> None:
    workflow = Workflow.copied_to(tmp_path)
    workflow.snakemake(*IN_A_JOB, "--allowed-rules", "ingest", "--target-jobs", "ingest:source=demo_quiz")
    assert workflow.plan(QUIZ) == {}
    workflow.config["sources"]["demo_quiz"]["max_reject_share"] = 0.5
    assert workflow.plan(QUIZ) == {QUIZ: "ingest"}
