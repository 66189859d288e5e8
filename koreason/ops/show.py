"""Print what a teacher sees of a prompt: the rendered text, and its tokens one by one.

    koreason show 5f0c31d2                          for every recipe that a mix draws from this prompt's pools
    koreason show 5f0c31d2 --recipe en_ko --json    for one, also before a mix names it; for programs

Type it in the run's folder, once the pool and the teacher are there; the beginning of an id is enough. The recipes are those of the last
run here. A token in «these» is a control token: one that stands inside of a question would be a fault. No engine is started, and nothing
is written.
"""

import argparse
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koreason.config.effects import given
from koreason.config.joined.parts import asked_of
from koreason.config.load import load
from koreason.engine.drawing import Model
from koreason.engine.prompts.rendering import Refused
from koreason.errors import UserError
from koreason.ops.lineage.places import numbered
from koreason.ops.lineage.settings import entry, settings
from koreason.shown import printable
from koreason.trace.spec import Recipe

RESULTS = Path("results")
WIDTH = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `koreason show`."""
    parser.add_argument("prompts", nargs="+", metavar="PROMPT_ID", help="id of a prompt of a pool, or its beginning")
    parser.add_argument("--recipe", metavar="RECIPE", help="only this recipe")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a prompt and recipe")


def main(arguments: argparse.Namespace) -> None:
    """Render and print."""
    config = settings([])
    if not config:
        raise UserError("no run was started here", Path.cwd(), "type it in the run's folder, or start the run")
    teachers: dict[str, Model] = {}
    for start in arguments.prompts:
        for pool, recipe, row in _wanted(config, start, arguments.recipe):
            found = shown(pool, recipe, row, config, teachers)
            print(json.dumps(found, ensure_ascii=False) if arguments.json else "\n".join([*told(found), ""]))


def _wanted(config: dict[str, Any], start: str, only: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Pool, recipe and the pool's row of each rendering of the prompt whose id begins so."""
    drawn = asked_of(config["mixes"].values())
    if only:
        entry_of(config, "recipes", only)
        drawn = [(manifest.parent.name, only) for manifest in sorted((RESULTS / "pools").glob("*/manifest.json"))]
    rows = []
    for pool, recipe in drawn:
        folder = RESULTS / "pools" / pool
        if (folder / "manifest.json").is_file():
            rows += [(pool, recipe, row) for _, row in numbered(folder, "prompts.parquet", start, ["question"])]
    found = sorted({row["prompt_id"] for _, _, row in rows})
    if not found:
        do = "`koreason explain` says why a prompt is in no pool; a recipe that no mix draws by is named by --recipe"
        raise UserError(f"no prompt's id begins with '{start}'", RESULTS / "pools", do)
    if len(found) > 1:
        raise UserError(f"{len(found)} prompts' ids begin with '{start}'", "PROMPT_ID", f"write more of it: {', '.join(found[:4])}")
    yield from rows


def entry_of(config: dict[str, Any], table: str, name: str) -> dict[str, Any]:
    """An entry of the configuration.

    Raises:
        UserError: there is none.
    """
    found = entry(config, table, name)
    if not found:
        raise UserError(f"has no '{name}'", table, f"it has {', '.join(sorted(config.get(table, {})))}")
    return found


def shown(pool: str, name: str, row: dict[str, Any], config: dict[str, Any], teachers: dict[str, Model]) -> dict[str, Any]:
    """A prompt as a recipe's teacher sees it, as plain values."""
    made = entry_of(config, "recipes", name)
    recipe: Recipe = load(Recipe, given("trace", "recipes", made), name)
    teacher = made["teacher"]
    if teacher not in teachers:
        teachers[teacher] = Model.read(RESULTS / "bases" / teacher, recipe.prefill, recipe.sampling, recipe.engine)
    renderer = teachers[teacher].renderer
    renderer.refuse_unfit(recipe.system)
    found = {"prompt_id": row["prompt_id"], "pool": pool, "recipe": name, "teacher": teacher}
    try:
        prompt = renderer.prompt(recipe.messages(row["question"]), recipe.prefill)
    except Refused as error:
        raise UserError(f"its chat template refuses this prompt ({error})", teacher) from None
    pieces = [
        {"id": token, "text": renderer.tokenizer.decode([token], skip_special_tokens=False), "control": token in renderer.controls.ids}
        for token in prompt.tokens
    ]
    ends = [{"id": token, "text": renderer.tokenizer.decode([token], skip_special_tokens=False)} for token in renderer.stops]
    return found | {"text": prompt.text, "tokens": pieces, "ends": ends}


def told(found: dict[str, Any]) -> list[str]:
    """The same in lines."""
    ends = ", ".join(f"{token['id']} «{printable(token['text'])}»" for token in found["ends"])
    words = [
        f"{token['id']}«{printable(token['text'])}»"
        if token["control"]
        else f"{token['id']}{json.dumps(token['text'], ensure_ascii=False)}"
        for token in found["tokens"]
    ]
    return [
        f"{found['prompt_id']} of {found['pool']}, by {found['recipe']}, as {found['teacher']} sees it:",
        "",
        printable(found["text"]),
        "",
        f"{len(words)} tokens; an answer ends at {ends}:",
        *textwrap.wrap(printable(" ".join(word.replace(" ", "\u00a0") for word in words)), WIDTH, break_long_words=False),
    ]
