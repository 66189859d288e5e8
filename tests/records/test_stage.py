"""What a stage that is too costly to repeat may take over from an earlier run."""

from pathlib import Path

import pytest

from koreason.records.manifest import RUN
from koreason.records.stage import Stage


def stage(out: Path, given: Path, spec: object = "spec", name: str = "train") -> Stage:
    return Stage(out, name, spec, [given])


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """An input."""
    path = tmp_path / "input.json"
    path.write_text("input", encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path: Path, given: Path) -> Path:
    """A finished output whose manifest is lost."""
    with stage(tmp_path / "out", given) as run:
        run.path("model").write_text("model", encoding="utf-8")
        run.add("model", rows=1)
        run.counts = {"steps": 3}
    return tmp_path / "out"


def test_the_same_run_is_taken_over_as_it_was_declared(out: Path, given: Path) -> None:
    declared, told = (out / "manifest.json").read_text(), (out / RUN).read_text()
    with stage(out, given) as run:
        assert run.made_before()
        assert not (out / "manifest.json").exists()
    assert (out / "manifest.json").read_text() == declared and (out / RUN).read_text() == told


def test_another_run_is_not(out: Path, given: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not stage(out, given, spec="other").made_before()
    assert not stage(out, given, name="pack").made_before()
    for name in ("KOREASON_CODE", "KOREASON_ENVIRONMENT"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "other")
            assert not stage(out, given).made_before()
    given.write_text("changed", encoding="utf-8")
    assert not stage(out, given).made_before()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made": null}'])
def test_nor_one_that_is_not_told_of(out: Path, given: Path, text: str) -> None:
    (out / RUN).write_text(text, encoding="utf-8")
    assert not stage(out, given).made_before()


def test_nor_one_that_is_not_whole(out: Path, given: Path) -> None:
    (out / "model").write_text("mode", encoding="utf-8")
    assert not stage(out, given).made_before()
    (out / "model").unlink()
    assert not stage(out, given).made_before()


def test_what_is_there_stays_until_its_successor_is_whole(out: Path, given: Path) -> None:
    before = (out / RUN).read_text()
    with pytest.raises(KeyboardInterrupt), stage(out, given, spec="other") as run:
        run.path("model").write_text("another", encoding="utf-8")
        run.path("half").write_text("ha", encoding="utf-8")
        raise KeyboardInterrupt
    assert sorted(path.name for path in out.iterdir()) == ["model", "run.json"], "no manifest, and nothing of what was begun"
    assert (out / "model").read_text() == "model" and (out / RUN).read_text() == before
    with stage(out, given) as again:
        assert again.made_before()


def test_what_a_killed_attempt_built_is_no_part_of_the_next_one(out: Path, given: Path) -> None:
    (out / ".making").mkdir()
    (out / ".making" / "torn").write_text("to", encoding="utf-8")
    with stage(out, given, spec="other") as run:
        run.path("folder/new").write_text("new", encoding="utf-8")
        run.add("folder/new")
    assert sorted(path.name for path in out.iterdir()) == ["folder", "manifest.json", "run.json"], "and the former model has made way"
