"""A run begins with the check and ends there; what only plans says how many findings there are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from own import HOME, Own

TARGET = "results/sources/forum/manifest.json"


@pytest.fixture
def own(tmp_path: Path) -> Own:
    (tmp_path / "run").mkdir()
    return Own(tmp_path / "own")


def snakemake(own: Own, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "snakemake", "--cores", "1", "--snakefile", HOME / "Snakefile", "--configfile", own.file()]
    environment = {name: value for name, value in os.environ.items() if name not in ("KOREASON_SITE", "PYTHONDONTWRITEBYTECODE")}
    environment["HF_HUB_OFFLINE"] = "1"
    where = own.folder.parent / "run"
    return subprocess.run([*command, *arguments], cwd=where, env=environment, capture_output=True, text=True, timeout=300)


def test_a_run_ends_before_its_first_job(own: Own) -> None:
    own.forum.write_text('{"title": "edited", "body": "edited"}\n', encoding="utf-8")
    own.config["benches"]["mine"]["sha256"] = None
    run = own.folder.parent / "run"

    planned = snakemake(own, "-n", "--quiet", "rules", "host")
    assert planned.returncode == 0
    said = planned.stderr.splitlines()
    [place] = [number for number, line in enumerate(said) if line.startswith("check: 2 findings, 2 of which would stop a run")]
    assert "This was a dry-run" in planned.stdout and len(said) == place + 3

    started = snakemake(own)
    assert started.returncode == 2
    assert f"{own.forum}: its SHA-256 is" in started.stderr and f"{own.bench}: its 'sha256' is not set" in started.stderr
    assert "rule ingest" not in started.stderr and not (run / "results" / "sources").exists()

    only_pool = snakemake(own, "--", TARGET)
    assert only_pool.returncode == 2, "the dump is in the way of its own table"
    own.config["sources"]["forum"]["files"] = {"forum.jsonl": own.digest(own.forum)}
    own.again("forum.jsonl", '{"title": "질문", "body": "물이 끓는 온도는 몇 도인가요?"}\n')
    done = snakemake(own, "--", TARGET)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "(nothing planned meets it)" in done.stderr and "its 'sha256' is not set" in done.stderr, "the benchmark is not"
    assert (run / TARGET).is_file()


def test_results_that_are_not_whole_any_more(own: Own, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert snakemake(own, "--", TARGET).returncode == 0
    run = own.folder.parent / "run"
    (run / "results/sources/forum/prompts.parquet").unlink()
    monkeypatch.chdir(run)
    monkeypatch.delenv("KOREASON_SITE", raising=False)
    status, [line] = own.check(capsys, TARGET)
    assert status == 0 and line.startswith("(nothing planned meets it)"), "nothing is to be done"
    status, [line] = own.check(capsys, "pools")
    assert status == 2
    assert line.startswith(f"{run}/results/sources/forum/prompts.parquet: is missing; `koreason verify --repair results/sources/forum`")
    assert snakemake(own, "--", "pools").returncode == 2
