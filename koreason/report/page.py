"""Write the report of a run: one self-contained page, its tables as CSV and its figures as SVG.

    koreason report --spec '{"title": "My run", "note": "What to know first."}' --run "$PLAN" --results results --out results/report

`--run` holds the configuration's entries that the run uses, as `rules/report.smk` passes them. Everything else is found
under `--results` by the rules' path scheme. The page needs no network and no script; prompts and traces in it are
text, whatever they contain. All tables but `time.csv` are the same for the same results.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from koreason.errors import UserError
from koreason.manifest import Stage, write_atomically
from koreason.report import story, words
from koreason.report.facts import Facts, Plan, read_facts
from koreason.report.samples import read_samples
from koreason.report.spec import Report
from koreason.report.svg import PALETTE, Figure
from koreason.report.tables import content_tables, times
from koreason.settings import add_spec, read_spec

HERE = Path(__file__).parent


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
    if not plan.trained:
        raise UserError("trains no model", "run.experiments", "name at least one model, mix and schedule")
    facts = read_facts(arguments.results, plan)
    with Stage(arguments.out, "report", json.loads(arguments.spec), facts.inputs) as stage:
        write(report, plan, facts, arguments.results, stage)


def write(report: Report, plan: Plan, facts: Facts, results: Path, stage: Stage) -> None:
    """Write all files of the report as outputs of `stage`."""
    tables = content_tables(results, plan, facts)
    paper = story.beside_paper(plan, tables["scores"])
    if paper.height:
        tables["paper"] = paper
    clock = times(facts.jobs)
    figures = story.draw(plan, facts, tables, clock)
    for name, table in {**tables, "time": clock}.items():
        table.write_csv(stage.path(f"tables/{name}.csv"), float_precision=6)
        stage.add(f"tables/{name}.csv", rows=table.height)
    for figure in (figure for group in figures.values() for figure in group):
        write_text(stage, f"figures/{figure.name}.svg", figure.standalone())
    page = render(report, plan, facts, tables, clock, figures, results)
    write_text(stage, "index.html", page)
    stage.counts.update(tables=len(tables) + 1, figures=sum(map(len, figures.values())))


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
) -> str:
    """The page's HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(say=words.say, percent=words.percent, points=words.points, plus_minus=words.plus_minus, span=words.span)
    environment.globals.update(stages=words.STAGES, verdict_words=words.VERDICTS)
    return environment.get_template("page.html").render(
        report=report,
        plan=plan,
        facts=facts,
        figures=figures,
        tables=sorted([*tables, "time"]),
        style=PALETTE.read_text(encoding="utf-8") + (HERE / "page.css").read_text(encoding="utf-8"),
        languages=sorted({plan.languages[pool["language"]] for pool in plan.pools.values()}),
        flow=story.flow(plan, facts),
        findings=story.findings(facts, tables),
        why_prompts=words.explain(fates(tables["prompts"])["reasons"]),
        why_traces=words.explain(tables["selection"]["reason"].unique(maintain_order=True).to_list()),
        fates=fates(tables["prompts"]),
        quotas=tables["quotas"].to_dicts(),
        finish=tables["finish"].to_dicts(),
        scores=story.compared(tables["scores"]).to_dicts(),
        verdicts=tables["verdicts"].to_dicts(),
        paper=tables["paper"].to_dicts() if "paper" in tables else [],
        clock=clock.to_dicts(),
        samples=read_samples(results, plan),
        provenance=provenance(facts),
        configuration=json.dumps(vars(plan), indent=1, ensure_ascii=False, sort_keys=True),
    )


def fates(prompts: pl.DataFrame) -> dict[str, Any]:
    """The table of sources against reasons: `reasons`, and per pool and source the counts of each, `records` and `kept`."""
    reasons = (
        prompts.filter(pl.col("fate") != "kept")
        .group_by("reason")
        .agg(pl.col("prompts").sum())
        .sort(["prompts", "reason"], descending=[True, False])
    )
    rows = []
    for (pool, source, category), group in prompts.group_by("pool", "source", "category", maintain_order=True):
        lost = dict(group.filter(pl.col("fate") != "kept").select("reason", "prompts").iter_rows())
        kept = int(group.filter(pl.col("fate") == "kept")["prompts"].sum())
        rows.append(
            {"pool": pool, "source": source, "category": category, "records": int(group["prompts"].sum()), "kept": kept, "lost": lost}
        )
    return {"reasons": reasons["reason"].to_list(), "rows": rows}


def provenance(facts: Facts) -> dict[str, Any]:
    """What made the results: commits, and per stage the digests of its code and of its environment."""
    stages: dict[str, dict[str, set[str]]] = {}
    for job in facts.jobs:
        found = stages.setdefault(job.stage, {"environment": set(), "code": set()})
        for key in found:
            found[key].add(str(job.run.get(key) or "not recorded"))
    return {
        "commits": sorted({str(job.run["commit"]) for job in facts.jobs if job.run.get("commit")}),
        "stages": {stage: {key: sorted(values) for key, values in found.items()} for stage, found in stages.items()},
    }
