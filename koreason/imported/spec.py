"""Configuration of the stage `imported`."""

from dataclasses import dataclass, field
from typing import Literal

from koreason.curate.spec import Files

Shape = Literal["instruction_response", "messages", "think_answer", "prompt_completion"]
Given = Literal["question", "reply", "messages", "think", "answer", "finish", "tokens", "gold", "options"]


@dataclass(frozen=True, kw_only=True)
class Imported(Files):
    """Finished traces, as a data set has them.

    Attributes:
        format: how its files are read; `datasets` reads from `hub`.
        shape: what its columns hold: a question and a reply with its thinking between marks (`instruction_response`,
            `prompt_completion`), both in a list of messages, or thinking and answer apart (`think_answer`).
        columns: our column (`question`, `reply`, `messages`, `think`, `answer`, as the shape has them, and `finish`, `tokens`, `gold`,
            `options`) to the data set's, by name or by path; several are joined by a blank line. Those of the shape have defaults.
    """

    format: Literal["jsonl", "json", "csv", "tsv", "parquet", "datasets"]
    shape: Shape
    columns: dict[Given, list[str]] = field(default_factory=dict)
