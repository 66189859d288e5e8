"""Say how much of which journal nothing asks for any more, and remove it if asked to.

    koreason prune                                       every journal below results/
    koreason prune results/evals/small --yes             remove it from these

Journals of teachers and of evaluated models only grow: with each retraining, each changed recipe, each prompt that leaves a pool. A row
is asked for where the last run of a shard asked for it. Segments of finished answers may go, too: they are more than half of a journal.
Without --yes nothing is touched. A row that is gone and asked for again is drawn again, and paid for again.
"""

import argparse
from pathlib import Path

from koreason.engine.journals.compaction import Weight, parts
from koreason.errors import UserError

RESULTS = Path("results")
JOURNAL = "journal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason prune`."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="only journals at or below these (default: results)")
    parser.add_argument("--yes", action="store_true", help="remove it")


def main(arguments: argparse.Namespace) -> None:
    """Tell, and remove."""
    found = [part for journal in journals(arguments.folders or [RESULTS]) for part in parts(journal)]
    goes, unknown = 0, 0
    for part in found:
        if part.asked is None:
            unknown += 1
            print(f"{part.path}: not known what is asked for; it is once all shards of a count have run again, which draws nothing")
            continue
        weight = part.weight()
        goes += weight.goes
        print(f"{part.path}: {told(weight)}")
        if arguments.yes and weight.goes:
            part.compact()
    places = f"{len(found)} journals" + (f", {unknown} of them left as they are" if unknown else "")
    print(f"{places}: {size(goes)} {'removed' if arguments.yes else 'may go'}")
    if goes and not arguments.yes:
        print("`koreason prune --yes` removes it")


def journals(folders: list[Path]) -> list[Path]:
    """Every journal at or below some folders, each once.

    Raises:
        UserError: there is none.
    """
    found = set().union(*map(below, existing(folders)))
    if not found:
        raise UserError("there is no journal", ", ".join(map(str, folders)), "name a folder that has one")
    return sorted(found)


def existing(folders: list[Path]) -> list[Path]:
    """The folders.

    Raises:
        UserError: one is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UserError("there is no such folder", folder.absolute(), "type it in the run's folder, or name a folder")
    return folders


def below(folder: Path) -> set[Path]:
    """Every journal at or below a folder."""
    return {*folder.glob(f"**/{JOURNAL}"), *([folder] if folder.absolute().name == JOURNAL else ())}


def told(weight: Weight) -> str:
    """A journal's line."""
    what = {
        f"{size(weight.unasked_size)} that nothing asks for": weight.unasked_size,
        f"{size(weight.finished_size)} segments of finished answers": weight.finished_size,
        f"{size(weight.other_size)} damaged or twice": weight.other_size,
    }
    parts = [text for text, count in what.items() if count] or ["all of it is asked for"]
    return f"{weight.rows:,} rows, {weight.unasked:,} of them unasked; {size(weight.size)}: {', '.join(parts)}"


def size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count:,} bytes"
