"""From tables to what the page tells: its figures by section, and the numbers of the flow at its top.

    figures = draw(plan, facts, tables, times)

Wording and arithmetic only: `tables` read the files, `figures` draw.
"""

from collections import Counter

import polars as pl

from koreason.benches import kinds
from koreason.config.joined.experiments import BASE
from koreason.config.joined.parts import CLUSTER_SIMILARITY, IMPORTED, pair_of
from koreason.engine.spec import longest
from koreason.report.answers.tables import to_base
from koreason.report.charts import figures
from koreason.report.charts.svg import Figure, short
from koreason.report.curated.story import curated_figures
from koreason.report.facts import Facts, Plan
from koreason.report.reasons import say
from koreason.report.tables import by_size
from koreason.report.traced.mixing import band_figures, mixing_figures
from koreason.report.traced.teacher import teacher_figures
from koreason.report.words import STAGES, STRATEGIES, percent, points, share, span

Frames = dict[str, pl.DataFrame]
LIMIT = "limit"  # the reason that says nothing of the prompt
SURE = {"unclear": ", which may be chance", "better": ", more than chance", "worse": ", more than chance"}  # by the paired test
MANY = 8  # drop reasons drawn one by one, the rest together; scores told one by one, more by their mean


def flow(plan: Plan, facts: Facts) -> list[dict[str, str]]:
    """The steps of the pipeline with this run's numbers: name, number, and a line on what happened there."""
    dumps = [source for source, label in plan.sources.items() if "pool" not in label]
    records = sum(facts.sources[source]["records"] for source in dumps)
    cleaned, kept = (sum(counts[key] for counts in facts.pools.values()) for key in ("input", "kept"))
    over = sum(counts["dropped"].get(LIMIT, 0) for counts in facts.pools.values())
    limited = f"; {over:,} of these are over the limit" if over else ""
    written, traces = (sum(counts[key] for counts in facts.traces.values()) for key in ("tokens", "rows"))
    drawn, judged = (sum(counts[key] for counts in facts.mixes.values()) for key in ("kept", "input"))
    tokens, learnt = (sum(counts[key] for counts in facts.packed.values()) for key in ("tokens", "loss_tokens"))
    steps = sum(counts["steps"] for counts in facts.models.values())
    came = sum(facts.traces[part]["rows"] for part in plan.parts if part[0] == IMPORTED)
    wrote = [f"{short(written)} tokens, written by {', '.join(plan.teachers)}"] if plan.teachers else []
    told = "; ".join([*wrote, *([f"{came:,} came finished from {', '.join(plan.imported)}"] if came else [])])
    answers = sum(score["items"] * score["repeats"] for score in facts.scores.values())
    benches = several(len({cell[3] for cell in facts.scores}), "benchmark")
    every = [
        (facts.pools, step("Raw records", records, f"read from {several(len(dumps), 'source')}")),
        (facts.pools, step("Clean prompts", kept, f"{share(kept + over, cleaned)} of the questions pass the filters{limited}")),
        (facts.traces, step("Traces", traces, told)),
        (facts.mixes, step("Selected traces", drawn, f"{share(drawn, judged)} pass the filters and fit the quotas")),
        (facts.packed, step("Training tokens", tokens, f"of which {share(learnt, tokens)} are learnt from")),
        (facts.models, step("Trained models", len(facts.models), f"in {several(steps, 'optimizer step')}")),
        (facts.scores, step("Scores", len(facts.scores), f"from {answers:,} answers to {benches}")),
    ]
    return [one for there, one in every if there]  # a run may begin in the middle, and end before the end


