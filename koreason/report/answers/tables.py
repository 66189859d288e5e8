"""Scores side by side: every trained model beside its base and other mixes by paired tests, and what of a score is from items it had seen.

    answer_tables(plan, facts)["paired"]

Reads verdicts, no texts.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from koreason.config.joined.experiments import BASE
from koreason.engine.thinking import CLOSE, OPEN
from koreason.report.facts import Cell, Facts, Plan
from koreason.report.tables import rows
from koreason.statistics.gains import LEVEL
from koreason.statistics.paired import holm, paired
from koreason.tables import GENERATIONS, OVERLAPS, READINGS, SCORED, read_table, scan_table

SEED = 1  # of the bootstrap
READINGS_FILE, SCORED_FILE, GENERATIONS_FILE = "readings.parquet", "scored.parquet", "generations.parquet"
Answers = dict[str, list[bool]]


def answer_tables(plan: Plan, facts: Facts, against: Sequence[str] = ()) -> dict[str, pl.DataFrame]:
    """The tables by the names of their files."""
    return {
        "paired": paired_scores(plan, facts, against),
        "categories": categories(plan, facts),
        "spoken": spoken(plan, facts),
        "contaminated": contaminated(plan, facts),
        "contaminated_items": contaminated_items(facts),
    }


def verdicts(facts: Facts, cell: Cell) -> tuple[Answers, dict[str, str]] | None:
    """Whether each answer is right, by item, as the score's own profile has it, and what items share; None where nobody wrote it."""
    made = facts.scored[cell]
    if READINGS_FILE not in made.names:
        return None
    profile = facts.scores[cell]["profile"]
    frame = read_table(made, READINGS_FILE, READINGS).filter(pl.col("profile") == profile)
    grouped = frame.group_by("item_id", maintain_order=True).agg("correct", pl.col("cluster").first())
    return dict(grouped.select("item_id", "correct").iter_rows()), dict(grouped.select("item_id", "cluster").iter_rows())


def paired_scores(plan: Plan, facts: Facts, against: Sequence[str] = ()) -> pl.DataFrame:
    """Each trained model's score less its base's, and less that after each mix of `against`, on the same items.

    Shares of 1, p by Holm over all rows. Columns: model, mix, schedule, bench, against (a mix, or BASE), items, clusters, difference, low,
    high, p, p_holm, detectable, test.
    """
    values: list[tuple[Any, ...]] = []
    for model, mix, schedule, bench in plan.cells:
        others = {BASE: (model, BASE, BASE, bench), **{name: (model, name, schedule, bench) for name in against if name != mix}}
        for name, other in others.items():
            if mix == BASE or other not in facts.scored:
                continue
            before, after = verdicts(facts, other), verdicts(facts, (model, mix, schedule, bench))
            if before is None or after is None or not before[0].keys() & after[0].keys():
                continue
            one = paired(before[0], after[0], SEED, after[1])
            cell = (model, mix, schedule, bench, name)
            values.append((*cell, one.items, one.clusters, one.difference, one.low, one.high, one.p, one.told()["detectable"], one.test))
    adjusted = holm([value[10] for value in values])
    names = dict.fromkeys(("model", "mix", "schedule", "bench", "against"), pl.String)
    figures = dict.fromkeys(("difference", "low", "high", "p", "detectable"), pl.Float64)
    frame = rows({**names, "items": pl.Int64, "clusters": pl.Int64, **figures, "test": pl.String}, values)
    return frame.with_columns(p_holm=pl.Series(adjusted, dtype=pl.Float64))


def to_base(frame: pl.DataFrame) -> dict[Cell, dict[str, Any]]:
    """By cell those rows of `paired_scores` that have the untrained model on the other side, each with its `mark`."""
    rows_of = frame.filter(pl.col("against") == BASE).to_dicts()
    return {(row["model"], row["mix"], row["schedule"], row["bench"]): row | {"mark": _mark(row)} for row in rows_of}


def _mark(row: dict[str, Any]) -> str:
    return "unclear" if row["p_holm"] >= LEVEL else "better" if row["difference"] > 0 else "worse"


