"""Bring everything that a run names on a hub or the web into one folder, by content, from which it is read offline.

    koreason mirror --into mirror --configfile config/paper.yaml
    koreason mirror --into mirror --configfile config/paper.yaml --check

Models, benchmarks and data sets come at their pinned commits, dumps with `urls` at their SHA-256. What is there is not brought again, and
what was cut goes on. `--check` brings nothing, and says what has vanished or changed at its origin; exit status 2 if anything has. A run
reads from the folder where the environment variable KOREASON_MIRROR names it, and then asks no hub.
"""

import argparse
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from koreason.arguments import whole
from koreason.config.files.layers import layered, read_yaml
from koreason.config.joined.reached import reached
from koreason.config.pinned import pinned
from koreason.errors import UserError
from koreason.mirror import hub, store, web
from koreason.mirror.named import Repository, named
from koreason.mirrored import VARIABLE, check, content, index_of, place, read_index
from koreason.records.digests import sha256_file

SAME, NEW, CHANGED, GONE, LACKS = "same", "new", "changed", "vanished", "not mirrored"
MOST_GIB = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason mirror`."""
    parser.add_argument("--into", required=True, type=Path, metavar="FOLDER", help="the mirror")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="ENTRY", help="these entries, such as bases.qwen, and not all of the run's"
    )
    parser.add_argument(
        "--most", type=whole(1), default=MOST_GIB, metavar="GIB", help=f"refuse larger files behind URLs (default: {MOST_GIB})"
    )
    parser.add_argument("--check", action="store_true", help="bring nothing; say what has vanished or changed upstream")


def main(arguments: argparse.Namespace) -> int:
    """Bring, or ask whether it is still there."""
    mirror = arguments.into.absolute()
    config = layered(arguments.configfile)
    wanted = list(named(config))
    if unknown := set(arguments.only) - {one.where for one in wanted}:
        there = ", ".join(dict.fromkeys(one.where for one in wanted)) or "none"
        raise UserError("names nothing on a hub or the web", sorted(unknown)[0], f"entries that do: {there}")
    asked = set(arguments.only) or used(config, arguments.configfile)
    wanted = [one for one in wanted if one.where in asked]
    for one in wanted:
        if isinstance(one, Repository):
            _pinned(one)
    states: Counter[str] = Counter()
    for one in wanted:
        if isinstance(one, Repository):
            state, told = (check_repository if arguments.check else bring_repository)(mirror, one)
        else:
            state, told = web.check(mirror, one) if arguments.check else web.bring(mirror, one, arguments.most << 30)
        states[state] += 1
        print(f"{state:<13} {one.where}: {told}", flush=True)
    print(", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "the configuration names nothing on a hub or the web")
    if not arguments.check:
        print(f"runs read from it with {VARIABLE}={mirror}")
    return 2 if {CHANGED, GONE, LACKS} & states.keys() else 0


def used(config: dict[str, Any], files: list[Path]) -> set[str]:
    """Keys of the entries that the run's experiments come to; where there are none yet, of those that the files themselves have."""
    if (config.get("run") or {}).get("experiments"):
        return {f"{table}.{name}" for table, names in reached(config).items() for name in names}
    return {
        f"{table}.{name}" for file in files for table, entries in read_yaml(file).items() if isinstance(entries, dict) for name in entries
    }


def _pinned(one: Repository) -> None:
    try:
        pinned(one.repo, one.revision)
    except UserError:
        raise UserError(f"its revision {one.revision!r} is not a full commit id", one.where, "`koreason pin` writes it") from None


def bring_repository(mirror: Path, one: Repository) -> tuple[str, str]:
    """Bring a repository's files, or find all there.

    Raises:
        UserError: they are not to be had, or not what the hub or the configuration says.
    """
    folder = place(mirror, one.kind, one.repo, one.revision)
    found = read_index(folder)
    known = found["files"] if found else {}
    names = {name for name in known if hub.taken(name, one.patterns)}
    if found and set(found["patterns"]) >= {*one.patterns, *([""] if not one.patterns else [])} and _whole(folder, known, names):
        check(one.where, one.digest, {name: known[name]["sha256"] for name in names})
        return SAME, f"{one.repo} at {one.revision}"
    try:
        there = hub.listed(one.kind, one.repo, one.revision, one.patterns)
    except hub.Vanished as error:
        raise UserError(str(error), f"{one.where}: {one.repo}", "check its name and your access to it") from None
    if not there.files:
        raise UserError("holds no file that would be read", f"{one.where}: {one.repo}", "check its name")
    part = folder.with_name(f".{folder.name}.part")
    hub.bring(one.kind, one.repo, one.revision, sorted(there.files), part)
    files = dict(known)
    for name, said in there.files.items():
        path = part / name
        if not path.is_file() or (said["sha256"] or said["oid"]) != (sha256_file(path) if said["sha256"] else store.oid_of(path)):
            raise UserError("did not come as the hub lists it", f"{one.repo}: {name}", "type the command again")
        digest = store.keep(mirror, path)
        files[name] = said | {"sha256": digest, "bytes": path.stat().st_size}
    check(one.where, one.digest, {name: files[name]["sha256"] for name in there.files})
    for name in there.files:
        store.link(mirror, files[name]["sha256"], folder / name)
    patterns = sorted({*(found["patterns"] if found else []), *(one.patterns or [""])})  # an empty one stands for all files
    store.write_index(index_of(folder), {"repo": one.repo, "commit": one.revision, "patterns": patterns, "files": files})
    shutil.rmtree(part)
    return NEW, f"{one.repo} at {one.revision}: {len(there.files)} files, {sum(files[name]['bytes'] for name in there.files) / 1e6:,.1f} MB"


def _whole(folder: Path, known: dict[str, dict[str, str]], names: set[str]) -> bool:
    return all((folder / name).is_file() and sha256_file(folder / name) == known[name]["sha256"] for name in names)


def check_repository(mirror: Path, one: Repository) -> tuple[str, str]:
    """Whether the hub has a repository as the mirror does."""
    folder = place(mirror, one.kind, one.repo, one.revision)
    found = read_index(folder)
    if found is None:
        return LACKS, f"{one.repo} at {one.revision}"
    try:
        there = hub.listed(one.kind, one.repo, one.revision, one.patterns)
    except hub.Vanished as error:
        return GONE, f"{one.repo} {error}"
    mine = {name: facts for name, facts in found["files"].items() if hub.taken(name, one.patterns)}
    lost = sorted(mine.keys() - there.files.keys())
    other = sorted(name for name, said in there.files.items() if name not in mine or said["oid"] != mine[name]["oid"])
    if lost or other:
        return CHANGED, f"{one.repo}: {(lost + other)[0]} is {'gone' if lost else 'another'}, and {len(lost) + len(other) - 1} more"
    if not all(content(mirror, facts["sha256"]).is_file() for facts in mine.values()):
        return LACKS, f"{one.repo} at {one.revision}: a content is gone from the mirror"
    try:
        latest = hub.listed(one.kind, one.repo, "main").commit
    except hub.Vanished:
        latest = one.revision
    moved = f"; its branch main has moved on to {latest}" if latest != one.revision else ""
    return SAME, f"{one.repo} at {one.revision}{moved}"
