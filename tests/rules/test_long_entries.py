"""Entries that are too long for a command line: a source of as many files as a crawl leaves, through the real Snakemake and stage."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest
import workflow_copy
from workflow_copy import Workflow

from koreason.workflow import specs

FILES = 14_730
TARGET = "results/sources/many/manifest.json"


def test_a_source_of_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_copy.yaml, "safe_dump", lambda value, **_: json.dumps(value))  # which is read sooner
    workflow = Workflow.copied_to(tmp_path / "run", stages=True)
    root, files = tmp_path / "dump", {}
    root.mkdir()
    for number in range(FILES):
        data = f'{{"q": "질문 {number}"}}\n'.encode()
        (root / f"a_name_as_long_as_crawlers_give_{number:05}.jsonl").write_bytes(data)
        files[f"a_name_as_long_as_crawlers_give_{number:05}.jsonl"] = hashlib.sha256(data).hexdigest()
    entry = {"format": "jsonl", "category": "Daily", "licence": "A", "columns": {"question": ["q"]}, "max_reject_share": 0.0}
    workflow.config["sources"]["many"] = entry | {"html": False, "root": str(root), "files": files}
    workflow.snakemake("--quiet", "all", "--", TARGET)
    assert json.loads((workflow.folder / TARGET).read_text())["counts"]["accepted"] == FILES
    run = json.loads((workflow.folder / "results/sources/many/run.json").read_text())
    assert run["spec"]["files"] == files, "what was asked for is recorded, and not where it lay"
    assert workflow.plan(TARGET) == {}


def test_a_long_entry_lies_in_a_file_named_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert specs.given_as('{"a":1}') == '{"a":1}'
    text = json.dumps({"a": "가" * specs.LONGEST}, ensure_ascii=False)
    given = specs.given_as(text)
    path = Path(given.removeprefix("@"))
    assert specs.given_as(text.replace("가", "나", 1)) != given, "one letter decides whether a job runs again"
    assert path.read_text(encoding="utf-8") == text and hashlib.sha256(text.encode()).hexdigest() in given
    path.unlink()
    assert specs.given_as(text) == given and path.is_file(), "whoever plans it again writes it again, as Snakemakes inside jobs do"
    os.utime(path, (0, 0))
    specs.given_as(text)
    assert path.stat().st_mtime > time.time() - 60
    os.utime(path, (0, 0))
    specs.given_as(text + " ")
    assert not path.exists(), "what no plan has looked at for long goes"
    tmp_path.joinpath(".koreason/specs").chmod(0o500)
    assert specs.given_as(text) == given
    tmp_path.joinpath(".koreason/specs").chmod(0o700)
