"""A prompt's life as people read it.

lines = told(known)      # of `life(results, prompt, config)`
"""

from collections.abc import Iterator
from typing import Any

from koreason.shown import beginning, printable

Life = dict[str, Any]
TEXT, SPAN = 300, 120  # characters shown of a prompt and of a span


def told(life: Life) -> list[str]:
    """Lines: what each stage made of the prompt."""
    source = life["source"]
    labels = ", ".join(f"{key} {source[key]}" for key in ("category", "licence") if source[key])
    lines = [
        f"prompt     {life['prompt_id']}",
        f"           {beginning(life['text'], TEXT)}",
        f"source     {source['name']}" + (f" ({labels})" if labels else ""),
        *([f"           {printable(source['url'])}"] if source["url"] else []),
        *of_dump(life["dump"]),
    ]
    if life["parents"]:
        lines.append(f"made of    {', '.join(life['parents'])}")
    for child in life["children"]:
        lines.append(f"became     {child['prompt_id']} of source {child['source']}")
    parts = (of_cleaned, of_pools, of_twins, of_overlaps, of_traces, of_mixes, of_models)
    lines += [line for part in parts for line in part(life)]
    lines += [f"not yet    results/{folder}" for folder in life["not_made"]]
    return lines


def of_dump(dump: Life) -> Iterator[str]:
    """Where it comes from, and whether that still says so."""
    if dump.get("file") is not None:
        where = f"{dump['path'] or dump['file']}, record {dump['record']:,}"
        if dump.get("first") is not None:
            where += f", bytes {dump['first']:,} to {dump['first'] + dump['bytes']:,}"
        yield f"dump       {where}"
    yield f"           {dump['says']}"
    for line in dump["differs"]:
        yield f"           it lacks {beginning(line, SPAN)}"


def of_cleaned(life: Life) -> Iterator[str]:
    """What cleaning changed and measured."""
    for row in life["cleaned"]:
        changed = ", ".join(row["changes"]) or "nothing"
        yield f"cleaned    for pool {row['pool']}: changed {changed}"
        for column, changes in row["changes"].items():
            yield from (f"           {column}: {_line(change)}" for change in changes)
        yield f"           {', '.join(f'{name} {_value(value)}' for name, value in row['measures'].items() if value not in (None, ''))}"


def of_pools(life: Life) -> Iterator[str]:
    """What the pools decided."""
    for row in life["pools"]:
        if row["reason"]:
            yield f"pool       {row['pool']}: dropped, {row['reason']}" + (
                f" ({beginning(row['evidence'], SPAN)})" if row["evidence"] else ""
            )
        else:
            yield f"pool       {row['pool']}: kept" + (
                f", and stands for {several(row['stands_for'], 'twin')}" if row["stands_for"] else ""
            )


def of_twins(life: Life) -> Iterator[str]:
    """Its group, and what became of the others."""
    for row in life["twins"]:
        yield f"twins      in {row['in']}: nearest {row['twin']} ({row['method']}, {row['similarity']:.3f}), group {row['group']}"
        for other in row["others"]:
            fates = ", ".join(f"{pool}: {reason or 'kept'}" for pool, reason in other["pools"].items())
            yield f"           {other['prompt_id']} {fates}"
        if row["more"]:
            yield f"           and {row['more']} more"


def of_overlaps(life: Life) -> Iterator[str]:
    """What it shares with benchmarks."""
    for row in life["overlaps"]:
        whose = f" (trace {row['recipe']}, sample {row['sample']})" if row["recipe"] else ""
        span = beginning(row["span"], SPAN)
        yield f"overlap    {row['bench']} item {row['item_id']}, {row['method']} {row['value']:.3f}, in {row['pool']}{whose}: {span}"


def of_traces(life: Life) -> Iterator[str]:
    """Its traces."""
    for row in life["traces"]:
        yield f"trace      {row['path']}"
        shares = f"target share {_value(row['think_share'])} of the thinking, {_value(row['answer_share'])} of the answer"
        yield f"           sample {row['sample']}: {row['finish']}, {_tokens(row['tokens'])}, {shares}"


def _tokens(count: int | None) -> str:
    return "tokens not known" if count is None else f"{count:,} tokens"


def of_mixes(life: Life) -> Iterator[str]:
    """What the mixes took."""
    for row in life["mixes"]:
        for sample in row["taken"]:
            yield f"mix        {row['mix']}: took sample {sample['sample']}: {sample['why_kept']}"
        for sample in row["left"]:
            of = f" of {sample['traces']}" if sample["traces"] else ""
            yield f"mix        {row['mix']}: left sample {sample['sample']}{of}, {sample['reason']}{_quota(life, row, sample['reason'])}"


def _quota(life: Life, row: Life, reason: str) -> str:
    category = life["source"]["category"]
    if reason != "over_quota" or category not in row["categories"]:
        return ""
    counts = row["categories"][category]
    quota = f" of a quota of {row['quotas'][category]:,}" if row["quotas"] and category in row["quotas"] else ""
    return f" ({category}: {counts['drawn']:,} drawn{quota}, {counts['passed']:,} passed the filters)"


def of_models(life: Life) -> Iterator[str]:
    """What was learnt from it."""
    for row in life["packed"]:
        what = f"not packed, {row['reason']}" if row["reason"] else f"{row['tokens']:,} tokens"
        yield f"packed     {row['mix']} for {row['tokenizer']}: sample {row['sample']}, {what}"
    for row in life["models"]:
        yield f"model      {row['model']}, trained on {row['mix']} with {row['schedule']}: {row['path']}"


def several(count: int, one: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one}{'s' * (count != 1)}"


def _value(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _line(text: str) -> str:
    return printable(text.replace("\r", "␍").replace("\n", "⏎").replace("\t", "⇥"))
