"""Container images in an archive: held by the digest that jobs recorded, listed as software, told of in the crate, refused if other."""

import hashlib
import json
from pathlib import Path

import pytest

from koreason.archive import make
from koreason.config.site import VARIABLE as SITE
from koreason.errors import UserError
from koreason.images.record import FOLDER, Image, write_images
from koreason.images.sif import normalise
from tests.archive.small_run import archive, payload
from tests.archive.test_restore import restore
from tests.conftest import HOME
from tests.images.handmade_sif import write_sif


@pytest.fixture
def in_image(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, str]:
    """A run whose select ran in an image; the image's file, and its digest."""
    origin = tmp_path / "origin"
    path = origin / FOLDER / "data.sif"
    path.parent.mkdir(parents=True)
    write_sif(path, b"a file system")
    normalise(path, 1_767_225_600)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_images({"data": Image("data", "data.sif", digest, "0" * 64, "0" * 64, "cpu")}, origin)
    monkeypatch.setattr(make, "ORIGIN", origin)
    record = copied / "results/mixes/mix/run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"environment": f"data:{digest}"}, indent=1, sort_keys=True) + "\n")
    return copied, path, digest


def test_the_image_that_ran_is_in_it_once_and_comes_back(in_image: tuple[Path, Path, str], tmp_path: Path) -> None:
    run, path, digest = in_image
    archive(run, tmp_path / "bag")
    assert payload(tmp_path / "bag")["images/data.sif"] == digest
    bill = json.loads((tmp_path / "bag/data/sbom/data.sif.cdx.json").read_text())
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": digest}] and bill["components"]
    graph = json.loads((tmp_path / "bag/data/ro-crate-metadata.json").read_text())["@graph"]
    images = [entity for entity in graph if entity["@type"] == "ContainerImage"]
    assert [(image["sha256"], image["name"]) for image in images] == [(digest, "data.sif")]
    assert [entity["@id"] for entity in graph if entity.get("containerImage") == {"@id": images[0]["@id"]}] == [
        "#results/mixes/mix/attempt-1"
    ]
    assert restore(tmp_path / "bag", "--into", tmp_path / "back") == 0
    assert (tmp_path / "back/.koreason/archive/images/data.sif").read_bytes() == path.read_bytes()


def test_images_lie_where_the_site_file_says(in_image: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, path, digest = in_image
    (tmp_path / "shared").mkdir()
    path.rename(tmp_path / "shared/data.sif")
    site = (HOME / "tests/on_slurm/site.yaml").read_text(encoding="utf-8")
    assert "images: containers/images" in site
    (tmp_path / "site.yaml").write_text(site.replace("images: containers/images", f"images: {tmp_path / 'shared'}"))
    monkeypatch.setenv(SITE, str(tmp_path / "site.yaml"))
    archive(run, tmp_path / "bag")
    assert payload(tmp_path / "bag")["images/data.sif"] == digest


def test_another_image_and_one_that_is_gone_are_refused(in_image: tuple[Path, Path, str], tmp_path: Path) -> None:
    run, path, digest = in_image
    write_sif(path, b"another")
    with pytest.raises(UserError, match=rf"data\.sif: has SHA-256 [0-9a-f]{{64}}, and has to have {digest}"):
        archive(run, tmp_path / "bag")
    path.unlink()
    with pytest.raises(UserError, match=rf"data\.sif: is missing; it has to have SHA-256 {digest}"):
        archive(run, tmp_path / "bag")
    archive(run, tmp_path / "bag", "--select", "results", "journals")
    assert "images" in json.loads((tmp_path / "bag/data/archive.json").read_text())["without"]


def test_an_environment_that_is_not_there_any_more_is_told_of(
    in_image: tuple[Path, Path, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Rebuilt since: what ran is not there, and the archive says so."""
    run, path, digest = in_image
    write_images({"data": Image("data", "data.sif", "1" * 64, "0" * 64, "0" * 64, "cpu")}, path.parents[2])
    archive(run, tmp_path / "bag")
    assert json.loads((tmp_path / "bag/data/archive.json").read_text())["not_held"] == [f"data:{digest}"]
    assert f"data:{digest}" in caplog.text and not [name for name in payload(tmp_path / "bag") if name.startswith("images/")]
