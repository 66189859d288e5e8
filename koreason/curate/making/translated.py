"""Translation: the answers that a recipe's model gave to a pool's prompts become prompts, where nothing was lost.

for parent, found in translated(pool, "problems", of, shards, settings): ...

Of several translations of a prompt the first good one is taken. What was right stays right where it speaks no language, or names an
option that came back.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from koreason.curate.making.apart import taken_apart
from koreason.curate.making.formulas import signs, speaks_no_language
from koreason.curate.making.golds import TEXT, understood, unlabelled
from koreason.curate.making.parents import Parent, child, of_rows, scan
from koreason.curate.making.reasons import Unmade
from koreason.curate.making.spec import Translate
from koreason.errors import UserError
from koreason.records.held import Held
from koreason.records.manifest import again
from koreason.tables import TRACES, read_table


def translated(
    pool: Held, name: str, of: list[str], shards: Iterable[Held], settings: Translate
) -> Iterator[tuple[Parent, dict[str, Any] | Unmade]]:
    """For each trace of some sources' prompts the new prompt, or the reason why there is none; a shard at a time.

    Raises:
        UserError: a trace is of a prompt that the pool does not hold.
    """
    for shard in shards:
        traces = read_table(shard, "traces.parquet", TRACES).filter(pl.col("source").is_in(of)).sort("prompt_id", "sample")
        rows = scan(pool, of).filter(pl.col("prompt_id").is_in(traces["prompt_id"].unique().to_list())).collect()
        known = {parent.id: parent for parent in of_rows(rows, name)}
        done = set()
        for trace in traces.select("prompt_id", "answer", "finish").iter_rows(named=True):
            parent = known.get(trace["prompt_id"])
            if parent is None:
                raise UserError(
                    f"holds a trace of {trace['prompt_id']}, which pool {name} does not have", shard.folder, again(shard.folder)
                )
            found = Unmade.other_sample if parent.id in done else one(parent, trace, settings)
            if isinstance(found, dict):
                done.add(parent.id)
            yield parent._replace(damaged=trace["answer"] or ""), found


def one(parent: Parent, trace: dict[str, Any], settings: Translate) -> dict[str, Any] | Unmade:
    """The prompt that one trace gives, or what is wrong with it."""
    text, original = (trace["answer"] or "").strip(), str(parent.row["question"])
    if trace["finish"] != "stop":
        return Unmade.unfinished
    if not text:
        return Unmade.no_translation
    if not settings.min_length_ratio * len(original) <= len(text) <= settings.max_length_ratio * len(original):
        return Unmade.length_ratio
    (formulas, numbers), (kept_formulas, kept_numbers) = signs(original), signs(text)
    if not formulas <= kept_formulas:
        return Unmade.lost_formula
    if not numbers <= kept_numbers:
        return Unmade.lost_numbers
    # passage and options were asked as one text with the question, and are translated as one
    listed = parent.row["options"] or []
    question, options = taken_apart(text, len(listed)) or (text, None) if listed else (text, None)
    carried = {
        column: value if speaks_no_language(value or "") else None for column in ("gold", "answer") for value in [parent.row[column]]
    }
    if options and parent.row["gold"] and (gold := understood(parent.row["gold"], unlabelled(listed), [])) and gold.form == TEXT:
        carried["gold"] = options[gold.place]
    return child(parent, question=question, passage=None, options=options, **carried)
