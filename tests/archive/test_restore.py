"""`koreason restore`: the same files in another folder, every flipped byte named, and nothing taken that is not understood."""

import io
import json
import lzma
import shutil
import tarfile
from pathlib import Path

import pytest

from koreason.archive.gathered.jobs import jobs
from koreason.archive.restore import about
from koreason.cli import main as koreason
from koreason.cli import parser_for
from koreason.errors import UserError
from koreason.identity import laid
from tests.archive.small_run import archive


@pytest.fixture(scope="module")
def bag(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bags") / "run.bag"
    archive(finished, out)
    archive(finished, out.with_suffix(".tar"))
    return out


def restore(source: Path, *options: object) -> int:
    arguments = parser_for("restore").parse_args([str(source), *map(str, options)])
    return int(arguments.main(arguments))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", ["bag", "tar"])
def test_the_run_comes_back(bag: Path, finished: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = bag.with_suffix(f".{form}")
    assert restore(source, "--into", tmp_path / "back") == 0
    assert "each with its digest: archive " in capsys.readouterr().out
    for part in ("results", ".koreason/code"):
        before, after = files(finished / part), files(tmp_path / "back" / part)
        told = [name for name in before if name.endswith(("run.json", "attempts.jsonl", "/.lock"))]
        assert {name: after[name] for name in before if name not in told} == {name: before[name] for name in before if name not in told}
    [package] = (tmp_path / "back/.koreason/code").iterdir()
    assert laid.tree_digest(package) == package.name, "and is what was planned: programs are programs"
    assert (tmp_path / "back/.koreason/archive/inputs/sources/forum/forum.jsonl").is_file()
    assert not list(tmp_path.glob(".back*"))


def test_a_flipped_byte_anywhere_is_named(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(bag, whole)
    for path in sorted(whole.rglob("*")):
        if not path.is_file() or path.stat().st_size == 0:
            continue
        data = path.read_bytes()
        for place in {0, len(data) // 2, len(data) - 1}:
            path.chmod(0o644)
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            with pytest.raises(UserError, match=r"not as they were archived|no archive"):
                restore(whole, "--check")
            assert path.name in capsys.readouterr().out, (path, place)
        path.write_bytes(data)
    assert restore(whole, "--check") == 0


def packed(bag: Path, out: Path, form: int) -> Path:
    """A bag's folder, packed by somebody; in the format of POSIX times are in headers of their own."""
    with tarfile.open(out, "w", format=form) as tar:
        for path in sorted(bag.rglob("*")):
            if path.is_file():
                tar.add(path, f"run.bag/{path.relative_to(bag)}")
    return out


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_a_tar_that_somebody_has_packed_anew_is_as_good(bag: Path, tmp_path: Path, form: int) -> None:
    assert restore(packed(bag, tmp_path / "anew.tar", form), "--check") == 0


@pytest.mark.parametrize("anew", [False, True])
def test_a_flipped_byte_of_a_tar_is_named_where_it_belongs_to_no_file(bag: Path, tmp_path: Path, anew: bool) -> None:
    source = packed(bag, tmp_path / "anew.tar", tarfile.PAX_FORMAT) if anew else bag.with_suffix(".tar")
    data = source.read_bytes()
    with tarfile.open(source) as tar:
        members = tar.getmembers()
    assert anew == any(member.offset_data - member.offset > 512 for member in members)
    ends = [member.offset_data + member.size for member in members if member.size % 512]
    fill = {place for end in ends for place in (end, end + -end % 512 - 1)}
    heads = {place for member in members for place in (*range(member.offset + 148, member.offset + 156), member.offset_data - 513)}
    last = {len(data) - 1, len(data) - 600, max(ends) + -max(ends) % 512}
    for place in sorted(fill)[::7] + sorted(heads)[::11] + sorted(last):
        (tmp_path / "flipped.tar").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(UserError, match=r"not as they were archived|is damaged or cut behind"):
            restore(tmp_path / "flipped.tar", "--check")


def test_what_is_missing_or_too_much_is_named_and_nothing_is_left(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "bag"
    shutil.copytree(bag, damaged)
    (damaged / "data/run/results/mixes/mix/rows.parquet").unlink()
    (damaged / "data/more.txt").write_text("more")
    with pytest.raises(UserError):
        restore(damaged, "--into", tmp_path / "back")
    said = capsys.readouterr().out
    assert "data/run/results/mixes/mix/rows.parquet: is missing" in said and "data/more.txt: does not stand in" in said
    assert not (tmp_path / "back").exists() and not list(tmp_path.glob(".back*"))
    (damaged / "tagmanifest-sha256.txt").unlink()
    with pytest.raises(UserError):
        restore(damaged, "--check")
    assert "tagmanifest-sha256.txt: is missing: the archive was cut" in capsys.readouterr().out


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_tar_that_was_cut_is_refused(bag: Path, tmp_path: Path, share: float) -> None:
    data = bag.with_suffix(".tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"cut\.tar"):
        restore(tmp_path / "cut.tar", "--into", tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("kind", ["out", "absolute", "symlink", "link out", "device", "twice"])
def test_a_tar_of_a_stranger_writes_nowhere_else(bag: Path, tmp_path: Path, kind: str) -> None:
    bad = tarfile.TarInfo({"out": "run.bag/../../stolen", "absolute": "/tmp/stolen"}.get(kind, "run.bag/data/run/stolen"))
    bad.type = {"symlink": tarfile.SYMTYPE, "link out": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}.get(kind, tarfile.REGTYPE)
    bad.linkname = "../../../../etc/passwd" if kind in ("symlink", "link out") else ""
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        for _ in range(2 if kind == "twice" else 1):
            tar.addfile(bad, io.BytesIO(b""))
    with pytest.raises(UserError):
        restore(tmp_path / "bad.tar", "--into", tmp_path / "back")
    assert not list(tmp_path.rglob("stolen"))


def test_a_link_in_a_folder_is_not_followed(bag: Path, tmp_path: Path) -> None:
    shutil.copytree(bag, tmp_path / "bag")
    (tmp_path / "bag/data/run/results/link").symlink_to("/etc")
    with pytest.raises(UserError, match="is no plain file"):
        restore(tmp_path / "bag", "--into", tmp_path / "back")


def test_a_later_format_is_refused_and_what_is_there_is_not_touched(bag: Path, tmp_path: Path) -> None:

    (tmp_path / ".koreason/archive").mkdir(parents=True)
    (tmp_path / ".koreason/archive/archive.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(UserError, match="was made in format 99, and this koreason knows up to 2"):
        about(tmp_path)
    (tmp_path / "mine").write_text("years")
    with pytest.raises(UserError, match="is there already, and not empty"):
        restore(bag, "--into", tmp_path)


def test_a_mistake_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert koreason(["restore", str(tmp_path / "none"), "--check"]) == 2
    assert koreason(["restore", str(tmp_path), "--check"]) == 2
    assert "there is no such archive" in (said := capsys.readouterr().err) and "is no archive: it has no bagit.txt" in said


@pytest.mark.parametrize("kept", sorted((Path(__file__).parent / "formats").glob("*.tar.xz")), ids=lambda path: path.name)
def test_an_archive_of_every_earlier_format_is_restored(kept: Path, tmp_path: Path) -> None:
    """They were made by the versions that wrote these formats, and are never made again."""
    (tmp_path / "old.tar").write_bytes(lzma.decompress(kept.read_bytes()))
    assert restore(tmp_path / "old.tar", "--into", tmp_path / "back") == 0
    assert str(about(tmp_path / "back")["format"]) == kept.name.split(".")[0]
    made = {job.folder: job for job in jobs(tmp_path / "back") if job.made}
    assert len(made) == 9 and len(made["results/traces/small/mixed/00000-of-00001"].attempts) == 3


def test_a_run_is_not_restored_into_its_archive_or_through_a_link(bag: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lies in the archive"):
        restore(bag, "--into", bag / "run")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="is there already"):
        restore(bag, "--into", tmp_path / "link")
    assert restore(bag, "--check") == 0 and not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_no_archive_is_called_so_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes").symlink_to("/etc/hostname")
    with pytest.raises(UserError, match=r"is no archive: it has no bagit\.txt"):
        restore(tmp_path, "--check")
