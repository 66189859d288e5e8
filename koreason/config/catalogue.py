"""The whole configuration as one dataclass, and the JSON schema generated from it.

    envs/run data python -m koreason.config.catalogue > config/schema.json

What a stage is given lives in its own `spec.py`, so that a change to one stage's options is no change to another's code. An entry of
a table is what the stages are given of it (`GIVEN`), and what only the plan and the report know: references and labels.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from koreason.bases.spec import Base
from koreason.benches.spec import Items
from koreason.config.marks import Flow, How, Label, Positive
from koreason.config.references import BaseName, BenchName, LanguageName, MixName, ModelName, PoolName, RecipeName, ScheduleName, SourceName
from koreason.config.resources import Jobs
from koreason.config.schema import schema_of
from koreason.curate.making.spec import Making, Phrasing
from koreason.curate.spec import Near, Overlap, Pool, PromptLanguage, Segmentation, Source, Talk, Thresholds, TwinKind
from koreason.evaluate.spec import Asking, Scoring
from koreason.imported.spec import Imported
from koreason.languages import Language
from koreason.report.spec import Report
from koreason.select.spec import Mix, Part, Refusing
from koreason.switching.spec import Beside
from koreason.trace.spec import Recipe
from koreason.train.spec import Model, Schedule

# Which of an entry's fields each rule is given, as the class that its command reads `--spec` (or the like) into. All of them but
# those marked How are the rule's key: it runs again where one changes.
GIVEN: dict[str, dict[str, type]] = {
    "languages": {
        "clean": PromptLanguage,
        "augment": Phrasing,
        "sketch": Talk,
        "decontaminate": Segmentation,
        "decontaminate_traces": Segmentation,
        "trace": Language,
        "import_traces": Language,
        "measure": Language,
        "select": Refusing,
    },
    "bases": {"base": Base},
    "sources": {"ingest": Source, "augment": Making},
    "pools": {"dedup": Near, "decontaminate": Overlap, "decontaminate_traces": Overlap, "pool": Pool},
    "recipes": {"trace": Recipe, "measure": Beside},
    "imported": {"import_traces": Imported, "decontaminate_traces": Overlap, "measure": Beside},
    "mixes": {"select": Mix},
    "models": {"train": Model},
    "schedules": {"train": Schedule},
    "benches": {"bench": Items, "generate": Asking, "score": Scoring},
}


@dataclass(frozen=True, kw_only=True)
class LanguageEntry(PromptLanguage, Talk, Segmentation, Phrasing, Refusing):
    """A target language.

    Attributes:
        name: English name, shown in reports.
    """

    name: Annotated[str, Label()]


@dataclass(frozen=True, kw_only=True)
class BaseEntry(Base):
    """A model as its makers publish it; exactly one of `hub`, `path` and `package` says where it comes from.

    Attributes:
        tokenizer: entry of `bases` whose tokenizer this one shares; models of one tokenizer share packed data.
        licence: as its makers state it, shown in the report.
        parameters: total, in units; what cost estimates start from.
    """

    tokenizer: Annotated[BaseName, Flow(reruns=("train",), makes=("base", "pack"))]
    licence: Annotated[str, Label()]
    parameters: Annotated[Positive, Label()]


@dataclass(frozen=True, kw_only=True)
class SourceEntry(Source, Making):
    """One raw dump, or prompts that are made of a pool's.

    Attributes:
        category: one for the whole source, as in the paper (figure 3); masks and quotas go by it.
        licence: A may be redistributed, B may be trained on only, C is refused; of what is made, none laxer than that of its origins.
        pool: entry of `pools` of whose prompts this source is made (`augmented`, `translated`).
        of: categories or sources of that pool whose prompts are taken; none: all.
        recipe: entry of `recipes` that asks its teacher to translate (`translated`).
        urls: path below `root` to the URL from which `koreason source fetch` brings the file.
    """

    category: Annotated[str, Label(("clean", "sketch", "pool", "select", "page"))]
    licence: Annotated[Literal["A", "B", "C"], Label(("select", "page"))]
    pool: Annotated[
        PoolName | None, Flow(reruns=("augment", "page"), makes=("clean", "sketch", "dedup", "decontaminate", "pool", "trace"))
    ] = None
    of: Annotated[list[str], Flow(reruns=("augment",))] = field(default_factory=list)
    recipe: Annotated[RecipeName | None, Flow(reruns=("augment",), makes=("trace",))] = None
    urls: Annotated[dict[str, str], How()] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PoolEntry(Pool, Near, Overlap):
    """Sources cleaned and deduplicated together.

    Attributes:
        sources: in order of preference: of equal prompts the one of the earliest source is kept.
        language: entry of `languages`: the target language.
        mask_personal_data: categories or sources whose phone numbers, mail addresses and the like are masked; in the others
            digits of that shape are nearly always part of the problem.
        twins: how equal prompts of a category or source are known, `text` where it is not named: `stem` and `code` keep what
            changes a formula or a program, `exam` compares options, too, `talk` passes over laughter and marks.
        by: thresholds of single categories or sources; those of a source come before those of its category.
        decontaminate: entries of `benches` whose items are looked for in prompts and traces.
    """

    sources: Annotated[list[SourceName], Flow(reruns=("dedup", "decontaminate", "pool"), makes=("ingest", "clean", "sketch"))]
    language: Annotated[LanguageName, Flow(reruns=("augment", "clean", "sketch", "decontaminate", "decontaminate_traces"))]
    mask_personal_data: Annotated[list[str], Flow(reruns=("clean",))]
    twins: Annotated[dict[str, TwinKind], Flow(reruns=("sketch",))] = field(default_factory=dict)
    by: Annotated[dict[str, Thresholds], Flow(reruns=("pool",))] = field(default_factory=dict)
    decontaminate: Annotated[
        list[BenchName], Flow(reruns=("decontaminate", "decontaminate_traces", "pool", "select"), makes=("bench",))
    ] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class RecipeEntry(Recipe, Beside):
    """How traces are drawn from a teacher.

    Attributes:
        teacher: entry of `bases`.
        language: entry of `languages` whose share of each trace is measured.
        shards: parts of the pool, each one job.
    """

    teacher: Annotated[BaseName, Flow(reruns=("trace",), makes=("base",))]
    language: Annotated[LanguageName, Flow(reruns=("trace", "measure", "select"))]
    shards: Annotated[Positive, Flow(reruns=("augment", "decontaminate_traces", "measure", "judge", "select"), makes=("trace",))]


@dataclass(frozen=True, kw_only=True)
class ImportedEntry(Imported, Overlap, Beside):
    """Finished traces that others made.

    Attributes:
        category: one for all of them; quotas go by it.
        licence: A may be redistributed, B may be trained on only, C is refused.
        language: entry of `languages` whose share of each trace is measured.
        shards: parts, each one job that reads all of the files.
        decontaminate: entries of `benches` whose items are looked for in the traces.
    """

    category: Annotated[str, Label(("select", "page"))]
    licence: Annotated[Literal["A", "B", "C"], Label(("select", "page"))]
    language: Annotated[LanguageName, Flow(reruns=("import_traces", "decontaminate_traces", "measure", "select"))]
    shards: Annotated[Positive, Flow(reruns=("decontaminate_traces", "measure", "judge", "select"), makes=("import_traces",))] = 1
    decontaminate: Annotated[list[BenchName], Flow(reruns=("decontaminate_traces", "select"), makes=("bench",))] = field(
        default_factory=list
    )


@dataclass(frozen=True, kw_only=True)
class ModelEntry(Model):
    """A student and its layout over devices.

    Attributes:
        base: entry of `bases` that it starts from.
    """

    base: Annotated[BaseName, Flow(reruns=("train", "generate"), makes=("base", "pack"))]


@dataclass(frozen=True, kw_only=True)
class Published:
    """Scores that somebody published, in percent.

    Attributes:
        where: they stand: the paper and its table.
        before: of entries of `bases` as their makers publish them.
        after: of the same, trained.
        mixes: entries of `mixes` that they were trained on, by any of their names.
    """

    where: str
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    mixes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class BenchEntry(Items, Asking, Scoring):
    """A benchmark: where its items are, how it is asked, how its answers are scored.

    Attributes:
        role: `held-in` benchmarks guided design decisions, `held-out` ones did not (paper, section 6).
        licence: as its makers state it, shown in the report.
        citation: what is cited where its scores are shown.
        published: scores to lay beside this run's.
    """

    role: Annotated[Literal["held-in", "held-out"], Label()]
    licence: Annotated[str, Label()] = ""
    citation: Annotated[str, Label()] = ""
    published: Annotated[list[Published], Label()] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    """A cross product: each model trained on each mix with each schedule, evaluated on each bench; or a part of that, with what it needs.

    Attributes:
        models: entries of `models`; without any, the run ends with its mixes.
        mixes: entries of `mixes`; without any, models are asked as they are.
        schedules: entries of `schedules`.
        benches: entries of `benches`; without any, models are trained and not scored.
        base: evaluate the models as they are, too.
        pools: entries of `pools` that are made whether a mix draws from them or not; alone, the run ends with them.
        traces: of pools and recipes, or imported, that are made whether a mix draws from them or not; alone, the run ends with them.
    """

    models: Annotated[list[ModelName], Flow(reruns=("page",), makes=("train", "generate", "score"))] = field(default_factory=list)
    mixes: Annotated[list[MixName], Flow(reruns=("page",), makes=("select", "decontaminate_mix", "pack", "train", "generate", "score"))] = (
        field(default_factory=list)
    )
    schedules: Annotated[list[ScheduleName], Flow(reruns=("page",), makes=("train", "generate", "score"))] = field(default_factory=list)
    benches: Annotated[list[BenchName], Flow(reruns=("decontaminate_mix", "page"), makes=("bench", "generate", "score"))] = field(
        default_factory=list
    )
    base: Annotated[bool, Flow(reruns=("page",), makes=("generate", "score"))] = False
    pools: Annotated[list[PoolName], Flow(reruns=("page",), makes=("clean", "sketch", "dedup", "decontaminate", "pool"))] = field(
        default_factory=list
    )
    traces: Annotated[list[Part], Flow(reruns=("page",))] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What this run makes of the catalogue.

    Attributes:
        experiments: what is trained and scored, and by that all that is made.
        name: of the run: its report goes to `results/reports/NAME`; where nothing is said, that of the configuration's file.
        report: the words of the page.
        withdrawn: ids of prompts that every pool, and all finished traces, leave out; `koreason forget` writes them.
        shared_group: name of a group that may write the run's folders, and is trusted with all that is made and run there; without it
            folders that others may write are refused.
    """

    experiments: list[Experiment]
    report: Annotated[Report, Label()]
    name: Annotated[str, Flow(makes=("page",))] = "run"
    withdrawn: Annotated[list[str], Flow(reruns=("pool", "import_traces"))] = field(default_factory=list)
    shared_group: Annotated[str | None, How()] = None


