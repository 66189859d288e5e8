"""Experiments as what is drawn, mixed, trained and scored; an experiment may end before any of these, or begin after it.

trainings(config)[0]      # ("smollm2_ko", "demo", "short")
named(config, "mixes")    # every mix that an experiment names, trained on or not
"""

import itertools
from collections.abc import Iterator
from typing import Any

from koreason.config.joined.parts import FORMS, IMPORTED, of_one_form, pair_of

BASE = "base"  # stands for "not trained" where a path names a mix and a schedule
Config = dict[str, Any]


def named(config: Config, table: str) -> list[str]:
    """Every entry of a table that the run's experiments name, once each, in their order."""
    return list(dict.fromkeys(name for block in _blocks(config) for name in _of(block, table)))


def named_traces(config: Config) -> list[tuple[str, str]]:
    """Every pool and recipe, or `imported` and its entry, that they name besides their mixes."""
    return list(dict.fromkeys(pair_of(part) for block in _blocks(config) for part in _of(block, "traces")))


def trainings(config: Config) -> list[tuple[str, str, str]]:
    """Every (model, mix, schedule) that the run's experiments train, once each, in their order."""
    found = (cell for block in _blocks(config) for cell in itertools.product(*(_of(block, of) for of in ("models", "mixes", "schedules"))))
    return list(dict.fromkeys(found))


def cells(config: Config) -> list[tuple[str, str, str, str]]:
    """Every (model, mix, schedule, bench) that the run's experiments score, once each; untrained models as (model, BASE, BASE, bench)."""
    found: dict[tuple[str, str, str, str], None] = {}
    for block in _blocks(config):
        for model in _of(block, "models"):
            trained = list(itertools.product([model], _of(block, "mixes"), _of(block, "schedules")))
            for state in [(model, BASE, BASE), *trained] if block.get("base") else trained:
                found.update(((*state, bench), None) for bench in _of(block, "benches"))
    return list(found)


def asked_after(config: Config) -> dict[str, list[str]]:
    """Every mix after which a model is scored, with the benches that it is asked."""
    found: dict[str, dict[str, None]] = {}
    for _, mix, _, bench in cells(config):
        if mix != BASE:
            found.setdefault(mix, {})[bench] = None
    return {mix: list(benches) for mix, benches in found.items()}


def trained_bases(config: Config) -> set[str]:
    """Every base that a model of the run's experiments is trained from; the others only answer."""
    return {config["models"][model]["base"] for model, _, _ in trainings(config)}


def incomplete(config: Config) -> Iterator[str]:
    """What is wrong with each experiment that asks for nothing, or for something without what that needs: a line each."""
    for place, block in enumerate(_blocks(config)):
        where = f"run.experiments[{place}]"
        has = {name for name in ("pools", "traces", "mixes", "models", "schedules", "benches") if _of(block, name)}
        for number, part in enumerate(_of(block, "traces")):
            if not of_one_form(*(part.get(key) for key in ("pool", "recipe", IMPORTED))):
                yield f"{where}.traces[{number}]: has {', '.join(sorted(part)) or 'nothing'}; {FORMS}"
        if not has:
            yield f"{where}: names nothing; accepted: pools, traces, mixes, or models with what they are trained on or asked"
        elif has & {"schedules", "benches"} and "models" not in has:
            yield f"{where}: names {' and '.join(sorted(has & {'schedules', 'benches'}))} and no models; name some"
        elif "models" in has and ("mixes" in has) != ("schedules" in has):
            yield f"{where}: models are trained on mixes with schedules; name both, or none of them"
        elif "models" in has and "mixes" not in has and not ("benches" in has and block.get("base")):
            yield f"{where}: models that are not trained are only asked; name benches and set base: true, or name mixes and schedules"
        elif block.get("base") and "benches" not in has:
            yield f"{where}: base: true asks models as they are, and there are no benches; name some, or leave base out"


def _blocks(config: Config) -> list[Config]:
    blocks: list[Config] = config["run"]["experiments"]
    return blocks


def _of(block: Config, key: str) -> list[Any]:
    found: list[Any] = block.get(key) or []
    return found
