"""Jobs import nothing from the folder that they run in, and have no standard input: both may be anybody's."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result

# Modules of libraries and of ours that every command imports.
NAMES = ("tqdm", "polars", "yaml", "jinja2", "snakemake", "koreason", "logging", "argparse")


@pytest.fixture
def trapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder in which somebody has put modules by the names of others."""
    (folder := tmp_path / "run").mkdir()
    code = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__)\n"
    for name in NAMES:
        (folder / f"{name}.py").write_text(code)
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return tmp_path / "ran"


def test_a_rules_command_imports_nothing_from_its_folder(run: Callable[..., Result], trapped: Path) -> None:
    done = run("bench", "--spec", '{"kind": "math", "file": "none.jsonl"}', "--out", "out")
    assert done.returncode == 2 and "no such benchmark file" in done.stderr, done.stderr
    assert not trapped.exists()


@pytest.mark.parametrize("module", ["snakemake", "submitit.core._submit", "koreason"])
def test_what_a_job_starts_by_its_name_comes_from_its_environment(home: Path, trapped: Path, module: str) -> None:
    done = subprocess.run([home / "envs/run", "data", "python", "-m", module, "--help"], capture_output=True, text=True, timeout=100)
    assert not trapped.exists(), done.stderr


def test_a_step_of_slurm_is_told_so(home: Path) -> None:
    assert "\nexport PYTHONSAFEPATH=1\n" in (home / "profiles/slurm/step").read_text()
    for name in ("data", "megatron", "vllm"):
        assert "PYTHONSAFEPATH=1" in (home / f"containers/{name}.def").read_text()


def test_a_job_has_no_standard_input(home: Path, tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text("{}\n")
    program = "import os, sys; from koreason.cli import _nobody_else; _nobody_else(['bench', '--out', 'x']); print(repr(sys.stdin.read()))"
    command = [home / "envs/run", "data", "python", "-c", program]
    done = subprocess.run(command, input="y\n" * 9, capture_output=True, text=True, timeout=100, cwd=tmp_path)
    assert done.stdout == "''\n", done.stderr


PROFILE = "__use_yte__: true\n__definitions__:\n  - open({ran!r}, 'w').close()\nrerun-triggers: [mtime]\n"


def test_a_plan_runs_no_profile_of_the_current_folder(run: Callable[..., Result], home: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "profiles/default").mkdir(parents=True)
    (tmp_path / "profiles/default/config.yaml").write_text(PROFILE.format(ran=str(tmp_path / "ran")))
    monkeypatch.chdir(tmp_path)
    done = run("plan", "--configfile", home / "config/taste.yaml", SNAKEMAKE_PROFILE=str(tmp_path / "profiles/default"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_site_file_that_others_may_write_is_not_read(tmp_path: Path) -> None:
    from koreason.config.site import read_site
    from koreason.errors import UserError

    (tmp_path / "site.yaml").write_text("jobs: 3\n")
    assert read_site(tmp_path / "site.yaml").jobs == 3
    (tmp_path / "site.yaml").chmod(0o666)
    with pytest.raises(UserError, match="everybody may write this file"):
        read_site(tmp_path / "site.yaml")
