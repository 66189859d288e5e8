"""What a run left under `results/`: its manifests, scores and sidecars, found by the path scheme of the rules.

    facts = read_facts(Path("results"), plan)

Only counts are read here; tables with rows stay on disk for `tables` and `samples` to scan.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from koreason.config.joined.experiments import BASE, cells, named_traces, trainings
from koreason.config.joined.parts import IMPORTED, parts_of, shards_of_traces, source_of, traced
from koreason.errors import UserError
from koreason.records import attempts
from koreason.records.held import Held, held
from koreason.records.manifest import MANIFEST, RUN
from koreason.shards import blocks, shard_names

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
    imported: dict[str, dict[str, Any]] = field(default_factory=dict)

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
        """Every (pool, recipe) whose traces there are; of finished traces `imported` and their name."""
        return list(dict.fromkeys([*parts_of(self.mixes.values()), *named_traces({"run": {"experiments": self.experiments}})]))

    @property
    def teachers(self) -> list[str]:
        """Who wrote the traces that did not come finished."""
        return list(dict.fromkeys(self.recipes[recipe]["teacher"] for pool, recipe in self.parts if pool != IMPORTED))

    @property
    def labels(self) -> dict[str, dict[str, Any]]:
        """What is said of each name that a prompt's or a trace's `source` may be: its category and licence."""
        return self.sources | {
            source_of(name): {key: entry[key] for key in ("category", "licence")} for name, entry in self.imported.items()
        }

    def trained_on(self, mix: str, schedule: str) -> str:
        """What the page calls a mix that a model was trained on: its name, and the schedule's where the run has several."""
        return f"{mix}, {schedule}" if len(self.schedules) > 1 and mix != BASE else mix

    def state(self, mix: str, schedule: str) -> str:
        """What it calls a model after training, or before it."""
        return "before training" if mix == BASE else self.trained_on(mix, schedule)

    def language(self, pool: str, recipe: str) -> str:
        """The entry of `languages` whose share of some traces is measured."""
        return str(traced(vars(self), pool, recipe)["language"])

    def shards(self, pool: str, recipe: str) -> list[str]:
        """Names of the shards of some traces."""
        return shard_names(shards_of_traces(vars(self), pool, recipe))

    def tokenizer(self, model: str) -> str:
        """Name of the base whose tokenizer a model's data was packed with."""
        return str(self.bases[self.models[model]["base"]]["tokenizer"])


@dataclass(frozen=True)
class Job:
    """One finished job: its stage's name in the page, what it worked on, its `run.json`, and every attempt at its output."""

    stage: str
    what: str
    run: dict[str, Any]
    attempts: list[dict[str, Any]]


@dataclass(frozen=True)
class Facts:
    """Counts of every stage and the jobs that made them; `inputs` are the manifests that were read.

    What curation left between dumps and pools is shown as far as it is there: `cleaned` by pool and source, `duplicates` by pool,
    `overlaps` by pool and recipe, which is empty for the prompts themselves; so is `contamination`, by mix, and
    `scored` and `generations`, by cell.
    """

    sources: dict[str, Counts]
    cleaned: dict[tuple[str, str], Held]
    duplicates: dict[str, Held]
    overlaps: dict[tuple[str, str], Held]
    pools: dict[str, Counts]
    held_pools: dict[str, Held]
    traces: dict[tuple[str, str], Counts]
    held_traces: dict[tuple[str, str], list[Held]]
    measures: dict[tuple[str, str], list[Held]]
    judged: dict[tuple[str, str], list[Held]]
    mixes: dict[str, Counts]
    packed: dict[tuple[str, str], Counts]
    models: dict[tuple[str, str, str], Counts]
    scores: dict[Cell, dict[str, Any]]
    jobs: list[Job]
    inputs: list[Path]
    contamination: dict[str, Held] = field(default_factory=dict)
    scored: dict[Cell, Held] = field(default_factory=dict)
    generations: dict[Cell, Held] = field(default_factory=dict)


