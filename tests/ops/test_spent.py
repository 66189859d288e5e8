"""`koreason spent` from accounting as sacct prints it, and from run.json alone."""

import json
from pathlib import Path

import pytest
from slurm_texts import SACCT, Programs

from koreason.cli import main
from koreason.cluster.accounting import asked_mb, parse, parse_mb, parse_seconds
from koreason.ops.spent import suggest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder: logs and run.json name its jobs."""
    for rule, name, job in [
        ("trace", "demo/r/0", 17),
        ("trace", "demo/r/1", 18),
        ("clean", "demo", 14),
        ("train", "m/x/s", 15),
        ("score", "m", 19),
    ]:
        log = tmp_path / "logs" / "slurm" / f"rule_{rule}" / name / f"{job}.log"
        log.parent.mkdir(parents=True)
        log.touch()
    for stage, name, job in [("clean", "pools/demo", "14"), ("report", "report", ""), ("select", "mixes/m", "16")]:
        run = {"stage": stage, "slurm": {"SLURM_JOB_ID": job} if job else {}, "seconds": 90.0, "ended": 1_700_000_000.0}
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / "run.json").write_text(json.dumps(run), encoding="utf-8")
    torn = tmp_path / "results" / "mixes" / "torn" / "run.json"
    torn.parent.mkdir()
    torn.write_text('{"stage": "select", ', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("text", "seconds"), [("00:09.675", 9.675), ("01:02:03", 3723), ("1-02:00:00", 93600), ("", 0), ("INVALID", 0)])
def test_processor_time_is_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "size"), [("102400K", 100), ("1.50G", 1536), ("2000M", 2000), ("", None), ("16?", None)])
def test_sizes_are_read(text: str, size: float | None) -> None:
    assert parse_mb(text) == size


@pytest.mark.parametrize(("text", "size"), [("18000M", 9000), ("9000Mn", 9000), ("4Gc", 65536)])
def test_memory_asked_for_is_that_of_a_node(text: str, size: float) -> None:
    assert asked_mb(text, cores=16, nodes=2) == size


def test_every_time_that_a_job_ran_is_one_record() -> None:
    attempts = parse(SACCT.format(folder="/run"))
    assert [(attempt.job, attempt.state) for attempt in attempts] == [
        ("17", "REQUEUED"),
        ("18", "FAILED"),
        ("17", "COMPLETED"),
        ("14", "COMPLETED"),
        ("15", "COMPLETED"),
        ("16", "CANCELLED"),
        ("20", "PENDING"),
        ("19", "RUNNING"),
    ]
    by_job = {attempt.job: attempt for attempt in attempts}
    assert by_job["14"].used_mb == 600  # the nested Snakemake beside the stage
    assert by_job["15"].used_mb == 100 + 4 * 2000  # four tasks on each of two nodes
    assert by_job["15"].gpus == 8
    assert by_job["18"].used_mb is None  # it ended between two measurements
    assert by_job["16"].limit_minutes is None


def test_what_was_asked_for_stands_beside_what_was_used(programs: Programs, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs.set("sacct", {"": SACCT.format(folder=folder)})
    assert main(["spent", str(folder)]) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    #                    jobs asked  used    asked  used    CPU    core-h   GPU-h  failed back lost
    assert rows["clean"] == ["1", "4,000", "600", "300", "30.0", "50%", "0.50", "0.00", "0", "0", "0.00"]
    assert rows["trace"] == ["2", "100", "4", "90", "60.0", "0%", "1.75", "0.00", "1", "1", "0.50"]
    assert rows["train"][:9] == ["1", "9,000", "8,100", "60", "60.0", "81%", "32.00", "8.00", "0"]
    assert "score" not in rows and "1 jobs have not ended yet" in text
    assert "select" not in rows  # its job's id is that of another folder's job
    assert "accounting does not know 1 of 6 jobs, such as 16" in text
    rules = text.split("rules:\n")[1]
    assert "  clean: {mem_mb: 1000, runtime: 45}\n" in rules
    assert "  train: {mem_mb: 9800, runtime: 90}\n" in rules


def test_a_job_killed_for_memory_or_time_is_to_get_more() -> None:
    killed = "17|OUT_OF_MEMORY|1800|00:01.000|1|4000M||cpu=1|60||1|/run\n18|TIMEOUT|3600|00:01.000|1|4000M||cpu=1|60||1|/run\n"
    attempts = parse(SACCT.splitlines()[0] + "\n" + killed)
    assert suggest(attempts) == {"mem_mb": 6000, "runtime": 90}


def test_what_fits_is_left_alone() -> None:
    fine = "17|COMPLETED|2200|00:01.000|1|4000M||cpu=1|60||1|/run\n17.0|COMPLETED|2200|00:01.000|1||3400000K|cpu=1||1|1|\n"
    assert suggest(parse(SACCT.splitlines()[0] + "\n" + fine)) == {}


def test_without_accounting_each_output_tells_of_its_attempts(programs: Programs, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs.fail("sacct", "Slurm accounting storage is disabled")
    trace = folder / "results/traces/demo/mixed/00000-of-00001"
    trace.mkdir(parents=True)
    first = {"stage": "trace", "slurm": {"SLURM_JOB_ID": "40"}, "gpus": "0,1", "outputs": 1, "tokens": 1000}
    ends = [{"exit": 75, "signal": None}, {"exit": None, "signal": "SIGKILL", "tokens": None}, {"exit": 0, "signal": None}]
    for start, end in enumerate(ends):
        line = first | {"start": start * 3600, "end": start * 3600 + 1800} | end
        with open(trace / "attempts.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n{ torn\n")
    assert main(["spent", str(folder)]) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    #              outputs attempts failed back hours lost GPU-hours tokens
    assert rows["trace"] == ["1", "3", "1", "1", "1.50", "0.50", "3.00", "2,000"]
    assert rows["clean"] == ["1", "1", "0", "0", "0.03", "0.00", "0.00", "0"]  # of run.json alone
    assert rows["page"] == ["1", "1", "0", "0", "0.03", "0.00", "0.00", "0"]
    assert "Slurm accounting storage is disabled" in text and "memory and cores are not known" in text


def test_since_leaves_out_what_is_older(programs: Programs, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spent", "--since", "2100-01-01", str(folder)]) == 2
    assert main(["spent", "--since", "yesterday", str(folder)]) == 2
    assert "'yesterday' is no date" in capsys.readouterr().err


def test_a_folder_without_a_run_is_refused(programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spent", str(tmp_path)]) == 2
    assert "no job of a run" in capsys.readouterr().err
