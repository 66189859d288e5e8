"""What a container is shown: folders, nested as they are meant, variables of paths, and an image that nobody else can replace."""

import json
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.images import record
from koreason.images.enter import _named, _nested
from koreason.records.digests import sha256_file


def test_an_inner_bind_comes_after_what_it_lies_in() -> None:
    binds = ["/tmp/k:/tmp", "/work/run/.koreason/code/1:/work/run/.koreason/code/1:ro", "/work/run:/work/run:rw", "/work:/work:rw"]
    assert _nested(binds) == [
        "/tmp/k:/tmp:rw",
        "/work:/work:rw",
        "/work/run:/work/run:rw",
        "/work/run/.koreason/code/1:/work/run/.koreason/code/1:ro",
    ]


@pytest.mark.parametrize("later", ["/code:/code:rw", "/code", "/code/:/code/", "/elsewhere:/code"])
def test_what_is_read_only_stays_so(later: str) -> None:
    assert _nested(["/code:/code:ro", later]) == ["/code:/code:ro"]
    assert _nested(["/code:/code:rw", "/code:/code:ro"]) == ["/code:/code:ro"]


def test_variables_reach_a_container_from_paths_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OTHER", "KOREASON_SEAL_KEY"):
        monkeypatch.setenv(name, "x")
    spec = {
        "root": "$DATA/forum",
        "file": "${HF_TOKEN}/x",
        "instruction": "Say $OTHER and $HF_TOKEN",
        "seal_key": "$KOREASON_SEAL_KEY",
        "nested": [{"path": "$AWS_SECRET_ACCESS_KEY"}],
    }
    wanted = {"DATA", "KOREASON_SEAL_KEY"}
    assert set(_named(["ingest", "--spec", json.dumps(spec), "--out", "$OTHER"])) == wanted
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    assert set(_named(["ingest", "--spec", f"@{tmp_path / 'spec.json'}"])) == wanted
    assert not _named(["ingest", "--spec", json.dumps({"seal_key": "$HF_TOKEN", "note": "root: $DATA"})])


def test_an_image_that_others_could_replace_is_not_entered(tmp_path: Path) -> None:
    (folder := tmp_path / "images").mkdir()
    (folder / "data.sif").write_bytes(b"image")
    (tmp_path / "containers").mkdir()
    image = record.Image("data", "data.sif", sha256_file(folder / "data.sif"), "", "", "cpu")
    record.write_images({"data": image}, tmp_path)
    (tmp_path / "link").symlink_to(folder)
    assert record.checked(tmp_path, tmp_path / "link", "data")[0] == folder / "data.sif"  # no link is left to be turned
    folder.chmod(0o777)
    with pytest.raises(UserError, match="everybody may write this folder"):
        record.checked(tmp_path, folder, "data")
    folder.chmod(0o755)
    (folder / "data.sif").chmod(0o666)
    with pytest.raises(UserError, match="everybody may write this file"):
        record.checked(tmp_path, folder, "data")
