"""`envs/create` on locks of one tiny package: with uv as pip is configured, with pip where uv cannot be had, and what is refused."""

import base64
import functools
import hashlib
import http.server
import io
import os
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]
PASSWORD = "me:secret"


@pytest.fixture(scope="session")
def uv(home: Path) -> Path:
    """The environment `uv`, made where it is not there yet."""
    subprocess.run([home / "envs" / "create", "uv"], check=True, capture_output=True, timeout=300)
    return Path(os.environ.get("KOREASON_ENVS", home / ".envs")) / "uv"


class House:
    """A copy of `envs/create` with locks of its own, a folder of wheels and a folder of environments."""

    def __init__(self, folder: Path, home: Path, uv: Path) -> None:
        self.wheels, self.envs, self.made = folder / "wheels", folder / "envs", folder / "made"
        for path in (self.wheels, self.envs, self.made):
            path.mkdir(parents=True)
        for name in ("create", "with_uv.py", "uv.lock", "from-source.txt"):
            shutil.copy2(home / "envs" / name, self.envs)
        (self.made / "uv").symlink_to(uv)
        self.lock("pip", "tool", "1")
        self.lock("small", "tiny", "1")

    def lock(self, env: str, package: str, version: str) -> Path:
        """Pin one package, and put its wheel among the others."""
        wheel = self.wheels / f"{package}-{version}-py3-none-any.whl"
        facts = f"{package}-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as file:
            for name, text in {
                f"{package}.py": f"VERSION = {version!r}\n",
                f"{facts}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
                f"{facts}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                f"{facts}/RECORD": "",
            }.items():
                file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lock = self.envs / f"{env}.lock"
        lock.write_text(f"{package}=={version} --hash=sha256:{digest}\n")
        return lock

    def create(self, *envs: str, **variables: str) -> Result:
        """Run it, by default with the folder of wheels as the only place to take from."""
        places = {"KOREASON_WHEELS": str(self.wheels), "PIP_NO_INDEX": "1"} if "PIP_CONFIG_FILE" not in variables else {}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "KOREASON_", "UV_"))}
        program = [self.envs / "create", *(envs or ["small"])]
        return subprocess.run(
            program, env={**kept, "KOREASON_ENVS": str(self.made), **places, **variables}, capture_output=True, text=True, timeout=300
        )

    def module(self, env: str = "small", name: str = "tiny") -> Path:
        return self.made / env / "lib/python3.11/site-packages" / f"{name}.py"


@pytest.fixture
def house(tmp_path: Path, home: Path, uv: Path) -> House:
    return House(tmp_path, home, uv)


