"""`bin/koreason`: where it works from, which environment it picks, what it refuses, and plain `koreason` in an activated environment."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from koreason.commands import COMMANDS
from koreason.records.digests import sha256_file

Result = subprocess.CompletedProcess[str]
# a Python that says who it is and what it was told
PYTHON = r"""#!/bin/bash
printf '%s\n' "$(basename "$(dirname "$(dirname "$0")")")" "$PWD" "$KOREASON_HOME" "$KOREASON_ENVIRONMENT" "$*"
"""


@pytest.fixture
def environments(tmp_path: Path, home: Path) -> Path:
    """A folder of environments that are of their locks and hold nothing but that Python."""
    for name in ("data", "vllm", "megatron"):
        program = tmp_path / "envs" / name / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.write_text(PYTHON)
        program.chmod(0o755)
        (tmp_path / "envs" / name / ".lock-digest").write_text(sha256_file(home / "envs" / f"{name}.lock") + "\n")
    return tmp_path / "envs"


@pytest.fixture
def koreason(environments: Path, home: Path, tmp_path: Path) -> Callable[..., Result]:
    """The launcher with those environments, called from a folder that has nothing to do with it."""
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()

    def call(*words: str, program: Path = home / "bin" / "koreason", cwd: Path = elsewhere, **variables: str) -> Result:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KOREASON_")}
        variables = kept | {"KOREASON_ENVS": str(environments)} | variables
        return subprocess.run([program, *words], cwd=cwd, env=variables, capture_output=True, text=True)

    return call


def picked(result: Result) -> str:
    """The environment that was started."""
    assert result.returncode == 0, result.stderr
    return result.stdout.split("\n")[0]


def refusal(result: Result) -> str:
    """The one line of a refused start."""
    assert (result.returncode, result.stderr.count("\n"), result.stdout) == (2, 1, ""), result.stderr
    return result.stderr


def test_every_subcommand_gets_its_environment(koreason: Callable[..., Result]) -> None:
    assert {name: picked(koreason(name)) for name in COMMANDS} == {name: command.environment for name, command in COMMANDS.items()}
    for words in (["train", "--help"], ["pack", "-h"], [], ["--help"], ["--version"], ["trian"], [""], ["environment:"], ["Attributes:"]):
        assert picked(koreason(*words)) == "data", words
    assert picked(koreason("trace", "--spec", '{"system": "say --help or -h"}')) == "vllm"


def test_it_works_from_any_folder_and_through_links(koreason: Callable[..., Result], home: Path, tmp_path: Path) -> None:
    link, again = tmp_path / "link", tmp_path / "else where" / "koreason"
    link.symlink_to(home / "bin" / "koreason")
    again.symlink_to("../link")
    for program in (home / "bin" / "koreason", link, again):
        _, folder, found, environment, words = koreason("ingest", "--out", "a  b", program=program).stdout.splitlines()
        assert (folder, found, words) == (str(tmp_path / "else where"), str(home), "-m koreason ingest --out a  b")
        assert environment == f"data:{sha256_file(home / 'envs' / 'data.lock')}"


def test_a_module_in_the_current_folder_is_not_ours(run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "koreason").mkdir()
    (tmp_path / "koreason" / "__main__.py").write_text("print('another clone')")
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert run("--version").stdout.startswith("koreason 0.")


def test_an_environment_that_is_not_there_is_one_line(koreason: Callable[..., Result], environments: Path, home: Path) -> None:
    (environments / "vllm" / ".lock-digest").unlink()
    assert refusal(koreason("trace")) == f"koreason: environment 'vllm' is not in {environments}; run {home}/envs/create vllm\n"
    assert picked(koreason("trace", "--help")) == "data"
    (environments / "data" / "bin" / "python").unlink()  # as when the Python that it was made with has gone
    assert refusal(koreason("--help")) == f"koreason: environment 'data' is not in {environments}; run {home}/envs/create data\n"


def test_an_environment_of_another_lock_is_one_line(koreason: Callable[..., Result], environments: Path, home: Path) -> None:
    (environments / "megatron" / ".lock-digest").write_text("0" * 64 + "\n")
    said = refusal(koreason("train"))
    assert f"{environments}/megatron was made from another lock than {home}/envs/megatron.lock; run {home}/envs/create megatron" in said
    assert picked(koreason("train", KOREASON_IMAGE="1" * 64, PATH=f"{environments}/data/bin:{os.environ['PATH']}")) == "data"


def test_environments_may_be_named_from_where_one_stands(koreason: Callable[..., Result], tmp_path: Path) -> None:
    assert picked(koreason("plan", KOREASON_ENVS="../envs")) == "data"


def checkout(folder: Path) -> Path:
    """A folder that looks like a checkout and says where it is."""
    (folder / "bin").mkdir(parents=True)
    (folder / "koreason").mkdir()
    (folder / "koreason" / "commands.py").touch()
    (folder / "bin" / "koreason").write_text(
        '#!/bin/bash\nprintf "%s\\n" "$(dirname "$(dirname "$0")")" "$KOREASON_HOME" "$KOREASON_ENVS"\n'
    )
    (folder / "bin" / "koreason").chmod(0o755)
    return folder


def test_plain_koreason_runs_the_code_of_the_folder_one_stands_in(koreason: Callable[..., Result], home: Path, tmp_path: Path) -> None:
    environment = tmp_path / "shared" / "data"
    environment.joinpath("bin").mkdir(parents=True)
    shim = environment / "bin" / "koreason"
    shim.write_bytes((home / "envs" / "koreason").read_bytes())
    shim.chmod(0o755)
    maker, one, other = (checkout(tmp_path / name) for name in ("maker", "one", "o t h e r"))
    below = one / "results" / "pools"
    below.mkdir(parents=True)
    linked, named, gone = (tmp_path / name for name in ("linked", "named", "gone"))
    for folder in (linked, named, gone):
        (folder / ".koreason").mkdir(parents=True)
        (folder / "below").mkdir()
    (linked / ".koreason" / "home").symlink_to(other)
    (named / ".koreason" / "home").write_text("../one\n")
    (gone / ".koreason" / "home").symlink_to(tmp_path / "nowhere")

    def ran(cwd: Path, **variables: str) -> str:
        said = koreason("plan", program=shim, cwd=cwd, **variables)
        assert said.returncode == 0, said.stderr
        program, named_home, _ = said.stdout.splitlines()
        assert program == named_home
        return program

    assert refusal(koreason("plan", program=shim, cwd=tmp_path)).endswith("go into a checkout, or set KOREASON_HOME to one\n")
    (environment / ".clone").write_text(f"{maker}\n")
    assert ran(tmp_path) == str(maker)
    assert ran(tmp_path, KOREASON_HOME=str(other)) == str(other)
    for cwd, expected in ((one, one), (below, one), (linked / "below", other), (named / "below", one)):
        assert ran(cwd, KOREASON_HOME=str(maker)) == str(expected)
    assert refusal(koreason("plan", program=shim, cwd=gone, KOREASON_HOME=str(one))).startswith(f"koreason: {tmp_path}/nowhere: ")
    assert koreason("plan", program=shim, cwd=one, KOREASON_ENVS="").stdout.splitlines()[2] == str(environment.parent)


def test_creating_an_environment_offers_plain_koreason(koreason: Callable[..., Result], environments: Path, home: Path) -> None:
    created = koreason("data", "vllm", program=home / "envs" / "create")
    assert created.returncode == 0, created.stderr
    shim = environments / "data" / "bin" / "koreason"
    assert shim.read_bytes() == (home / "envs" / "koreason").read_bytes() and os.access(shim, os.X_OK)
    assert (environments / "data" / ".clone").read_text() == f"{home}\n"
    assert not (environments / "vllm" / "bin" / "koreason").exists()
    assert picked(koreason("plan", program=shim)) == "data"


def test_rules_call_what_the_table_says(home: Path) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (home / "rules").glob("*.smk"))
    called = re.findall(
        r'code=code_digest\("([\w.]+)"\),\n\s+environment=environment_digest\("(\w+)"\),\n\s+shell:\n'
        r'\s+"exec \{resources\.start\} ([\w-]+) ',
        text,
    )
    assert {(name, environment, module) for module, environment, name in called} == {
        (command.name, command.environment, command.module) for command in COMMANDS.values() if command.kind == "rule"
    }


def test_make_says_which_configuration_is_not_there(home: Path, tmp_path: Path) -> None:
    """Snakemake ended in a traceback over it."""
    for target in ("taste", "demo", "run"):
        words = ["make", "--dry-run", target, "CONFIG=config/taste.yaml none.yaml", f"WORKDIR={tmp_path / 'a b'}"]
        done = subprocess.run(words, cwd=home, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "there is no configuration none.yaml here" in done.stderr
    words = ["make", "--dry-run", "taste", f"WORKDIR={tmp_path / 'a b'}"]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and f'--directory "{tmp_path / "a b"}"' in done.stdout
