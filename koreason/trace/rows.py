"""From an answer's text to a row of the trace table.

trace_row(journal.rows[key], prompt, sample=0, seed=7)
"""

from typing import Any

from koreason.engine.thinking import split
from koreason.tables import TRACES

# What a row has before the shares of scripts are measured on the whole table at once.
ROWS = {column: kind for column, kind in TRACES.items() if not column.endswith("_share")}


def trace_row(row: dict[str, Any], prompt: dict[str, Any], sample: int, seed: int) -> dict[str, Any]:
    """One row of the contract TRACES from a journal's row and the prompt it answers."""
    think, answer = split(row["text"])
    return {
        "request_key": row["key"],
        "prompt_id": prompt["prompt_id"],
        "source": prompt["source"],
        "sample": sample,
        "question": prompt["question"],
        "think": think,
        "answer": answer,
        "finish": row["finish"],
        "prompt_tokens": row["prompt_tokens"],
        "tokens": row["tokens"],
        "seed": seed,
    }
