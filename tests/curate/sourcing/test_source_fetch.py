"""`koreason source fetch` against servers that cut, ignore ranges, change, redirect and lie."""

import hashlib
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from koreason.cli import main
from koreason.curate.sourcing import fetch

DATA = random.Random(1).randbytes(300_000)


class Server(BaseHTTPRequestHandler):
    """Serves `data`; its behaviour is set by the test on the class that it makes of this one."""

    data, tag, cut_at, ranges, status, location, asked, said = DATA, '"1"', [], True, [], "", [], 0  # type: ignore[var-annotated]

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("Range"))
        if self.location and self.path != "/there":
            self.send_response(302)
            self.send_header("Location", self.location)
            self.end_headers()
            return
        if self.status:
            self.send_response(self.status.pop())
            self.end_headers()
            return
        start = 0
        if self.ranges and self.headers.get("Range") and self.headers.get("If-Range") == self.tag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(self.data)}")
        else:
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(self.data) - 1}/{len(self.data)}")
            self.send_header("Content-Length", str(self.said or len(self.data) - start))
        self.send_header("ETag", self.tag)
        self.end_headers()
        end = start + self.cut_at.pop(0) if self.cut_at else len(self.data)
        self.wfile.write(self.data[start:end])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[type[Server], str]]:
    behaviour = type("Behaviour", (Server,), {"cut_at": [], "status": [], "asked": []})
    http = ThreadingHTTPServer(("127.0.0.1", 0), behaviour)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield behaviour, f"http://127.0.0.1:{http.server_port}/a.bin"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BACKOFF", 0.001)
    monkeypatch.setattr(fetch, "PIECE", 1 << 12)


def catalogue(folder: Path, url: str, data: bytes = DATA, name: str = "in/a.bin", **over: Any) -> list[str]:
    entry = {"root": str(folder / "root"), "files": {name: hashlib.sha256(data).hexdigest()}, "urls": {name: url}} | over
    (folder / "my.yaml").write_text(json.dumps({"sources": {"s": entry}}))
    return ["source", "fetch", "s", "--configfile", str(folder / "my.yaml")]


def test_it_goes_on_where_it_was_cut(tmp_path: Path, server: tuple[type[Server], str]) -> None:
    behaviour, url = server
    behaviour.cut_at, behaviour.status = [100_000, 50_000], [503]
    assert main(catalogue(tmp_path, url)) == 0
    assert (tmp_path / "root/in/a.bin").read_bytes() == DATA
    assert [path.name for path in (tmp_path / "root/in").iterdir()] == ["a.bin"]
    starts = [int(asked[6:-1]) for asked in behaviour.asked if asked]
    assert len(starts) >= 2 and starts == sorted(starts) and starts[0] > 50_000
    asked = len(behaviour.asked)
    assert main(catalogue(tmp_path, url)) == 0
    assert len(behaviour.asked) == asked, "what is there is not fetched again"


def test_it_goes_on_the_next_time(tmp_path: Path, server: tuple[type[Server], str], monkeypatch: pytest.MonkeyPatch) -> None:
    behaviour, url = server
    behaviour.cut_at = [200_000, *[0] * 9]
    monkeypatch.setattr(fetch, "TRIES", 3)
    assert main(catalogue(tmp_path, url)) == 2
    assert (tmp_path / "root/in/a.bin.part").stat().st_size > 100_000
    behaviour.cut_at = []
    assert main(catalogue(tmp_path, url)) == 0
    assert behaviour.asked[-1] == "bytes=200000-" or int(behaviour.asked[-1][6:-1]) > 100_000


def test_a_server_without_ranges_is_asked_from_the_start(tmp_path: Path, server: tuple[type[Server], str]) -> None:
    behaviour, url = server
    behaviour.cut_at, behaviour.ranges = [100_000], False
    assert main(catalogue(tmp_path, url)) == 0
    assert (tmp_path / "root/in/a.bin").read_bytes() == DATA


def test_a_version_that_changes_is_brought_anew(
    tmp_path: Path, server: tuple[type[Server], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    behaviour, url = server
    behaviour.cut_at = [100_000, *[0] * 9]
    monkeypatch.setattr(fetch, "TRIES", 2)
    assert main(catalogue(tmp_path, url)) == 2
    behaviour.cut_at, behaviour.tag, behaviour.data = [], '"2"', DATA[::-1]
    assert main(catalogue(tmp_path, url)) == 2, "it is another file than the catalogue's"
    assert "the catalogue says" in capsys.readouterr().err
    assert not (tmp_path / "root/in/a.bin").exists()
    assert main(catalogue(tmp_path, url, DATA[::-1])) == 0


def test_redirections(tmp_path: Path, server: tuple[type[Server], str], capsys: pytest.CaptureFixture[str]) -> None:
    behaviour, url = server
    behaviour.location = "/there"
    assert main(catalogue(tmp_path, url)) == 0
    (tmp_path / "root/in/a.bin").unlink()
    for place in ("file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://a/b", "/elsewhere"):
        behaviour.location = place
        assert main(catalogue(tmp_path, url)) == 2
        assert "leads" in capsys.readouterr().err


def test_what_is_refused(tmp_path: Path, server: tuple[type[Server], str], capsys: pytest.CaptureFixture[str]) -> None:
    behaviour, url = server
    for build, words in [
        (lambda: catalogue(tmp_path, url, DATA[1:]), "its SHA-256 is"),
        (lambda: catalogue(tmp_path, "ftp://a/b"), "cannot bring"),
        (lambda: catalogue(tmp_path, url, name="../a.bin"), "cannot bring"),
        (lambda: catalogue(tmp_path, url, files={}), "gives no SHA-256"),
        (lambda: catalogue(tmp_path, url, urls={}), "has no `urls`"),
        (lambda: catalogue(tmp_path, f"file://{tmp_path}/none"), "no such file"),
        (lambda: [*catalogue(tmp_path, url), "--most", "1"], "has 1,073,741,825 bytes"),
    ]:
        behaviour.said = (1 << 30) + 1 if words.endswith("bytes") else 0
        assert main(build()) == 2
        told = capsys.readouterr().err.strip().splitlines()[-1]
        assert words in told and told.startswith("koreason: ")
    behaviour.status = [404]
    assert main(catalogue(tmp_path, url)) == 2
    assert "the server says 404" in capsys.readouterr().err
    assert not (tmp_path / "a.bin").exists()


def test_a_file_is_copied_and_what_is_there_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there.bin").write_bytes(DATA)
    command = catalogue(tmp_path, f"file://{tmp_path}/there.bin")
    assert main(command) == 0
    path = tmp_path / "root/in/a.bin"
    assert path.read_bytes() == DATA
    path.write_bytes(b"mine")
    assert main(command) == 2
    assert "has another SHA-256" in capsys.readouterr().err and path.read_bytes() == b"mine"


def test_files_under_a_glob_are_held_to_its_digest(tmp_path: Path) -> None:
    (tmp_path / "there.bin").write_bytes(DATA)
    lines = f"{hashlib.sha256(DATA).hexdigest()}  a.bin\n"
    over = {"files": {"*.bin": hashlib.sha256(lines.encode()).hexdigest()}, "urls": {"a.bin": f"file://{tmp_path}/there.bin"}}
    assert main(catalogue(tmp_path, "", **over)) == 0
    assert main(catalogue(tmp_path, "", **over | {"files": {"*.bin": "0" * 64}})) == 2