def cost(times: pl.DataFrame) -> str:
    """What all of it took, in a sentence or two."""
    hours, gpu_hours = float(times["seconds"].sum()), float(times["gpu_hours"].sum())
    drawn = {stage: tokens for stage, tokens in times.select("stage", "tokens").iter_rows() if tokens}
    told = [f"{span(hours)} of jobs"] + ([f"{gpu_hours:,.1f} GPU-hours"] if gpu_hours else [])
    told += [f"{short(tokens)} tokens in {STAGES[stage]}" for stage, tokens in drawn.items()]
    tries, stopped = int(times["attempts"].sum()), int(times["interrupted"].sum())
    again = f"{several(stopped, 'attempt was', 'attempts were')} interrupted or failed" if stopped else "none was interrupted"
    return f"All {tries:,} attempts together took {', '.join(told)}; {again}."


def findings(plan: Plan, facts: Facts, tables: Frames) -> list[str]:
    """What a reader in a hurry takes home, a sentence each."""
    told = []
    for what, table, start in (("Pool", facts.pools, "questions"), ("Mix", facts.mixes, "traces")):
        for name, counts in table.items():
            worst = [(reason, count) for reason, count in by_size(counts["dropped"]) if reason != LIMIT][:1]
            why = f"; the commonest reason to drop one is “{say(worst[0][0])}” ({worst[0][1]:,})" if worst else ""
            over = counts["dropped"].get(LIMIT, 0)
            more = f", and {over:,} more would be but for the limit" if over else ""
            told.append(f"{what} {name}: {share(counts['kept'], counts['input'])} of {counts['input']:,} {start} were kept{more}{why}.")
    for (model, mix, schedule), steps in tables["training"].group_by("model", "mix", "schedule", maintain_order=True):
        told.append(
            f"{model} on {mix} by {schedule}: the loss went from {steps['loss'][0]:.2f} to {steps['loss'][-1]:.2f}"
            f" in {several(steps.height, 'step')}{kept_back(steps)}."
        )
    pairs, tested = compared(tables["scores"]).drop_nulls("change"), to_base(tables["paired"])
    if pairs.height > MANY:
        up, mean = pairs.filter(pl.col("change") > 0).height, points(pairs["change"].mean())  # type: ignore[arg-type]
        marks = Counter(one["mark"] for one in tested.values())
        sure = f" By paired tests {marks['better']} are better and {marks['worse']} worse than before." if tested else ""
        return [*told, f"{up} of {pairs.height} scores rise by training; the mean change is {mean} percentage points.{sure}"]
    for row in pairs.iter_rows(named=True):
        test = tested.get((row["model"], row["mix"], row["schedule"], row["bench"]))
        sure = "" if test is None else SURE[test["mark"]]
        before, after = percent(row["base_accuracy"]), percent(row["accuracy"])
        mix = plan.trained_on(row["mix"], row["schedule"])
        told.append(f"{row['model']} on {row['bench']} after {mix}: {before} before training, {after} after{sure}.")
    return told


def step(name: str, count: int, line: str) -> dict[str, str]:
    """One step of the flow."""
    return {"name": name, "number": short(count) if count >= 1e5 else f"{count:,}", "line": line}


