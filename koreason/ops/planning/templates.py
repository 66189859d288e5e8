"""Recipes that a teacher's chat template cannot serve, found when a run is planned, as far as teachers are there.

    list(unfit(config, Path("results")))        # [("the chat template of its teacher …", "recipes.mixed.system", "set it to null, …")]
    known(config, Path("results"))      # {"qwen3-32b": "a system prompt is shown, a turn ends at <|im_end|>"}

What a template can do is in the base's `run.json`, where `koreason base` wrote it.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from koreason.config.joined.experiments import trainings
from koreason.config.joined.parts import asked_of
from koreason.records.manifest import RUN


def unfit(config: dict[str, Any], results: Path, made: Collection[str] = ()) -> Iterator[tuple[str, str, str]]:
    """What, where and what to do, of each recipe of the run's mixes that gives a system prompt to a template which does not show one.

    Args:
        made: bases that are planned to be made: what is there of them says nothing.
    """
    for name, recipe in _recipes(config, made).items():
        traits = _traits(results / "bases" / recipe["teacher"] / RUN)
        if recipe.get("system") and traits.get("system", "shown") != "shown":
            said = f"the chat template of its teacher {recipe['teacher']} has no system role: a system prompt is {traits['system']}"
            yield said, f"recipes.{name}.system", "set it to null, or choose another teacher"


def known(config: dict[str, Any], results: Path, made: Collection[str] = ()) -> dict[str, str]:
    """The teachers of the run's mixes whose template is known, and in few words what there is to know of it."""
    found = {}
    for teacher in sorted({recipe["teacher"] for recipe in _recipes(config, made).values()}):
        if traits := _traits(results / "bases" / teacher / RUN):
            opens = ", opens <think> itself" if traits.get("opens_thinking") else ""
            ends = " or ".join(map(str, traits.get("turn_ends_at", ())))
            found[teacher] = f"a system prompt is {traits.get('system', 'shown')}{opens}, a turn ends at {ends}"
    return found


def _recipes(config: dict[str, Any], made: Collection[str]) -> dict[str, dict[str, Any]]:
    """The recipes by which teachers are asked for the run's mixes, and to translate what is in the pools of these."""
    drawn, pools = set[str](), list[str]()
    mixes = {mix: config["mixes"][mix] for _, mix, _ in trainings(config)}
    for pool, recipe in asked_of(mixes.values()):
        drawn.add(recipe)
        pools.append(pool)
    for pool in pools:  # of what is made of a pool, that pool's, too
        for source in config.get("pools", {}).get(pool, {}).get("sources", ()):
            entry = config.get("sources", {}).get(source, {})
            drawn |= {entry["recipe"]} if entry.get("recipe") else set()
            pools += [entry["pool"]] if entry.get("pool") and entry["pool"] not in pools else []
    found = {name: config["recipes"][name] for name in sorted(drawn & config.get("recipes", {}).keys())}
    return {name: recipe for name, recipe in found.items() if recipe["teacher"] not in made}


def _traits(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("template") or {}
    except (OSError, ValueError, AttributeError):
        return {}
    return found
