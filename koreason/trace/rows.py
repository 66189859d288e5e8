"""From an answer's text to a row of the trace table."""

from typing import Any

from koreason.tables import TRACES

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
# What a row has before the shares of scripts are measured on the whole table at once.
ROWS = {column: kind for column, kind in TRACES.items() if not column.endswith("_share")}


def split_thinking(text: str) -> tuple[str | None, str | None]:
    """Thinking and answer of a trace; None for the part that is not there.

    The thinking ends at the first `</think>`. Further marks stay in the answer, where `select` finds and refuses them.
    """
    before, close, after = text.partition(THINK_CLOSE)
    if not close:
        return (before.split(THINK_OPEN, 1)[1].strip(), None) if THINK_OPEN in before else (None, text.strip())
    return before.split(THINK_OPEN, 1)[-1].strip(), after.strip()


def trace_row(row: dict[str, Any], prompt: dict[str, Any], sample: int, seed: int) -> dict[str, Any]:
    """One row of the contract TRACES from a journal's row and the prompt it answers."""
    think, answer = split_thinking(row["text"])
    return {
        "request_key": row["key"],
        "prompt_id": prompt["prompt_id"],
        "category": prompt["category"],
        "licence": prompt["licence"],
        "sample": sample,
        "question": prompt["question"],
        "think": think,
        "answer": answer,
        "finish": row["finish"],
        "prompt_tokens": row["prompt_tokens"],
        "tokens": row["tokens"],
        "seed": seed,
    }
