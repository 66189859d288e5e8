"""Files behind URLs in the mirror: brought whole and verified, and held against what their server says later.

    bring(mirror, File("sources.forum", "forum.jsonl", "https://…", "0123…"), most=2**39)

A server is asked for its version tag and length, and not for the file, to find out whether it has changed.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from koreason.curate.sourcing import fetch
from koreason.errors import UserError
from koreason.mirror import store
from koreason.mirror.named import File
from koreason.mirrored import content, read_url, url_index
from koreason.records.digests import sha256_file

FACTS = ("ETag", "Last-Modified", "Content-Length")
TIMEOUT = (20, 60)


def bring(mirror: Path, one: File, most: int) -> tuple[str, str]:
    """Bring a file, or find it there.

    Raises:
        UserError: it cannot be had, or has another digest than the configuration says.
    """
    found = read_url(mirror, one.url)
    if found and one.sha256 in ("", found["sha256"]) and sha256_file(content(mirror, found["sha256"])) == found["sha256"]:
        return "same", one.url
    part = mirror / "urls" / f"{url_index(mirror, one.url).stem}.bytes"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    fetch.bring(one.url, part, one.sha256 or None, most)
    digest = store.keep(mirror, part)
    size = part.stat().st_size
    part.unlink()
    store.write_index(url_index(mirror, one.url), {"url": one.url, "sha256": digest, "bytes": size, "server": _server(one.url) or {}})
    return "new", f"{one.url}: {size / 1e6:,.1f} MB, SHA-256 {digest}"


def check(mirror: Path, one: File) -> tuple[str, str]:
    """Whether a URL still gives what the mirror has of it."""
    found = read_url(mirror, one.url)
    if found is None or one.sha256 not in ("", found["sha256"]):
        return "not mirrored", one.url
    if urlsplit(one.url).scheme == "file":
        path = Path(unquote(urlsplit(one.url).path))
        if not path.is_file():
            return "vanished", one.url
        return ("same" if sha256_file(path) == found["sha256"] else "changed"), one.url
    now = _server(one.url)
    if now is None:
        return "vanished", one.url
    shared = [name for name in FACTS if now.get(name) and found["server"].get(name)]
    if not shared:
        return "same", f"{one.url}: it is there, and its server does not say whether it is another"
    if differing := [name for name in shared if now[name] != found["server"][name]]:
        return "changed", f"{one.url}: its {differing[0]} was {found['server'][differing[0]]}, and is {now[differing[0]]}"
    return "same", one.url


def _server(url: str) -> dict[str, str] | None:
    """What a server says of a file without giving it; None where it has none."""
    if urlsplit(url).scheme == "file":
        return {}
    import requests

    try:
        answer: Any = requests.head(url, headers={"Accept-Encoding": "identity"}, timeout=TIMEOUT, allow_redirects=True)
    except requests.RequestException as error:
        raise UserError(f"the server does not answer ({type(error).__name__})", url, "try again where the internet is") from None
    if answer.status_code in (404, 410, 401, 403):
        return None
    return {name: answer.headers[name] for name in FACTS if name in answer.headers} if answer.ok else {}
