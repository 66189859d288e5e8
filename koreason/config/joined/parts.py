"""The parts of a mix: a pool that a recipe's teacher answers, or traces that came finished, which stand for a pool called `imported`.

    pair_of({"imported": "worked"})                        # ("imported", "worked")
    traced(config, "imported", "worked")["language"]    # of its entry in `imported`; else of the recipe

Below `results/` both lie in folders of two names, and what follows traces does not tell them apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

IMPORTED = "imported"
FORMS = "accepted: `pool` and `recipe`, or `imported`"
# For each shape of finished traces the columns that it has where the entry's `columns` does not say otherwise.
SHAPES: dict[str, dict[str, list[str]]] = {
    "instruction_response": {"question": ["instruction"], "reply": ["response"]},
    "messages": {"messages": ["messages"]},
    "think_answer": {"question": ["question"], "think": ["think"], "answer": ["answer"]},
    "prompt_completion": {"question": ["prompt"], "reply": ["completion"]},
}
BY_ANSWERS = ("consensus", "hardest")  # strategies of selection
CLUSTER_SIMILARITY = 0.5  # of two prompts of which the strategy `diverse` takes one, where a mix says nothing else
ANY_SHAPE = ("finish", "tokens", "gold", "options")  # columns that any of them may have

Tables = Mapping[str, Any]


def pair_of(part: Mapping[str, Any]) -> tuple[str, str]:
    """The two names below which the traces of a part lie."""
    return (IMPORTED, part[IMPORTED]) if part.get(IMPORTED) else (part["pool"], part["recipe"])


def parts_of(mixes: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The pairs of names of all parts of some mixes, each once, in their order."""
    return list(dict.fromkeys(pair_of(part) for mix in mixes for part in mix.get("traces", ())))


def asked_of(mixes: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Of these the pools and recipes that a teacher is asked by."""
    return [(pool, recipe) for pool, recipe in parts_of(mixes) if pool != IMPORTED]


def key_of(pool: str, recipe: str) -> str:
    """By what a mix's command knows a part: the recipe, or what the `source` of its finished traces is."""
    return source_of(recipe) if pool == IMPORTED else recipe


def by_answers(drop_wrong: bool, strategies: Iterable[str]) -> list[str]:
    """What of a mix goes by what the judge read of its traces; nothing: they need not be judged for it."""
    return ["drop_wrong"] * drop_wrong + sorted(set(strategies) & set(BY_ANSWERS))


def source_of(imported: str) -> str:
    """What the `source` of finished traces is: a name that no entry of `sources` can have."""
    return f"{IMPORTED}/{imported}"


def of_one_form(pool: str | None, recipe: str | None, imported: str | None) -> bool:
    """Whether a part says either a pool and a recipe or what is imported."""
    return (pool is None and recipe is None) if imported is not None else (pool is not None and recipe is not None)


def traced(tables: Tables, pool: str, recipe: str) -> dict[str, Any]:
    """The entry that says in how many shards some traces lie, and which language they mix."""
    found: dict[str, Any] = tables[IMPORTED][recipe] if pool == IMPORTED else tables["recipes"][recipe]
    return found


def shards_of_traces(tables: Tables, pool: str, recipe: str) -> int:
    """In how many shards some traces lie."""
    return int(traced(tables, pool, recipe).get("shards", 1))


def looking(tables: Tables, pool: str, recipe: str) -> dict[str, Any]:
    """The entry that says which benchmarks are looked for in some traces."""
    found: dict[str, Any] = tables[IMPORTED][recipe] if pool == IMPORTED else tables["pools"][pool]
    return found


def labelled(tables: Tables, pool: str, recipe: str) -> dict[str, Any]:
    """The entries whose category and licence some traces may have, by the name that their `source` is."""
    if pool == IMPORTED:
        return {source_of(recipe): tables[IMPORTED][recipe]}
    return {source: tables["sources"][source] for source in tables["pools"][pool]["sources"]}


def misplaced(shape: str, columns: Iterable[str]) -> str | None:
    """What is wrong with the columns that an entry names; None where they are those of its shape."""
    own = (*SHAPES[shape], *ANY_SHAPE)
    unknown = next((column for column in columns if column not in own), None)
    return None if unknown is None else f"traces of the shape '{shape}' have no column '{unknown}'; accepted: {', '.join(own)}"


def wrongs(config: Tables) -> Iterator[str]:
    """What is wrong with finished traces, and with the parts of mixes, held against the catalogue, a line each."""
    if IMPORTED in config["pools"]:
        yield f"pools: '{IMPORTED}' is reserved for finished traces; any other name would be accepted"
    for name, entry in config[IMPORTED].items():
        if entry["licence"] == "C":
            yield f"imported.{name}.licence: C means that its owner forbids its use; A or B would be accepted"
        if wrong := misplaced(entry["shape"], entry.get("columns", {})):
            yield f"imported.{name}.columns: {wrong}"
    for name, mix in config["mixes"].items():
        for place, part in enumerate(mix["traces"]):
            if not of_one_form(*(part.get(key) for key in ("pool", "recipe", IMPORTED))):
                yield f"mixes.{name}.traces[{place}]: has {', '.join(sorted(part)) or 'nothing'}; {FORMS}"
