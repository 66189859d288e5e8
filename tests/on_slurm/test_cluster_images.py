"""The real images: what is in each, what of the host is not, what is refused, and that they come out the same again.

They have to be in containers/images already: `koreason build-images` makes them.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from koreason.errors import UserError
from koreason.images import build, record, sif
from koreason.records.digests import sha256_file

pytestmark = pytest.mark.cluster
ONLY_IN = {"data": "snakemake", "vllm": "vllm", "megatron": "megatron"}

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def enter(tmp_path: Path, home: Path) -> Callable[..., Result]:
    """Run a command in an image, entered as for a rule, from an empty folder; `folder` is where the images are."""

    def call(environment: str, *command: str, folder: Path | None = None, signed: bool = False, **variables: str) -> Result:
        site, work = tmp_path / "site.yaml", tmp_path / "work"
        site.write_text(json.dumps({"containers": {"images": str(folder or home / record.FOLDER), "verify_signatures": signed}}))
        work.mkdir(exist_ok=True)
        program = [str(home / "envs" / "run"), "data", "python", str(home / "tests" / "on_slurm" / "enter_image.py"), environment, *command]
        return subprocess.run(
            program, cwd=work, capture_output=True, text=True, env={**os.environ, "KOREASON_SITE": str(site), **variables}
        )

    return call


@pytest.mark.parametrize("environment", record.NAMES)
def test_a_package_of_one_image_is_in_no_other(enter: Callable[..., Result], environment: str) -> None:
    program = f"import importlib.util as u; print(*[name for name in {sorted(ONLY_IN.values())} if u.find_spec(name)])"
    found = enter(environment, "python", "-c", program)
    assert found.stdout.split() == [ONLY_IN[environment]], found.stderr


@pytest.mark.parametrize(
    ("environment", "program"),
    [("data", "import datasets, math_verify"), ("vllm", "from vllm import LLM"), ("megatron", "import megatron.core.models.gpt.gpt_model")],
)
def test_an_image_has_the_libraries_that_its_packages_link_to(enter: Callable[..., Result], environment: str, program: str) -> None:
    found = enter(environment, "python", "-c", program)
    assert found.returncode == 0, found.stderr[-2000:]


def test_nothing_of_the_host_leaks_in(enter: Callable[..., Result], tmp_path: Path) -> None:
    user = tmp_path / "user"
    (user / ".local" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (user / ".bashrc").write_text("export LEAKED=1\n")
    with (
        tempfile.NamedTemporaryFile(dir="/tmp") as one,
        tempfile.NamedTemporaryFile(dir="/var/tmp") as two,
        tempfile.NamedTemporaryFile(dir=Path.home()) as three,
    ):
        hidden = [one.name, two.name, three.name, str(user / ".bashrc"), "/root/.bash_history"]
        program = f"""if 1:
            import json, os, sys, pathlib, polars
            facts = {{"environment": dict(os.environ), "path": sys.path, "prefix": sys.prefix, "polars": polars.__file__}}
            facts["seen"] = [name for name in {hidden} if os.path.exists(name)]
            facts["home"] = os.listdir(pathlib.Path.home())
            print(json.dumps(facts))
        """
        secrets = {"SECRET_TOKEN": "s3cret", "HF_TOKEN": "s3cret", "APPTAINERENV_LEAKED": "s3cret", "PYTHONSTARTUP": "s3cret"}
        result = enter("data", "python", "-c", program, HOME=str(user), **secrets)
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["seen"] == []
    assert "s3cret" not in result.stdout
    assert not set(secrets) & set(facts["environment"])
    assert facts["environment"]["HF_HUB_OFFLINE"] == "1"
    assert facts["prefix"] == "/opt/venv"
    assert facts["polars"].startswith("/opt/venv/")
    assert not [path for path in facts["path"] if path.startswith(str(user))]
    assert ".bashrc" not in facts["home"]


def test_byte_code_is_in_the_image(enter: Callable[..., Result]) -> None:
    program = "import polars, pathlib; print(len(list(pathlib.Path(polars.__file__).parent.rglob('*.pyc'))))"
    assert int(enter("data", "python", "-c", program).stdout) > 100


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def test_a_tampered_image_is_refused(enter: Callable[..., Result], home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    shutil.copy(home / record.FOLDER / "data.sif", folder)
    assert enter("data", "true", folder=folder).returncode == 0
    flip(folder / "data.sif")
    refused = enter("data", "true", folder=folder)
    assert refused.returncode == 2
    assert record.read_images(home)["data"].sha256 in refused.stderr
    assert sha256_file(folder / "data.sif") in refused.stderr
    (folder / "data.sif").unlink()
    refused = enter("data", "true", folder=folder)
    assert (refused.returncode, "missing" in refused.stderr) == (2, True)


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[str], Path]:
    """Builds an image of a folder with one file, as often as wanted."""
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc" / "word").write_text("hello\n")

    def make(name: str) -> Path:
        path = tmp_path / f"{name}.sif"
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(build.EPOCH)}
        subprocess.run(["apptainer", "--silent", "build", str(path), str(folder)], check=True, env=environment, capture_output=True)
        return path

    return make


def test_apptainer_still_reads_what_was_made_reproducible(tiny: Callable[[str], Path]) -> None:
    path = tiny("one")
    before = path.read_bytes()
    sif.normalise(path, build.EPOCH)
    assert path.read_bytes() != before
    listed = subprocess.run(["apptainer", "sif", "list", str(path)], capture_output=True, text=True, check=True).stdout
    assert "Squashfs" in listed


def test_signatures(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    keys = {}
    for name in ("ours", "theirs"):
        keys[name] = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub"
        generate = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(keys[name][0])]
        subprocess.run(generate, check=True, capture_output=True)
        subprocess.run(
            ["openssl", "pkey", "-in", str(keys[name][0]), "-pubout", "-out", str(keys[name][1])], check=True, capture_output=True
        )
    path = tiny("signed")
    sif.normalise(path, build.EPOCH)
    with pytest.raises(UserError, match="no valid signature"):
        record.verify_signature(path, keys["ours"][1])
    subprocess.run(["apptainer", "sign", "--key", str(keys["ours"][0]), str(path)], check=True, capture_output=True)
    record.verify_signature(path, keys["ours"][1])
    with pytest.raises(UserError, match="no valid signature"):
        record.verify_signature(path, keys["theirs"][1])
    contents = path.read_bytes()
    place = contents.index(b"hsqs")  # the file system's first bytes
    path.write_bytes(contents[: place + 8] + bytes([contents[place + 8] ^ 1]) + contents[place + 9 :])
    with pytest.raises(UserError, match="no valid signature"):
        record.verify_signature(path, keys["ours"][1])


def test_building_again_from_the_same_locks_changes_no_digest(home: Path, tmp_path: Path) -> None:
    recorded = record.read_images(home)["data"]
    for part in ("containers", "envs"):
        shutil.copytree(home / part, tmp_path / "house" / part, ignore=shutil.ignore_patterns("images*"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    # the same Debian: the archive may have moved on since
    for debian in (home / record.FOLDER).glob(".base-*"):
        (folder / debian.name).symlink_to(debian)
    base = "debootstrap" if list(folder.iterdir()) else "registry"
    build.build_images(tmp_path / "house", folder, ["data"], flavour=recorded.flavour, base=base)
    assert record.read_images(tmp_path / "house")["data"] == recorded


def test_apptainer_is_installed_from_the_pinned_packages_only(home: Path, tmp_path: Path) -> None:
    cache = tmp_path / "debs"
    cache.mkdir()
    variables = {
        **os.environ,
        "APPTAINER_DEB_CACHE": str(cache),
        "APPTAINER_PREFIX": str(tmp_path / "p"),
        "APPTAINER_LINK": str(tmp_path / "l"),
    }
    install = [str(home / "containers" / "install-apptainer")]
    refused = subprocess.run(install, capture_output=True, text=True, env=variables)
    assert (refused.returncode, "has no .deb files" in refused.stderr) == (2, True)
    for name in ("apptainer_1.4.5-2", "libc6_2.41-12+deb13u4", "libseccomp2_2.6.0-2", "libsqlite3-0_3.46.1-7+deb13u2"):
        (cache / f"{name}_amd64.deb").write_bytes(b"something else")
    refused = subprocess.run(install, capture_output=True, text=True, env=variables)
    assert refused.returncode == 2
    assert "expected 26cf96e08fccb0e50ea0f285a5a19f940ee873d167a0680584fe6eba7d197d65" in refused.stderr
    assert not (tmp_path / "p").exists()
