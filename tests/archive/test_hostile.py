"""Archives of strangers: whole by their own digests, and made to fill a disk or memory, or to say what nobody expects."""

import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koreason.cli import main as koreason
from tests.archive.small_run import archive

KEPT = Path(__file__).parent / "formats" / "2.tar.xz"
MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
ODD: list[Any] = [None, [], {}, "x", -1, True, 1e308, float("inf"), float("nan"), {"a": {"b": [None]}}, [1, {}], "\x1b[31m"]


@pytest.fixture(scope="module")
def payload() -> dict[str, bytes]:
    """Files of an archive that is kept from an earlier version, without its lists."""
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(KEPT.read_bytes()))) as tar:
        read = {member.name.partition("/")[2]: tar.extractfile(member) for member in tar if member.isreg()}
        return {name: file.read() for name, file in read.items() if file is not None and name not in (MANIFEST, TAGS)}


def listed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a bag with lists that are right."""
    found = dict(files)
    for name, mine in ((MANIFEST, True), (TAGS, False)):
        some = {one: data for one, data in found.items() if one.startswith("data/") is mine and one != TAGS}
        found[name] = "".join(f"{hashlib.sha256(data).hexdigest()}  {one}\n" for one, data in sorted(some.items())).encode()
    return found


def folder(files: dict[str, bytes], out: Path) -> Path:
    for name, data in listed(files).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    return out


def packed(files: dict[str, bytes], out: Path, change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> Path:
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in listed(files).items():
            member = tarfile.TarInfo(f"run.bag/{name}")
            member.size = len(data)
            change(member)
            tar.addfile(member, io.BytesIO(data))
    return out


def one_line(arguments: list[str], said: pytest.CaptureFixture[str]) -> str:
    """What a refusal says, which is one line."""
    assert koreason(arguments) == 2
    [line] = [line for line in said.readouterr().err.splitlines() if line.startswith("koreason:")]
    return line


def test_the_kept_archive_is_whole(payload: dict[str, bytes], tmp_path: Path) -> None:
    assert koreason(["restore", str(folder(payload, tmp_path / "bag")), "--into", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("name", ["profiles/default/config.yaml", "site.yaml", ".koreason/seen", ".koreason/configs/c.json", "x"])
def test_a_run_holds_what_is_archived_of_runs_and_nothing_else(
    payload: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    bag = packed(payload | {f"data/run/{name}": b"x"}, tmp_path / "bag.tar")
    assert "is no name of an archive's file" in one_line(["restore", str(bag), "--into", str(tmp_path / "run")], capsys)
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_larger_than_its_bytes_is_not_written(
    payload: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def sparse(member: tarfile.TarInfo) -> None:
        if member.name.endswith("/logs/big"):
            member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 45)}

    bag = packed(payload | {"data/run/logs/big": b""}, tmp_path / "bag.tar", sparse)
    assert "holds a member that is no plain file" in one_line(["restore", str(bag), "--into", str(tmp_path / "run")], capsys)

    def damaged(member: tarfile.TarInfo) -> None:
        member.pax_headers = {"GNU.sparse.map": "0,1,x", "GNU.sparse.size": "9"}

    bag = packed(payload, tmp_path / "other.tar", damaged)
    assert "is damaged or cut" in one_line(["restore", str(bag), "--check"], capsys)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_headers_without_end_are_not_kept_in_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: bytes) -> None:
    head = tarfile.TarInfo("x")
    head.type, head.size = kind, 1 << 40
    with open(tmp_path / "bag.tar", "wb") as file:
        file.write(head.tobuf(tarfile.GNU_FORMAT))
        file.truncate(1 << 41)  # a hole: it takes no room
    assert "headers without end" in one_line(["restore", str(tmp_path / "bag.tar"), "--check"], capsys)


def odd(text: bytes) -> list[bytes]:
    """A JSON text with each of its keys, and itself, made something else."""
    whole = json.loads(text)
    found = [json.dumps(one).encode() for one in ODD] + [b"[" * 100_000, b"{", b"\xff"]
    for number, key in enumerate(whole):
        found += [json.dumps(whole | {key: ODD[(number + turn) % len(ODD)]}).encode() for turn in (0, 6)]
        if isinstance(whole[key], dict):
            found += [json.dumps(whole | {key: dict.fromkeys(whole[key], one)}).encode() for one in ODD[::4]]
        found.append(json.dumps({other: value for other, value in whole.items() if other != key}).encode())
    return found


@pytest.mark.parametrize(
    "name",
    [
        "data/archive.json",
        "data/run/results/mixes/mix/manifest.json",
        "data/run/results/mixes/mix/run.json",
        "data/run/results/mixes/mix/attempts.jsonl",
    ],
)
def test_what_an_archive_says_of_itself_is_not_believed(
    payload: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text = payload[name].splitlines()[0] if name.endswith(".jsonl") else payload[name]
    refused = 0
    for number, changed in enumerate(odd(text)):
        bag = folder(payload | {name: changed}, tmp_path / f"{number}.bag")
        status = koreason(["restore", str(bag), "--into", str(tmp_path / str(number))])
        assert status in (0, 2), changed[:200]
        refused += status == 2
        if not status:
            assert koreason(["diff", str(tmp_path / str(number)), str(bag)]) == 0
    assert refused or name != "data/archive.json"
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_neighbours_link_where_an_archive_is_written_is_not_followed(finished: Path, tmp_path: Path, kind: str) -> None:
    mine = tmp_path / "thesis"
    mine.write_text("years")
    partial = tmp_path / "run.bag.tar.partial"
    partial.symlink_to(mine) if kind == "symbolic" else partial.hardlink_to(mine)
    archive(finished, tmp_path / "run.bag.tar")
    assert mine.read_text() == "years"
    assert koreason(["restore", str(tmp_path / "run.bag.tar"), "--check"]) == 0


def test_a_neighbours_folder_where_a_run_is_restored_is_not_used(payload: dict[str, bytes], tmp_path: Path) -> None:
    bag, elsewhere = folder(payload, tmp_path / "bag"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".run.restoring").symlink_to(elsewhere)
    assert koreason(["restore", str(bag), "--into", str(tmp_path / "run")]) == 0
    assert not list(elsewhere.iterdir()) and (tmp_path / "run/results").is_dir()


def test_a_place_where_no_folder_can_be_is_one_line(payload: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = folder(payload, tmp_path / "bag")
    assert "cannot be made" in one_line(["restore", str(bag), "--into", "/proc/run"], capsys)
