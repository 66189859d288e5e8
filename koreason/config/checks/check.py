"""Refuse a configuration before anything runs, all that is wrong at once, a line each.

check(config)
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from koreason.config.checks.bounds import nothing_between, out_of_order
from koreason.config.checks.sound import EXPERIMENT, sound
from koreason.config.checks.structure import ConfigError, accepted, wrongs
from koreason.config.files.like import LIKE, tables, unlike
from koreason.config.joined.experiments import BASE, incomplete
from koreason.config.joined.made import is_made
from koreason.config.joined.made import wrongs as wrongs_of_made
from koreason.config.joined.parts import CLUSTER_SIMILARITY, labelled, pair_of
from koreason.config.joined.parts import wrongs as wrongs_of_parts
from koreason.config.joined.reached import reached, references
from koreason.config.schema import read_schema

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
PROMPT_ID = re.compile(r"[0-9a-f]{24}")
NO_EXPERIMENT = "run.experiments: is empty"
LARGEST = 2**63 - 1  # what tables and engines hold of a number
TRACE = re.compile(rf"{PROMPT_ID.pattern}/[0-9]{{1,9}}")


def check(config: dict[str, Any]) -> None:
    """Refuse a configuration that the schema does not accept, or that refers to what the catalogue lacks.

    Raises:
        ConfigError: with a line for each thing that is wrong.
    """
    if found := problems(config):
        raise ConfigError(found)


def problems(config: dict[str, Any]) -> list[str]:
    """All that is wrong, a line each."""
    return examined(config)[0]


def examined(config: dict[str, Any]) -> tuple[list[str], dict[str, Any] | None]:
    """All that is wrong, a line each, and the configuration without it.

    What is wrong in one way makes no sense in others: it, and what comes to it, is left out of what is looked at further. None where too
    little is left.
    """
    found: list[str] = []
    rest: dict[str, Any] | None = config
    for look in (_structure, _read_as_others, _names, _joined, _sense):
        assert rest is not None
        lines = list(dict.fromkeys(look(rest)))
        if found and not rest["run"]["experiments"]:  # they came to what is wrong
            lines = [line for line in lines if not line.startswith(NO_EXPERIMENT)]
        found += [_placed(line, rest, config) for line in lines]
        # what is like nothing may have no line of its own, as where it is like such a one
        if lines and (rest := sound(rest, [*lines, *unfinished(rest)])) is None:
            break
    return found, rest


def _placed(line: str, rest: dict[str, Any], config: dict[str, Any]) -> str:
    """A line with an experiment's place among all of them, where some have been left out."""
    places = {id(experiment): place for place, experiment in enumerate(config["run"]["experiments"])} if EXPERIMENT.search(line) else {}
    return EXPERIMENT.sub(lambda place: str(places[id(rest["run"]["experiments"][int(place[0])])]), line)


def _structure(config: dict[str, Any]) -> Iterator[str]:
    """What the schema does not accept, and names of nothing: neither hides the other."""
    parts = unfinished(config)
    yield from unlike(config)
    for line in wrongs(config, read_schema()):
        where, _, said = line.partition(": ")
        # what an entry lacks that is like nothing would come from there
        if not (where in parts and said.startswith(f"unknown key '{LIKE}'")) and not (
            said.startswith("lacks the key") and any(f"{where}.".startswith(f"{one}.") for one in parts)
        ):
            yield line
    for where, table, name in references(config, read_schema(), ""):
        if isinstance(entries := config.get(table), dict) and name not in entries:
            yield f"{where}: '{name}' is not in {table}; {accepted(name, entries)}"


def unfinished(config: dict[str, Any]) -> list[str]:
    """The places of entries that are like nothing, directly or through others."""
    named = ((table, entries) for table, _ in tables() if isinstance(entries := config.get(table), dict))
    return [f"{table}.{name}" for table, entries in named for name, entry in entries.items() if isinstance(entry, dict) and LIKE in entry]


def _joined(config: dict[str, Any]) -> Iterator[str]:
    yield from wrongs_of_made(config)
    yield from wrongs_of_parts(config)


def _sense(config: dict[str, Any]) -> Iterator[str]:
    for look in (_plain_numbers, _sources, _empty, _categories, _bounds, _run):
        yield from look(config)


def _plain_numbers(config: dict[str, Any]) -> Iterator[str]:
    for where, value in _numbers(config, ""):
        if isinstance(value, float):
            if not math.isfinite(value):
                yield f"{where}: {value} is no number"
        elif not -LARGEST <= value <= LARGEST:
            yield f"{where}: a number of {value.bit_length()} bits; accepted: at most {LARGEST}"


def _sources(config: dict[str, Any]) -> Iterator[str]:
    for name, source in config["sources"].items():
        if source["licence"] == "C":
            yield f"sources.{name}.licence: C means that its owner forbids crawling; A or B would be accepted"
        if not is_made(source) and not source.get("columns", {}).get("question"):
            yield f"sources.{name}.columns: lacks the key 'question'"


def _run(config: dict[str, Any]) -> Iterator[str]:
    for prompt_id in config["run"].get("withdrawn", ()):
        if not PROMPT_ID.fullmatch(prompt_id):
            yield f"run.withdrawn: '{prompt_id}' is no prompt's id; accepted: 24 hexadecimal digits"
    if not config["run"]["experiments"]:
        yield f"{NO_EXPERIMENT}; choose a run, for example with --configfile config/demo.yaml"
    yield from incomplete(config)


def _numbers(value: Any, where: str) -> Iterator[tuple[str, float | int]]:
    """Every number of a configuration and its place."""
    if isinstance(value, int | float):
        yield where, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(item, f"{where}.{key}".lstrip("."))


