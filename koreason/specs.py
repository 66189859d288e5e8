"""The whole configuration as one dataclass, and the JSON schema generated from it.

    python -m koreason.specs > config/schema.json

Each stage's part lives in its own `spec.py`, so that a change to one stage's options is no change to another's code.
"""

import json
from dataclasses import dataclass
from typing import Any

from koreason.bases.spec import Base
from koreason.curate.spec import Pool, Source
from koreason.evaluate.spec import Bench
from koreason.languages import Language
from koreason.references import BenchName, MixName, ModelName, ScheduleName
from koreason.report.spec import Report
from koreason.resources import Jobs
from koreason.schema import schema_of
from koreason.select.spec import Mix
from koreason.trace.spec import Recipe
from koreason.train.spec import Model, Schedule


@dataclass(frozen=True)
class Experiment:
    """A cross product: each model trained on each mix with each schedule, evaluated on each bench.

    Attributes:
        base: evaluate the models as they are, too.
    """

    models: list[ModelName]
    mixes: list[MixName]
    schedules: list[ScheduleName]
    benches: list[BenchName]
    base: bool


@dataclass(frozen=True)
class Run:
    """What this run makes of the catalogue."""

    experiments: list[Experiment]
    report: Report


@dataclass(frozen=True)
class Catalogue:
    """Everything a configuration file may say."""

    languages: dict[str, Language]
    bases: dict[str, Base]
    sources: dict[str, Source]
    pools: dict[str, Pool]
    recipes: dict[str, Recipe]
    mixes: dict[str, Mix]
    models: dict[str, Model]
    schedules: dict[str, Schedule]
    benches: dict[str, Bench]
    resources: Jobs
    run: Run


def schema() -> dict[str, Any]:
    """JSON schema of the whole configuration."""
    return schema_of(Catalogue)


if __name__ == "__main__":
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema()}, indent=1, ensure_ascii=False))
