"""Write the report of a run: one self-contained page, its tables as CSV and its figures as SVG.

    koreason page --results try --out try/report --spec '{"title": "A trial", "note": "Eight prompts."}' --run '{
      "experiments": [{"models": ["smollm2"], "mixes": ["demo"], "schedules": ["short"], "benches": ["ko_math"], "base": false}],
      "languages": {"ko": "Korean"}, "sources": {"demo_quiz": {"category": "Exams", "licence": "A"}},
      "bases": {"smollm2-135m": {"parameters": 134515008, "licence": "Apache-2.0", "tokenizer": "smollm2-135m"}},
      "pools": {"demo": {"language": "ko", "sources": ["demo_quiz"]}},
      "recipes": {"mixed": {"teacher": "smollm2-135m", "language": "ko", "system": null, "shards": 1,
      "sampling": {"max_tokens": 64}, "engine": {"max_model_len": 1024}}},
      "mixes": {"demo": {"traces": [{"pool": "demo", "recipe": "mixed"}], "quotas": {"Exams": 8},
      "filters": {"min_think_share": 0.01, "max_think_share": 0.9, "min_answer_share": 0.0}}},
      "models": {"smollm2": {"base": "smollm2-135m"}}, "schedules": {"short": {}}, "benches": {"ko_math": {"kind": "math"}}}'

`--run` holds the configuration's entries that the run uses, as `rules/report.smk` passes them. Everything else is found
under `--results` by the rules' path scheme. The page needs no network; its one script sorts, searches and shows answers, and what models
said is text, whatever it contains. All tables but `time.csv` are the same for the same results.
"""

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.experiments import BASE
from koreason.config.load import add_spec, read_spec
from koreason.records.digests import write_atomically
from koreason.records.stage import Stage
from koreason.report import reasons, story
from koreason.report.answers.matrix import key_of, matrix
from koreason.report.answers.tables import READINGS_FILE, answer_tables, to_base
from koreason.report.answers.texts import INSIDE, as_script, pieces
from koreason.report.charts.svg import Figure
from koreason.report.curated.tables import curated_tables
from koreason.report.facts import Facts, Plan, read_facts
from koreason.report.provenance import cited, provenance
from koreason.report.recomputed.tables import recomputed
from koreason.report.rendering import environment, script, script_hash, style
from koreason.report.spec import Report
from koreason.report.tables import content_tables, times
from koreason.report.traced.mixing import mixing_tables
from koreason.report.traced.samples import read_samples
from koreason.report.traced.teacher import teacher_tables
from koreason.shown import cell, masked, printable

