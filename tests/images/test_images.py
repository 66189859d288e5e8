"""Images as files: what is recorded of them, what is refused, and what a build leaves alone. No container is started here."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from handmade_sif import write_sif

from koreason.cli import main
from koreason.errors import UserError
from koreason.images import build, record, sif
from koreason.records import seen
from koreason.records.digests import sha256_file

EPOCH = 1767225600


def test_equal_contents_become_equal_bytes(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    write_sif(one, b"contents")
    write_sif(two, b"contents", identifier=b"r" * 16, when=77, user=0)
    write_sif(other, b"something")
    for path in (one, two, other):
        sif.normalise(path, EPOCH)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()
    assert one.read_bytes().endswith(b"contents")
    assert one.read_bytes()[48:64] == bytes(16)  # the identifier


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 9000])
def test_what_is_no_sif_is_refused(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "x.sif"
    path.write_bytes(damage)
    with pytest.raises(UserError, match="not an image"):
        sif.normalise(path, EPOCH)
    assert path.read_bytes() == damage


@pytest.fixture
def house(tmp_path: Path, home: Path) -> Path:
    """A repository with what images are built from."""
    for part in ("containers", "envs"):
        shutil.copytree(home / part, tmp_path / "house" / part, ignore=shutil.ignore_patterns("images*"))
    return tmp_path / "house"


@pytest.fixture
def built(house: Path) -> Path:
    """That repository with an image of `data` and the record of it; its folder of images."""
    folder = house / "containers" / "images"
    folder.mkdir()
    (folder / "data.sif").write_bytes(b"contents")
    lock = sha256_file(house / "envs" / "data.lock")
    image = record.Image("data", "data.sif", sha256_file(folder / "data.sif"), lock, "of nothing", "cpu")
    record.write_images({"data": image}, house)
    return folder


def test_an_image_as_recorded_is_accepted(house: Path, built: Path) -> None:
    assert record.checked(house, built, "data") == (built / "data.sif", sha256_file(built / "data.sif"))


def test_a_changed_image_is_refused_with_both_digests(house: Path, built: Path) -> None:
    recorded = record.read_images(house)["data"].sha256
    (built / "data.sif").write_bytes(b"c0ntents")
    with pytest.raises(UserError) as caught:
        record.checked(house, built, "data")
    assert recorded in str(caught.value)
    assert sha256_file(built / "data.sif") in str(caught.value)
    assert "build-images" in str(caught.value)


def test_a_missing_image_is_refused_with_the_digest_it_should_have(house: Path, built: Path) -> None:
    recorded = record.read_images(house)["data"].sha256
    (built / "data.sif").unlink()
    with pytest.raises(UserError, match=f"missing.*{recorded}"):
        record.checked(house, built, "data")


def test_an_image_that_was_never_built_is_refused(house: Path, built: Path) -> None:
    with pytest.raises(UserError, match=r"no image of environment 'vllm' \(there are: data\)"):
        record.checked(house, built, "vllm")


@pytest.mark.parametrize("text", ["", "[]", '{"data": {"file": "data.sif"}}', '{"data": 1}'])
def test_a_damaged_record_is_the_users_to_mend(house: Path, text: str) -> None:
    (house / record.LOCK).write_text(text)
    with pytest.raises(UserError, match=r"images\.lock\.json: damaged"):
        record.read_images(house)


def test_a_large_image_is_read_once_a_day_unless_it_is_touched(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = built / "data.sif"
    recorded, read = sha256_file(path), []
    monkeypatch.setattr(record, "ALWAYS_READ", 0)
    monkeypatch.setattr(seen, "SETTLED_NS", 0)
    monkeypatch.setattr(seen, "sha256_file", lambda path: read.append(path) or sha256_file(path))
    record.verify(path, recorded)
    record.verify(path, recorded)
    assert len(read) == 1

    stamp = built / ".data.sif.verified"
    os.utime(stamp, (1, 1))
    record.verify(path, recorded)
    assert len(read) == 2

    before = path.stat()
    with open(path, "r+b") as file:
        file.write(b"C")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(UserError, match="has changed"):
        record.verify(path, recorded)


def test_a_stamp_is_no_proof_of_another_digest(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "ALWAYS_READ", 0)
    record.verify(built / "data.sif", sha256_file(built / "data.sif"))
    with pytest.raises(UserError, match="has changed"):
        record.verify(built / "data.sif", "0" * 64)


def test_a_small_image_is_always_read(built: Path) -> None:
    record.verify(built / "data.sif", sha256_file(built / "data.sif"))
    assert not (built / ".data.sif.verified").exists()


def test_the_list_says_what_is_wrong(house: Path, built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(record, "HOME", house)

    def said(name: str) -> str:
        assert main(["images", "--folder", str(built)]) == 2  # there is none of vllm
        return next(line for line in capsys.readouterr().out.splitlines() if line.startswith(name))

    assert said("data").endswith(" ok")
    assert said("vllm").endswith("not built")
    with open(house / "envs" / "data.lock", "a") as file:
        file.write("# changed\n")
    assert said("data").endswith("older than its lock")
    (built / "data.sif").write_bytes(b"other")
    assert f"changed: has {sha256_file(built / 'data.sif')}, recorded is " in said("data")
    (built / "data.sif").unlink()
    assert said("data").endswith("missing")


APPTAINER = '''#!{python} -IS
"""Stands in for Apptainer: writes an image whose contents are the lock it was told, and notes what it was asked."""
import json, os, sys
sys.path.insert(0, {tests!r})
from handmade_sif import write_sif
from pathlib import Path
arguments = sys.argv[1:]
with open({notes!r}, "a") as notes:
    print(json.dumps([arguments, {{name: os.environ.get(name) for name in ("SOURCE_DATE_EPOCH", "APPTAINERENV_SECRET")}}]), file=notes)
if Path({notes!r} + ".fail").exists():
    print("FATAL: no space")
    sys.exit(255)
if arguments[0] == "sign":
    with open(arguments[-1], "ab") as image:
        image.write(b"signed")
    sys.exit()
lock = next(value[5:] for value in arguments if value.startswith("LOCK="))
write_sif(Path(arguments[-2]), Path(lock).read_bytes(), identifier=os.urandom(16))
'''


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[tuple[list[str], dict[str, str | None]]]]:
    """What Apptainer was asked since the last call; in its place stands a program, and nothing is downloaded."""
    notes, program = tmp_path / "notes", tmp_path / "bin" / "apptainer"
    program.parent.mkdir()
    program.write_text(APPTAINER.format(python=sys.executable, tests=str(Path(__file__).parent), notes=str(notes)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(build, "_download", lambda lock, wheels, logged, path: wheels.mkdir(exist_ok=True))

    def calls() -> list[tuple[list[str], dict[str, str | None]]]:
        lines = notes.read_text().splitlines() if notes.exists() else []
        notes.write_text("")
        return [tuple(json.loads(line)) for line in lines]

    return calls


def build_all(house: Path, *names: str, **options: object) -> dict[str, str]:
    """Build and give the digests that are then recorded."""
    settings = {"flavour": "cpu", "base": "registry", **options}
    build.build_images(house, house / "containers" / "images", names or record.NAMES, **settings)  # type: ignore[arg-type]
    return {name: image.sha256 for name, image in record.read_images(house).items()}


def test_only_what_has_changed_is_built(house: Path, asked: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPTAINERENV_SECRET", "of the host")
    first = build_all(house)
    calls = asked()
    assert len(calls) == 3
    assert all(variables == {"SOURCE_DATE_EPOCH": str(EPOCH), "APPTAINERENV_SECRET": None} for _, variables in calls)
    assert all(image.lock == sha256_file(house / "envs" / f"{name}.lock") for name, image in record.read_images(house).items())
    record.checked(house, house / "containers" / "images", "vllm")

    assert build_all(house) == first
    assert asked() == []
    assert build_all(house, force=True) == first
    assert len(asked()) == 3

    with open(house / "envs" / "megatron.lock", "a") as file:
        file.write("another==1.0\n")
    second = build_all(house)
    assert [arguments[-1] for arguments, _ in asked()] == ["containers/megatron.def"]
    assert {name for name in first if first[name] != second[name]} == {"megatron"}

    with open(house / "containers" / "data.def", "a") as file:
        file.write("# another way\n")
    build_all(house)
    assert [arguments[-1] for arguments, _ in asked()] == ["containers/data.def"]

    (house / "containers" / "images" / "vllm.sif").write_bytes(b"changed")
    assert build_all(house) == second
    assert [arguments[-1] for arguments, _ in asked()] == ["containers/vllm.def"]


def test_an_image_is_signed_before_its_digest_is_recorded(house: Path, asked: Callable, tmp_path: Path) -> None:
    plain = build_all(house, "data")
    signed = build_all(house, "data", force=True, key=tmp_path / "key.pem")
    assert signed != plain
    assert asked()[-1][0][:3] == ["sign", "--key", str(tmp_path / "key.pem")]
    path, digest = record.checked(house, house / "containers" / "images", "data")
    assert path.read_bytes().endswith(b"signed")
    assert digest == signed["data"]


def test_flavours_share_a_definition(house: Path, asked: Callable) -> None:
    build_all(house, flavour="cuda")
    locks = {arguments[-1]: next(part for part in arguments if part.startswith("LOCK=")) for arguments, _ in asked()}
    assert locks == {
        "containers/data.def": "LOCK=envs/data.lock",  # nothing in it computes on GPUs
        "containers/megatron.def": "LOCK=envs/megatron-cuda.lock",
        "containers/vllm.def": "LOCK=envs/vllm-cuda.lock",
    }
    assert [image.flavour for image in record.read_images(house).values()] == ["cpu", "cuda", "cuda"]
    assert [state for _, _, state in record.states(house / "containers" / "images", house)] == ["ok"] * 3
    build_all(house, "vllm")
    assert [image.flavour for image in record.read_images(house).values()] == ["cpu", "cuda", "cpu"]


def test_a_failed_build_leaves_the_image_that_was_there(house: Path, asked: Callable, tmp_path: Path) -> None:
    first = build_all(house, "data")
    (tmp_path / "notes.fail").touch()
    with pytest.raises(UserError, match=r"data\.log: image data could not be built \(FATAL: no space\)"):
        build_all(house, "data", force=True)
    assert record.checked(house, house / "containers" / "images", "data")[1] == first["data"]


def test_an_unknown_image_is_refused(house: Path, asked: Callable) -> None:
    with pytest.raises(UserError, match="no image 'nothing'"):
        build_all(house, "nothing")


def test_without_apptainer_it_is_said_where_to_get_it(house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(build, "HOME", house)
    assert main(["build-images", "data", "--folder", str(house / "images")]) == 2
    assert "containers/install-apptainer" in capsys.readouterr().err
