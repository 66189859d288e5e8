"""Bring the files of entries with `urls`: resumed where they were cut off, and verified before they get their names.

    fetch(["forum"], [Path("my.yaml")], 500)

What has come lies in `FILE.part`, and beside it in `FILE.part.json` from which URL and of which version, as the server names it; a
version that changed is brought anew. No rule fetches: jobs have no network.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urljoin, urlsplit

from koreason import mirrored
from koreason.config.files.layers import layered
from koreason.config.variables import expand
from koreason.errors import UserError
from koreason.intake.named import is_glob, named
from koreason.progress import bar
from koreason.records.digests import sha256_file, write_atomically
from koreason.records.manifest import is_plain

MOST_GIB = 500
TRIES = 6  # in a row without a byte
BACKOFF = 1.0  # seconds before the second try, doubled each time
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
REDIRECTS = 10
PIECE = 1 << 18
SCHEMES = ("http", "https", "file")
RETRIED = (408, 425, 429, 500, 502, 503, 504)


class Again(Exception):
    """What may go better next time."""


@dataclass(frozen=True)
class Answer:
    """What a server gives: where it begins in the file, how long the file is, which version it is of, and its bytes."""

    start: int
    total: int | None
    version: str | None
    pieces: Iterator[bytes]


def fetch(names: list[str], configfiles: list[Path], most_gib: int) -> None:
    """Bring what is missing of some sources' files.

    Raises:
        UserError: an entry has no `urls`, a URL cannot be had, or what came has another digest than the catalogue says.
    """
    sources = layered(configfiles).get("sources") or {}
    for name in names:
        if name not in sources:
            raise UserError(f"no source '{name}'", "sources", f"there are: {', '.join(sources) or 'none: name a --configfile'}")
        entry = sources[name]
        if not entry.get("urls"):
            raise UserError("has no `urls`", f"source {name}", "add them: the name of each file below `root`, and its URL")
        _fetch(f"source {name}", expand(str(entry.get("root", "."))), entry.get("files") or {}, entry["urls"], most_gib << 30)


def _fetch(where: str, root: Path, files: dict[str, str], urls: dict[str, str], most: int) -> None:
    globs = [name for name in files if is_glob(name, root)]
    for name, url in sorted(urls.items()):
        if not is_plain(name) or not isinstance(url, str) or urlsplit(url).scheme not in SCHEMES:
            raise UserError(f"cannot bring {name} from {url}", f"{where}.urls", "a path below `root`, and an http, https or file URL")
        if name not in files and not globs:
            raise UserError(
                f"gives no SHA-256 of {name}", f"{where}.files", "bring it once by hand and verify it, then `koreason source add`"
            )
    root.mkdir(parents=True, exist_ok=True)
    for name, url in sorted(urls.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.resolve().is_relative_to(root.resolve()):
            raise UserError("leads out of the source's folder", path, "correct `root`, or remove the link")
        expected = files.get(name)
        if path.is_file() and (expected is None or sha256_file(path) == expected):
            print(f"{path}: is there")
            continue
        if path.exists():
            raise UserError("is there and has another SHA-256 than the catalogue says", path, "move it away, or correct the catalogue")
        if there := mirrored.file_of(url, expected):
            shutil.copyfile(there, part := path.with_name(path.name + ".part"))
            part.replace(path)
        else:
            bring(url, path, expected, most)
    for _ in named(files, root):  # those under globs have no digest of their own
        pass
    print(f"{where}: all {len(urls):,} files are there and have their digests")


def bring(url: str, path: Path, expected: str | None, most: int) -> None:
    """One file, whole and verified.

    Raises:
        UserError: it cannot be had, is too large, or has another digest.
    """
    part, note = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json")
    with open(part, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError("is being fetched by another process", path) from None
        _complete(url, file, note, most)
        os.fsync(file.fileno())
        if expected and (actual := sha256_file(part)) != expected:
            file.truncate(0)
            note.unlink(missing_ok=True)
            raise UserError(
                f"its SHA-256 is {actual}, the catalogue says {expected}",
                url,
                "its owner changed it, or the catalogue is wrong: look at both",
            )
        part.replace(path)
        note.unlink(missing_ok=True)


def _complete(url: str, file: IO[bytes], note: Path, most: int) -> None:
    """Try until all is there; whoever brings a byte may try again."""
    failed = 0
    with bar(None, what=Path(unquote(urlsplit(url).path)).name or url, unit="B", scale=True) as progress:
        while True:
            before = file.seek(0, 2)
            try:
                if _attempt(url, file, note, most, progress):
                    return
                why = "it ended early"
            except Again as error:
                why = str(error)
            failed = 0 if file.seek(0, 2) > before else failed + 1
            if failed >= TRIES:
                raise UserError(f"cannot be had ({why})", url, "type the command again later: it goes on from here")
            time.sleep(BACKOFF * 2 ** max(0, failed - 1))


def _attempt(url: str, file: IO[bytes], note: Path, most: int, progress: Any) -> bool:
    """Go on from what is there; whether it is whole then."""
    had = file.seek(0, 2)
    known = _noted(note)
    if had and known.get("url") != url:
        had = _empty(file)
    with _opened(url, had, known.get("version")) as answer:
        if answer.start != had or (had and answer.version != known.get("version")):
            had = _empty(file)
            if answer.start:  # the end of another version
                raise Again("it changed meanwhile")
        if not had:
            write_atomically(note, json.dumps({"url": url, "version": answer.version}))
        if answer.total is not None and answer.total > most:
            raise UserError(f"has {answer.total:,} bytes", url, "where that is right, raise --most")
        progress.total, progress.n = answer.total, had
        for piece in answer.pieces:
            had += len(piece)
            if had > most:
                raise UserError(f"has more than {most:,} bytes", url, "where that is right, raise --most")
            file.write(piece)
            progress.update(len(piece))
    file.flush()
    if answer.total is not None and had > answer.total:
        _empty(file)
        raise Again("more came than was said")
    return answer.total is None or had == answer.total


def _noted(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _empty(file: IO[bytes]) -> int:
    file.truncate(0)
    return file.seek(0)


@contextmanager
def _opened(url: str, had: int, version: str | None) -> Iterator[Answer]:
    if urlsplit(url).scheme == "file":
        with _local(url, had) as answer:
            yield answer
        return
    import requests

    # without a version that it can be held against, what is there is of no use
    headers = {"Accept-Encoding": "identity", "User-Agent": "koreason"}
    if had and version:
        headers |= {"Range": f"bytes={had}-", "If-Range": version}
    try:
        with requests.Session() as session, _followed(session, url, headers) as response:
            yield _answer(response, url)
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
        raise Again(type(error).__name__) from None
    except requests.RequestException as error:
        raise UserError(f"cannot be had ({error})", url, "correct the source's `urls`") from None


@contextmanager
def _local(url: str, had: int) -> Iterator[Answer]:
    path = Path(unquote(urlsplit(url).path))
    if urlsplit(url).netloc not in ("", "localhost") or not path.is_file():
        raise UserError("no such file", url, "correct the source's `urls`")
    with open(path, "rb") as file:
        facts = os.fstat(file.fileno())
        file.seek(had)
        yield Answer(had, facts.st_size, f"{facts.st_mtime_ns}-{facts.st_size}", iter(lambda: file.read(PIECE), b""))


def _followed(session: Any, url: str, headers: dict[str, str]) -> Any:
    """The answer behind redirections, none of which leaves HTTP or goes from https to http."""
    here = url
    for _ in range(REDIRECTS):
        response = session.get(here, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=False)
        if response.status_code not in (301, 302, 303, 307, 308):
            return response
        there = urljoin(here, response.headers.get("Location", ""))
        response.close()
        if urlsplit(there).scheme != "https" and urlsplit(there).scheme != urlsplit(here).scheme:
            raise UserError(f"leads to {there}", url, "redirections may stay with http, or go to https")
        here = there
    raise UserError("leads on and on", url, "correct the source's `urls`")


def _answer(response: Any, url: str) -> Answer:
    status, headers = response.status_code, response.headers
    if status in RETRIED:
        raise Again(f"the server says {status}")
    tag = headers.get("ETag", "")
    version = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    pieces = response.iter_content(PIECE)
    if status == 206:
        span, _, total = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        start = span.partition("-")[0]
        if not start.isdigit():
            raise Again("the server does not say which part it gives")
        return Answer(int(start), int(total) if total.isdigit() else None, version, pieces)
    if status == 416:  # nothing follows what is there
        total = headers.get("Content-Range", "").rpartition("/")[2]
        if total.isdigit():
            return Answer(int(total), int(total), version, iter(()))
        raise Again("the server does not say how long it is")
    if status != 200:
        raise UserError(f"the server says {status} {response.reason}", url, "correct the source's `urls`, or ask its owner")
    length = headers.get("Content-Length", "")
    if "Content-Encoding" in headers:  # though it was asked for none: neither places nor length are the file's
        return Answer(0, None, None, pieces)
    return Answer(0, int(length) if length.isdigit() else None, version, pieces)
