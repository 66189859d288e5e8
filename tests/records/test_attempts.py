"""Every attempt at an output leaves one line beside it, however it ends."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from workflow_copy import WAITING, Workflow

from koreason.cli import main
from koreason.records import attempts
from koreason.report.facts import Job
from koreason.report.tables import times

Process = subprocess.Popen[str]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose `ingest` waits for a file `go`."""
    found = Workflow.copied_to(tmp_path_factory.mktemp("package") / "home", stages=True)
    found.edit("koreason/curate/ingest.py", new=WAITING)
    return found.folder


@pytest.fixture
def start(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start `koreason ingest` in a folder of its own and wait for it to work."""
    monkeypatch.chdir(tmp_path)
    dump = tmp_path / "a.jsonl"
    dump.write_text('{"q": "물은 왜 투명한가요?"}\n')
    digest = subprocess.run(["sha256sum", dump], capture_output=True, text=True, check=True).stdout.split()[0]
    spec = {"format": "jsonl", "columns": {"question": ["q"]}, "max_reject_share": 0.1}
    spec |= {"html": False, "root": str(tmp_path), "files": {"a.jsonl": digest}}

    def call(**changes: Any) -> Process:
        command = [package / "bin/koreason", "ingest", "--source", "a", "--spec", json.dumps(spec | changes), "--out", "out"]
        environment = {name: value for name, value in os.environ.items() if name not in ("KOREASON_HOME", "PYTHONDONTWRITEBYTECODE")}
        process = subprocess.Popen(list(map(str, command)), env=environment, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 240
        while not attempts.running(Path("out")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        return process

    return call


def child_of(process: Process) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_ends_of_every_kind(start: Any) -> None:
    # killed, as for want of memory
    process = start()
    time.sleep(0.3)
    os.kill(child_of(process), signal.SIGKILL)
    assert process.wait(120) == 128 + signal.SIGKILL
    # told to end
    process = start()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 128 + signal.SIGTERM
    # a user's mistake
    Path("go").touch()
    assert start(files={"a.jsonl": "0" * 64}).wait(120) == 2
    assert start().wait(120) == 0
    lines = attempts.read(Path("out"))
    assert [(line["exit"], line["signal"]) for line in lines] == [(None, "SIGKILL"), (None, "SIGTERM"), (2, None), (0, None)]
    run = json.loads(Path("out/run.json").read_text())
    for line in lines:
        assert line["start"] <= line["end"] <= time.time()
        assert (line["stage"], line["host"], line["slurm"]) == ("ingest", run["host"], {})
        assert (line["code"], line["package"]) == (run["code"], run["package"])
    assert not attempts.running(Path("out"))


def test_an_attempt_that_nobody_could_end_is_written_by_the_next_one(start: Any) -> None:
    process = start()
    time.sleep(0.3)
    child = child_of(process)
    process.kill()  # as with its node: nobody is left to see the end
    process.wait(120)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline, "the work ends with who watches it"
        time.sleep(0.02)
    assert attempts.read(Path("out")) == []
    Path("go").touch()
    assert start().wait(120) == 0
    first, second = attempts.read(Path("out"))
    assert (first["lost"], first["exit"], first["signal"]) == (True, None, None)
    assert second["exit"] == 0


def test_lines_that_are_damaged_cost_only_themselves(tmp_path: Path) -> None:
    attempt = attempts.begin([tmp_path], stage="clean")
    attempt.end(0)
    with open(tmp_path / attempts.FILE, "ab") as file:
        file.write(b'{"start": 1, "en\n\xff\xfe\n[]\n')
    shutil.copy(tmp_path / attempts.FILE, tmp_path / "copy")
    attempts.begin([tmp_path], stage="clean").end(75)
    assert [line["exit"] for line in attempts.read(tmp_path)] == [0, 75]


def test_cards_of_all_nodes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job sees those of its first node; the hours of the others were missing on cards, page and yields."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    for lost in (False, True):
        out = tmp_path / f"lost-{lost}"
        one = attempts.begin([out], stage="train")
        assert one.facts["gpus"] == "0,1,2,3"
        one.tell(nodes=2)
        if lost:  # together with its node, and with whoever would have seen it
            open_file = next(out.glob(attempts.OPEN))
            open_file.write_text(json.dumps(json.loads(open_file.read_text()) | {"host": "gone"}))
            attempts.begin([out], stage="train").end(0)
        else:
            one.end(0)
        assert attempts.cards(attempts.of_output(out)[0]) == 8
    assert attempts.cards({"gpus": "0,1", "nodes": None}) == 2 and attempts.cards({"nodes": 3}) == 0


def test_an_attempt_at_several_outputs_is_one_and_shared_by_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight shards that one start of an engine draws had each all of its tokens, and were eight attempts."""
    outs = [tmp_path / "results/traces/p/r" / f"{n:05d}-of-00008" for n in range(8)]
    for status, drawn in ((75, 3_000), (0, 5_000)):
        one = attempts.begin(outs, stage="trace")
        one.path.write_text(json.dumps(json.loads(one.path.read_text()) | {"tokens": drawn}))
        one.end(status)
    jobs = [Job("trace", out.name, {}, attempts.of_output(out)) for out in outs]
    assert times(jobs).select("jobs", "attempts", "interrupted", "tokens").row(0) == (8, 2, 1, 8_000)
    assert main(["spent", str(tmp_path)]) == 0
    told = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("trace")).split()
    assert told[1:5] == ["8", "2", "0", "1"] and told[-1] == "8,000"
