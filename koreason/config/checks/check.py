"""Refuse a configuration before anything runs, in one line.

check(config)
"""

import difflib
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from koreason.config.checks.bounds import nothing_between, out_of_order
from koreason.config.joined.experiments import BASE
from koreason.config.joined.made import check_made, is_made
from koreason.config.joined.parts import CLUSTER_SIMILARITY, check_parts, labelled, pair_of
from koreason.config.joined.reached import references
from koreason.config.schema import read_schema
from koreason.errors import UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
PROMPT_ID = re.compile(r"[0-9a-f]{24}")
TRACE = re.compile(rf"{PROMPT_ID.pattern}/[0-9]{{1,9}}")


class ConfigError(UserError):
    """The configuration is wrong; the message is one line that names the key and what would be accepted."""


def check(config: dict[str, Any]) -> None:
    """Refuse a configuration that the schema does not accept, or that refers to what the catalogue lacks.

    Raises:
        ConfigError: with one line.
    """
    schema = read_schema()
    check_structure(config, schema)
    for where, table, name in references(config, schema, ""):
        if name not in config[table]:
            raise ConfigError(f"{where}: '{name}' is not in {table}; {_accepted(name, config[table])}")
    _check_names(config)
    for where, value in _numbers(config, ""):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: {value} is no number")
    for name, source in config["sources"].items():
        if source["licence"] == "C":
            raise ConfigError(f"sources.{name}.licence: C means that its owner forbids crawling; A or B would be accepted")
        if not is_made(source) and not source.get("columns", {}).get("question"):
            raise ConfigError(f"sources.{name}.columns: lacks the key 'question'")
    check_made(config, ConfigError)
    check_parts(config, ConfigError)
    _check_categories(config)
    _check_bounds(config)
    for prompt_id in config["run"].get("withdrawn", ()):
        if not PROMPT_ID.fullmatch(prompt_id):
            raise ConfigError(f"run.withdrawn: '{prompt_id}' is no prompt's id; accepted: 24 hexadecimal digits")
    if not config["run"]["experiments"]:
        raise ConfigError("run.experiments: is empty; choose a run, for example with --configfile config/demo.yaml")


def _numbers(value: Any, where: str) -> Iterator[tuple[str, float]]:
    """Every floating-point number of a configuration and its place."""
    if isinstance(value, float):
        yield where, value
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(item, f"{where}.{key}".lstrip("."))


def _check_categories(config: dict[str, Any]) -> None:
    """Categories by which thresholds, masks and quotas go must be those of sources: a renamed one would switch them off."""

    def hold(where: str, named: Iterable[str], known: set[str], whose: str) -> None:
        for category in named:
            if category not in known:
                raise ConfigError(f"{where}: no source of its {whose} has the category '{category}'; {_accepted(category, known)}")

    for name, pool in config["pools"].items():
        for key in ("mask_personal_data", "twins", "by"):  # which may speak of single sources, too
            known = {config["sources"][source]["category"] for source in pool["sources"]}
            hold(f"pools.{name}.{key}", set(pool.get(key, ())) - set(pool["sources"]), known, "list")
    for name, mix in config["mixes"].items():
        known = {entry["category"] for part in mix["traces"] for entry in labelled(config, *pair_of(part)).values()}
        hold(f"mixes.{name}.quotas", mix["quotas"], known, "parts")
        for key in ("strategies", "token_budgets"):
            if strange := sorted(set(mix.get(key, ())) - set(mix["quotas"])):
                raise ConfigError(f"mixes.{name}.{key}: '{strange[0]}' has no quota; {_accepted(strange[0], mix['quotas'])}")
        for trace in mix.get("purged", ()):
            if not TRACE.fullmatch(trace):
                raise ConfigError(
                    f"mixes.{name}.purged: '{trace}' is no trace; accepted: PROMPT_ID/SAMPLE, 24 hexadecimal digits and a number"
                )
        if not any(mix["quotas"].values()):
            raise ConfigError(f"mixes.{name}.quotas: would draw nothing; give a category more than 0")


