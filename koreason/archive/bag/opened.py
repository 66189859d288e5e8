"""A bag as it is found: read whole, every byte held against its digest, whatever somebody else may have put into it.

    wrong = Folder(Path("run.bag")).read(None)                 # a line for each thing that is not as it was
    Tar(Path("run.bag.tar")).read(Path("restored"))            # and unpacked meanwhile

Understood are plain files under plain names, and hard links to files before them; nothing else is taken out of a tar.
"""

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from koreason import progress
from koreason.archive.bag.contents import CHUNK
from koreason.archive.bag.padding import Watched
from koreason.archive.bag.tags import DATA, DECLARED, MANIFEST, TAGS
from koreason.archive.entries import RUN
from koreason.archive.gathered.gather import LOGS
from koreason.errors import UserError
from koreason.identity import laid
from koreason.ops.kept.outputs import RESULTS
from koreason.records.held import readers
from koreason.records.manifest import is_plain
from koreason.system.neighbours import allowed

LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
LARGEST_TAG = 2**28
LISTS = (DECLARED, MANIFEST, TAGS)  # whose bytes are kept
OF_A_RUN = tuple(f"{DATA}/{RUN}/{name}/" for name in (RESULTS, *LOGS, laid.FOLDER.as_posix()))  # nothing else of a run is archived
ANEW = "get the archive anew"
NONE = f"is no archive: it has no {DECLARED}"
MINE = Path(".koreason/archive")  # in a restored run's folder: what of its archive lay beside the run
Place = Callable[[str], Path | None]


@dataclass
class Bag:
    """An archive that somebody has made.

    Attributes:
        path: its folder or tar.
        found: name of each file that was read to its SHA-256.
        tags: of the bag's own, to its bytes.
        unfilled: names of files behind which, in a tar, something else stands than a tar has there.
    """

    path: Path
    found: dict[str, str] = field(default_factory=dict)
    tags: dict[str, bytes] = field(default_factory=dict)
    unfilled: list[str] = field(default_factory=list)

    def read(self, into: Path | None) -> list[str]:
        """Read everything, put it where it belongs in the folder `into` if there is one, and say what is not as it was.

        Raises:
            UserError: it is no archive, or holds what is not understood.
        """
        self.walk(lambda name: place_of(name, into) if into else None)
        if DECLARED not in self.tags and not self.unfilled:
            raise UserError(NONE, self.path, "name a folder or tar that `koreason archive` has made")
        return list(self._wrong())

    def walk(self, place: Place) -> None:
        """Read every file into `found` and `tags`, and copy it to where `place` says."""
        raise NotImplementedError

    def identifier(self) -> str:
        """What the archive is known by."""
        return hashlib.sha256(self.tags.get(MANIFEST, b"")).hexdigest()

    def _wrong(self) -> Iterator[str]:
        yield from (f"behind {name}: what belongs to no file is not as a tar has it" for name in self.unfilled)
        for name in (MANIFEST, TAGS):
            if name not in self.tags:
                yield f"{name}: is missing: the archive was cut, or is not finished"
        for name, text in self.tags.items():
            self.found[name] = hashlib.sha256(text).hexdigest()
        listed: set[str] = set()
        for name in (MANIFEST, TAGS):
            lines = self.tags.get(name, b"").decode("utf-8", "replace").split("\n")
            if lines.pop():
                yield f"{name}: its last line is cut"
            for number, line in enumerate(lines, 1):
                match = LINE.fullmatch(line)
                if match is None:
                    yield f"{name}: line {number} is damaged"
                    continue
                listed.add(match[2])
                if match[2] not in self.found:
                    yield f"{match[2]}: is missing, and stands in {name}"
                elif self.found[match[2]] != match[1]:
                    yield f"{match[2]}: has SHA-256 {self.found[match[2]]}, {name} says {match[1]}"
        for name in sorted(self.found.keys() - listed - {TAGS}):
            yield f"{name}: does not stand in {MANIFEST if name.startswith(f'{DATA}/') else TAGS}"


