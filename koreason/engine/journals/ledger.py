"""The ledger of a table of answers: a line for each request that has none, and why.

    write_ledger(stage, [({"prompt_id": "5f0c", "sample": 0}, row), ...])

`errors.jsonl` stands beside the table, whose row says the same in its `finish`. Without errors it is empty.
"""

from collections.abc import Iterable
from typing import Any

from koreason.engine.answers import REFUSED, TOO_LONG
from koreason.records.digests import canonical
from koreason.records.stage import Stage

LEDGER = "errors.jsonl"


def write_ledger(stage: Stage, rows: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Declare the ledger of all rows of a table, each with what it answers and its row of the journal, in their order."""
    lines = [canonical(who | _why(row)) for who, row in rows if row["finish"].startswith(REFUSED)]
    stage.path(LEDGER).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    stage.add(LEDGER, rows=len(lines))


def _why(row: dict[str, Any]) -> dict[str, Any]:
    long = f"{row['prompt_tokens']} tokens, and the model's {row['limit']} leave no room for an answer"
    return {"request_key": row["key"], "finish": row["finish"], "why": long if row["finish"] == TOO_LONG else row["said"]}
