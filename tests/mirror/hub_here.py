"""A hub on this machine that speaks the few routes by which `huggingface_hub` lists and brings repositories; and plain files behind URLs.

with serving(Hub()) as hub: hub.add("models", "lab/tiny", {"config.json": b"{}"}); hub.address
"""

import base64
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = 64  # bytes from which on a file is kept as large ones are, by its SHA-256
INFO = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/revision/([^/?]+))?(?:\?.*)?")
TREE = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)/tree/([^/?]+)(?:/.*)?(?:\?.*)?")
COMMIT = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)/commit/[^/]+")
FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass
class Hub:
    """Repositories by kind and name, each a list of commits, the last of which is main; and what was asked."""

    repos: dict[tuple[str, str], list[tuple[str, dict[str, bytes]]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)  # of large files that were uploaded
    private: list[bool] = field(default_factory=list)  # of repositories that were made
    hidden: set[tuple[str, str]] = field(default_factory=set)  # which of them nobody else sees
    token: str = "hf_" + "ours" * 8
    address: str = ""

    def add(self, kind: str, repo: str, files: dict[str, bytes]) -> str:
        """Add a commit; returns its id."""
        text = json.dumps([kind, repo, sorted((name, sha256(data).hexdigest()) for name, data in files.items())])
        commit = sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.repos.setdefault((kind, repo), []).append((commit, files))
        return commit

    def at(self, kind: str, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        commits = self.repos.get((kind, repo), [])
        return next((one for one in reversed(commits) if revision in ("main", one[0])), None)


def oid(data: bytes) -> str:
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Answers(BaseHTTPRequestHandler):
    """Answers for a hub."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.hub.contents[self.path.removeprefix("/lfs/")] = self.body()
        self.give(b"")

    def do_POST(self) -> None:
        self.hub.asked.append(f"POST {self.path}")
        data = self.body()
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self.none("Unauthorized", 401)
        elif self.path.endswith("/objects/batch"):
            objects = json.loads(data)["objects"]
            actions = [{**one, "actions": {"upload": {"href": f"{self.hub.address}/lfs/{one['oid']}"}}} for one in objects]
            self.give(json.dumps({"transfer": "basic", "objects": actions}).encode(), {"Content-Type": "application/vnd.git-lfs+json"})
        elif self.path.split("?")[0] == "/api/repos/create":
            asked = json.loads(data)
            self.hub.private.append(bool(asked.get("private") or asked.get("visibility") == "private"))
            repo = f"{asked['organization']}/{asked['name']}"
            self.hub.hidden |= {("datasets" if asked.get("type") == "dataset" else "models", repo)} if self.hub.private[-1] else set()
            self.give(json.dumps({"url": f"{self.hub.address}/{'datasets/' * (asked.get('type') == 'dataset')}{repo}"}).encode())
        elif "/preupload/" in self.path:
            files = [{"path": one["path"], "uploadMode": "lfs" if one["size"] >= LARGE else "regular", "shouldIgnore": False}
                     for one in json.loads(data)["files"]]  # fmt: skip
            self.give(json.dumps({"files": files}).encode())
        elif match := COMMIT.fullmatch(self.path.split("?")[0]):
            self.commit(match[1], match[2], [json.loads(line) for line in data.splitlines()])
        else:
            self.give(json.dumps({"errors": [], "warnings": []}).encode())

    def commit(self, kind: str, repo: str, lines: list[dict[str, Any]]) -> None:
        files = {}
        for line in lines:
            said = line["value"]
            if line["key"] == "file":
                files[said["path"]] = base64.b64decode(said["content"])
            elif line["key"] == "lfsFile":
                files[said["path"]] = self.hub.contents[said["oid"]]
        commit = self.hub.add(kind, repo, files)
        address = f"{self.hub.address}/{'datasets/' * (kind == 'datasets')}{repo}/commit/{commit}"
        self.give(json.dumps({"success": True, "commitUrl": address, "commitOid": commit, "hookOutput": ""}).encode())

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self) -> None:
        self.hub.asked.append(f"{self.command} {self.path}")
        if self.path.lstrip("/") in self.hub.files:
            data = self.hub.files[self.path.lstrip("/")]
            self.give(data, {"ETag": f'"{sha256(data).hexdigest()[:16]}"'})
        elif match := TREE.fullmatch(self.path):
            self.tree(*match.groups())
        elif match := INFO.fullmatch(self.path):
            self.info(match[1], match[2], match[3] or "main")
        elif match := FILE.fullmatch(self.path):
            self.file("datasets" if match[1] else "models", match[2], match[3], match[4])
        else:
            self.none("EntryNotFound")

    def info(self, kind: str, repo: str, revision: str) -> None:
        found = self.hub.at(kind, repo, revision)
        if found is None:
            self.none("RevisionNotFound" if (kind, repo) in self.hub.repos else "RepoNotFound")
            return
        commit, files = found
        siblings = [{"rfilename": name, "size": len(data), "blobId": oid(data), **large(data)} for name, data in files.items()]
        self.give(
            json.dumps({"id": repo, "sha": commit, "siblings": siblings, "private": (kind, repo) in self.hub.hidden, "tags": []}).encode()
        )

    def tree(self, kind: str, repo: str, revision: str) -> None:
        found = self.hub.at(kind, repo, revision)
        if found is None:
            self.none("RevisionNotFound")
            return
        entries = [{"type": "file", "path": name, "size": len(data), "oid": oid(data), **large(data)} for name, data in found[1].items()]
        self.give(json.dumps(entries).encode())

    def file(self, kind: str, repo: str, revision: str, name: str) -> None:
        found = self.hub.at(kind, repo, revision)
        if found is None or name not in found[1]:
            self.none("EntryNotFound")
            return
        data = found[1][name]
        tag = sha256(data).hexdigest() if len(data) >= LARGE else oid(data)
        self.give(data, {"ETag": f'"{tag}"', "X-Repo-Commit": found[0], "X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{tag}"'})

    def give(self, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def none(self, code: str, status: int = 404) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", "X-Error-Code": code, "X-Error-Message": code}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


def large(data: bytes) -> dict[str, Any]:
    return (
        {"lfs": {"sha256": sha256(data).hexdigest(), "oid": sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}}
        if len(data) >= LARGE
        else {}
    )


@contextlib.contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, answering at `hub.address` on this machine alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Answers,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
