"""Variables of the environment in a configuration: in paths, never a secret's, and no code at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from koreason.config.files.layers import read_yaml
from koreason.config.variables import expand, fields, is_secret
from koreason.errors import UserError
from tests.conftest import Result

SECRETS = (
    "HF_TOKEN",
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "OPENAI_API_KEY",
    "MYSQL_PASSWORD",
    "PGPASSWORD",
    "WANDB_API_KEY",
    "my_pass",
    "KOREASON_SEAL_KEY",
    "SSH_AUTH_SOCK",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GH_PAT",
    "DB_DSN",
    "apikey",
    "SECRET",
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_read_for_a_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hunter2")
    for path in (f"${name}", f"/data/${{{name}}}/x"):
        with pytest.raises(UserError, match=f"names the variable {name}, which looks like a secret") as raised:
            expand(path)
        assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("name", ["KOREASON_DATA", "KOREASON_HOME", "HOME", "SCRATCH", "PWD", "MODELS", "KEYBOARD", "PASSAGE", "MONKEYS"])
def test_folders_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/data")
    assert not is_secret(name) and expand(f"${name}/x") == Path("/data/x")


def test_the_fields_that_may_name_one_are_marked() -> None:
    assert fields("x-path") == {"path", "root", "hub", "file", "sealed_root"}
    assert fields("x-secret") == {"seal_key"}


def test_a_message_shows_what_was_written(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run("base", "--spec", '{"path": "$SCRATCH_OF_MINE/x"}', "--out", tmp_path / "out", SCRATCH_OF_MINE="/some/where")
    assert done.returncode == 2 and "$SCRATCH_OF_MINE/x: no such folder" in done.stderr and "/some/where" not in done.stderr
    done = run("base", "--spec", '{"path": "$HF_TOKEN"}', "--out", tmp_path / "out", HF_TOKEN="hunter2")
    assert done.returncode == 2 and "looks like a secret" in done.stderr and "hunter2" not in done.stderr


CODE = '__use_yte__: true\n__definitions__:\n  - open({ran!r}, "w").close()\nrun: {{}}\n'


@pytest.mark.parametrize("command", ["plan", "price", "explain", "source fetch", "doctor"])
def test_a_configuration_that_brings_code_is_refused_by_our_commands(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    (file := tmp_path / "c.yaml").write_text(CODE.format(ran=str(tmp_path / "ran")))
    more = {"explain": ["0" * 24], "source fetch": ["x"]}.get(command, [])
    done = run(*command.split(), *more, "--configfile", file)
    assert "brings code (__definitions__, __use_yte__)" in done.stdout + done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "ran").exists()


def test_each_word_of_it_is_known(tmp_path: Path) -> None:
    for word in ("__use_yte__: true", "__definitions__: []", "__variables__: {a: 1}"):
        (tmp_path / "c.yaml").write_text(word)
        with pytest.raises(UserError, match="brings code"):
            read_yaml(tmp_path / "c.yaml")
