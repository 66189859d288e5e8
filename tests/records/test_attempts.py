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

from koreason.records import attempts

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
