"""The report's tables: tidy, small, the same for the same run; each becomes a CSV file beside the page.

    frames = content_tables(Path("results"), plan, facts)

Tables with a row per prompt or trace are scanned column by column and never loaded whole.
"""

import math
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.parts import IMPORTED
from koreason.errors import RESUMABLE
from koreason.records import attempts
from koreason.records.held import held
from koreason.report.facts import Facts, Job, Plan, add_counts
from koreason.report.metrics import STEPS, read_metrics
from koreason.tables import TRACES, scan_table

SHARE_STEP = 0.025  # width of a bar in the histograms of script shares; the paper's band of 0.05 to 0.20 falls on its edges
LENGTH_BARS = 24  # most bars in a histogram of lengths


def content_tables(results: Path, plan: Plan, facts: Facts) -> dict[str, pl.DataFrame]:
    """Every table that depends on content alone, by the name of its file."""
    tables = {
        "prompts": prompts(plan, facts),
        "imported": imported(plan, facts),
        "finish": finish(facts),
        "lengths": lengths(results, plan),
        "shares": shares(results, plan),
        "selection": selection(facts),
        "quotas": quotas(plan, facts),
        "training": training(results, plan),
        "scores": scores(plan, facts),
        "verdicts": verdicts(plan, facts),
        "profiles": profiles(plan, facts),
    }
    return tables


def rows(schema: dict[str, Any], values: list[tuple[Any, ...]]) -> pl.DataFrame:
    """A frame from rows, also when there are none."""
    return pl.DataFrame(values, schema=schema, orient="row")


