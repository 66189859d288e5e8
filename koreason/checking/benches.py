"""Benchmarks: their files, digests, and of every item gold, id and options; and what sealed ones need.

found = list(benches(run))

The items are read by the function that the stage `bench` reads them by. One of a hub is read where it is at hand.
"""

from collections.abc import Iterator

from koreason.benches.bench import normalised
from koreason.benches.spec import Items
from koreason.checking.finding import Finding, Run, kept
from koreason.config.effects import given
from koreason.config.load import load
from koreason.config.pinned import is_folder, pinned
from koreason.config.variables import expand
from koreason.curate.decontaminate import sealed
from koreason.curate.spec import Overlap


def benches(run: Run) -> Iterator[Finding]:
    """What is wrong with the benchmarks that the run comes to."""
    found: list[Finding] = []
    for name, entry in run.entries("benches"):
        with kept(found, f"benches.{name}", run.due("bench", bench=name)):
            items = load(Items, given("bench", "benches", entry))
            hub = str(items.hub or "")
            if items.hub and not is_folder(hub) and not expand(hub).is_dir():
                pinned(hub, items.revision)
            else:
                normalised(items)
    yield from found


def seals(run: Run) -> Iterator[Finding]:
    """What is wrong with the sealed benchmarks that pools and finished traces are held against: files, digests, the key."""
    found: list[Finding] = []
    for table, names in (("pools", {"pool"}), ("imported", {"recipe"})):
        for name, entry in run.entries(table):
            if entry.get("sealed"):
                touches = any(run.due("decontaminate", "decontaminate_traces", **{wildcard: name}) for wildcard in names)
                with kept(found, f"{table}.{name}", touches):
                    sealed(load(Overlap, given("decontaminate_traces", table, entry)))
    yield from found
