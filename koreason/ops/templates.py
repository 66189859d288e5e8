"""Recipes that a teacher's chat template cannot serve, found when a run is planned, as far as teachers are there.

    refuse_unfit(config, Path("results"))

What a template can do is in the base's `run.json`, where `koreason base` wrote it.
"""

import json
from pathlib import Path
from typing import Any

from koreason.config.parts import asked_of
from koreason.errors import UserError
from koreason.records.manifest import RUN


def refuse_unfit(config: dict[str, Any], results: Path) -> None:
    """Refuse recipes of the configuration's mixes that give a system prompt to a template which does not show one.

    Raises:
        UserError: there is such a recipe.
    """
    drawn = {recipe for _, recipe in asked_of(config.get("mixes", {}).values())}
    for name in sorted(drawn & config.get("recipes", {}).keys()):
        recipe = config["recipes"][name]
        traits = _traits(results / "bases" / recipe["teacher"] / RUN)
        if recipe.get("system") and traits.get("system", "shown") != "shown":
            said = f"the chat template of its teacher {recipe['teacher']} has no system role: a system prompt is {traits['system']}"
            raise UserError(said, f"recipes.{name}.system", "set it to null, or choose another teacher")


def _traits(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get("template") or {}
    except (OSError, ValueError, AttributeError):
        return {}
    return found