@dataclass(frozen=True)
class Catalogue:
    """Everything a configuration file may say.

    Attributes:
        languages: target languages.
        bases: teachers and students as their makers publish them.
        sources: raw dumps.
        pools: sources cleaned together.
        recipes: how a teacher is asked.
        imported: finished traces that others made.
        mixes: training sets.
        models: students and their layouts.
        schedules: how long and how models learn.
        benches: benchmarks.
        resources: what one job of each rule asks for.
        run: what is made of all this.
    """

    languages: dict[str, LanguageEntry]
    bases: dict[str, BaseEntry]
    sources: dict[str, SourceEntry]
    pools: dict[str, PoolEntry]
    recipes: dict[str, RecipeEntry]
    imported: dict[str, ImportedEntry]
    mixes: dict[str, Mix]
    models: dict[str, ModelEntry]
    schedules: dict[str, Schedule]
    benches: dict[str, BenchEntry]
    resources: Annotated[Jobs, How()]
    run: Run


def schema() -> dict[str, Any]:
    """JSON schema of the whole configuration; `x-given` names the rules that are given a field."""
    found = schema_of(Catalogue)
    for table, rules in GIVEN.items():
        properties = found["properties"][table]["additionalProperties"]["properties"]
        for rule, kind in rules.items():
            for part in dataclasses.fields(kind):
                properties[part.name].setdefault("x-given", []).append(rule)
    return found


if __name__ == "__main__":
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema()}, indent=1, ensure_ascii=False))
