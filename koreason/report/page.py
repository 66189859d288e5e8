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
under `--results` by the rules' path scheme. The page needs no network and no script; prompts and traces in it are
text, whatever they contain. All tables but `time.csv` are the same for the same results.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
from markupsafe import Markup

from koreason.config.load import add_spec, read_spec
from koreason.records.digests import write_atomically
from koreason.records.stage import Stage
from koreason.report import reasons, story, words
from koreason.report.curated.tables import curated_tables
from koreason.report.facts import Facts, Plan, read_facts
from koreason.report.mixing import mixing_tables
from koreason.report.provenance import cited, provenance
from koreason.report.samples import read_samples
from koreason.report.spec import Report
from koreason.report.svg import PALETTE, Figure
from koreason.report.tables import content_tables, times
from koreason.report.teacher import teacher_tables
from koreason.shown import cell, masked, printable

EACH_SCORE = 3  # answers that profiles read differently
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
    facts = read_facts(arguments.results, plan, report.judged)
    with Stage(arguments.out, "report", json.loads(arguments.spec), facts.inputs) as stage:
        write(report, plan, facts, arguments.results, stage)


def write(report: Report, plan: Plan, facts: Facts, results: Path, stage: Stage) -> None:
    """Write all files of the report as outputs of `stage`."""
    tables = content_tables(results, plan, facts) | curated_tables(plan, facts) | mixing_tables(plan, facts) | teacher_tables(plan, facts)
    paper = story.beside_paper(plan, tables["scores"])
    if paper.height:
        tables["paper"] = paper
    clock = times(facts.jobs)
    figures = story.draw(plan, facts, tables, clock)
    for name, table in {**tables, "time": clock}.items():
        table.with_columns(pl.col(pl.String).map_elements(cell, return_dtype=pl.String)).write_csv(
            stage.path(f"tables/{name}.csv"), float_precision=6
        )
        stage.add(f"tables/{name}.csv", rows=table.height)
    for figure in (figure for group in figures.values() for figure in group):
        write_text(stage, f"figures/{figure.name}.svg", figure.standalone())
    page = render(report, plan, facts, tables, clock, figures, results)
    write_text(stage, "index.html", page)
    stage.counts.update(tables=len(tables) + 1, figures=sum(map(len, figures.values())))


def only_shown(value: object) -> object:
    """What stands in the page, without characters that would act there; what is markup of ours has been seen to."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


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
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=only_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    said = (reasons.say, words.percent, words.points, words.plus_minus, words.span, words.whole, words.tenth)
    environment.filters.update({function.__name__: function for function in said})
    environment.globals.update(stages=words.STAGES, verdict_words=words.VERDICTS)
    return environment.get_template("page.html").render(
        report=report,
        plan=plan,
        facts=facts,
        figures=figures,
        tables=sorted([*tables, "time"]),
        style=PALETTE.read_text(encoding="utf-8") + (HERE / "page.css").read_text(encoding="utf-8"),
        languages=sorted({plan.languages[entry["language"]] for entry in (*plan.pools.values(), *plan.imported.values())}),
        flow=story.flow(plan, facts),
        findings=story.findings(facts, tables),
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
        differing=differing(facts),
        paper=tables["paper"].to_dicts() if "paper" in tables else [],
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


def differing(facts: Facts) -> list[dict[str, Any]]:
    """Answers that profiles credit differently: of each score the first `EACH_SCORE`, with what each read."""
    return [
        {
            "where": f"{model}, {mix}, {bench} {printable(answer['item_id'])}",
            "gold": printable(masked(answer["gold"])),
            "answer": printable(masked(answer["answer"])),
            "read": printable(
                masked("; ".join(f"{name}: {one['extracted']} ({one['verdict']}, {one['rule']})" for name, one in answer["read"].items()))
            ),
        }
        for (model, mix, _, bench), score in facts.scores.items()
        for answer in score.get("differing", {}).get("first", [])[:EACH_SCORE]
    ]
