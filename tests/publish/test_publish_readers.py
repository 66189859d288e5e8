"""What others make of a published data set: `mlcroissant` validates its metadata and loads its records; in the environment `validators`."""

import subprocess
from pathlib import Path

import polars as pl
import pytest

from koreason.publish import data as room
from tests.publish.run_of_all import publish

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
# Records as they are loaded, bytes as text, a line each. It ends without taking Python down: pandas hands Arrow a Python file, whose
# threads then want an interpreter that is gone, and abort one time in a dozen (apache/arrow#34314).
LOAD = """
import json, os, mlcroissant
found = mlcroissant.Dataset("croissant.json")
assert not found.metadata.issues.errors and not found.metadata.issues.warnings, found.metadata.issues.report()
assert str(found.metadata.ctx.conforms_to.value).endswith("1.1"), found.metadata.ctx.conforms_to
for record in found.records("train"):
    print(json.dumps(record, default=lambda value: value.decode() if isinstance(value, bytes) else value.item()), flush=True)
os._exit(0)
"""


def validators(home: Path, folder: Path, *command: object) -> str:
    words = [str(word) for word in (home / "envs/run", "validators", *command)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "warning" not in done.stderr.lower(), done.stderr
    return done.stdout


def test_croissant_is_valid_without_a_warning_and_its_records_load(
    home: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ROWS", 3)
    out = tmp_path / "out"
    publish(finished, "data", "mix", "--repo", "lab/demo-ko", "--out", out, "--redistributable", "--licence", "cc-by-4.0")
    validators(home, out, "mlcroissant", "validate", "--jsonld", "croissant.json")
    lines = validators(home, out, "python", "-c", LOAD).splitlines()
    read = pl.read_parquet(out / "data/*.parquet")
    records = [pl.Series([line]).str.json_decode(infer_schema_length=None)[0] for line in lines]
    assert [record["train/prompt_id"] for record in records] == read["prompt_id"].to_list()
    contents = [[one["train/messages/content"] for one in record["train/messages"]] for record in records]
    assert contents == [[one["content"] for one in messages] for messages in read["messages"].to_list()]