def prompts(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Fate of every record: pool, source, category, fate (`skipped`, `rejected`, `dropped`, `kept`), reason, prompts."""
    values = []
    for pool, counts in facts.pools.items():
        for source in plan.pools[pool]["sources"]:
            category, read = plan.sources[source]["category"], facts.sources[source]
            cleaned = counts["sources"].get(source, {"kept": 0, "dropped": {}})
            for fate, reasons in (("skipped", read["skipped"]), ("rejected", read["rejected"]), ("dropped", cleaned["dropped"])):
                values += [(pool, source, category, fate, reason, count) for reason, count in by_size(reasons)]
            values.append((pool, source, category, "kept", "", cleaned["kept"]))
    names = ("pool", "source", "category", "fate", "reason")
    return rows({**dict.fromkeys(names, pl.String), "prompts": pl.Int64}, values)


def imported(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Fate of every record of finished traces: name, category, licence, records, skipped, rejected, reasons of both, traces, origin."""
    values = []
    for name, entry in plan.imported.items():
        read = facts.held_traces[IMPORTED, name][0].made["counts"]["source"]
        reasons = ", ".join(f"{reason} {count}" for reason, count in by_size(add_counts([read["skipped"], read["rejected"]])))
        counts = (read["records"], sum(read["skipped"].values()), sum(read["rejected"].values()))
        traces = facts.traces[IMPORTED, name]["rows"]
        values.append((name, entry["category"], entry["licence"], *counts, reasons, traces, origin(entry)))
    text, whole = (dict.fromkeys(("name", "category", "licence"), pl.String), pl.Int64)
    kinds = {**text, "records": whole, "skipped": whole, "rejected": whole, "reasons": pl.String, "traces": whole, "origin": pl.String}
    return rows(kinds, values)


def origin(entry: dict[str, Any]) -> str:
    """Where finished traces come from: a data set at its commit, or files."""
    if entry.get("hub"):
        return " ".join(str(entry[key]) for key in ("hub", "name", "split", "revision") if entry.get(key))
    return ", ".join(f"{name} (SHA-256 {digest[:12]}…)" for name, digest in sorted(entry.get("files", {}).items()))


def scan_traces(results: Path, plan: Plan, parts: list[tuple[str, str]]) -> pl.LazyFrame:
    """All shards of some (pool, recipe) as one table."""
    shards = [results / "traces" / pool / recipe / shard for pool, recipe in parts for shard in plan.shards(pool, recipe)]
    return pl.concat([scan_table(held(shard), "traces.parquet", TRACES) for shard in shards])


def finish(facts: Facts) -> pl.DataFrame:
    """Why generation of a trace ended: pool, recipe, finish, traces."""
    values = [(*key, reason, count) for key, counts in facts.traces.items() for reason, count in sorted(counts["finish"].items())]
    return rows({"pool": pl.String, "recipe": pl.String, "finish": pl.String, "traces": pl.Int64}, values)


def lengths(results: Path, plan: Plan) -> pl.DataFrame:
    """Histogram of tokens per trace: pool, recipe, from (included), to (not included), traces; none of finished traces that lack them."""
    frames = [rows({"pool": pl.String, "recipe": pl.String, "from": pl.Float64, "to": pl.Float64, "traces": pl.Int64}, [])]
    for pool, recipe in plan.parts:
        tokens = scan_traces(results, plan, [(pool, recipe)]).select("tokens")
        longest = tokens.max().collect(engine="streaming").item()
        if longest is None and pool == IMPORTED:
            continue
        longest = longest or 1
        step = nice_step(longest + 1, LENGTH_BARS)
        frames.append(histogram(tokens, "tokens", step, math.ceil((longest + 1) / step)).select(*label(pool, recipe), pl.all()))
    return pl.concat(frames, how="vertical_relaxed").cast({"from": pl.Int64, "to": pl.Int64})


def shares(results: Path, plan: Plan) -> pl.DataFrame:
    """Histograms of the target language's share: pool, recipe, text (`think`, `answer`), from, to, traces; 1 is in the last bar."""
    names = dict.fromkeys(("pool", "recipe", "text"), pl.String)
    frames = [rows({**names, "from": pl.Float64, "to": pl.Float64, "traces": pl.Int64}, [])]
    for pool, recipe in plan.parts:
        for text in ("think", "answer"):
            column = scan_traces(results, plan, [(pool, recipe)]).select(f"{text}_share")
            counted = histogram(column, f"{text}_share", SHARE_STEP, round(1 / SHARE_STEP))
            frames.append(counted.select(*label(pool, recipe), pl.lit(text).alias("text"), pl.all()))
    return pl.concat(frames)


def label(pool: str, recipe: str) -> list[pl.Expr]:
    """The columns that say which traces a row is about."""
    return [pl.lit(pool).alias("pool"), pl.lit(recipe).alias("recipe")]


def nice_step(span: float, bars: int) -> int:
    """Smallest of 1, 2, 4 and 5 times a power of ten that cuts `span` into at most `bars`."""
    power = 1
    while True:
        for factor in (1, 2, 4, 5):
            if factor * power * bars >= span:
                return factor * power
        power *= 10


def histogram(frame: pl.LazyFrame, column: str, step: float, bars: int) -> pl.DataFrame:
    """Counts of a column's values, nulls aside, in `bars` bars of width `step` from 0: from, to, traces; empty bars too."""
    # Shares such as 0.05 are not exact in binary: without the small addition they fall into the bar below their own.
    index = (pl.col(column) / step + 1e-9).floor().cast(pl.Int64).clip(0, bars - 1)
    counted = frame.drop_nulls(column).group_by(index.alias("bar")).len("traces").collect(engine="streaming")
    every = pl.DataFrame({"bar": range(bars)}, schema={"bar": pl.Int64})
    edge = (pl.col("bar") * step).round(6)
    return (
        every.join(counted, on="bar", how="left", maintain_order="left")
        .with_columns(pl.col("traces").fill_null(0).cast(pl.Int64), edge.alias("from"), (edge + step).round(6).alias("to"))
        .select("from", "to", "traces")
    )


def selection(facts: Facts) -> pl.DataFrame:
    """What became of each mix's traces: mix, reason (empty: kept), traces."""
    values = [
        (mix, reason, count) for mix, counts in facts.mixes.items() for reason, count in [*by_size(counts["dropped"]), ("", counts["kept"])]
    ]
    return rows({"mix": pl.String, "reason": pl.String, "traces": pl.Int64}, values)


def by_size(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Counts that are not 0, the largest first."""
    return sorted(((key, count) for key, count in counts.items() if count), key=lambda item: (-item[1], item[0]))


def quotas(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Per category of a mix: mix, category, strategy, passed (the filters), clusters (`diverse` draws one prompt of each), quota, drawn."""
    values = []
    for mix, total in facts.mixes.items():
        entry = plan.mixes[mix]
        for category, counts in sorted(total["categories"].items()):
            strategy, quota = entry.get("strategies", {}).get(category, "random"), entry["quotas"].get(category, 0)
            values.append((mix, category, strategy, counts["passed"], counts.get("clusters"), quota, counts["drawn"]))
    kinds = {"mix": pl.String, "category": pl.String, "strategy": pl.String}
    return rows(kinds | dict.fromkeys(("passed", "clusters", "quota", "drawn"), pl.Int64), values)


def training(results: Path, plan: Plan) -> pl.DataFrame:
    """Every optimizer step: model, mix, schedule, step, loss and, where it was taken, held_out_loss (nats per learnt token), lr,
    grad_norm, tokens (of this step).
    """
    names = ("model", "mix", "schedule")
    files = [held(results.joinpath("models", *key)).path("metrics.jsonl") for key in plan.trained]
    found = [read_metrics(path, **dict(zip(names, key, strict=True))) for path, key in zip(files, plan.trained, strict=True)]
    return pl.concat([rows(dict.fromkeys(names, pl.String) | STEPS, []), *found])


def scores(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Every score, shares of 1: model, mix, schedule (`base`: untrained), bench, kind, items, repeats, accuracy, its error over items
    and standard deviation over repeats, the 95% interval's low and high, chance (null: no choice), mean tokens of an answer.
    """
    values = []
    for cell in plan.cells:
        score = facts.scores[cell]
        accuracy = score["accuracy"]
        spread = accuracy["se_over_items"], accuracy["sd_over_repeats"], *accuracy["interval_95"]
        numbers = accuracy["mean"], *spread, score.get("chance"), score["mean_tokens"]
        values.append((*cell, score["kind"], score["items"], score["repeats"], *numbers))
    names = dict.fromkeys(("model", "mix", "schedule", "bench", "kind"), pl.String)
    figures = ("accuracy", "error", "sd_over_repeats", "low", "high", "chance", "mean_tokens")
    return rows({**names, "items": pl.Int64, "repeats": pl.Int64, **dict.fromkeys(figures, pl.Float64)}, values)


def verdicts(plan: Plan, facts: Facts) -> pl.DataFrame:
    """What became of the answers: model, mix, schedule, bench, verdict, answers."""
    values = [(*cell, verdict, count) for cell in plan.cells for verdict, count in by_size(facts.scores[cell]["verdicts"])]
    return rows({**dict.fromkeys(("model", "mix", "schedule", "bench", "verdict"), pl.String), "answers": pl.Int64}, values)


def profiles(plan: Plan, facts: Facts) -> pl.DataFrame:
    """What each way of reading makes of the same answers: model, mix, schedule, bench, profile, accuracy, low, high."""
    values = [
        (*cell, name, found["accuracy"]["mean"], *found["accuracy"]["interval_95"])
        for cell in plan.cells
        for name, found in facts.scores[cell].get("profiles", {}).items()
    ]
    names = dict.fromkeys(("model", "mix", "schedule", "bench", "profile"), pl.String)
    return rows({**names, **dict.fromkeys(("accuracy", "low", "high"), pl.Float64)}, values)


def times(jobs: list[Job]) -> pl.DataFrame:
    """Time per stage, of every attempt at its outputs, also of those that failed or were put back.

    Columns: stage, jobs, attempts, interrupted (attempts that did not come to the end), seconds (of all attempts), lost (of those that
    failed), longest (seconds), gpu_hours, tokens (drawn or trained on, of all attempts), tokens_per_second (mean over jobs that say it).
    """
    stages: dict[str, list[Job]] = {}
    for job in jobs:
        stages.setdefault(job.stage, []).append(job)
    values = []
    for stage, of_stage in stages.items():
        tries = [attempt for job in of_stage for attempt in job.attempts]
        lost = [attempts.seconds(attempt) for attempt in tries if attempt.get("exit") not in (0, RESUMABLE)]
        seconds = [attempts.seconds(attempt) for attempt in tries]
        rates = [float(job.run["tokens_per_second"]) for job in of_stage if job.run.get("tokens_per_second")]
        rate = sum(rates) / len(rates) if rates else None
        once = {attempts.name_of(attempt): attempt for attempt in tries}  # one that made several outputs has a line beside each
        interrupted = sum(attempt.get("exit") != 0 for attempt in once.values())
        gpu_hours = sum(attempts.seconds(attempt) * attempts.cards(attempt) for attempt in tries) / 3600
        tokens = round(sum(map(attempts.tokens, tries)))
        counts = len(of_stage), len(once), interrupted
        values.append((stage, *counts, sum(seconds), sum(lost), max(seconds, default=0.0), gpu_hours, tokens or None, rate))
    whole, real = pl.Int64, pl.Float64
    figures = {**dict.fromkeys(("seconds", "lost", "longest", "gpu_hours"), real), "tokens": whole, "tokens_per_second": real}
    return rows({"stage": pl.String, **dict.fromkeys(("jobs", "attempts", "interrupted"), whole), **figures}, values)
