"""Write, try and fetch entries of the catalogue for raw dumps.

    koreason source try data/demo/forum.jsonl.gz      what it is taken for, 20 cleaned rows, and what would be dropped
    koreason source add dumps/forum --name forum --category Daily --licence B --into my.yaml
    koreason source fetch forum --configfile my.yaml

`try` guesses format, encoding and columns of a file or folder, or reads an entry of the configuration by its name, cleans its first
records as a pool would, and writes nothing. `add` writes the entry with the digests of the files, to look through and correct. `fetch`
brings the files of entries with `urls`: it goes on where it was cut off, and gives a file its name only once it has the SHA-256 that
the entry says. A first dump, step by step: docs/sources.md.
"""

import argparse
from pathlib import Path

from koreason.arguments import whole
from koreason.curate.sourcing.add import add
from koreason.curate.sourcing.fetch import MOST_GIB, fetch
from koreason.curate.sourcing.trial import RECORDS, try_source

LICENCES = ("A", "B")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `add`, `try` and `fetch`, each with its options."""
    kinds = parser.add_subparsers(dest="what", required=True, metavar="add|try|fetch")
    adding = kinds.add_parser("add", help="write the entry of a dump, with its files' digests")
    adding.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER", help="of one dump")
    adding.add_argument("--name", metavar="NAME", help="of the entry; without it the folder's or the file's")
    adding.add_argument("--category", metavar="C", help="one for the whole source, such as Daily, Exams, STEM; masks and quotas go by it")
    adding.add_argument("--licence", choices=LICENCES, help="A may be redistributed, B may be trained on only")
    adding.add_argument("--into", type=Path, metavar="FILE", help="a file of the configuration to write it into; without it it is printed")
    trying = kinds.add_parser("try", help="show what a dump is taken for, cleaned rows and what is dropped")
    trying.add_argument("paths", nargs="+", metavar="FILE|FOLDER|NAME", help="of one dump; or the name of one entry of `sources`")
    trying.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    trying.add_argument("--records", type=whole(1), default=RECORDS, metavar="N", help=f"how many are read (default: {RECORDS:,})")
    fetching = kinds.add_parser("fetch", help="bring the files of entries with `urls`")
    fetching.add_argument("names", nargs="+", metavar="NAME", help="entries of `sources`")
    fetching.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as Snakemake's")
    fetching.add_argument("--most", type=whole(1), default=MOST_GIB, metavar="GIB", help=f"refuse larger files (default: {MOST_GIB})")


def main(arguments: argparse.Namespace) -> None:
    """Do what was asked for."""
    if arguments.what == "add":
        add(arguments.paths, arguments.name, arguments.category, arguments.licence, arguments.into)
    elif arguments.what == "try":
        try_source(arguments.paths, arguments.configfile, arguments.records)
    else:
        fetch(arguments.names, arguments.configfile, arguments.most)
