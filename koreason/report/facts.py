"""What a run left under `results/`: its manifests, scores and sidecars, found by the path scheme of the rules.

    facts = read_facts(Path("results"), plan)

Only counts are read here; tables with rows stay on disk for `tables` and `samples` to scan.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.manifest import RUN, read_manifest
from koreason.workflow import cells, shard_names, trainings

Cell = tuple[str, str, str, str]  # model, mix, schedule, bench
Counts = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the run is made of: the configuration's entries that it uses, by their names, as the rule passes them."""

    experiments: list[dict[str, Any]]
    languages: dict[str, str]
    sources: dict[str, dict[str, Any]]
    bases: dict[str, dict[str, Any]]
    pools: dict[str, dict[str, Any]]
    recipes: dict[str, dict[str, Any]]
    mixes: dict[str, dict[str, Any]]
    models: dict[str, dict[str, Any]]
    schedules: dict[str, dict[str, Any]]
    benches: dict[str, dict[str, Any]]

    @property
    def cells(self) -> list[Cell]:
        """Every score that the run asks for."""
        return cells({"run": {"experiments": self.experiments}})

    @property
    def trained(self) -> list[tuple[str, str, str]]:
        """Every (model, mix, schedule) that is trained."""
        return trainings({"run": {"experiments": self.experiments}})

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Every (pool, recipe) that a mix draws from."""
        return list(dict.fromkeys((part["pool"], part["recipe"]) for mix in self.mixes.values() for part in mix["traces"]))

    def shards(self, recipe: str) -> list[str]:
        """Names of the shards of a recipe."""
        return shard_names(self.recipes[recipe]["shards"])

    def tokenizer(self, model: str) -> str:
        """Name of the base whose tokenizer a model's data was packed with."""
        return str(self.bases[self.models[model]["base"]]["tokenizer"])


@dataclass(frozen=True)
class Job:
    """One finished job: its stage's name in the page, what it worked on, and its `run.json`."""

    stage: str
    what: str
    run: dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """Counts of every stage and the jobs that made them; `inputs` are the manifests that were read."""

    sources: dict[str, Counts]
    pools: dict[str, Counts]
    traces: dict[tuple[str, str], Counts]
    mixes: dict[str, Counts]
    packed: dict[tuple[str, str], Counts]
    models: dict[tuple[str, str, str], Counts]
    scores: dict[Cell, dict[str, Any]]
    jobs: list[Job]
    inputs: list[Path]


class _Reader:
    def __init__(self, results: Path) -> None:
        self.results = results
        self.jobs: list[Job] = []
        self.inputs: list[Path] = []

    def counts(self, stage: str, *parts: str) -> Counts:
        folder = self.results.joinpath(*parts)
        manifest = read_manifest(folder / "manifest.json")
        self.inputs.append(folder / "manifest.json")
        self.job(stage, *parts)
        counts: Counts = manifest["counts"]
        return counts

    def job(self, stage: str, *parts: str) -> None:
        """Keep the folder's `run.json`, if there is one: nothing on the page depends on it but times and provenance."""
        path = self.results.joinpath(*parts, RUN)
        if path.is_file():
            self.jobs.append(Job(stage, "/".join(parts[1:]), read_json(path)))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that a stage wrote.

    Raises:
        UserError: there is none, or it is not JSON.
    """
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("no such file", path, "run the stage that writes it first") from None
    except ValueError as error:
        raise UserError(f"not JSON ({error})", path, "delete its folder and run the stage again") from None
    return value


def add_counts(counts: list[Counts]) -> Counts:
    """Sum counts key by key, nested ones too; what is no number is left out."""
    total: Counts = {}
    for one in counts:
        for key, value in one.items():
            if isinstance(value, dict):
                total[key] = add_counts([total.get(key, {}), value])
            elif isinstance(value, int | float):
                total[key] = total.get(key, 0) + value
    return total


def read_facts(results: Path, plan: Plan) -> Facts:
    """Read every manifest, score and sidecar of the run below `results`.

    Raises:
        UserError: a stage of the run has not finished, or a file of it is damaged.
    """
    reader = _Reader(results)
    for base in plan.bases:
        reader.job("base", "bases", base)
    sources = {source: reader.counts("ingest", "sources", source) for source in plan.sources}
    pools = {pool: reader.counts("clean", "pools", pool) for pool in plan.pools}
    traces = {
        (pool, recipe): add_counts([reader.counts("trace", "traces", pool, recipe, shard) for shard in plan.shards(recipe)])
        for pool, recipe in plan.parts
    }
    mixes = {mix: reader.counts("select", "mixes", mix) for mix in plan.mixes}
    packed = {}
    for model, mix, _ in plan.trained:
        key = mix, plan.tokenizer(model)
        if key not in packed:
            packed[key] = reader.counts("pack", "packed", *key)
    models = {key: reader.counts("train", "models", *key) for key in plan.trained}
    scores = {}
    for cell in plan.cells:
        reader.job("generate", "evals", *cell, "generations")
        reader.counts("score", "evals", *cell, "scores")
        scores[cell] = read_json(results.joinpath("evals", *cell, "scores", "scores.json"))
    return Facts(sources, pools, traces, mixes, packed, models, scores, reader.jobs, reader.inputs)