def _categories(config: dict[str, Any]) -> Iterator[str]:
    """Categories by which thresholds, masks and quotas go must be those of sources: a renamed one would switch them off."""

    def hold(where: str, named: Iterable[str], known: set[str], whose: str) -> Iterator[str]:
        for category in named:
            if category not in known:
                yield f"{where}: no source of its {whose} has the category '{category}'; {accepted(category, known)}"

    for name, pool in config["pools"].items():
        if not pool["sources"]:
            continue  # there to be lain over
        for key in ("mask_personal_data", "twins", "by"):  # which may speak of single sources, too
            known = {config["sources"][source]["category"] for source in pool["sources"]}
            yield from hold(f"pools.{name}.{key}", set(pool.get(key, ())) - set(pool["sources"]), known, "list")
    for name, mix in config["mixes"].items():
        if not mix["traces"]:
            continue  # likewise
        known = {entry["category"] for part in mix["traces"] for entry in labelled(config, *pair_of(part)).values()}
        yield from hold(f"mixes.{name}.quotas", mix["quotas"], known, "parts")
        for key in ("strategies", "token_budgets"):
            if strange := sorted(set(mix.get(key, ())) - set(mix["quotas"])):
                yield f"mixes.{name}.{key}: '{strange[0]}' has no quota; {accepted(strange[0], mix['quotas'])}"
        for trace in mix.get("purged", ()):
            if not TRACE.fullmatch(trace):
                yield (f"mixes.{name}.purged: '{trace}' is no trace; accepted: PROMPT_ID/SAMPLE, 24 hexadecimal digits and a number")
        if not any(mix["quotas"].values()):
            yield f"mixes.{name}.quotas: would draw nothing; give a category more than 0"


def _empty(config: dict[str, Any]) -> Iterator[str]:
    """What is there to be lain over is nothing to make a run of."""
    named = reached(config)
    for table, key in (("pools", "sources"), ("mixes", "traces")):
        for name in named.get(table, []):
            if not config[table][name][key]:
                yield f"{table}.{name}.{key}: is empty; name some, or have an entry of your own with `like: {name}` and {key}"


def _bounds(config: dict[str, Any]) -> Iterator[str]:
    """Two bounds of one thing must leave something between them."""
    pairs = [
        *((f"pools.{name}", "min_chars", "max_chars", pool) for name, pool in config["pools"].items()),
        *(
            (
                f"pools.{name}.by.{whose}",
                "min_chars",
                "max_chars",
                {**pool, **{key: value for key, value in by.items() if value is not None}},
            )
            for name, pool in config["pools"].items()
            for whose, by in (pool.get("by") or {}).items()
        ),
        *(
            (f"sources.{name}.translate", "min_length_ratio", "max_length_ratio", source["translate"])
            for name, source in config["sources"].items()
            if source.get("translate")
        ),
        *((f"mixes.{name}.filters", "min_think_share", "max_think_share", mix["filters"]) for name, mix in config["mixes"].items()),
        *((f"schedules.{name}", "min_lr", "lr", schedule) for name, schedule in config["schedules"].items()),
    ]
    for where, low, high, values in pairs:
        if values[low] > values[high]:
            yield f"{where}: {low} is {values[low]:g} and {high} is {values[high]:g}; accepted: {low} up to {high}"
    for name, mix in config["mixes"].items():
        if "diverse" in mix.get("strategies", {}).values():
            yield from _clusters(config, name, mix)
        strata, bounded = mix.get("strata"), mix["filters"].get("measures", {})
        if strata and (said := out_of_order(strata["edges"], strata["shares"])):
            yield f"mixes.{name}.strata: {said}"
        for measure, bounds in bounded.items():
            if said := nothing_between(bounds):
                yield f"mixes.{name}.filters.measures.{measure}: {said}"


def _clusters(config: dict[str, Any], name: str, mix: dict[str, Any]) -> Iterator[str]:
    """Clusters have to be looser than the pools' twins, or each is one prompt."""
    least = mix.get("cluster_similarity", CLUSTER_SIMILARITY)
    for pool in dict.fromkeys(part["pool"] for part in mix["traces"] if part.get("pool")):
        twins = config["pools"][pool].get("near_duplicates")
        if twins is not None and least >= twins:
            yield (
                f"mixes.{name}.cluster_similarity: is {least:g}, and of prompts as alike as {twins:g} pool {pool} has kept one already"
                " (near_duplicates); accepted: less than that"
            )


def _read_as_others(config: dict[str, Any]) -> Iterator[str]:
    yield from _not_text(config, "")


def _not_text(value: Any, where: str) -> Iterator[str]:
    """Every key that YAML reads as something else than text: `2024`, `no`, `null`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _not_text(item, f"{where}.{key}".lstrip("."))
            else:
                kind = type(key).__name__
                yield f"{where or 'configuration'}: YAML reads the name {key} as {kind} and not as text; write it in quotes"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _not_text(item, f"{where}[{index}]")


def _names(config: dict[str, Any]) -> Iterator[str]:
    """Names become folders, log files and parts of commands: keep them to what is plain everywhere."""
    for table in ("languages", "bases", "sources", "pools", "recipes", "imported", "mixes", "models", "schedules", "benches"):
        for name in config[table]:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                yield (f"{table}: '{name}' cannot be a name; accepted: up to 64 letters, digits, '_' and '-', a letter or digit first")
    if not NAME.fullmatch(called := config["run"].get("name", "run")):
        yield f"run.name: '{called}' cannot be a name; accepted: up to 64 letters, digits, '_' and '-', a letter or digit first"
    for table in ("mixes", "schedules"):
        if BASE in config[table]:
            yield f"{table}: '{BASE}' is reserved for untrained models; any other name would be accepted"
