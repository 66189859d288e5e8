"""The environments of a run: their locks, the wheels that these name, and a bill of materials (CycloneDX) for each.

    locked(Path("envs/data.lock").read_text())["polars"]     # Package(name="polars", version="1.42.0", digests=(…))
    bill("data", locked(text), date, {})                     # a CycloneDX document

A lock names several files a package, one for each platform: the one that is archived is in the bill by its digest.
"""

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from koreason.archive.entries import Entry
from koreason.errors import UserError
from koreason.records.held import read_digests

PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)((?:[^\\\n]|\\\n)*)", re.MULTILINE)
DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")
SPACE = uuid.UUID("6f2b4c0e-8f0e-5d55-9a7d-6c1d1f1f2a10")  # of our serial numbers
FILES = (".whl", ".tar.gz", ".zip")


@dataclass(frozen=True)
class Package:
    """A line of a lock: name, version, and the SHA-256 of each file that will do."""

    name: str
    version: str
    digests: tuple[str, ...]


def locked(text: str) -> dict[str, Package]:
    """The packages of a lock, by their normalised names."""
    found = (Package(plain(name), version, tuple(DIGEST.findall(rest))) for name, version, rest in PINNED.findall(text))
    return {package.name: package for package in found}


def plain(name: str) -> str:
    """A package's normalised name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wheels(folder: Path, locks: dict[str, str]) -> list[Entry]:
    """The files in a folder that locks name: one for each package of each.

    Args:
        locks: an environment's name to its lock's text.

    Raises:
        UserError: one is missing, or a file is not what a lock says of its package.
    """
    files = sorted(path for path in folder.iterdir() if path.name.endswith(FILES)) if folder.is_dir() else []
    digests = dict(zip(files, read_digests(files), strict=True))
    by_digest = {digest: path for path, digest in digests.items()}
    found: dict[str, Entry] = {}
    for name, text in sorted(locks.items()):
        for package in locked(text).values():
            held = [digest for digest in package.digests if digest in by_digest]
            if not held:
                _refuse(package, name, folder, digests)
            path = by_digest[held[0]]
            found[held[0]] = Entry(f"wheels/{path.name}", "wheels", path, sha256=held[0])
    return list(found.values())


def _refuse(package: Package, lock: str, folder: Path, digests: dict[Path, str]) -> None:
    do = f"fill the folder with `pip download --no-deps --require-hashes -d {folder} -r envs/{lock}.lock`, or give --without-wheels"
    for path, digest in digests.items():
        parts = path.name.split("-")
        if plain(parts[0]) == package.name and parts[1:] and parts[1].startswith(package.version):
            raise UserError(f"has SHA-256 {digest}, which {lock}.lock does not name for {package.name}=={package.version}", path, do)
    raise UserError(f"lacks {package.name}=={package.version}, which {lock}.lock names", folder, do)


def licences(environment: Path) -> dict[str, str]:
    """What installed packages say of their licence, by name."""
    found = {}
    for path in sorted(environment.glob("lib/python*/site-packages/*.dist-info/METADATA")):
        head = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0])
        classified = [line.rpartition(" :: ")[2] for line in head.get_all("Classifier", []) if line.startswith("License ::")]
        stated = head.get("License-Expression") or "; ".join(classified) or head.get("License") or ""
        found[plain(str(head.get("Name", path.parent.name)))] = " ".join(str(stated).split())[:100]
    return found


def bill(name: str, packages: Iterable[Package], date: int, known: dict[str, str], archived: Iterable[str] = ()) -> dict[str, Any]:
    """A CycloneDX 1.6 document of an environment or image.

    Args:
        known: package to its licence, where that is known.
        archived: SHA-256 of the files that are in the archive.
    """
    archived = set(archived)
    packages = sorted(packages, key=lambda one: one.name)
    serial = uuid.uuid5(SPACE, json.dumps([name, [[one.name, one.version, one.digests] for one in packages]]))
    when = datetime.fromtimestamp(date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"timestamp": when, "component": {"type": "application", "bom-ref": f"environment:{name}", "name": name}},
        "components": [_component(one, known.get(one.name, ""), archived) for one in packages],
    }


def _component(package: Package, licence: str, archived: set[str]) -> dict[str, Any]:
    where = f"pkg:pypi/{package.name}@{package.version.replace('+', '%2B')}"
    found: dict[str, Any] = {"type": "library", "bom-ref": where, "name": package.name, "version": package.version, "purl": where}
    if licence:
        found["licenses"] = [{"license": {"name": licence}}]
    if exact := [digest for digest in package.digests if digest in archived] or list(package.digests)[:1] * (len(package.digests) == 1):
        found["hashes"] = [{"alg": "SHA-256", "content": exact[0]}]
    else:
        found["properties"] = [{"name": "koreason:one-of-sha256", "value": digest} for digest in package.digests]
    return found