class Folder(Bag):
    """An archive that is a folder."""

    def walk(self, place: Place) -> None:
        """Read every file, all cores side by side."""
        names = []
        for top, folders, files in os.walk(self.path):
            folders.sort()
            for name in [*sorted(files), *(name for name in folders if Path(top, name).is_symlink())]:
                path = Path(top, name)
                if path.is_symlink() or not path.is_file():
                    raise UserError("is no plain file", path, ANEW)
                names.append(path.relative_to(self.path).as_posix())
        with progress.bar(total=len(names), what="read", unit=" files") as bar, ThreadPoolExecutor(readers()) as pool:

            def one(name: str) -> tuple[str, str | bytes]:
                path = self.path / name
                with open(path, "rb") as file:
                    found = _taken(name, file, path.stat().st_size, place(name), bool(path.stat().st_mode & 0o100))
                bar.update()
                return name, found

            for name, found in pool.map(one, names):
                _note(self, name, found)


class Tar(Bag):
    """An archive that is a tar, or comes as one through a pipe."""

    def walk(self, place: Place) -> None:
        """Read member after member."""
        first: dict[str, str] = {}
        name, before = "its beginning", None
        try:
            with open(self.path, "rb") as file, tarfile.open(fileobj=cast(IO[bytes], watched := Watched(file)), mode="r|") as tar:
                for member in tar:
                    if not watched.behind(before, member):
                        self.unfilled.append(name)
                    top, _, name = member.name.partition("/")
                    before = member
                    if not (member.isreg() or member.islnk()) or member.issparse() or not is_plain(member.name) or not name:
                        raise UserError("holds a member that is no plain file", f"{self.path}: {member.name!r}", ANEW)
                    watched.within_headers(False)
                    if name in self.found or name in self.tags:
                        raise UserError("stands in it twice", f"{self.path}: {name}", ANEW)
                    _refuse_name(name)
                    if member.islnk():
                        self._link(name, member.linkname.partition("/")[2], first, place)
                        watched.within_headers(True)
                        continue
                    data = tar.extractfile(member)
                    assert data is not None
                    found = _taken(name, data, member.size, place(name), bool(member.mode & 0o100))
                    first[name] = top
                    _note(self, name, found)
                    watched.within_headers(True)
                watched.within_headers(False)
                if not watched.ended(before):
                    self.unfilled.append(name)
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:  # numbers in headers that are none
            raise UserError(f"is damaged or cut behind {name} ({error})", self.path, ANEW) from None

    def _link(self, name: str, target: str, first: dict[str, str], place: Place) -> None:
        if target not in first or target not in self.found:
            raise UserError(f"holds a link to {target!r}, which is no file before it", f"{self.path}: {name}", ANEW)
        self.found[name] = self.found[target]
        path, source = place(name), place(target)
        if path is not None and source is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
            path.chmod(source.stat().st_mode & 0o777)


def place_of(name: str, into: Path) -> Path | None:
    """Where a file of the bag goes in a restored run's folder: the run's own where they were, all others into one folder."""
    inside = f"{DATA}/{RUN}/"
    if name.startswith(inside):
        return into / name.removeprefix(inside)
    return into / MINE / name.removeprefix(f"{DATA}/")


def _taken(name: str, data: IO[bytes], size: int, target: Path | None, program: bool) -> str | bytes:
    """A file's digest, or bytes where it is one of the bag's own, copied to its place meanwhile.

    Raises:
        UserError: its name is none that an archive has.
    """
    _refuse_name(name)
    own = name in LISTS
    if own and size > LARGEST_TAG:
        raise UserError("is too large for a list of files", name, ANEW)
    found, kept = hashlib.sha256(), []
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    with open(os.devnull if target is None else target, "wb" if target is None else "xb") as out:
        while chunk := data.read(CHUNK):
            found.update(chunk)
            out.write(chunk)
            if own:
                kept.append(chunk)
    if target is not None:
        target.chmod(allowed(0o777 if program else 0o666))
    return b"".join(kept) if own else found.hexdigest()


def _refuse_name(name: str) -> None:
    if not is_plain(name) or (name.startswith(f"{DATA}/{RUN}/") and not name.startswith(OF_A_RUN)):
        raise UserError("is no name of an archive's file", repr(name), ANEW)


def _note(bag: Bag, name: str, found: str | bytes) -> None:
    if isinstance(found, bytes):
        bag.tags[name] = found
    else:
        bag.found[name] = found


def opened(path: Path) -> Bag:
    """The archive at a path: a folder or a tar.

    Raises:
        UserError: there is nothing, or a folder that nobody could take for one.
    """
    if path.is_dir():
        if not os.path.lexists(path / DECLARED):
            raise UserError(NONE, path, "name a folder or tar that `koreason archive` has made")
        return Folder(path)
    if not path.exists():
        raise UserError("there is no such archive", path, "name a folder or tar that `koreason archive` has made")
    return Tar(path)
