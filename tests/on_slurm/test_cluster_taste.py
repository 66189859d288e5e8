"""`config/taste.yaml` with `snakemake --profile slurm`: every rule a Slurm job in its image, the same bytes as without either."""

import json
import os
import shutil
import subprocess

import pytest

from koreason.images.record import read_images
from koreason.records.digests import sha256_file

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

# What each stage runs in, and where: `page` is the report's rule.
IMAGE = {
    "base": "vllm", "ingest": "data", "clean": "data", "sketch": "data", "dedup": "data",
    "decontaminate": "data", "pool": "data", "trace": "vllm", "measure": "data", "select": "data", "pack": "megatron",
    "train": "megatron", "generate": "vllm", "bench": "data", "score": "data", "report": "data",
}  # fmt: skip
ON_GPUS = {"trace", "train", "generate"}
CONFIG = "config/taste.yaml"
REPRODUCED = (
    "bases/*", "sources/*", "cleaned/*/*", "sketches/*/*", "duplicates/*", "overlaps/*", "pools/*", "traces/*/*/*-of-*", "overlaps/*/*",
    "measures/*/*/*", "benches/*", "mixes/*", "packed/*/*", "models/*/*/*",
)  # fmt: skip


@pytest.fixture(scope="module")
def tasted(snakemake, tmp_path_factory):
    """The folder of a run on the cluster."""
    folder = tmp_path_factory.mktemp("cluster")
    snakemake(folder, "--configfile", CONFIG)
    return folder


def runs(folder):
    """Each `run.json` of a run, by its folder below `results`."""
    return {path.parent.relative_to(folder / "results"): json.loads(path.read_text()) for path in folder.glob("results/**/run.json")}


def jobs():
    """What Slurm's accounting knows of all jobs: id to its fields."""
    fields = "JobID,State,Partition,NodeList,AllocTRES,NNodes"
    text = subprocess.run(["sacct", "-a", "-X", "-n", "-P", "-o", fields], capture_output=True, text=True, check=True).stdout
    rows = [line.split("|") for line in text.splitlines()]
    return {row[0]: dict(zip(fields.split(","), row, strict=True)) for row in rows}


def test_every_rule_was_a_job_in_its_image(tasted, home):
    known, images = jobs(), read_images(home)
    found = runs(tasted)
    assert {run["stage"] for run in found.values()} == set(IMAGE)
    assert len({run["slurm"]["SLURM_JOB_ID"] for run in found.values()}) == len(found) == 23, "a job of its own for each"
    for where, run in found.items():
        job = known[run["slurm"]["SLURM_JOB_ID"]]
        stage = run["stage"]
        assert job["State"] == "COMPLETED", where
        assert run["slurm"]["SLURM_JOB_NODELIST"] == job["NodeList"], where
        assert job["Partition"] == ("gpu" if stage in ON_GPUS else "cpu"), where
        assert ("gres/gpu" in job["AllocTRES"]) == (stage in ON_GPUS), where
        assert run["environment"] == f"{IMAGE[stage]}:{images[IMAGE[stage]].sha256}", where
        assert len(run["commit"].rstrip("+")) == 40, where


def test_one_snakemake_started_in_each_job(tasted):
    texts = {path: path.read_text() for path in (tasted / "logs" / "slurm").glob("**/*.log")}
    assert len(texts) >= 22
    assert {text.count("Workflow ID: ") for text in texts.values()} == {1}


def test_training_spanned_two_tasks_on_two_nodes(tasted):
    (run,) = [run for run in runs(tasted).values() if run["stage"] == "train"]
    assert (run["ranks"], run["tasks"]) == (2, 2)
    steps = ["sacct", "-j", run["slurm"]["SLURM_JOB_ID"], "-n", "-P", "-o", "JobID,NNodes,NTasks,State"]
    rows = [line.split("|") for line in subprocess.run(steps, capture_output=True, text=True, check=True).stdout.splitlines()]
    assert [row[1:] for row in rows if row[0].endswith(".0")] == [["2", "2", "COMPLETED"]]


def test_the_same_bytes_as_without_a_cluster(tasted, local_taste):
    compared = 0
    for pattern in REPRODUCED:
        for manifest in sorted((local_taste / "results").glob(f"{pattern}/manifest.json")):
            name = manifest.relative_to(local_taste)
            assert (tasted / name).read_text() == manifest.read_text(), name
            compared += 1
    assert compared >= 9


def test_a_second_time_nothing_is_to_be_done(tasted, snakemake):
    assert "Nothing to be done" in snakemake(tasted, "--configfile", CONFIG).stderr


def test_a_tampered_image_is_refused_with_both_digests(tasted, home, snakemake, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for path in (home / "containers" / "images").glob("*.sif"):
        (folder / path.name).symlink_to(path)
    (folder / "data.sif").unlink()
    shutil.copyfile(home / "containers" / "images" / "data.sif", folder / "data.sif")
    with open(folder / "data.sif", "r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"tampered")
    site = tmp_path / "site.yaml"
    site.write_text(
        (home / "tests/on_slurm/site.yaml").read_text().replace("images: containers/images", f"images: {folder}") + "retries: 0\n"
    )
    (tasted / "results/reports/taste/manifest.json").unlink()
    failed = snakemake(tasted, "--configfile", CONFIG, site=site, check=False)
    assert failed.returncode == 2, "by the check, before the first job"
    [said] = [line for line in failed.stderr.splitlines() if line.startswith("image data: ")]
    assert read_images(home)["data"].sha256 in said and sha256_file(folder / "data.sif") in said
    snakemake(tasted, "--configfile", CONFIG)


def test_its_archive_holds_the_images_that_ran(tasted, home, tmp_path):
    command = [home / "bin/koreason", "archive", tasted, "--out", tmp_path / "run.bag", "--select", "images", "results", "--redact"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = (line.split("  ") for line in (tmp_path / "run.bag/manifest-sha256.txt").read_text().splitlines())
    held = {name.removeprefix("data/images/"): digest for digest, name in lines if name.startswith("data/images/")}
    assert held == {image.file: image.sha256 for image in read_images(home).values()}
    graph = json.loads((tmp_path / "run.bag/data/ro-crate-metadata.json").read_text())["@graph"]
    assert {entity["sha256"] for entity in graph if entity["@type"] == "ContainerImage"} == set(held.values())
    assert json.loads((tmp_path / "run.bag/data/archive.json").read_text())["not_held"] == []
    checked = subprocess.run([home / "bin/koreason", "restore", tmp_path / "run.bag", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
