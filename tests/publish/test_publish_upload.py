"""`koreason publish --upload`: the folder becomes one commit of a private repository, by the hub's own client on a hub of this machine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.mirror.hub_here import Hub, serving

Koreason = Callable[..., CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub()) as found:
        yield found


def publish(run: Koreason, hub: Hub, home: Path, *words: object, token: str) -> CompletedProcess[str]:
    known = {"HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": token}
    return run("publish", *words, **known)


def test_a_folder_becomes_one_commit_of_a_private_repository(finished: Path, hub: Hub, tmp_path: Path, run: Koreason) -> None:
    words = ("model", "student", "--repo", "lab/student-ko", "--run", finished, "--out", tmp_path / "out", "--upload")
    done = publish(run, hub, tmp_path, *words, token=hub.token)
    assert done.returncode == 0, done.stderr[-3000:]
    [(commit, files)] = hub.repos["models", "lab/student-ko"]
    out = tmp_path / "out"
    assert files == {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert hub.private == [True] and f"/lab/student-ko/commit/{commit}" in done.stdout
    assert hub.token not in done.stdout + done.stderr


def test_without_being_asked_nothing_is_uploaded(finished: Path, hub: Hub, tmp_path: Path, run: Koreason) -> None:
    words = ("data", "mix", "--repo", "lab/demo-ko", "--run", finished, "--out", tmp_path / "out", "--redistributable")
    assert publish(run, hub, tmp_path, *words, token=hub.token).returncode == 0
    assert hub.asked == []
    assert publish(run, hub, tmp_path, *words, "--dry", "--upload", token=hub.token).returncode == 2


def test_who_may_not_is_told_in_one_line_and_the_folder_stays(finished: Path, hub: Hub, tmp_path: Path, run: Koreason) -> None:
    words = ("data", "mix", "--repo", "lab/demo-ko", "--run", finished, "--out", tmp_path / "out", "--redistributable", "--upload")
    done = publish(run, hub, tmp_path, *words, token="hf_" + "another" * 5)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (
        done.stderr.splitlines()[-1].startswith("koreason: lab/demo-ko: the hub does not take it (")
        and (tmp_path / "out/README.md").is_file()
    )
    assert hub.repos == {} and "another" * 5 not in done.stdout + done.stderr


def test_a_folder_that_was_looked_at_and_edited_is_uploaded_as_it_is(finished: Path, hub: Hub, tmp_path: Path, run: Koreason) -> None:
    """What is advised can be done: look at the card, then the same command with --upload; and again after a hub that did not answer."""
    out = tmp_path / "out"
    words = ("data", "mix", "--repo", "lab/demo-ko", "--run", finished, "--out", out, "--redistributable")
    assert "type the same with --upload" in publish(run, hub, tmp_path, *words, token="").stdout
    (out / "README.md").write_text("# Mine\n", encoding="utf-8")
    assert publish(run, hub, tmp_path, *words, "--upload", token="hf_" + "another" * 5).returncode == 2
    done = publish(run, hub, tmp_path, *words, "--upload", token=hub.token)
    assert done.returncode == 0, done.stderr[-3000:]
    [(_, files)] = hub.repos["datasets", "lab/demo-ko"]
    assert files["README.md"] == b"# Mine\n" and not list(tmp_path.glob(".out*"))
    (out / "notes.txt").touch()
    assert "its notes.txt is not this run's" in publish(run, hub, tmp_path, *words, "--upload", token=hub.token).stderr
    (out / "notes.txt").unlink()
    (out / "examples.jsonl").write_text("{}\n", encoding="utf-8")
    assert "its examples.jsonl is not this run's" in publish(run, hub, tmp_path, *words, "--upload", token=hub.token).stderr
    assert publish(run, hub, tmp_path, *words, token=hub.token).returncode == 2


def test_what_everybody_sees_is_not_uploaded_to(finished: Path, hub: Hub, tmp_path: Path, run: Koreason) -> None:
    words = ("data", "mix", "--repo", "lab/demo-ko", "--run", finished, "--out", tmp_path / "out", "--redistributable", "--upload")
    assert [publish(run, hub, tmp_path, *words, token=hub.token).returncode for _ in range(2)] == [0, 0], "a later version of one's own"
    hub.hidden.clear()
    before = len(hub.repos["datasets", "lab/demo-ko"])
    done = publish(run, hub, tmp_path, *words, token=hub.token)
    assert done.returncode == 2 and "lab/demo-ko: is there already, and everybody sees it" in done.stderr
    assert len(hub.repos["datasets", "lab/demo-ko"]) == before
