"""What of a configuration is left to look at where some of it is wrong: so that all that is wrong can be said at once.

sound(config, ["pools.mine: unknown key 'min_charz'"])     # without pools.mine, and without what comes to it
"""

import re
from collections.abc import Sequence
from typing import Any

from koreason.config.files.like import tables
from koreason.config.joined.reached import references
from koreason.config.schema import read_schema

BESIDE = re.compile(r"(?:run(?!\.experiments)|resources)[.:]|configuration: unknown key")
EXPERIMENT = re.compile(r"(?<=^run\.experiments[.\[])\d+")


def sound(config: dict[str, Any], lines: Sequence[str]) -> dict[str, Any] | None:
    """The configuration without entries that are wrong, and without those and the experiments that come to one of them.

    Args:
        config: of which the rest is of the schema's form.
        lines: each begins with the place that it speaks of, as `check.problems` says them.

    Returns:
        None where a line speaks of something that nothing can do without.
    """
    entries = dict(tables())
    broken = set[tuple[str, str]]()
    experiments = set[int]()
    for line in lines:
        table, _, rest = line.partition(".")
        if place := EXPERIMENT.search(line):
            experiments.add(int(place[0]))
        elif table in entries and (name := _named(config[table], rest)):
            broken.add((table, name))
        elif not BESIDE.match(line) or not isinstance(config["run"], dict) or not isinstance(config["run"].get("experiments"), list):
            return None
    left = {table: dict(values) for table, values in config.items() if table in entries}
    # what stands beside tables and experiments is left out as a whole: nothing that is looked at further comes to it
    left |= (
        {"resources": {}, "run": {}} if any(map(BESIDE.match, lines)) else {"resources": config["resources"], "run": dict(config["run"])}
    )
    new = broken
    while new:
        for table, name in new:
            del left[table][name]
        new = {
            (table, name) for table, schema in entries.items() for name, entry in left[table].items() if _names_one(entry, schema, broken)
        }
        broken |= new
    each = read_schema()["properties"]["run"]["properties"]["experiments"]["items"]
    left["run"]["experiments"] = [
        entry
        for place, entry in enumerate(config["run"]["experiments"])
        if place not in experiments and not _names_one(entry, each, broken)
    ]
    return left


def _named(entries: Any, rest: str) -> str | None:
    """The entry of a table that the rest of a place begins with: names hold no full stop and no colon."""
    name = rest.partition(":")[0].partition(".")[0].partition("[")[0]
    return name if isinstance(entries, dict) and name in entries else None


def _names_one(value: Any, schema: dict[str, Any], entries: set[tuple[str, str]]) -> bool:
    """Whether an entry, or an experiment, names one of these."""
    return any((table, name) in entries for _, table, name in references(value, schema, ""))
