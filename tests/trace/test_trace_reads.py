"""What `koreason trace` reads is what manifests say; it refuses before an engine is started."""

import json
import os
import signal
import subprocess
import sys

import polars as pl
import pytest
from damage import refuses_damage
from played_tokenizer import play
from small_engine import RECIPE

from koreason.cli import main
from koreason.records.stage import Stage
from koreason.tables import POOL, write_table

KOREAN = {"scripts": ["Hangul"]}
PROMPT = {"prompt_id": "0" * 24, "source": "s", "category": "c", "licence": "A", "question": "무엇인가요?", "target_share": 0.8}


@pytest.fixture
def handlers():
    """Signal handlers are given back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def command(tmp_path):
    """Trace a pool of one prompt into `out`."""
    with Stage(tmp_path / "pool", "clean", {}, []) as stage:
        write_table(pl.DataFrame([PROMPT], schema=POOL), stage, "prompts.parquet", POOL)
    with Stage(tmp_path / "teacher", "base", {}, []) as stage:
        for name in ("config.json", "model.safetensors"):
            stage.path(name).write_text("weights")
            stage.add(name)
    out = tmp_path / "out"
    words = ["--spec", json.dumps(RECIPE), "--language", json.dumps(KOREAN), "--shard", "00000-of-00001", "--out", str(out)]
    words += ["--pool", str(tmp_path / "pool"), "--teacher", str(tmp_path / "teacher"), "--journal", str(tmp_path / "journal")]
    return ["trace", *words]


def test_a_damaged_pool_or_teacher_is_refused(tmp_path, capsys, handlers, command, monkeypatch):
    play(monkeypatch)
    for file in (tmp_path / "pool" / "prompts.parquet", tmp_path / "teacher" / "model.safetensors"):
        refuses_damage(lambda: main(command), file, tmp_path / "out", capsys)


def test_a_file_system_without_locks_is_one_line(tmp_path, home, command):
    played = [sys.executable, str(home / "tests/played_tokenizer.py"), *command]
    words = [sys.executable, str(home / "tests/without_locks.py"), "ENOSYS", *played]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(home)})
    [line] = [line for line in done.stderr.splitlines() if line.startswith("koreason: ")]
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert line.startswith(f"koreason: {tmp_path}/journal/00000-of-00001: its file system gives no locks (")