class _Reader:
    def __init__(self, results: Path) -> None:
        self.results = results
        self.jobs: list[Job] = []
        self.inputs: list[Path] = []

    def held(self, stage: str, *parts: str) -> Held:
        made = held(self.results.joinpath(*parts, MANIFEST))
        self.inputs.append(made.manifest)
        self.job(stage, *parts)
        return made

    def counts(self, stage: str, *parts: str) -> Counts:
        counts: Counts = self.held(stage, *parts).made["counts"]
        return counts

    def beside(self, stage: str, *parts: str) -> list[Held]:
        """An output, if it is there, in a list."""
        return [self.held(stage, *parts)] if self.results.joinpath(*parts, MANIFEST).is_file() else []

    def job(self, stage: str, *parts: str) -> None:
        """Keep the folder's `run.json`, if there is one: nothing on the page depends on it but times and provenance."""
        path = self.results.joinpath(*parts, RUN)
        if path.is_file():
            self.jobs.append(Job(stage, "/".join(parts[1:]), read_json(path), attempts.of_output(path.parent)))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that a stage wrote.

    Raises:
        UserError: it is not JSON.
    """
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
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


def read_facts(results: Path, plan: Plan, judged: bool = False, contamination: bool = True) -> Facts:
    """Read every manifest, score and sidecar of the run below `results`; `judged`: of what became of the teachers' answers, too.

    `contamination`: of what the mixes share with benchmarks, where that is there.

    Raises:
        UserError: a stage of the run has not finished, or a file of it is damaged.
    """
    reader = _Reader(results)
    for base in plan.bases:
        reader.job("base", "bases", base)
    sources = {
        source: reader.counts("augment" if "pool" in label else "ingest", "sources", source) for source, label in plan.sources.items()
    }
    pairs = [(pool, source) for pool, entry in plan.pools.items() for source in entry["sources"]]
    cleaned = {pair: made for pair in pairs for made in reader.beside("clean", "cleaned", *pair)}
    for pair in pairs:
        reader.beside("sketch", "sketches", *pair)
    duplicates = {pool: made for pool in plan.pools for made in reader.beside("dedup", "duplicates", pool)}
    overlaps = {(pool, ""): made for pool in plan.pools for made in reader.beside("decontaminate", "overlaps", pool)}
    overlaps |= {part: made for part in plan.parts for made in reader.beside("decontaminate", "overlaps", *part)}
    held_pools = {pool: reader.held("pool", "pools", pool) for pool in plan.pools}
    held_traces = {
        part: [reader.held("import_traces" if part[0] == IMPORTED else "trace", "traces", *part, shard) for shard in plan.shards(*part)]
        for part in plan.parts
    }
    of_blocks = {
        stage: {part: [reader.held(stage, folder, *part, block) for block in blocks(len(plan.shards(*part)))] for part in plan.parts}
        for stage, folder in (("measure", "measures"), *([("judge", "judged")] if judged else []))
    }
    mixes = {mix: reader.counts("select", "mixes", mix) for mix in plan.mixes}
    packed = {}
    for model, mix, _ in plan.trained:
        key = mix, plan.tokenizer(model)
        if key not in packed:
            packed[key] = reader.counts("pack", "packed", *key)
    models = {key: reader.counts("train", "models", *key) for key in plan.trained}
    looked = list(plan.mixes) if contamination else []
    shared = {mix: made for mix in looked for made in reader.beside("decontaminate", "contamination", mix)}
    scores, scored, generations = {}, {}, dict[Cell, Held]()
    for bench in plan.benches:
        reader.counts("bench", "benches", bench)
    for cell in plan.cells:
        for made in reader.beside("generate", "evals", *cell, "generations"):
            generations[cell] = made
        scored[cell] = reader.held("score", "evals", *cell, "scores")
        scores[cell] = read_json(scored[cell].path("scores.json"))
    return Facts(
        sources=sources,
        cleaned=cleaned,
        duplicates=duplicates,
        overlaps=overlaps,
        pools={pool: made.made["counts"] for pool, made in held_pools.items()},
        held_pools=held_pools,
        traces={part: add_counts([shard.made["counts"] for shard in shards]) for part, shards in held_traces.items()},
        held_traces=held_traces,
        measures=of_blocks["measure"],
        judged=of_blocks.get("judge", {}),
        mixes=mixes,
        packed=packed,
        models=models,
        scores=scores,
        jobs=reader.jobs,
        inputs=reader.inputs,
        contamination=shared,
        scored=scored,
        generations=generations,
    )