def _check_bounds(config: dict[str, Any]) -> None:
    """Two bounds of one thing must leave something between them."""
    pairs = [
        *((f"pools.{name}", "min_chars", "max_chars", pool) for name, pool in config["pools"].items()),
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
            raise ConfigError(f"{where}: {low} is {values[low]:g} and {high} is {values[high]:g}; accepted: {low} up to {high}")
    for name, mix in config["mixes"].items():
        if "diverse" in mix.get("strategies", {}).values():
            _check_clusters(config, name, mix)
        strata, bounded = mix.get("strata"), mix["filters"].get("measures", {})
        if strata and (said := out_of_order(strata["edges"], strata["shares"])):
            raise ConfigError(f"mixes.{name}.strata: {said}")
        for measure, bounds in bounded.items():
            if said := nothing_between(bounds):
                raise ConfigError(f"mixes.{name}.filters.measures.{measure}: {said}")


def _check_clusters(config: dict[str, Any], name: str, mix: dict[str, Any]) -> None:
    """Clusters have to be looser than the pools' twins, or each is one prompt."""
    least = mix.get("cluster_similarity", CLUSTER_SIMILARITY)
    for pool in dict.fromkeys(part["pool"] for part in mix["traces"] if part.get("pool")):
        twins = config["pools"][pool].get("near_duplicates")
        if twins is not None and least >= twins:
            raise ConfigError(
                f"mixes.{name}.cluster_similarity: is {least:g}, and of prompts as alike as {twins:g} pool {pool} has kept one already"
                " (near_duplicates); accepted: less than that"
            )


def _check_names(config: dict[str, Any]) -> None:
    """Names become folders, log files and parts of commands: keep them to what is plain everywhere."""
    for table in ("languages", "bases", "sources", "pools", "recipes", "imported", "mixes", "models", "schedules", "benches"):
        for name in config[table]:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise ConfigError(
                    f"{table}: '{name}' cannot be a name; accepted: up to 64 letters, digits, '_' and '-', a letter or digit first"
                )
    for table in ("mixes", "schedules"):
        if BASE in config[table]:
            raise ConfigError(f"{table}: '{BASE}' is reserved for untrained models; any other name would be accepted")


def _accepted(name: Any, choices: Any) -> str:
    names = sorted(map(str, choices))
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"accepted: {', '.join(names)}"


def check_structure(config: dict[str, Any], schema: dict[str, Any]) -> None:
    """Refuse values that a JSON schema does not accept.

    Raises:
        ConfigError: with one line that names the key and what would be accepted.
    """
    import jsonschema  # Snakemake's own dependency; not needed to merely import this module

    draft = jsonschema.Draft202012Validator
    # 3.0 is no number of steps
    types = draft.TYPE_CHECKER.redefine("integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool))
    errors = sorted(
        jsonschema.validators.extend(draft, type_checker=types)(schema).iter_errors(config), key=jsonschema.exceptions.relevance
    )
    if not errors:
        return
    # A misspelt key is also a lacking one: name the one that is there.
    error = next((error for error in errors if error.validator == "additionalProperties"), errors[-1])
    # of a value that may also be null, what is wrong with it is what it is not as a value
    while error.validator == "anyOf":
        error = next((inner for inner in error.context if inner.validator != "type" or inner.validator_value != "null"), error.context[0])
    where = ".".join(map(str, error.absolute_path)) or "configuration"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        raise ConfigError(f"{where}: unknown key '{unknown}'; {_accepted(unknown, known)}")
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        raise ConfigError(f"{where}: lacks the key '{missing}'")
    if error.validator in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        words = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than", "exclusiveMaximum": "less than"}
        limits = " and ".join(f"{said} {error.schema[word]:g}" for word, said in words.items() if word in error.schema)
        raise ConfigError(f"{where}: {error.instance!r} is not accepted; accepted: {limits}")
    if error.validator == "enum":
        raise ConfigError(f"{where}: {error.instance!r} is not accepted; {_accepted(error.instance, error.validator_value)}")
    if error.validator == "type" and isinstance(error.instance, str) and re.fullmatch(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+", error.instance):
        raise ConfigError(f"{where}: '{error.instance}' is text to YAML; a number is written with a dot and a sign, as in 5.0e-5 or 1.0e+3")
    raise ConfigError(f"{where}: {error.message}")
