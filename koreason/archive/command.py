"""Make an archive of a finished run: all that a rerun needs, by content, as a BagIt bag with an RO-Crate in it.

    koreason archive . --out run.bag --without-wheels                 a folder, of hard links where that can be
    koreason archive . --out run.bag.tar --without-wheels             the same as a tar; `-` writes it to standard output
    koreason archive . --out run.bag --wheels wheels --select results journals

What was cut in the middle goes on where it was. The same run makes the same bytes, dated by the run. Before the first byte is written
all is read, the sizes are told, and what must not leave the machine is looked for: keys, user names and paths of the host.
"""

import argparse
import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TextIO

from koreason.archive import make
from koreason.archive.bag import folder, stream
from koreason.archive.bag.contents import Contents
from koreason.archive.entries import ALWAYS, ASKED, PARTS, Entry
from koreason.archive.gathered import gather
from koreason.archive.gathered.private import own_places
from koreason.archive.told.about import sizes
from koreason.errors import UserError
from koreason.system import locks
from koreason.workflow.driver import LOCK

TAR, PIPE = ".tar", "-"
PACKED = (".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".rar")  # no folder is called so, and no tar of ours
ADDRESS = re.compile(r"https?://[^\s<>\"]+|mailto:[^\s<>\"]+")
ARCHIVED = ("results", *gather.LOGS, ".koreason")  # folders of a run, of which parts go into its archive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason archive`."""
    parts = ", ".join(part for part in PARTS if part not in ALWAYS)
    parser.add_argument("folder", type=Path, metavar="RUN", help="the run's folder, which holds results/")
    parser.add_argument("--out", required=True, help="folder to make; NAME.tar for a tar, - for one on standard output")
    parser.add_argument("--select", nargs="+", choices=PARTS, metavar="PART", help=f"only these of {parts}; records and code are in all")
    parser.add_argument("--wheels", type=Path, help="folder with the packages that the locks name, as `pip download` fills it")
    parser.add_argument("--without-wheels", action="store_true", help="the locks alone, by which others can be fetched")
    parser.add_argument("--without-inputs", action="store_true", help="of dumps and benchmarks only digests, and where they come from")
    parser.add_argument(
        "--redact", action="store_true", help="take out of logs and records what must not be passed on, in place of refusing"
    )
    parser.add_argument("--by", nargs=2, metavar=("NAME", "URL"), default=make.NOBODY, help="who ran it, to be named in the archive")
    parser.add_argument("--sizes", action="store_true", help="read, tell the sizes, and write nothing")


def main(arguments: argparse.Namespace) -> int:
    """Read, tell the sizes, write."""
    if not arguments.folder.is_dir():
        raise UserError("there is no such folder", arguments.folder, "name the folder of a finished run")
    out, wheels = Path(arguments.out).absolute(), arguments.wheels and arguments.wheels.absolute()
    if out.name.lower().endswith(PACKED):
        raise UserError("is neither the name of a folder nor of a tar", out, "name it NAME or NAME.tar, or pack what --out - prints")
    if not out.is_dir() and out.suffix != TAR and os.path.lexists(out):
        raise UserError("is there, and no folder", out, "name another place")
    if arguments.by is not make.NOBODY and not ADDRESS.fullmatch(arguments.by[1]):
        raise UserError(f"is no address: {arguments.by[1]}", "--by NAME URL", "begin it with https:// or mailto:")
    parts = parts_of(arguments)
    with contextlib.chdir(arguments.folder), contextlib.ExitStack() as stack:
        run = Path.cwd()
        if any(out.resolve().is_relative_to((run / name).resolve()) for name in ARCHIVED):  # which may be links to a scratch disk
            raise UserError("lies in what is to be archived", out, f"name a place outside of {', '.join(ARCHIVED)}")
        with contextlib.suppress(OSError):  # where it may not be written, nobody works there either
            stack.enter_context(locks.take(run / LOCK, "a run is at work there", run, "wait for it"))
        places = own_places(run)
        asked = make.Asked(parts, wheels, arguments.redact, tuple(arguments.by))
        bag = make.bag(run, gather.outputs_of(run), asked, places)
        tell(bag.entries, bag.size(), sys.stderr if arguments.out == PIPE else sys.stdout)
        if arguments.sizes:
            return 0
        contents = Contents(places, arguments.redact)
        if arguments.out == PIPE:
            stream.stream(bag, sys.stdout.buffer, contents)
        elif out.suffix == TAR:
            stream.write(bag, out, contents)
        else:
            folder.write(bag, out, contents)
    print(f"archive {bag.identifier()}", file=sys.stderr if arguments.out == PIPE else sys.stdout)
    return 0


def parts_of(arguments: argparse.Namespace) -> set[str]:
    """The parts that an archive is to hold."""
    parts = {*(arguments.select or [part for part in PARTS if part not in ASKED]), *ALWAYS}
    without = {"wheels": arguments.without_wheels, "inputs": arguments.without_inputs}
    return {part for part in parts if not without.get(part)}


def tell(entries: list[Entry], whole: int, file: TextIO) -> None:
    """Print how large the parts are."""
    for part, (count, size) in sizes(entries).items():
        print(f"{part:<12} {count:>7,} files {size / 1e6:>12,.1f} MB   {PARTS[part]}", file=file)
    print(f"{'in all':<12} {len(entries):>7,} files {whole / 1e6:>12,.1f} MB", file=file, flush=True)
