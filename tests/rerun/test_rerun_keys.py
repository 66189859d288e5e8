"""Every key of the configuration, changed one after another on a finished run: Snakemake plans what the table of effects says.

The table is koreason/config/effects.py, in print docs/keys.md. All plans are made in this process, where the workflow's modules are
read once and a plan takes a fifth of a second.
"""

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plans_here import plan, standing_in, written
from workflow_copy import HOME, Workflow

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.effects import Effect, effects
from koreason.config.joined.made import FIELDS as MADE_ONLY
from koreason.config.joined.reached import reached
from koreason.config.schema import read_schema
from koreason.workflow.dryrun import planned

TABLES = {
    "bases": "base",
    "sources": "source",
    "pools": "pool",
    "recipes": "recipe",
    "imported": "imported",
    "mixes": "mix",
    "models": "model",
    "schedules": "schedule",
    "benches": "bench",
}
NOTHING = Effect(frozenset(), frozenset())
OF_SOME = ("pools.*.mask_personal_data", "pools.*.twins")  # by the category of each source: the jobs of some of them
SWITCHED_OFF = "run.report.contamination"  # is on where nothing is said: what it makes when it is turned on stands in test_rerun_matrix.py
OTHER = "other"  # an entry of each table that the run does not use, for references to change to


class Finished:
    """A finished run, and plans of it under other configurations."""

    def __init__(self, folder: Path) -> None:
        workflow = Workflow.copied_to(folder)
        self.config = json.loads(json.dumps(workflow.config))  # of anchors no two entries share a part
        self.config["run"]["name"] = "keys"  # else each file of the configuration gives its own
        # traces that its mixes draw from as well
        named = [{"pool": "demo", "recipe": "smollm2_mixed"}, {"imported": "demo_worked"}]
        self.config["run"]["experiments"][0] |= {"base": False, "traces": named}
        # a key is changed in the first entry of its table
        self.config["languages"] = {"ko": self.config["languages"]["ko"], **self.config["languages"]}
        # of the catalogue's entries that others lie over, none is whole
        for table, names in reached(self.config).items():
            if table in TABLES:
                self.config[table] = {name: self.config[table][name] for name in self.config[table] if name in names}
        figures = {"where": "table 1", "before": {"a": 1.0}, "after": {"a": 2.0}, "mixes": ["b"]}
        self.config["benches"] = {name: {**bench, "published": [figures]} for name, bench in self.config["benches"].items()}
        printed = {"title": "t", "where": "w", "says": ["s"], "items": {"x": 9}, "rows": {"m": {"a": {"x": 1.0}}}, "against": "a"}
        self.config["run"]["report"]["recomputed"] = [printed | {"trained": {"a": 1}, "available": {"a": 1}, "mix": 10}]
        for table in ("languages", *TABLES):
            self.config[table][OTHER] = copy.deepcopy(next(iter(self.config[table].values())))
        self.config["languages"][OTHER]["scripts"] = ["Latin"]
        self.config["bases"][OTHER]["tokenizer"] = OTHER
        # what is made of a pool, for the keys that only such a source has
        made = {"category": "Exams", "licence": "B", "pool": "demo", "of": ["Exams"]}
        translate = {"min_length_ratio": 0.3, "max_length_ratio": 2.0}
        self.config["sources"] |= {
            "styled": made | {"format": "augmented", "augment": {"style": {}, "seed": 1}},
            "turned": made | {"format": "translated", "recipe": "smollm2_mixed", "translate": translate},
        }
        self.config["pools"]["again"] = {
            **self.config["pools"]["demo"],
            "sources": ["styled", "turned"],
            "mask_personal_data": [],
            "by": {},
            "twins": {},
        }
        self.config["mixes"]["demo_mix"]["traces"].append({"pool": "again", "recipe": "again"})
        for mix in self.config["mixes"].values():
            mix["filters"]["drop_refusals"] = True  # else none is told what refuses
        self.config["mixes"]["demo_mix"] |= {"strategies": {"Exams": "longest"}, "token_budgets": {"Exams": 10**6}}
        self.config["recipes"]["again"] = copy.deepcopy(self.config["recipes"]["smollm2_mixed"])
        # a second one, whose category the mix's quotas name where that of the first is another
        self.config["imported"]["demo_worked"]["shards"] = 1
        self.config["imported"]["more"] = copy.deepcopy(self.config["imported"]["demo_worked"])
        self.config["mixes"]["worked_mix"]["traces"].append({"imported": "more"})
        workflow.config = self.config
        workflow.run()
        self.folder = folder
        self.followers: dict[str, set[str]] = {}
        self.jobs: dict[str, Any] = {}
        # this process has the package from here, which is the one that the copy was made of
        with planned(HOME / "Snakefile", [written(folder, self.config)], []) as made:
            assert not list(made.dag.needrun_jobs())
            for job in made.dag.jobs:
                if job.output:
                    self.jobs[str(job.output[0])] = job
                    for before in made.dag.dependencies[job]:
                        self.followers.setdefault(str(before.output[0]), set()).add(str(job.output[0]))

    def plan(self, config: dict[str, Any]) -> dict[str, str]:
        return plan(self.folder, config)

    def works_on(self, job: Any, table: str, entry: str) -> bool:
        """Whether a job works on an entry, by its path or by what the configuration says of it."""
        found = dict(job.wildcards_dict)
        if job.rule.name == "augment":
            source = self.config["sources"][found["source"]]
            found |= {"pool": source["pool"], "recipe": source.get("recipe", "")}
        if job.rule.name == "dedup" and table == "pools":
            return entry in found["pools"].split("+")
        if job.rule.name == "select" and table in ("pools", "recipes", "imported", "sources"):
            return entry in self.drawn_from(found["mix"], table)
        if job.rule.name == "decontaminate_mix" and table == "run":  # an experiment is changed in the first one
            return found["mix"] in self.config["run"]["experiments"][0]["mixes"]
        if found.get("pool") == "imported":
            found["imported"] = found["recipe"]
        elif table == "imported" and "pool" in found:
            return False
        if table == "sources" and "pool" in found and "source" not in found:
            return entry in self.config["pools"].get(found["pool"], {"sources": []})["sources"]
        return found.get(TABLES.get(table, ""), entry) == entry

    def drawn_from(self, mix: str, table: str) -> set[str]:
        """The entries of a table that a mix draws from."""
        found = {part[table.removesuffix("s")] for part in self.config["mixes"][mix]["traces"] if table.removesuffix("s") in part}
        if table == "sources":
            found = {source for pool in self.drawn_from(mix, "pools") for source in self.config["pools"][pool]["sources"]}
        return found

    def expected(self, effect: Effect, table: str, entry: str) -> set[str]:
        """What is made again: the jobs of the rules that are told of the entry, and what follows them."""
        todo = {output for output, job in self.jobs.items() if job.rule.name in effect.reruns and self.works_on(job, table, entry)}
        found: set[str] = set()
        while todo:
            found |= todo
            todo = {after for output in todo for after in self.followers.get(output, ())} - found
        return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    with standing_in(tmp_path_factory.mktemp("keys") / "run") as folder:
        yield Finished(folder)


