"""`koreason archive`: what a bag holds, that it is the same each time, that it goes on where it was cut, and what it refuses."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from koreason.archive.bag import folder as folders
from koreason.archive.bag.contents import Contents
from koreason.archive.bag.stream import whole
from koreason.archive.bag.tags import Bag
from koreason.errors import UserError
from koreason.records.stage import Stage
from tests.archive.small_run import CHAIN, archive, payload


def bytes_of(bag: Path) -> dict[str, bytes]:
    return {path.relative_to(bag).as_posix(): path.read_bytes() for path in sorted(bag.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def bag(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bag") / "run.bag"
    assert archive(finished, out) == 0
    return out


def test_it_holds_the_run_what_made_it_and_what_it_read(bag: Path, finished: Path) -> None:
    held = payload(bag)
    for place, _, _ in CHAIN:
        for name in ("manifest.json", "run.json", "attempts.jsonl"):
            assert f"run/results/{place}/{name}" in held
    [package] = (finished / ".koreason/code").iterdir()
    assert {f"run/.koreason/code/{package.name}/{name}" for name in ("Snakefile", "envs/data.lock")} <= held.keys()
    assert "run/results/traces/small/mixed/journal/00000-of-00001/rows.jsonl" in held
    assert "inputs/sources/forum/forum.jsonl" in held and "run/logs/trace/trace.traces.small.mixed.00000-of-00001.log" in held
    assert {"archive.json", "config.json", "README.md", "CITATION.cff", "codemeta.json", "sbom/data.cdx.json"} <= held.keys()
    assert not [name for name in held if name.endswith(("/.lock", "/.attempt"))]


def test_every_line_of_it_is_true(bag: Path) -> None:
    for path, digest in payload(bag).items():
        assert hashlib.sha256((bag / "data" / path).read_bytes()).hexdigest() == digest, path
    tags = dict(reversed(line.split("  ")) for line in (bag / "tagmanifest-sha256.txt").read_text().splitlines())
    assert all(hashlib.sha256((bag / name).read_bytes()).hexdigest() == digest for name, digest in tags.items())
    assert "Bagging-Date: 2026-09-21\n" in (bag / "bag-info.txt").read_text(), "the run's date, not today's"


def test_the_same_run_makes_the_same_bytes_as_a_folder_and_as_a_tar(
    bag: Path, finished: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    archive(finished, tmp_path / "again.bag")
    assert bytes_of(tmp_path / "again.bag") == bytes_of(bag)
    archive(finished, tmp_path / "one.tar")
    capfdbinary.readouterr()
    archive(finished, "-")
    assert capfdbinary.readouterr().out == (tmp_path / "one.tar").read_bytes(), "to a pipe as to a file"
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert {(member.uid, member.uname, member.mtime) for member in tar} == {(0, "", 1790000530)}
        tar.extractall(tmp_path / "unpacked", filter="data")
    assert bytes_of(tmp_path / "unpacked" / "run.bag") == bytes_of(bag)


def test_results_are_linked_and_what_is_appended_to_is_copied(bag: Path, finished: Path) -> None:
    inside = bag / "data" / "run" / "results"
    assert (inside / "pools/small/rows.parquet").samefile(finished / "results/pools/small/rows.parquet")
    for name in ("pools/small/attempts.jsonl", "pools/small/manifest.json", "traces/small/mixed/journal/00000-of-00001/rows.jsonl"):
        assert not (inside / name).samefile(finished / "results" / name)


def test_a_stage_that_runs_again_leaves_the_archive_as_it_was(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive(copied, tmp_path / "bag")
    before = (tmp_path / "bag/data/run/results/pools/small/rows.parquet").read_bytes()
    monkeypatch.chdir(copied)
    with Stage(Path("results/pools/small"), "pool", {}, []) as stage:
        stage.path("rows.parquet").write_text("other rows")
    assert (tmp_path / "bag/data/run/results/pools/small/rows.parquet").read_bytes() == before


def test_equal_contents_lie_in_it_once(bag: Path, finished: Path, tmp_path: Path) -> None:
    one, other = (bag / "data/run/logs" / name for name in ("ingest/ingest.sources.forum.log", "pool/pool.pools.small.log"))
    assert one.samefile(other)
    archive(finished, tmp_path / "one.tar")
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert tar.getmember("run.bag/data/run/logs/pool/pool.pools.small.log").islnk()


def test_sizes_are_told_beforehand_and_parts_can_be_chosen(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive(finished, tmp_path / "bag", "--select", "journals", "--sizes")
    told = capsys.readouterr().out
    assert "journals           1 files" in told and "results " not in told and not (tmp_path / "bag").exists()
    archive(finished, tmp_path / "bag", "--select", "journals")
    held = payload(tmp_path / "bag")
    assert [name for name in held if "journal/" in name] and not [name for name in held if name.endswith(".parquet")]
    about = json.loads((tmp_path / "bag/data/archive.json").read_text())
    assert {"results", "inputs", "wheels"} <= set(about["without"])


def test_without_inputs_it_says_which_they_were(finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "bag", "--without-inputs")
    assert not [name for name in payload(tmp_path / "bag") if name.startswith("inputs/")]
    forum, quiz = json.loads((tmp_path / "bag/data/archive.json").read_text())["inputs"]
    assert forum["files"]["forum.jsonl"] and (quiz["hub"], quiz["revision"]) == ("somebody/quiz", "0" * 40)


# --- cut in the middle -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_tar_that_was_cut_goes_on(finished: Path, tmp_path: Path, share: float) -> None:
    archive(finished, tmp_path / "whole.tar")
    data = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "cut.tar.partial").write_bytes(data[: int(len(data) * share)])
    archive(finished, tmp_path / "cut.tar")
    assert (tmp_path / "cut.tar").read_bytes() == data and not (tmp_path / "cut.tar.partial").exists()


def test_a_tar_with_a_damaged_beginning_is_made_again_from_there(finished: Path, tmp_path: Path) -> None:
    archive(finished, tmp_path / "one.tar")
    whole_one = (tmp_path / "one.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        member = max(tar.getmembers(), key=lambda member: -member.size % 512)
    inside, padding = member.offset_data + member.size // 2, member.offset_data + member.size + 1
    for place in (member.offset + 20, inside, padding, len(whole_one) // 2, len(whole_one) - 1):
        data = bytearray(whole_one)
        data[place] ^= 1
        (tmp_path / "one.tar").write_bytes(data)
        archive(finished, tmp_path / "one.tar")
        assert (tmp_path / "one.tar").read_bytes() == whole_one, place


def test_a_folder_that_was_cut_goes_on_and_keeps_what_is_whole(
    finished: Path, bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    put = folders._put

    def killed(path: Path, *rest: object) -> None:
        if len(written) == 20:
            path.with_name(".new-torn").write_text("half")
            raise KeyboardInterrupt
        written.append(str(path))
        put(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(folders, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        archive(finished, tmp_path / "bag")
    assert not (tmp_path / "bag" / "tagmanifest-sha256.txt").exists(), "what is not whole is no bag"
    torn = next(path for path in map(Path, written) if path.name == "commands.py")
    torn.unlink()
    torn.write_bytes(b"cut")
    monkeypatch.setattr(folders, "_put", lambda path, *rest: (written.append(str(path)), put(path, *rest))[1])
    archive(finished, tmp_path / "bag")
    assert bytes_of(tmp_path / "bag") == bytes_of(bag)
    assert {name for name in written if written.count(name) > 1} == {str(torn)}


def test_a_file_that_changes_meanwhile_is_refused(finished: Path, tmp_path: Path) -> None:
    from koreason.archive.entries import Entry

    (tmp_path / "grows.jsonl").write_text("1")
    entry = Entry("grows.jsonl", "logs", tmp_path / "grows.jsonl", sha256=hashlib.sha256(b"0").hexdigest(), size=1)
    with pytest.raises(UserError, match=r"grows\.jsonl: has changed while it was archived"):
        folders.write(Bag([entry], 0), tmp_path / "bag", Contents([], redact=False))
    assert not list((tmp_path / "bag/data").iterdir()) and whole(Bag([entry], 0), Path(os.devnull)) == (0, 0)
