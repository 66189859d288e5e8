"""Sources that are made of a pool: of which others, and what is wrong with them.

list(wrongs(config))

What is made of a pool is never more freely given away than what it is made of, and no pool is made of itself.
"""

from collections.abc import Iterator
from typing import Any

MADE = ("augmented", "translated")
LICENCES = "ABC"  # from lax to strict
NEEDS = {"augmented": ("pool", "augment"), "translated": ("pool", "recipe", "translate")}
FIELDS = ("pool", "of", "recipe", "augment", "translate")
OF_DUMPS = ("columns", "files", "hub", "html")


def is_made(source: dict[str, Any]) -> bool:
    """Whether a source is made of a pool's prompts and not read from a dump."""
    return source["format"] in MADE


def wrongs(config: dict[str, Any]) -> Iterator[str]:
    """What is wrong with sources made of pools, held against the catalogue, a line each."""
    for name, source in config["sources"].items():
        yield from (f"sources.{name}.{what}" for what in _wrongs(name, source, config))
    for name in config["pools"]:
        circle = _circle(name, config, [])
        if circle:
            yield f"pools.{name}.sources: the pool is made of itself: {' <- '.join(circle)}; take one of these sources out"


def sources_of(source: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """The sources of whose prompts in its pool a made source is made."""
    found: list[str] = config["pools"][source["pool"]]["sources"]
    of = source.get("of")
    return [name for name in found if name in of or config["sources"][name]["category"] in of] if of else found


def _wrongs(name: str, source: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    form = source["format"]
    needs = NEEDS.get(form, ())
    for field in FIELDS:
        if source.get(field) not in (None, []) and field not in needs and not (needs and field == "of"):
            yield f"{field}: a source of the format '{form}' has none; take it out, or correct its format"
    if not needs:
        return
    missing = [field for field in needs if source.get(field) is None]
    if missing:
        yield f"{missing[0]}: is missing; a source of the format '{form}' needs {', '.join(needs)}"
        return
    for field in OF_DUMPS:
        if source.get(field):
            yield f"{field}: a source of the format '{form}' reads no dump; take it out"
    if form == "augmented" and source["augment"].get("style") is None and source["augment"].get("options") is None:
        yield "augment: has neither 'style' nor 'options'; give one or both"
    pool = config["pools"][source["pool"]]
    known = {*pool["sources"], *(config["sources"][one]["category"] for one in pool["sources"])}
    for one in source.get("of", []):
        if one not in known:
            yield f"of: '{one}' is neither a source of pool {source['pool']} nor a category of one; accepted: {', '.join(sorted(known))}"
    for one in sources_of(source, config):
        licence = config["sources"][one]["licence"]
        if LICENCES.index(source["licence"]) < LICENCES.index(licence):
            made_of = f"{one} (pool {source['pool']})"
            yield f"licence: is {source['licence']}, but it is made of {made_of}, whose licence is {licence}; give {licence}"


def _circle(pool: str, config: dict[str, Any], before: list[str]) -> list[str]:
    """The pools and sources by which a pool comes back to itself, from the pool down; none where it does not."""
    if f"pool {pool}" in before:
        return [*before[before.index(f"pool {pool}") :], f"pool {pool}"]
    for name in config["pools"][pool]["sources"]:
        source = config["sources"][name]
        if is_made(source) and source.get("pool"):
            found = _circle(source["pool"], config, [*before, f"pool {pool}", f"source {name}"])
            if found:
                return found
    return []
