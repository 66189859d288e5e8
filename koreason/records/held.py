"""What a stage reads is what its manifest says: the one place where a file that a manifest names is opened.

    pool = held(Path("results/pools/demo/manifest.json"))
    pool.path("prompts.parquet")      # once its size and SHA-256 are known to be the manifest's
    teacher.whole()                   # a folder in which a library picks its files itself

A file is read whole for that once per host, and not again before it changes: `.koreason/seen` in the run's folder remembers it by device,
inode, size and times. What cannot be remembered is read again, and another digest than the remembered one is never believed.
"""

import logging
import os
import platform
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.records import seen
from koreason.records.manifest import EVENTS, MANIFEST, RUN, again, read_manifest
from koreason.system import locks

MEMORY = Path(".koreason/seen")
# What lies in a stage's folder besides its output; names that begin with a dot do, too.
BESIDE = (MANIFEST, RUN, "attempts.jsonl", "throughput.jsonl", EVENTS, "checkpoints")
STAMP = ".snakemake_timestamp"  # Snakemake's, in each folder that a rule declares
LINKED = "base"  # the stage that links files of a model's folder instead of copying them
MOST_READERS = 16
TURNS = 64  # locks by which processes of one host take turns in reading the same large file
WORTH_A_TURN = 64 * 2**20

log = logging.getLogger(__name__)
_known: dict[tuple[object, ...], str] = {}  # what this process read, where there is no run's folder to remember it


@dataclass(frozen=True)
class Held:
    """A stage's output, whose files are opened only as its manifest describes them.

    Attributes:
        manifest: where the manifest lies.
        made: what it holds: `stage`, `files`, `counts`.
    """

    manifest: Path
    made: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The output's folder, for messages and for what is written beside it; its files are had by `path` and `whole`."""
        return self.manifest.parent

    @property
    def names(self) -> list[str]:
        """Names of its files."""
        return sorted(self.made["files"])

    def fact(self, name: str, key: str) -> Any:
        """What the manifest says of a file, such as its `rows`.

        Raises:
            UserError: nothing.
        """
        facts = self.made["files"].get(name)
        if facts is None or key not in facts:
            raise UserError(
                f"declares no {name}" if facts is None else f"does not say `{key}` of {name}", self.manifest, again(self.folder)
            )
        return facts[key]

    def path(self, name: str) -> Path:
        """Where a file is, after making sure that it is the one that the manifest describes.

        Raises:
            UserError: it is not declared, or missing, or another.
        """
        return self.paths([name])[0]

    def paths(self, names: Iterable[str]) -> list[Path]:
        """`path` of several files, which are read side by side."""
        names = list(names)
        unread = sum(int(self.fact(name, "bytes")) for name in names)
        if unread >= seen.LARGE:
            log.info("holding %.0f GB of %s against its manifest, where that was not done lately", unread / 1e9, self.folder)
        for name, wrong in zip(names, self.wrongs(names), strict=True):
            if wrong:
                raise UserError(wrong, self.folder / name, again(self.folder))
        return [self.folder / name for name in names]

    def wrongs(self, names: list[str]) -> list[str]:
        """`wrong` of several files, which are read side by side."""
        if len(names) < 2:
            return [self.wrong(name) for name in names]
        with ThreadPoolExecutor(readers()) as pool:
            return list(pool.map(self.wrong, names))

    def whole(self, *without: str) -> Path:
        """The folder, for a library that picks its files in it by itself: all are held, and no others are there.

        Args:
            without: patterns of names that the library does not open.

        Raises:
            UserError: a file is missing, or another, or one is there that the manifest does not name.
        """
        self.paths(name for name in self.names if not any(fnmatch(name, pattern) for pattern in without))
        if foreign := self.foreign():
            raise UserError(f"its manifest does not name {foreign[0]}, which would be read", self.folder, "move that file away")
        return self.folder

    def foreign(self) -> list[str]:
        """Names of what lies in the folder and is neither declared nor of those that a stage leaves beside its output."""
        declared = {part for name in self.made["files"] for part in (name, *map(str, Path(name).parents))}
        there = (path.relative_to(self.folder) for top in self.folder.iterdir() if _is_output(top.name) for path in _below(top))
        return sorted(str(path) for path in there if str(path) not in declared and path.name != STAMP)

    def wrong(self, name: str, trust: bool = True) -> str:
        """What is wrong with a declared file; empty where it is what the manifest says.

        Args:
            trust: believe what is remembered; else the file is read.
        """
        if wrong := self.misplaced(name):
            return wrong
        path, sha256 = self.folder / name, self.fact(name, "sha256")
        found = digest_of(path, sha256, trust)
        return "" if found == sha256 else f"has SHA-256 {found}, its manifest says {sha256}"

    def misplaced(self, name: str) -> str:
        """What is wrong with a declared file before a byte of it is read: it is missing, leads out of its folder, or has another size."""
        path, size = self.folder / name, self.fact(name, "bytes")
        try:
            target = path.resolve(strict=True)
            state = path.stat()
        except FileNotFoundError:
            return "is missing"
        except (NotADirectoryError, RuntimeError):
            return "is no file"
        may_lead_out = self.made["stage"] == LINKED and path.is_symlink() and path.parent.resolve() == self.folder.resolve()
        if not target.is_relative_to(self.folder.resolve()) and not may_lead_out:
            return f"is a link that leaves its folder, to {target}"
        if not stat.S_ISREG(state.st_mode):
            return "is no file"
        return "" if state.st_size == size else f"has {state.st_size} bytes, its manifest says {size}"


