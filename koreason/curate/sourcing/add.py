"""Write the catalogue's entry of a dump, with its files' digests.

add([Path("dumps/forum")], "forum", "Daily", "B", Path("my.yaml"))
"""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from koreason.config.checks.check import NAME
from koreason.config.files.layers import read_yaml
from koreason.curate.guessing.guess import Guess, guess
from koreason.errors import UserError, printable
from koreason.intake.named import digest_of, matching
from koreason.progress import bar
from koreason.records.digests import sha256_file, write_atomically
from koreason.system import yamls

WORTH_A_BAR = 1 << 28  # bytes, of which digests take a second
MOST_LISTED = 20  # files; more are named by a glob
ROOTS = ("KOREASON_DATA", "KOREASON_HOME")  # variables by which a root is written where it lies below one


def add(paths: list[Path], name: str | None, category: str | None, licence: str | None, into: Path | None) -> None:
    """Guess what a dump is, digest its files, and print its entry or write it into a file of the configuration.

    Raises:
        UserError: the dump cannot be read, or the file has such an entry or cannot take one.
    """
    if into and not (category and licence):
        raise UserError("needs --category and --licence", "--into", "only you know what the dump is, and what its owner allows")
    found = guess(paths)
    found.source()  # which tells where there is no question
    name = name or _name(paths[0])
    if not NAME.fullmatch(name):
        raise UserError(f"'{name}' is no name", "--name", "accepted: letters, digits, _ and -, at most 64")
    entry = entry_of(found, category or "CATEGORY", licence or "LICENCE", files_of(found))
    reasons = [printable(reason) for reason in found.reasons]
    comments = "".join(f"# {reason}\n" for reason in reasons)
    if into is None:
        print(comments + _dumped({"sources": {name: entry}}), end="")
        return
    insert(into, name, entry)
    print("\n".join([*reasons, f"written to {into}: look it through, then `koreason source try {name} --configfile {into}`"]))


def _name(path: Path) -> str:
    stem = path.resolve().name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:64] or "source"


def entry_of(found: Guess, category: str, licence: str, files: dict[str, str]) -> dict[str, Any]:
    """The entry, with nothing in it that is the default."""
    entry: dict[str, Any] = {"format": found.format, "category": category, "licence": licence, "columns": found.columns}
    entry |= {"max_reject_share": 0.01, "html": found.html}
    if found.format == "datasets":
        return entry | {"hub": rooted(found.root), "files": files}
    entry |= {"root": rooted(found.root), "files": files}
    if found.encoding != "utf-8":
        entry["encoding"] = found.encoding
    if found.separator not in (None, {"csv": ",", "tsv": "\t"}.get(found.format)):
        entry["separator"] = found.separator
    if found.sheet:
        entry["sheet"] = found.sheet
    return entry


def rooted(root: Path) -> str:
    """A folder as the entry names it: below `$KOREASON_DATA` where that is set and it lies there, so that others find it, too."""
    for name in ROOTS:
        base = os.environ.get(name)
        if base and root.is_relative_to(Path(base).resolve()):
            return Path(f"${name}", root.relative_to(Path(base).resolve())).as_posix()
    return str(root)


def files_of(found: Guess) -> dict[str, str]:
    """Each file with its digest; many with one, under a glob that matches these and no others."""
    long = sum((found.root / name).stat().st_size for name in found.files) > WORTH_A_BAR
    names = bar(found.files, what="digest", unit=" files") if long else found.files
    digests = {name: sha256_file(found.root / name) for name in names}
    if len(digests) <= MOST_LISTED:
        return digests
    for glob in globs(found.files):
        if matching(glob, found.root) == found.files:
            return {glob: digest_of(digests)}
    return digests


def globs(names: list[str]) -> list[str]:
    """Globs that may match these names, the narrower first: by their last suffixes, in one folder and in any."""
    found = []
    for count in (2, 1):
        ends = {"".join(Path(name).suffixes[-count:]) for name in names}
        if len(ends) == 1:
            found += [f"*{(end := ends.pop())}", f"**/*{end}"]
    return [*found, "*", "**"]


def insert(into: Path, name: str, entry: dict[str, Any]) -> None:
    """Write an entry into a file of the configuration, below its `sources:`, and leave all else in it as it is.

    Raises:
        UserError: it has such an entry, or its `sources` are not written in a way that can be added to.
    """
    text = into.read_text(encoding="utf-8") if into.is_file() else ""
    config = read_yaml(into) if text else {}
    sources = config.get("sources")
    if isinstance(sources, dict) and name in sources:
        raise UserError(f"has an entry '{name}' already", into, "remove it there, or give another --name")
    lines = text.splitlines(keepends=True)
    place = next((number for number, line in enumerate(lines) if re.fullmatch(r"sources:\s*(\{\s*\})?\s*(#.*)?\n?", line)), None)
    if place is None:
        text = (text + ("\n" if text and not text.endswith("\n") else "")) + _dumped({"sources": {name: entry}})
    else:
        following = next((line for line in lines[place + 1 :] if re.match(r"\s*[^\s#]", line)), "")
        indent = re.match(r" *", following)[0] or "  " if sources else "  "  # type: ignore[index]
        block = _dumped({name: entry})
        lines[place] = re.sub(r"\{\s*\}\s*?", "", lines[place]).rstrip() + "\n"
        lines.insert(place + 1, "".join(indent + line for line in block.splitlines(keepends=True)))
        text = "".join(lines)
    expected = {**config, "sources": {**(sources or {}), name: entry}}
    try:
        written = yamls.read(text)
    except yaml.YAMLError:
        written = None
    if written != expected:
        raise UserError("cannot be added to: its `sources` are written in another way", into, "leave --into out, and paste what is printed")
    into.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(into, text)


def _dumped(value: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=110)
    return text
