"""A few prompts and traces to read: picked by their ids, so the same for the same run.

    found = read_samples(Path("results"), plan)

Only rows of licence tier A are shown, because the page is made to be passed on.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from koreason.config.joined.parts import pair_of
from koreason.engine.thinking import split
from koreason.records.held import held
from koreason.report.facts import Plan
from koreason.report.tables import scan_traces
from koreason.shown import blanked, masked, printable
from koreason.tables import DROPPED, MIX, POOL, PROMPTS, TRACE_KEY, UNDRAWN, scan_table

EACH = 4  # most samples of one kind from one pool or mix
LONG, BRIEF = 420, 200  # characters shown of what was kept and of what was dropped


@dataclass(frozen=True)
class Text:
    """A text as shown, and how many characters of it are not."""

    shown: str
    more: int


@dataclass(frozen=True)
class Sample:
    """One prompt or trace; `reason` is empty for what was kept, `think` and `answer` are null for prompts."""

    where: str
    category: str
    reason: str
    lang: str
    question: Text
    think: Text | None = None
    answer: Text | None = None


@dataclass(frozen=True)
class Samples:
    """What the page shows of each kind."""

    prompts: list[Sample]
    dropped_prompts: list[Sample]
    traces: list[Sample]
    dropped_traces: list[Sample]


def cut(text: str | None, most: int) -> Text:
    """The first `most` characters of a text, without what may be somebody's data: no filter that a text has passed finds all of it."""
    text = masked(printable((text or "").strip()))
    return Text(text[:most], max(len(text) - most, 0))


def read_samples(results: Path, plan: Plan) -> Samples:
    """Pick samples from every pool and mix of the run."""
    found = Samples([], [], [], [])
    for pool, entry in plan.pools.items():
        made, lang = held(results / "pools" / pool), entry["language"]
        read = [scan_table(held(results / "sources" / source), "prompts.parquet", PROMPTS) for source in entry["sources"]]
        kept = first_of(labelled(scan_table(made, "prompts.parquet", POOL), plan), "category", ["question"])
        found.prompts.extend(Sample(pool, row["category"], "", lang, cut(row["question"], LONG)) for row in kept)
        dropped = scan_table(made, "dropped.parquet", DROPPED).select("prompt_id", "reason").join(pl.concat(read), on="prompt_id")
        for row in first_of(labelled(dropped, plan), "reason", ["category", "question"]):
            # what clean never passed still holds what clean would have masked
            text = blanked(row["question"][: 2 * BRIEF])
            found.dropped_prompts.append(Sample(pool, row["category"], row["reason"], lang, cut(text, BRIEF)))
    for mix, entry in plan.mixes.items():
        made, parts = held(results / "mixes" / mix), entry["traces"]
        lang = plan.language(*pair_of(parts[0])) if parts else ""
        for row in first_of(scan_table(made, "mix.parquet", MIX), "category", ["messages"]):
            said = {message["role"]: message["content"] for message in row["messages"]}
            think, answer = split(said.get("assistant", ""))
            found.traces.append(Sample(mix, row["category"], "", lang, cut(said.get("user"), LONG), cut(think, LONG), cut(answer, LONG)))
        each = [scan_traces(results, plan, [pair_of(part)]).with_columns(part=pl.lit(place, pl.Int64)) for place, part in enumerate(parts)]
        dropped = scan_table(made, "dropped.parquet", UNDRAWN).join(pl.concat(each), on=[*TRACE_KEY, "part"])
        for row in first_of(labelled(dropped, plan), "reason", ["category", "question", "think", "answer"]):
            texts = [cut(row[column], BRIEF) for column in ("question", "think", "answer")]
            found.dropped_traces.append(Sample(mix, row["category"], row["reason"], lang, *texts))
    return found


def labelled(rows: pl.LazyFrame, plan: Plan) -> pl.LazyFrame:
    """Rows with the category and the licence of their source."""
    labels = pl.LazyFrame([{"source": source, **label} for source, label in plan.labels.items()])
    return rows.join(labels.select("source", "category", "licence"), on="source", how="left", maintain_order="left")


def first_of(rows: pl.LazyFrame, group: str, columns: list[str]) -> list[dict[str, Any]]:
    """Of each value of `group` the row with the smallest id, for the commonest `EACH` values."""
    free = rows.filter(pl.col("licence") == "A")
    chosen = free.group_by(group).agg(pl.len().alias("size"), pl.col("prompt_id").min()).sort(["size", group], descending=[True, False])
    picked = chosen.head(EACH).collect(engine="streaming")
    ids = picked["prompt_id"].unique().to_list()
    wanted = dict.fromkeys([group, "prompt_id", *columns])
    texts = free.filter(pl.col("prompt_id").is_in(ids)).select(list(wanted)).collect(engine="streaming")
    unique = texts.unique([group, "prompt_id"], keep="first", maintain_order=True)
    return picked.select(group, "prompt_id").join(unique, on=[group, "prompt_id"], how="left", maintain_order="left").to_dicts()