ITEMS = "items"  # folder of the answers that do not go into the page
DIGITS = 9  # of a figure in a table
EACH_SCORE = 3  # answers that profiles read differently


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--spec`, `--run`, `--results` and `--out`."""
    add_spec(parser, Report)
    parser.add_argument(
        "--run", required=True, metavar="JSON", help="the entries of the configuration that the run uses, by table and name"
    )
    parser.add_argument("--results", required=True, type=Path, metavar="FOLDER", help="where the stages' outputs lie")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where index.html, tables/ and figures/ go")


def main(arguments: argparse.Namespace) -> None:
    """Write the report into `--out`."""
    report, plan = read_spec(arguments.spec, Report), read_spec(arguments.run, Plan)
    facts = read_facts(arguments.results, plan, report.judged, report.contamination)
    with Stage(arguments.out, "report", json.loads(arguments.spec), facts.inputs) as stage:
        write(report, plan, facts, arguments.results, stage)


def write(report: Report, plan: Plan, facts: Facts, results: Path, stage: Stage) -> None:
    """Write all files of the report as outputs of `stage`."""
    tables = (
        content_tables(results, plan, facts)
        | answer_tables(plan, facts, report.against)
        | curated_tables(plan, facts)
        | mixing_tables(plan, facts)
        | teacher_tables(plan, facts)
    )
    tables = {name: without_personal(table) for name, table in tables.items()}
    published = story.beside_published(plan, tables["scores"])
    if published.height:
        tables["published"] = published
    clock = times(facts.jobs)
    figures = story.draw(plan, facts, tables, clock)
    for name, table in {**tables, "time": clock}.items():
        # digits that say something, not decimals: a p of 1e-9 and a learning rate of 5e-7 are no 0
        told = table.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS), pl.col(pl.String).map_elements(cell, return_dtype=pl.String))
        told.write_csv(stage.path(f"tables/{name}.csv"))
        stage.add(f"tables/{name}.csv", rows=table.height)
    for figure in (figure for group in figures.values() for figure in group):
        write_text(stage, f"figures/{figure.name}.svg", figure.standalone())
    inside = write_answers(stage, plan, facts) if report.answers else []
    page = render(report, plan, facts, tables, clock, figures, results, inside)
    write_text(stage, "index.html", page)
    stage.counts.update(tables=len(tables) + 1, figures=sum(map(len, figures.values())))


def without_personal(table: pl.DataFrame) -> pl.DataFrame:
    """A table in which a benchmark's categories, which are its makers' texts, hold nobody's data."""
    if table.schema.get("category") != pl.String:
        return table
    return table.with_columns(pl.col("category").map_elements(masked, return_dtype=pl.String))


def write_answers(stage: Stage, plan: Plan, facts: Facts) -> list[tuple[str, str]]:
    """Write the answers behind the scores beside the page; where they are few, return them instead, to go into it."""
    folder = stage.out / ITEMS
    if folder.is_dir():
        shutil.rmtree(folder)  # those of another run of this stage
    inside: list[tuple[str, str]] = []
    size = 0
    for name, text in pieces(plan, facts):
        size += len(text)
        inside.append((name, text))
        if size > INSIDE:  # all of them beside it
            for one in inside:
                write_text(stage, f"{ITEMS}/{one[0]}.js", as_script(*one))
            inside = []
    return inside if size <= INSIDE else []


def write_text(stage: Stage, name: str, text: str) -> None:
    """Write a declared text file."""
    write_atomically(stage.path(name), text)
    stage.add(name)


def render(
    report: Report,
    plan: Plan,
    facts: Facts,
    tables: dict[str, pl.DataFrame],
    clock: pl.DataFrame,
    figures: dict[str, list[Figure]],
    results: Path,
    inside: list[tuple[str, str]],
) -> str:
    """The page's HTML."""
    template = environment().get_template("page.html")
    return template.render(
        report=report,
        plan=plan,
        facts=facts,
        figures=figures,
        tables=sorted([*tables, "time"]),
        style=style(),
        script=script(),
        script_hash=script_hash(),
        inside=inside,
        readable={key_of(plan, cell) for cell in plan.cells if READINGS_FILE in facts.scored[cell].names} if report.answers else set(),
        matrix=matrix(plan, facts, tables),
        paired=to_base(tables["paired"]),
        trained_on=plan.trained_on,
        against=tables["paired"].filter(pl.col("against") != BASE).to_dicts(),
        categories=by_category(tables["categories"]),
        spoken=tables["spoken"].to_dicts(),
        contaminated=tables["contaminated"].to_dicts(),
        languages=sorted({plan.languages[entry["language"]] for entry in (*plan.pools.values(), *plan.imported.values())}),
        flow=story.flow(plan, facts),
        findings=story.findings(plan, facts, tables),
        why_prompts=reasons.explain(fates(tables["prompts"])["reasons"], reasons.PROMPTS),
        why_traces=reasons.explain(tables["selection"]["reason"].unique(maintain_order=True).to_list(), reasons.TRACES),
        fates=fates(tables["prompts"]),
        measured=tables["prompt_sources"].to_dicts(),
        quotas=tables["quotas"].to_dicts(),
        strategies=story.strategies(plan, tables["quotas"]),
        imported=tables["imported"].to_dicts(),
        finish=tables["finish"].to_dicts(),
        scores=story.compared(tables["scores"]).to_dicts(),
        verdicts=tables["verdicts"].to_dicts(),
        profiles=tables["profiles"].to_dicts() if any(len(score.get("profiles", {})) > 1 for score in facts.scores.values()) else [],
        differing=differing(plan, facts),
        published=tables["published"].to_dicts() if "published" in tables else [],
        recomputed=recomputed([asdict(table) for table in report.recomputed], plan.benches),
        clock=clock.to_dicts(),
        cost=story.cost(clock),
        samples=read_samples(results, plan),
        provenance=provenance(facts),
        cited=cited(),
        configuration=json.dumps(vars(plan), indent=1, ensure_ascii=False, sort_keys=True),
    )


def fates(prompts: pl.DataFrame) -> dict[str, Any]:
    """The table of sources against reasons: `reasons`, and per pool and source `records`, `kept` and the count of each reason, if any."""
    by_reason = (
        prompts.filter(pl.col("fate") != "kept")
        .group_by("reason")
        .agg(pl.col("prompts").sum())
        .sort(["prompts", "reason"], descending=[True, False])
    )
    found, rows = by_reason["reason"].to_list(), []
    for (pool, source, category), group in prompts.group_by("pool", "source", "category", maintain_order=True):
        counts = dict(group.filter(pl.col("fate") != "kept").select("reason", "prompts").iter_rows())
        kept = int(group.filter(pl.col("fate") == "kept")["prompts"].sum())
        records, lost = int(group["prompts"].sum()), [counts.get(reason) for reason in found]
        rows.append({"pool": pool, "source": source, "category": category, "records": records, "kept": kept, "lost": lost})
    return {"reasons": found, "rows": rows}


def by_category(categories: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of categories, as they can be shown; none where no benchmark has several."""
    if categories["category"].n_unique() < 2:
        return []
    return [row | {"category": printable(row["category"])} for row in categories.iter_rows(named=True)]


def differing(plan: Plan, facts: Facts) -> list[dict[str, Any]]:
    """Answers that profiles credit differently: of each score the first `EACH_SCORE`, with what each read."""
    return [
        {
            "where": f"{model}, {plan.trained_on(mix, schedule)}, {bench} {printable(answer['item_id'])}",
            "gold": printable(masked(answer["gold"])),
            "answer": printable(masked(answer["answer"])),
            "read": printable(
                masked("; ".join(f"{name}: {one['extracted']} ({one['verdict']}, {one['rule']})" for name, one in answer["read"].items()))
            ),
        }
        for (model, mix, schedule, bench), score in facts.scores.items()
        for answer in score.get("differing", {}).get("first", [])[:EACH_SCORE]
    ]
