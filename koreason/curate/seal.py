"""Seal a benchmark that must not lie in the clear: keyed hashes, by which prompts and traces are held against it all the same.

    koreason seal --bench try/benches/ko_math/manifest.json --out try/ko_math.parquet

The key is read from $KOREASON_SEAL_KEY; `openssl rand -hex 32` makes one. Prints what a pool's entry says to have it
looked for. Questions, options and answers are not in the file, only ids and hashes; to
whoever lacks the key they say nothing. The key stays with those who may look: in the environment, never in a file of the run.
"""

import argparse
from pathlib import Path

import yaml

from koreason.curate.overlap.items import read_items
from koreason.curate.overlap.sealed import key_of, seal
from koreason.errors import UserError
from koreason.records.digests import sha256_file
from koreason.system.neighbours import created


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--bench`, `--key` and `--out`."""
    parser.add_argument("--bench", required=True, type=Path, metavar="MANIFEST", help="of a benchmark, as the stage `bench` leaves it")
    parser.add_argument("--key", default="$KOREASON_SEAL_KEY", metavar="$NAME", help="variable with the key (default: %(default)s)")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="Parquet; its name without .parquet is the benchmark's")


def main(arguments: argparse.Namespace) -> None:
    """Write `--out`, and print how to use it.

    Raises:
        UserError: the key is not at hand, there is no such benchmark, or none of its items can be looked for.
    """
    items = read_items([arguments.bench])
    frame = seal(items, key_of(arguments.key))
    if not frame.height:
        raise UserError("none of its items is long enough to be known by its characters", arguments.bench, "nothing can be sealed")
    try:
        with created(arguments.out) as file:
            frame.write_parquet(file, compression="zstd", compression_level=3)
    except OSError as error:
        raise UserError(f"not writable ({error.strerror})", arguments.out, "give another --out") from None
    entry = {
        "sealed": {arguments.out.name: sha256_file(arguments.out)},
        "sealed_root": str(arguments.out.parent.resolve()),
        "seal_key": arguments.key,
    }
    print(f"# {frame.height} of {len(items)} items; the others are too short. In the pool's entry:")
    print(yaml.safe_dump(entry, sort_keys=False), end="")
