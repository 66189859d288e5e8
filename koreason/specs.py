"""The whole configuration as one dataclass, and the JSON schema generated from it.

    python -m koreason.specs > config/schema.json

Each stage's part lives in its own `spec.py`, so that a change to one stage's options is no change to another's code.
"""

import dataclasses
import json
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from koreason.bases.spec import Base
from koreason.curate.spec import Pool, Source
from koreason.evaluate.spec import Bench
from koreason.languages import Language
from koreason.references import BenchName, MixName, ModelName, ScheduleName, Table
from koreason.report.spec import Report
from koreason.select.spec import Mix
from koreason.trace.spec import Recipe
from koreason.train.spec import Model, Schedule


@dataclass(frozen=True)
class Resources:
    """What a job asks for.

    Attributes:
        mem_mb: memory of each node in MB.
        runtime: minutes.
        threads: CPU cores of each task.
        gpus: GPUs of each node; 0 runs on CPU.
        nodes: machines, on a cluster; only `train` can use more than one.
        tasks: processes that the cluster starts on each node, among which `train` divides its ranks.
    """

    mem_mb: int
    runtime: int
    threads: int
    gpus: int
    nodes: int = 1
    tasks: int = 1


@dataclass(frozen=True)
class Jobs:
    """What one job of each rule asks for."""

    base: Resources
    ingest: Resources
    clean: Resources
    trace: Resources
    select: Resources
    pack: Resources
    train: Resources
    generate: Resources
    score: Resources
    report: Resources


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


def schema(kind: Any = Catalogue) -> dict[str, Any]:
    """JSON schema of a dataclass or annotation; unknown keys are refused at every level."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        required = [
            f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        properties = {field.name: schema(hints[field.name]) for field in dataclasses.fields(kind)}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if origin is Annotated:
        table = next(mark.name for mark in kind.__metadata__ if isinstance(mark, Table))
        return {**schema(arguments[0]), "x-table": table}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [schema(argument) for argument in arguments]}
    if kind is Any:
        return {}
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}[kind]}


if __name__ == "__main__":
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema()}, indent=1, ensure_ascii=False))
