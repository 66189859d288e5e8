"""A converted model is kept for other runs: taken whole, never when damaged, and never in the way."""

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from koreason.bases import kept
from koreason.config.effects import identity


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what is kept, with one small conversion in it under the name `one`."""
    monkeypatch.setenv("KOREASON_ENVS", str(tmp_path / "envs"))
    made = tmp_path / "made"
    made.mkdir()
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "config.json").write_text("{}")
    kept.keep("one", made)
    return tmp_path / "envs" / ".bases"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_taken_is_a_copy_of_what_was_kept(store: Path, tmp_path: Path) -> None:
    assert kept.take("one", tmp_path / "out")
    assert files(tmp_path / "out") == {"model.safetensors": b"weights", "config.json": b"{}"}
    (tmp_path / "out" / "config.json").write_text("changed")
    assert kept.take("one", tmp_path / "again")
    assert not kept.take("another", tmp_path / "other")
    assert not kept.take(None, tmp_path / "other")


DAMAGE = {
    "another byte": lambda folder: (folder / "model.safetensors").write_bytes(b"Weights"),
    "cut off": lambda folder: (folder / "model.safetensors").write_bytes(b"weight"),
    "a file less": lambda folder: (folder / "config.json").unlink(),
    "a file more": lambda folder: (folder / "tokenizer.json").write_text("{}"),
    "a folder": lambda folder: (folder / "more").mkdir(),
    "no digests": lambda folder: (folder / "digests.json").unlink(),
    "digests that are none": lambda folder: (folder / "digests.json").write_text("[1"),
    "a link to nowhere": lambda folder: (folder / "tokenizer.json").symlink_to("/nowhere/at/all"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_damaged_is_not_taken_and_is_replaced(store: Path, tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture) -> None:
    DAMAGE[case](store / "one")
    assert not kept.take("one", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert "is damaged" in caplog.text
    kept.keep("one", tmp_path / "made")
    assert kept.take("one", tmp_path / "out")


def test_what_nobody_took_for_long_goes_when_something_comes(store: Path, tmp_path: Path) -> None:
    for name in ("two", "three"):
        kept.keep(name, tmp_path / "made")
    for name in ("two", "three"):
        os.utime(store / name, (1, 1))
    assert kept.take("two", tmp_path / "out")
    kept.keep("four", tmp_path / "made")
    assert sorted(path.name for path in store.iterdir()) == ["four", "one", "two"]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KOREASON_ENVS", str(tmp_path / "file"))
    kept.keep("one", tmp_path)
    assert not kept.take("one", tmp_path / "out")


@pytest.mark.slow
def test_the_demos_model_is_converted_once(run, home: Path, tmp_path: Path) -> None:
    spec = yaml.safe_load((home / "config" / "config.yaml").read_text(encoding="utf-8"))["bases"]["smollm2-135m"]
    spec = identity("base", "bases", spec)
    real = Path(os.environ.get("KOREASON_ENVS", home / ".envs"))

    def base(out: str, **variables: str) -> tuple[bool, str]:
        """Whether it was converted, and the manifest."""
        done = run("base", "--spec", json.dumps(spec), "--out", tmp_path / out, **variables)
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / out / ".converting").exists()
        return json.loads((tmp_path / out / "run.json").read_text())["converted"], (tmp_path / out / "manifest.json").read_text()

    _, manifest = base("first")
    assert base("second") == (False, manifest)
    scratch = tmp_path / "envs"
    scratch.mkdir()
    (scratch / "vllm").symlink_to(real / "vllm")
    shutil.copytree(real / ".bases", scratch / ".bases")
    for weights in scratch.glob(".bases/*/model.safetensors"):
        with open(weights, "r+b") as file:
            file.seek(1_000_000)
            file.write(b"no weights")
    # what an entry of other files left behind is no part of the model
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "model-00001-of-00002.safetensors").write_bytes(b"left over")
    assert base("third", KOREASON_ENVS=str(scratch)) == (True, manifest), "what is damaged is not taken, a second conversion gives the same"
    assert not (tmp_path / "third" / "model-00001-of-00002.safetensors").exists()
    assert base("fourth", KOREASON_ENVS=str(scratch)) == (False, manifest), "and what is kept is whole"
