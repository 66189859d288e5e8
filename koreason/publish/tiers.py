"""Which rows of a mix may be passed on: the strictest licence of a row's ancestors is its own.

    ancestors(config, "demo_styled")       # {"demo_styled": "A", "demo_exams": "A"}: what it is, and what it is made of

A may be passed on, B be trained on only, C not be used at all.
"""

from typing import Any

import polars as pl

from koreason.config.joined.made import LICENCES, is_made, sources_of
from koreason.config.joined.parts import IMPORTED, source_of
from koreason.errors import UserError

FREE = LICENCES[0]
FORBIDS = {"B": "may be trained on, and not be passed on", "C": "must not be used at all"}


def ancestors(config: dict[str, Any], source: str) -> dict[str, str]:
    """A row's source and, where it is made of others' prompts, all of those, each with its licence; of finished traces their entry.

    Raises:
        UserError: the configuration does not know one.
    """
    found: dict[str, str] = {}
    todo = [source]
    while todo:
        if (name := todo.pop()) in found:
            continue
        imported = {source_of(one): entry for one, entry in config.get(IMPORTED, {}).items()}
        entry = imported.get(name) or config.get("sources", {}).get(name)
        if entry is None or entry.get("licence") not in tuple(LICENCES):
            raise UserError("nobody says whether its rows may be passed on", f"source {name}", "give its licence in the configuration")
        found[name] = entry["licence"]
        todo += sources_of(entry, config) if name not in imported and is_made(entry) else []
    return found


def strictest(licences: list[str]) -> str:
    """The licence that allows least."""
    return max(licences, key=LICENCES.index)


def with_tiers(rows: pl.DataFrame, config: dict[str, Any]) -> pl.DataFrame:
    """The rows with the column `tier`; a mix's own column `licence`, as it was when it was drawn, counts as well.

    Raises:
        UserError: a row's licence is not known.
    """
    if odd := [licence for licence in rows["licence"].unique() if licence not in tuple(LICENCES)]:
        raise UserError(f"holds rows of the licence {odd[0]!r}, which is none of {', '.join(LICENCES)}", "the mix", "make it again")
    tiers = {source: strictest([*ancestors(config, source).values()]) for source in sorted(rows["source"].unique())}
    own = pl.col("source").replace_strict(tiers, return_dtype=pl.String)
    return rows.with_columns(tier=pl.max_horizontal(own, "licence"))  # A, B, C in the order of their letters


def withheld(rows: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Source, tier and number of the rows that may not be passed on."""
    counts = rows.filter(pl.col("tier") != FREE).group_by("source", "tier").len().sort("len", "source", descending=[True, False])
    return [(str(source), str(tier), int(count)) for source, tier, count in counts.iter_rows()]


def passed_on(rows: pl.DataFrame, redistributable: bool) -> pl.DataFrame:
    """The rows that may be passed on.

    Raises:
        UserError: there are others and nobody asked to leave them out, or none is left.
    """
    if not (kept_back := withheld(rows)):
        return rows
    told = "; ".join(f"{count:,} of {source} ({tier}: {FORBIDS[tier]})" for source, tier, count in kept_back)
    if not redistributable:
        raise UserError(f"holds {sum(count for *_, count in kept_back):,} rows that no licence allows to pass on: {told}", "the mix",
                        "give --redistributable to leave them out")  # fmt: skip
    free = rows.filter(pl.col("tier") == FREE)
    if free.is_empty():
        raise UserError(f"holds no row that may be passed on: {told}", "the mix", "publish the recipe and not the rows: `koreason archive`")
    return free
