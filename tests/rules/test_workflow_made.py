"""Sources that are made of pools, as a plan: what waits for what, and what a change makes again."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plans_here import plan, standing_in
from workflow_copy import Workflow, made_by

STYLED = {"format": "augmented", "category": "Exams", "licence": "B", "pool": "demo", "of": ["Exams"], "augment": {"style": {}, "seed": 1}}
TURNED = {
    **{"format": "translated", "category": "Exams", "licence": "B", "pool": "demo", "recipe": "translating"},
    "translate": {"min_length_ratio": 0.3, "max_length_ratio": 2.0},
}
ONE, OTHER = (f"results/sources/{name}/manifest.json" for name in ("styled", "turned"))


class Made:
    """A run up to its mix, and plans of it under other configurations, in this process."""

    def __init__(self, folder: Path) -> None:
        workflow = Workflow.copied_to(folder)
        self.folder, self.config = folder, json.loads(json.dumps(workflow.config))
        self.config["pools"]["demo"]["sources"].remove("demo_styled")
        self.config["sources"] |= copy.deepcopy({"styled": STYLED, "turned": TURNED})
        self.config["bases"]["translator"] = copy.deepcopy(self.config["bases"]["smollm2-135m"])
        self.config["recipes"]["translating"] = {**self.config["recipes"]["smollm2_mixed"], "teacher": "translator", "shards": 3}
        self.config["pools"]["again"] = {
            **self.config["pools"]["demo"],
            "sources": ["styled", "turned"],
            "mask_personal_data": [],
            "by": {},
            "twins": {},
        }
        self.config["mixes"]["demo_mix"] |= {"traces": [{"pool": "again", "recipe": "smollm2_mixed"}], "quotas": {"Exams": 60}}
        self.first = self.plan(self.config)
        workflow.config = self.config
        workflow.run("mixes")

    def plan(self, config: dict[str, Any]) -> dict[str, str]:
        return plan(self.folder, config, "mixes")

    def changed(self, table: str, entry: str, **values: Any) -> dict[str, str]:
        config = copy.deepcopy(self.config)
        config[table][entry] |= values
        return self.plan(config)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with standing_in(tmp_path_factory.mktemp("made") / "run") as folder:
        yield Made(folder)


def test_a_pool_that_only_others_are_made_of_is_made_with_all_it_takes(made: Made) -> None:
    plan = made.first
    assert made_by(plan, "augment") == {ONE, OTHER}
    assert len(made_by(plan, "ingest")) == 6
    assert made_by(plan, "pool") == {f"results/pools/{name}/manifest.json" for name in ("demo", "again")}
    traces = made_by(plan, "trace")
    assert len([output for output in traces if "/demo/translating/" in output]) == 3 and len(traces) == 3 + 2
    assert "results/bases/translator/manifest.json" in made_by(plan, "base")


def test_a_seed_makes_its_source_again_and_what_follows(made: Made) -> None:
    assert made.plan(made.config) == {}
    plan = made.changed("sources", "styled", augment={"style": {}, "seed": 2})
    assert made_by(plan, "augment") == {ONE}
    assert all("/again/" in output or output.startswith("results/mixes/") for output in plan if output != ONE)
    assert {"clean", "sketch", "dedup", "pool", "trace", "select"} <= set(plan.values())


def test_directives_are_a_matter_of_what_is_made_alone(made: Made) -> None:
    plan = made.changed("languages", "ko", directives=["답만 쓰시오."])
    assert made_by(plan, "augment") == {ONE, OTHER}
    assert not made_by(plan, "ingest") and "results/pools/demo/manifest.json" not in plan


def test_other_shards_of_the_translator_make_the_translated_source_again(made: Made) -> None:
    plan = made.changed("recipes", "translating", shards=4)
    assert made_by(plan, "augment") == {OTHER}
    assert len(made_by(plan, "trace")) == 4 + 2


def test_a_pool_that_names_sealed_benchmarks_only_is_held_against_them(made: Made) -> None:
    sealed = made.changed("pools", "again", decontaminate=[], sealed={"secret.parquet": "0" * 64}, seal_key="$KOREASON_SEAL_KEY")
    overlaps = {"results/overlaps/again/manifest.json", "results/overlaps/again/smollm2_mixed/manifest.json"}
    assert {made for made, rule in sealed.items() if rule.startswith("decontaminate")} >= overlaps
    assert not overlaps & set(made.changed("pools", "again", decontaminate=[]))