def categories(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Accuracy and verdicts by category, shares of 1: model, mix, schedule, bench, category, items, accuracy, low, high, unusable."""
    values = []
    for cell in plan.cells:
        unusable = _unusable(facts, cell)
        for name, found in facts.scores[cell].get("categories", {}).items():
            values.append((*cell, name, found["items"], found["mean"], *found["interval_95"], unusable.get(name)))
    names = dict.fromkeys(("model", "mix", "schedule", "bench", "category"), pl.String)
    return rows({**names, "items": pl.Int64, **dict.fromkeys(("accuracy", "low", "high", "unusable"), pl.Float64)}, values)


def _unusable(facts: Facts, cell: Cell) -> dict[str, float]:
    """By category the share of answers that are neither right nor wrong: not complete, or not in a form that could be read."""
    made = facts.scored[cell]
    if SCORED_FILE not in made.names:
        return {}
    share = (~pl.col("verdict").is_in(["correct", "wrong"])).mean()
    found = scan_table(made, SCORED_FILE, SCORED).group_by("category").agg(share.alias("unusable")).collect()
    return dict(found.select("category", "unusable").iter_rows())


def spoken(plan: Plan, facts: Facts) -> pl.DataFrame:
    """How long answers are, and in which script: model, mix, schedule, bench, answers, tokens that half and nine tenths of them have at
    most, Hangul's share of all letters of the thinking and of the answer behind it (null without letters), and the share that came to
    its end by itself.
    """
    think, answer = parted(pl.col("response"))
    values = []
    for cell in plan.cells:
        made = facts.generations.get(cell)
        if made is None or GENERATIONS_FILE not in made.names:
            continue
        found = scan_table(made, GENERATIONS_FILE, GENERATIONS).select(
            pl.len(),
            pl.col("tokens").quantile(0.5, "lower").cast(pl.Int64).alias("half"),
            pl.col("tokens").quantile(0.9, "lower").cast(pl.Int64).alias("most"),
            _hangul(think).alias("think"),
            _hangul(answer).alias("answer"),
            (pl.col("finish") == "stop").mean().alias("ended"),
        )
        values.append((*cell, *found.collect(engine="streaming").row(0)))
    names = dict.fromkeys(("model", "mix", "schedule", "bench"), pl.String)
    counts = dict.fromkeys(("answers", "tokens_half", "tokens_nine_tenths"), pl.Int64)
    return rows({**names, **counts, **dict.fromkeys(("hangul_thinking", "hangul_answer", "ended"), pl.Float64)}, values)


def parted(response: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Thinking and answer of responses, each empty where there is none: what is opened and not closed is all thinking."""
    closed, opened = (response.str.contains(mark, literal=True) for mark in (CLOSE, OPEN))
    inside = pl.when(closed).then(response.str.extract(f"(?s)^(.*){CLOSE}", 1)).otherwise(response.str.extract(f"(?s){OPEN}(.*)$", 1))
    behind = pl.when(closed | ~opened).then(response.str.replace(f"(?s)^.*{CLOSE}", ""))
    return inside.fill_null(""), behind.fill_null("")


def _hangul(text: pl.Expr) -> pl.Expr:
    """Hangul's share of all letters."""
    letters = text.str.count_matches(r"\p{L}").sum()
    return pl.when(letters > 0).then(text.str.count_matches(r"\p{Hangul}").sum() / letters)


def contaminated_items(facts: Facts) -> pl.DataFrame:
    """Items that a mix holds texts of, one row each and way that tells: mix, bench, item_id, method, texts."""
    frames = [
        scan_table(made, "overlaps.parquet", OVERLAPS)
        .group_by("bench", "item_id", "method")
        .agg(pl.struct("prompt_id", "sample").n_unique().cast(pl.Int64).alias("texts"))
        .select(pl.lit(mix).alias("mix"), "bench", "item_id", "method", "texts")
        .sort("bench", "item_id", "method")
        .collect()
        for mix, made in facts.contamination.items()
    ]
    empty = rows({**dict.fromkeys(("mix", "bench", "item_id", "method"), pl.String), "texts": pl.Int64}, [])
    return pl.concat([empty, *frames])


def contaminated(plan: Plan, facts: Facts) -> pl.DataFrame:
    """Scores with and without the items that the mix holds texts of, shares of 1.

    Columns: model, mix, schedule, bench, items, contaminated, accuracy, without (null where nothing is left); only of benchmarks that
    were looked for.
    """
    values = []
    for cell in plan.cells:
        made = facts.contamination.get(cell[1])
        found = verdicts(facts, cell) if made is not None else None
        if made is None or found is None or cell[3] not in made.made["counts"].get("items", {}):
            continue
        seen = set(scan_table(made, "overlaps.parquet", OVERLAPS).filter(pl.col("bench") == cell[3]).select("item_id").collect()["item_id"])
        every = [answer for each in found[0].values() for answer in each]
        clean = [answer for item, each in found[0].items() if item not in seen for answer in each]
        hit = len(seen & found[0].keys())
        values.append((*cell, len(found[0]), hit, sum(every) / len(every), sum(clean) / len(clean) if clean else None))
    names = dict.fromkeys(("model", "mix", "schedule", "bench"), pl.String)
    counts = dict.fromkeys(("items", "contaminated"), pl.Int64)
    return rows({**names, **counts, "accuracy": pl.Float64, "without": pl.Float64}, values)