def several(count: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def draw(plan: Plan, facts: Facts, tables: Frames, times: pl.DataFrame) -> dict[str, list[Figure]]:
    """All figures by the page's section."""
    return {
        "prompts": [*pool_figures(facts, tables["prompts"])],
        "curated": curated_figures(plan, tables),
        "traces": [*trace_figures(plan, tables)],
        "mixing": mixing_figures(plan, tables),
        "teacher": teacher_figures(tables),
        "selection": [*mix_figures(plan, facts, tables["quotas"]), *band_figures(tables)],
        "training": [*curves(plan, tables["training"])],
        "scores": score_figures(plan, tables["scores"], tables["verdicts"]),
        "time": [time_figure(times)] if times.height else [],
    }


def few(drops: dict[str, int]) -> list[tuple[str, int]]:
    """The commonest reasons in words, and the sum of the others."""
    ordered = [(say(reason), count) for reason, count in by_size(drops)]
    rest = sum(count for _, count in ordered[MANY:])
    return ordered[:MANY] + ([("other reasons", rest)] if rest else [])


def pool_figures(facts: Facts, prompts: pl.DataFrame) -> list[Figure]:
    """Per pool: a waterfall of reasons, and what was kept of each source and category."""
    drawn = []
    for pool, counts in facts.pools.items():
        caption = (
            "From every record read to the prompts that the teacher gets. A prompt is counted under the first filter it fails; what only"
            " the limit keeps out stands last."
        )
        mine = prompts.filter(pl.col("pool") == pool)
        lost = mine.filter(pl.col("fate") != "kept").group_by("reason").agg(pl.col("prompts").sum())
        total = int(mine["prompts"].sum())
        drawn.append(
            figures.waterfall(
                f"prompts-{pool}",
                f"Prompts of {pool}",
                caption,
                ("records", "clean prompts"),
                total,
                few({reason: count for reason, count in lost.iter_rows() if reason != LIMIT}),
                counts["kept"],
                idle=[(say(LIMIT), count) for reason, count in lost.iter_rows() if reason == LIMIT],
            )
        )
        for key in ("category", "source"):
            rows = [(str(name), kept_and_not(group)) for (name,), group in mine.sort(key).group_by(key, maintain_order=True)]
            told = f"Records of each {key}. Figures at the right count what was kept."
            drawn.append(figures.stacked(f"prompts-{pool}-by-{key}", f"Kept of each {key}: {pool}", told, rows))
    return drawn


def kept_and_not(group: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Parts of a bar: kept, over the limit, and all the rest."""
    kept, over = (int(group.filter(which)["prompts"].sum()) for which in (pl.col("fate") == "kept", pl.col("reason") == LIMIT))
    return [("kept", "kept", kept), (say(LIMIT), "idle", over), ("dropped", "dropped", int(group["prompts"].sum()) - kept - over)]


def trace_figures(plan: Plan, tables: Frames) -> list[Figure]:
    """Per recipe and pool: lengths, and shares of the target language with the bands of the mixes that draw from it."""
    drawn = []
    for pool, recipe in plan.parts:
        here = (pl.col("pool") == pool) & (pl.col("recipe") == recipe)
        language = plan.languages[plan.language(pool, recipe)]
        name = f"{pool}-{recipe}"
        mixes = [mix for mix in plan.mixes.values() if (pool, recipe) in map(pair_of, mix["traces"])]
        allowed = "" if pool == IMPORTED else f"; at most {longest(plan.recipes[recipe]):,} were allowed"
        told = f"Tokens of thinking and answer together{allowed}."
        if (rows := tables["lengths"].filter(here)).height:
            drawn.append(figures.histogram(f"lengths-{name}", f"Length of traces: {recipe}", told, "Tokens in a trace", rows))
        for text, word in (("think", "thinking"), ("answer", "answer")):
            bands = {
                (band["min_think_share"], band["max_think_share"]) if text == "think" else (band["min_answer_share"], 1.0)
                for band in (mix["filters"] for mix in mixes)
            }
            band = next(iter(bands)) if len(bands) == 1 else None
            shaded = "The shaded band is what the mix accepts." if band else "The mixes accept different bands, so none is shaded."
            told = f"Share of {language} script among the characters of the {word} that are not white space. {shaded}"
            rows = tables["shares"].filter(here & (pl.col("text") == text))
            title = f"{language} in the {word}: {recipe}"
            drawn.append(figures.histogram(f"{text}-share-{name}", title, told, f"Share of {language} script", rows, band, percent=True))
    return drawn


def strategies(plan: Plan, quotas: pl.DataFrame) -> list[str]:
    """A sentence for each category of a mix that is drawn by more than chance."""
    told = []
    for row in quotas.filter(pl.col("strategy") != "random").iter_rows(named=True):
        words = STRATEGIES[row["strategy"]]
        if row["clusters"] is not None:
            least = plan.mixes[row["mix"]].get("cluster_similarity", CLUSTER_SIMILARITY)
            words += f"; alike are questions that share {percent(least, 0)} of their letters, five at a time: {row['clusters']:,} clusters"
        told.append(f"{row['category']} of {row['mix']}: {words}.")
    return told


def mix_figures(plan: Plan, facts: Facts, quotas: pl.DataFrame) -> list[Figure]:
    """Per mix: a waterfall of reasons, and what the quotas took of each category."""
    drawn = []
    for mix, counts in facts.mixes.items():
        told = "From every trace that there is to the traces that a student learns from. Counted under the first filter that a trace fails."
        drawn.append(
            figures.waterfall(
                f"mix-{mix}", f"Traces of {mix}", told, ("traces", "selected"), counts["input"], few(counts["dropped"]), counts["kept"]
            )
        )
        rows = [
            (str(row["category"]), [("drawn", "kept", row["drawn"]), ("passed but not drawn", "idle", row["passed"] - row["drawn"])])
            for row in quotas.filter(pl.col("mix") == mix).iter_rows(named=True)
        ]
        told = "Traces that pass the filters; the dark part was drawn (figures at the right), as far as the category's quota allows."
        drawn.append(figures.stacked(f"quotas-{mix}", f"Drawn of each category: {mix}", told, rows))
    return drawn


def kept_back(steps: pl.DataFrame) -> str:
    """Where the loss on documents kept back was least, which says whether more epochs would have been of use."""
    taken = steps.select("step", "held_out_loss").drop_nulls().sort("held_out_loss", "step")
    if not taken.height:
        return ""
    step, least = taken.row(0)
    return f"; on documents kept back it was least after step {step:,}, {least:.2f}"


def curves(plan: Plan, training: pl.DataFrame) -> list[Figure]:
    """A loss curve per trained model."""
    drawn = []
    for model, mix, schedule in plan.trained:
        steps = training.filter((pl.col("model") == model) & (pl.col("mix") == mix) & (pl.col("schedule") == schedule))
        told = (
            "Mean loss over the tokens trained on at each step, in nats, and the learning rate."
            f" Trained on {mix} with the schedule {schedule}."
        )
        drawn.append(figures.curve(f"loss-{model}-{mix}-{schedule}", f"Training of {model}, {mix}, {schedule}", told, steps))
    return drawn


def compared(scores: pl.DataFrame) -> pl.DataFrame:
    """Scores of trained models beside their base's, null where the run has none: + base, base_error, base_low, base_high, change.

    A model that is not trained has a row of its own, with its base's values alone.
    """
    numbers = ["accuracy", "error", "low", "high"]
    base = scores.filter(pl.col("mix") == BASE).select("model", "bench", *[pl.col(name).alias(f"base_{name}") for name in numbers])
    trained = scores.filter(pl.col("mix") != BASE).join(base, on=["model", "bench"], how="left", maintain_order="left")
    alone = scores.filter(pl.col("mix") == BASE).join(trained, on=["model", "bench"], how="anti", maintain_order="left")
    alone = alone.with_columns(**{f"base_{name}": pl.col(name) for name in numbers}).with_columns(
        **dict.fromkeys([*numbers, "sd_over_repeats"], pl.lit(None, pl.Float64))
    )
    return pl.concat([trained, alone.select(trained.columns)]).with_columns(change=pl.col("accuracy") - pl.col("base_accuracy"))


def score_figures(plan: Plan, scores: pl.DataFrame, verdicts: pl.DataFrame) -> list[Figure]:
    """Per benchmark a chart of accuracies with a row per trained model, and one of what became of the answers."""
    drawn = []
    several_mixes, several_schedules = len(plan.mixes) > 1, len(plan.schedules) > 1
    of_mix = pl.lit(", ") + pl.col("mix") if several_mixes else pl.lit("")
    of_schedule = pl.lit(", ") + pl.col("schedule") if several_schedules else pl.lit("")
    label = pl.col("model") + pl.when(pl.col("mix") == BASE).then(pl.lit("")).otherwise(of_mix + of_schedule)
    for (bench,), group in compared(scores).group_by("bench", maintain_order=True):
        values = group.select(
            label.alias("label"),
            pl.col("base_accuracy").alias("base"),
            "base_low",
            "base_high",
            pl.col("accuracy").alias("trained"),
            pl.col("low").alias("trained_low"),
            pl.col("high").alias("trained_high"),
        )
        items, repeats, kind, chance = group.select("items", "repeats", "kind", "chance").row(0)
        told = (
            f"{kinds.words(kind)}: {several(items, 'item')}, each answered {several(repeats, 'time')}. A line is the 95% interval of the"
            " accuracy for other items of the same kind (Wilson, clustered by item)."
        )
        drawn.append(figures.dots(f"scores-{bench}", f"Accuracy on {bench}", told, values, chance))
        drawn.append(verdict_figure(str(bench), verdicts.filter(pl.col("bench") == bench), several_mixes, several_schedules))
    return drawn


def verdict_figure(bench: str, verdicts: pl.DataFrame, several_mixes: bool, several_schedules: bool) -> Figure:
    """Right, wrong and unusable answers of the untrained and the trained models."""
    rows = []
    for (model, mix, schedule), group in verdicts.group_by("model", "mix", "schedule", maintain_order=True):
        found = dict(group.select("verdict", "answers").iter_rows())
        right, wrong = found.pop("correct", 0), found.pop("wrong", 0)
        told_apart = [str(name) for name, several in ((mix, several_mixes), (schedule, several_schedules)) if several]
        trained = ", ".join(told_apart) or "trained"
        label = f"{model}, {'base' if mix == BASE else trained}"
        parts = [("right", "kept", right), ("wrong", "dropped", wrong), ("no usable answer", "idle", sum(found.values()))]
        rows.append((label, parts))
    told = (
        "Answers by verdict. Figures at the right count the right ones. An answer is usable when it is complete and in the form asked for."
    )
    return figures.stacked(f"verdicts-{bench}", f"What became of the answers to {bench}", told, rows)


def time_figure(times: pl.DataFrame) -> Figure:
    """Where the time went."""
    rows = [(STAGES[row["stage"]], row["seconds"], span(row["seconds"])) for row in times.iter_rows(named=True)]
    return figures.bars("time", "Time per stage", "Time of all jobs of a stage added up; jobs may have run side by side.", rows)


def beside_published(plan: Plan, scores: pl.DataFrame) -> pl.DataFrame:
    """Published accuracies beside ours, for what both have, in percent.

    Columns: model, mix, schedule, bench, where (it stands), published_base, published, base, accuracy, inside (whether the published
    figure lies in the 95% interval of ours).
    """
    values = []
    for row in compared(scores).iter_rows(named=True):
        for one in plan.benches[row["bench"]].get("published", ()):
            base = plan.models[row["model"]]["base"]
            after = one.get("after", {}).get(base)
            if after is None or row["mix"] not in one.get("mixes", ()):
                continue
            before = None if row["base_accuracy"] is None else 100 * row["base_accuracy"]
            inside = row["low"] <= after / 100 <= row["high"]
            cell = [row[name] for name in ("model", "mix", "schedule", "bench")]
            known = (*cell, one["where"], one.get("before", {}).get(base), after)
            values.append((*known, before, 100 * row["accuracy"], inside))
    names = dict.fromkeys(("model", "mix", "schedule", "bench", "where"), pl.String)
    numbers = dict.fromkeys(("published_base", "published", "base", "accuracy"), pl.Float64)
    return pl.DataFrame(values, schema={**names, **numbers, "inside": pl.Boolean}, orient="row")