def other_values(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    """Values that a key could have instead, the likeliest first."""
    for inner in schema.get("anyOf", ()):
        yield from other_values(inner, value)
    if "x-table" in schema:
        yield OTHER
    elif "enum" in schema:
        yield from schema["enum"]
    match schema.get("type"):
        case "integer" | "number":
            yield from [(value or 0) + 1, 1, 2, (value or 0) / 2, 1 << 20]
        case "boolean":
            yield not value
        case "string":
            yield from [f"{value or ''}x", "Exams", "0" * 24, f"{'0' * 24}/0"]
        case "array":
            yield from ([*(value or []), item] for item in other_values(schema["items"], None) if item not in (value or []))
            yield []
        case "object":
            fields = schema.get("properties") or {name: schema["additionalProperties"] for name in value or ["x"]}
            for name, field in fields.items():
                yield from ({**(value or {}), name: item} for item in other_values(field, (value or {}).get(name)))
            if value is None and (needed := schema.get("required")):  # a whole entry where there is none
                choices = [list(other_values(fields[name], None)) for name in needed]
                yield from (dict(zip(needed, chosen, strict=True)) for chosen in itertools.product(*choices))


def changed(config: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The configuration with another value of one key, in the first entry of its table, and that entry's name."""
    config = copy.deepcopy(config)
    schema, place, entry = read_schema(), config, ""
    *path, last = key.replace("[]", ".[]").split(".")
    for name in path:
        if name == "*":
            having = [one for one, fields in place.items() if last in fields and one != OTHER]
            name = having[-1] if path[0] == "sources" and last in MADE_ONLY else next(iter(place))
            name = "worked_mix" if path[0] == "mixes" and last == "imported" else name
            entry = entry or name
            schema, place = schema["additionalProperties"], place[name]
        elif name == "[]":
            schema, place = schema["items"], next((item for item in place if last in item), place[0])
        else:
            schema, place = schema["properties"][name], place[name]
    schema, before = schema["properties"][last], place.get(last)
    for value in other_values(schema, before):
        place[last] = value
        try:
            check(config)
        except ConfigError:
            continue
        if value != before:
            return config, entry
    raise AssertionError(f"{key}: no other value than {before!r} is accepted")


@pytest.mark.parametrize("key", [key for key, effect in effects().items() if effect != NOTHING])
def test_a_change_causes_what_the_table_says(finished: Finished, key: str) -> None:
    effect = effects()[key]
    config, entry = changed(finished.config, key)
    plan = finished.plan(config)
    new = {output: rule for output, rule in plan.items() if output not in finished.jobs}
    assert set(new.values()) == (frozenset() if key == SWITCHED_OFF else effect.makes)
    found, expected = set(plan) - set(new), finished.expected(effect, key.split(".")[0], entry)
    if key in OF_SOME:
        assert {plan[output] for output in found} == {finished.jobs[output].rule.name for output in expected} and found < expected
    else:
        assert found == expected


def test_what_only_says_how_causes_nothing(finished: Finished) -> None:
    config = finished.config
    for key, effect in effects().items():
        if effect == NOTHING:
            config, _ = changed(config, key)
    assert config != finished.config
    assert finished.plan(config) == {}


def test_a_renamed_category_and_another_licence_are_no_matter_of_dumps_and_engines(finished: Finished) -> None:
    text = json.dumps(finished.config).replace('"Exams"', '"Tests"').replace('"Daily"', '"Every day"')
    text = text.replace('"Word problems"', '"Sums"')
    config = json.loads(text)
    config["sources"]["demo_quiz"]["licence"] = "B"
    # what follows the mix is planned behind it; its packed data comes out as it was, and there it ends (tests/train)
    assert set(finished.plan(config)) == finished.expected(Effect(frozenset({"select", "page"}), frozenset()), "", "")
