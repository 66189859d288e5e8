"""What a run says on the terminal: its jobs as they go, the failing one's own line at the end, and after Ctrl-C how to go on."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from workflow_copy import Workflow

from koreason.workflow.pace import Pace
from koreason.workflow.telling import last_words

# a stand-in's first lines: what it does instead for one stage
FAILS = """
if sys.argv[1] == "clean" and "demo_exams" in sys.argv[-1]:
    sys.stderr.write("12:00:00 INFO reading\\nkoreason: a.csv: no such file; fetch it\\n")
    sys.exit(2)
"""
STOPS = """
if sys.argv[1] == "clean":
    import signal, time
    def hear(number, frame):
        if not os.path.exists("stubborn"):
            sys.stderr.write("koreason: stopped: 3 of 9 answers are in the journal; type the same command again to go on\\n")
            sys.stderr.flush()
            os._exit(75)
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, hear)
    open("began-%d" % os.getpid(), "w").close()
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """A copy whose stand-in may do something else first."""
    return Workflow.copied_to(tmp_path_factory.mktemp("told") / "workflow")


def instead(workflow: Workflow, lines: str) -> None:
    """Have the stand-in do this first."""
    launcher = workflow.folder / "bin" / "koreason"
    text = launcher.read_text(encoding="utf-8")
    mark = "stage, *options"
    launcher.write_text(text[: text.index("import hashlib")] + "import hashlib, json, os, sys\n" + lines + text[text.index(mark) :])


@pytest.mark.parametrize("quiet", [(), ("--quiet", "rules", "host")])
def test_the_failing_jobs_own_line_is_the_last_with_its_log(workflow: Workflow, quiet: tuple[str, ...]) -> None:
    instead(workflow, FAILS)
    done = workflow.snakemake(*quiet, "--keep-going", "--", "pools", check=False)
    last = done.stderr.splitlines()[-1]
    log = workflow.folder / "logs" / "curate" / "clean.demo_exams.demo_exams.log"
    assert done.returncode == 1
    assert last.startswith("koreason: clean demo") and f"a.csv: no such file; fetch it (log: {log.parent}/clean." in last, done.stderr[
        -2000:
    ]
    assert "koreason: " in done.stderr and "FAILED: clean demo_exams/demo_exams" in done.stderr


def test_jobs_are_named_counted_and_timed(workflow: Workflow) -> None:
    instead(workflow, "")
    done = workflow.snakemake("--quiet", "rules", "host", "--", "pools")
    lines = [line for line in done.stderr.splitlines() if line.startswith("koreason: ")]
    assert any("starts: pool demo" in line for line in lines), done.stderr[-2000:]
    ends = [line for line in lines if " done in " in line]
    assert ends[-1].endswith("jobs") and " left" in ends[-2]


@pytest.mark.parametrize("twice", [False, True])
def test_ctrl_c_stops_politely_and_a_second_one_kills(workflow: Workflow, twice: bool) -> None:
    instead(workflow, STOPS)
    for path in workflow.folder.glob("began-*"):
        path.unlink()
    (workflow.folder / "stubborn").touch() if twice else (workflow.folder / "stubborn").unlink(missing_ok=True)
    (workflow.folder / "selection.yaml").write_text(yaml.safe_dump(workflow.config, allow_unicode=True), encoding="utf-8")
    command = ["snakemake", "--cores", "2", "--configfile", "selection.yaml", "--quiet", "rules", "host", "--forceall", "--", "pools"]
    process = subprocess.Popen(
        command, cwd=workflow.folder, stderr=subprocess.PIPE, text=True, start_new_session=True, env=dict(os.environ)
    )
    try:
        deadline = time.monotonic() + 60
        while not list(workflow.folder.glob("began-*")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        if twice:
            time.sleep(1.0)
            os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0 and "Traceback" not in said, said
    assert "stopping: jobs save what they have; Ctrl-C once more kills them" in said
    assert said.splitlines()[-1].endswith("jobs are done and kept; type the same command again to go on"), said
    assert ("3 of 9 answers are in the journal" in said) != twice, said


def test_last_words_are_the_commands_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("koreason: first\nkoreason: a: wrong\n12:00 INFO after that\n")
    assert last_words(log) == "a: wrong"
    log.write_text("Killed\n\n")
    assert last_words(log) == "Killed"
    assert last_words(tmp_path / "none") == ""


def test_what_is_left_is_told_from_this_run_and_from_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "train.a.b.c.tsv").write_text("s\th:m:s\n120.0\t0:02:00\n")
    pace = Pace(tmp_path)
    pace.took("trace", 40.0)
    assert pace.left(["trace", "train"], 2) == "about 1 min left"
    assert pace.left(["trace", "pack"], 1) == "about 40 s left and 1 of pack, of which nothing is known yet"