@pytest.fixture
def index(house: House) -> Iterator[str]:
    """Address of a package index that wants a password, without that."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != f"Basic {base64.b64encode(PASSWORD.encode()).decode()}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="wheels"')
                self.end_headers()
                return
            super().do_GET()

        def log_message(self, *arguments: object) -> None:
            pass

    root = house.wheels.parent / "index"
    for wheel in house.wheels.glob("*.whl"):
        folder = root / "simple" / wheel.name.split("-")[0]
        folder.mkdir(parents=True)
        shutil.copy(wheel, folder)
        (folder / "index.html").write_text(f'<!DOCTYPE html><a href="{wheel.name}">{wheel.name}</a>')
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=root)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def test_environments_share_their_files_and_are_made_once(house: House) -> None:
    shutil.copy(house.envs / "small.lock", house.envs / "same.lock")
    done = house.create("small", "same")
    assert done.returncode == 0, done.stderr
    assert house.module("small").read_text() == "VERSION = '1'\n"
    assert house.module("small").stat().st_ino == house.module("same").stat().st_ino
    assert house.module("small", "tool").is_file(), "as in an image, what packages are installed with comes first"
    assert not list(house.made.glob("*/lib/python3.11/site-packages/**/tiny*.pyc"))
    digest = hashlib.sha256((house.envs / "small.lock").read_bytes()).hexdigest()
    assert (house.made / "small" / ".lock-digest").read_text() == digest + "\n"
    made = house.module().stat().st_ctime_ns
    assert house.create("small", "same").stderr == ""
    assert house.module().stat().st_ctime_ns == made


def test_what_no_environment_holds_leaves_the_cache(house: House) -> None:
    assert house.create().returncode == 0
    house.lock("small", "tiny", "2")
    assert house.create().returncode == 0
    assert house.module().read_text() == "VERSION = '2'\n"
    cached = house.made / ".uv-cache"
    assert not [path for path in cached.rglob("tiny.py") if path.read_text() == "VERSION = '1'\n"]
    house.lock("other", "tiny", "1")
    assert house.create("other", KOREASON_INSTALLER="uv").returncode == 0, "what has left the cache can be had again"


# In each, what is nearer to the command counts: the command's section before the general one.
CONFIGURED = {
    "an index with a password": "[global]\nindex-url = http://{password}@{index}\n",
    "a second index, its password in .netrc": "[global]\nno-index = 1\nindex-url = file://{nothing}\n"
    "[install]\nno-index = false\nextra-index-url =\n    http://{index}\n",
    "folders": "[global]\nindex-url = http://nowhere.invalid/\n[install]\nno-index = yes\nfind-links =\n    {nothing}\n    {wheels}\n",
}


@pytest.mark.parametrize("case", CONFIGURED)
def test_uv_looks_where_pip_is_configured_to(house: House, index: str, case: str, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    places = {"password": PASSWORD, "index": index, "nothing": tmp_path / "nothing", "wheels": house.wheels}
    (tmp_path / "pip.conf").write_text(CONFIGURED[case].format(**places))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n" if ".netrc" in case else "")
    of_uv = {"UV_NO_INDEX": "1", "UV_DEFAULT_INDEX": "http://nowhere.invalid/"}
    done = house.create(HOME=str(tmp_path), PIP_CONFIG_FILE=str(tmp_path / "pip.conf"), KOREASON_INSTALLER="uv", **of_uv)
    assert done.returncode == 0, done.stderr
    assert house.module().is_file()


def wrong_hash(house: House) -> dict[str, str]:
    lock = house.envs / "small.lock"
    lock.write_text(lock.read_text()[:-65] + "0" * 64 + "\n")
    return {}


def unknown_setting(house: House) -> dict[str, str]:
    return {"PIP_NO_BINARY": "tool"}


def no_uv(house: House) -> dict[str, str]:
    (house.made / "uv").unlink()
    return {}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (wrong_hash, "small failed, see"),
        (unknown_setting, "pip's setting no-binary has no counterpart in uv"),
        pytest.param(no_uv, "uv cannot be had (Could not find a version that satisfies the requirement uv==", marks=pytest.mark.slow),
    ],
)
def test_uv_alone_when_asked_for(house: House, spoil: Callable[[House], dict[str, str]], said: str) -> None:
    done = house.create(KOREASON_INSTALLER="uv", **spoil(house))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (house.made / "small" / ".lock-digest").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unknown_setting, "uv failed (pip's setting no-binary has no counterpart in uv): installing small with pip"),
        (no_uv, "uv cannot be had (Could not find a version that satisfies the requirement uv=="),
    ],
)
def test_pip_where_uv_does_not_do(house: House, spoil: Callable[[House], dict[str, str]], said: str) -> None:
    done = house.create(**spoil(house))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "uv" in line and said in line and line.count("with pip") == 1], done.stderr
    assert house.module().is_file()
    assert house.create().stderr == ""


@pytest.mark.slow
def test_pip_alone_when_asked_for_holds_files_against_the_lock_too(house: House) -> None:
    (house.made / "uv").unlink()
    wrong_hash(house)
    done = house.create(KOREASON_INSTALLER="pip")
    assert done.returncode == 2
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in (house.made / "small" / "install.log").read_text()
    assert not (house.made / "uv").exists()
    assert not (house.made / "small" / ".lock-digest").exists()


def test_another_installer_is_refused_in_one_line(house: House) -> None:
    done = house.create(KOREASON_INSTALLER="conda")
    said = "envs/create: no installer 'conda': set KOREASON_INSTALLER to uv or pip, or unset it\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_an_environment_without_a_lock_is_refused_in_one_line(house: House) -> None:
    done = house.create("small", "smal")
    assert (done.returncode, done.stderr) == (2, "envs/create: no environment 'smal'; there are: pip small uv\n")
    assert not (house.made / "small").exists()


def test_nothing_is_built_but_named_exceptions(house: House) -> None:
    """A package that comes as source only would run its own code while it is installed."""
    (house.wheels / "tiny-1-py3-none-any.whl").unlink()
    source = house.wheels / "tiny-1.tar.gz"
    setup = f"open({str(house.made / 'ran')!r}, 'w')\nfrom setuptools import setup\nsetup(name='tiny', version='1', py_modules=[])\n"
    with tarfile.open(source, "w:gz") as file:
        for name, text in {"setup.py": setup, "PKG-INFO": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n"}.items():
            data = text.encode()
            facts = tarfile.TarInfo(f"tiny-1/{name}")
            facts.size = len(data)
            file.addfile(facts, io.BytesIO(data))
    (house.envs / "small.lock").write_text(f"tiny==1 --hash=sha256:{hashlib.sha256(source.read_bytes()).hexdigest()}\n")
    for installer in ("uv", "pip"):
        done = house.create("small", KOREASON_INSTALLER=installer)
        assert done.returncode == 2 and not (house.made / "ran").exists(), done.stderr


def test_the_exceptions_are_of_locks(home: Path) -> None:
    locks = "\n".join(path.read_text() for path in (home / "envs").glob("*.lock"))
    lines = (line.split("#")[0].split() for line in (home / "envs/from-source.txt").read_text().splitlines())
    names = [words[0] for words in lines if words]
    assert names and all(f"\n{name}==" in f"\n{locks}" for name in names)