def held(manifest: Path) -> Held:
    """The output that a manifest, or the one in a folder, describes; each of its files is looked at when it is asked for.

    Raises:
        UserError: there is no manifest, or it is none.
    """
    manifest = Path(manifest)
    manifest = manifest / MANIFEST if manifest.is_dir() else manifest
    return Held(manifest, read_manifest(manifest))


def digest_of(path: Path, sha256: str, trust: bool = True) -> str:
    """The file's SHA-256: read, or remembered where it is `sha256`."""
    state = seen.state_of(path)
    stamp, lasts = _stamp(path, state)
    if trust and (_known.get(_key(path, state)) == sha256 or (stamp is not None and seen.trusted(stamp, state, sha256, lasts))):
        return sha256
    with ExitStack() as stack:
        if stamp is not None and state["size"] >= WORTH_A_TURN:
            with suppress(UserError, OSError):  # without locks each reads for itself
                stack.enter_context(locks.take(stamp.parent / f"turn-{state['inode'] % TURNS}", "", wait=None))
            if trust and seen.trusted(stamp, state, sha256, lasts):
                return sha256
        return read_digest(path)


def read_digest(path: Path) -> str:
    """The file's SHA-256, read and remembered."""
    found, settled = seen.read(path)
    if settled is not None:
        _known[_key(path, settled)] = found
        stamp, _ = _stamp(path, settled)
        if stamp is not None:
            seen.remember(stamp, settled, found)
    return found


def known_digest(path: Path) -> str:
    """The file's SHA-256: remembered, whatever it is, or read."""
    state = seen.state_of(path)
    stamp, lasts = _stamp(path, state)
    known = _known.get(_key(path, state)) or (seen.remembered(stamp, state, lasts) if stamp is not None else None)
    return known or read_digest(path)


def _key(path: Path, state: seen.State) -> tuple[object, ...]:
    return path.stat().st_dev, *sorted(state.items())


def read_digests(paths: list[Path]) -> list[str]:
    """`read_digest` of several files, which are read side by side."""
    with ThreadPoolExecutor(readers()) as pool:
        return list(pool.map(read_digest, paths))


def _stamp(path: Path, state: seen.State) -> tuple[Path | None, float | None]:
    """Where a file is remembered, and for how long: nowhere outside of a run's folder."""
    if not (Path("results").is_dir() or MEMORY.parent.is_dir()):
        return None, None
    large = state["size"] >= seen.LARGE
    folder = MEMORY / ("every-host" if large else platform.node() or "host")
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    # device numbers are a host's own
    name = f"{state['inode']:x}" if large else f"{path.stat().st_dev:x}-{state['inode']:x}"
    return folder / name, seen.LARGE_LASTS if large else None


def readers() -> int:
    """How many files are read at once."""
    return min(MOST_READERS, len(os.sched_getaffinity(0)))


def _is_output(name: str) -> bool:
    return not name.startswith(".") and not any(fnmatchcase(name, pattern) for pattern in BESIDE)


def _below(path: Path) -> Iterable[Path]:
    """A file, or every file below a folder."""
    return (
        (found for found in path.rglob("*") if not found.is_dir() or found.is_symlink())
        if path.is_dir() and not path.is_symlink()
        else (path,)
    )
