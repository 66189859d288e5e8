"""Write full commit ids and digests into a configuration file where it says FILL-IN.

    koreason pin my.yaml
    koreason pin config/benches/click.yaml --dry

Of each entry on a hub whose `revision` is FILL-IN the branch main is asked for its commit; it and the digest of all files that would be
read are written in its place, and nothing else of the file changes. A SHA-256 of `files` that is FILL-IN is that of what its URL in `urls`
gives. Look at what you pin: it is what is there now.
"""

import argparse
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from koreason.config.pinned import is_folder
from koreason.curate.sourcing import fetch
from koreason.errors import UserError
from koreason.mirror import hub
from koreason.mirror.named import TABLES
from koreason.mirrored import digest_of
from koreason.records.digests import sha256_file, write_atomically
from koreason.system import yamls

FILL_IN = "FILL-IN"
MOST = 500 << 30  # bytes of a file behind a URL
Edit = tuple[int, int, str]  # from, to, and what stands there instead


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason pin`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a file of the configuration, in YAML")
    parser.add_argument("--dry", action="store_true", help="say what would be written, and write nothing")


def main(arguments: argparse.Namespace) -> int:
    """Ask, and write."""
    try:
        text = arguments.file.read_text(encoding="utf-8")
        yamls.read(text)  # no deeper than can be followed
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot be read ({' '.join(str(error).split())})", arguments.file, "give a file of the configuration") from None
    edits: list[Edit] = []
    for where, kind, patterns, entry in entries(tree):
        for edit, told in [*of_hub(where, kind, patterns, entry), *of_urls(where, entry)]:
            edits += edit
            print(f"{where}: {told}", flush=True)
    if not edits:
        print(f"{arguments.file}: nothing says {FILL_IN}")
        return 0
    for start, end, new in sorted(set(edits), reverse=True):
        text = text[:start] + new + text[end:]
    if not arguments.dry:
        write_atomically(arguments.file, text)
    print(f"{arguments.file}: {'would be written' if arguments.dry else 'written'}")
    return 0


def entries(tree: Any) -> Iterator[tuple[str, str, tuple[str, ...], dict[str, Any]]]:
    """Entries of the tables that may name something elsewhere: key, kind, patterns, and the nodes of its keys."""
    tables = _keys(tree)
    if "hub" in tables or "kit" in tables:  # a file that is one benchmark, with another place of its items
        kind, patterns = TABLES["benches"]
        yield "benches", kind, patterns, tables | {"": tree}
        yield "benches, kit", kind, patterns, _keys(tables.get("kit")) | {"": tables.get("kit")}
    for table, (kind, patterns) in TABLES.items():
        for name, node in _keys(tables.get(table)).items():
            yield f"{table}.{name}", kind, patterns, _keys(node) | {"": node}


def _keys(node: Any) -> dict[str, Any]:
    """The values of a mapping by their keys; merged ones are another entry's."""
    return {key.value: value for key, value in node.value if key.value != "<<"} if isinstance(node, yaml.MappingNode) else {}


def of_hub(where: str, kind: str, patterns: tuple[str, ...], entry: dict[str, Any]) -> Iterator[tuple[list[Edit], str]]:
    """What to write of an entry on a hub.

    Raises:
        UserError: the hub does not know it, or does not answer.
    """
    repo, revision, digest = (entry.get(name) for name in ("hub", "revision", "digest"))
    unpinned = [node for node in (revision, digest) if node is not None and node.value == FILL_IN]
    if repo is None or is_folder(repo.value) or not unpinned:
        return
    asked = "main" if revision is None or revision.value == FILL_IN else revision.value
    try:
        found = hub.listed(kind, repo.value, asked, patterns)
    except hub.Vanished as error:
        raise UserError(str(error), f"{where}: {repo.value}", "check its name and your access to it") from None
    all_of_them = digest_of(digests(kind, repo.value, found))
    edits = [_edit(revision, found.commit)] if revision is not None and revision.value == FILL_IN else []
    if digest is not None:
        edits.append(_edit(digest, all_of_them))
    elif revision is not None:
        edits.append(_beside(entry[""], revision, f"digest: {all_of_them}"))
    yield edits, f"{repo.value} at {found.commit}, digest {all_of_them}"


def digests(kind: str, repo: str, found: hub.Listed) -> dict[str, str]:
    """SHA-256 of each file: the hub tells that of large ones, the others are brought."""
    small = sorted(name for name, facts in found.files.items() if not facts["sha256"])
    with tempfile.TemporaryDirectory() as temporary:
        if small:
            hub.bring(kind, repo, found.commit, small, Path(temporary))
        return {name: facts["sha256"] or sha256_file(Path(temporary) / name) for name, facts in found.files.items()}


def of_urls(where: str, entry: dict[str, Any]) -> Iterator[tuple[list[Edit], str]]:
    """Digests of files behind URLs.

    Raises:
        UserError: a file says FILL-IN and has no URL, or cannot be had.
    """
    urls = _keys(entry.get("urls"))
    for name, node in _keys(entry.get("files")).items():
        if node.value != FILL_IN:
            continue
        if name not in urls:
            raise UserError(
                f"says {FILL_IN}, and `urls` has none for it", f"{where}.files.{name}", "give its URL, or `koreason source add`"
            )
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / sha256(name.encode()).hexdigest()
            fetch.bring(urls[name].value, path, None, MOST)
            digest = sha256_file(path)
        yield [_edit(node, digest)], f"{name} has SHA-256 {digest}"


def _edit(node: Any, new: str) -> Edit:
    return node.start_mark.index, node.end_mark.index, new


def _beside(mapping: Any, node: Any, line: str) -> Edit:
    """A key behind another, in the style of their mapping."""
    end = node.end_mark.index
    if mapping.flow_style:
        return end, end, f", {line}"
    column = next(key.start_mark.column for key, value in mapping.value if value is node)
    return end, end, f"\n{' ' * column}{line}"
