"""From the records of a data set to rows of the trace table.

    traces = Traces(columns, wanted, "00000-of-00002")
    reason = traces.add("a.jsonl", record)      # None where it was taken
    frame = traces.frame("imported/worked")

A prompt's id is a digest of its question alone: answers to one question are samples of one prompt, numbered as they stand in the files,
and the same question in two data sets is one prompt.
"""

import hashlib
import json
import math
from collections import Counter
from typing import Any

import polars as pl

from koreason.curate.prompts.choices import options_of
from koreason.curate.prompts.identifiers import ID_DIGITS
from koreason.curate.prompts.of_records import joined
from koreason.curate.reading.records import Record, encodable
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.engine.thinking import CLOSE, OPEN, split
from koreason.records.digests import digest
from koreason.shards import holds
from koreason.tables import GIVEN, TRACES

STOP = "stop"
UNREAD = object()
# What a row has before the shares of scripts are measured on the whole table at once.
ROWS = {**{column: kind for column, kind in TRACES.items() if not column.endswith("_share")}, **GIVEN}


class Traces:
    """The traces of one shard; those of the others are looked at and left.

    Attributes:
        accepted: how many records are traces, of all shards.
        systems: how many of them came with a system message, which no trace holds.
        unread: how many of them came with a gold that is none: a truth value, infinity, an object, a list of other than one thing.
    """

    def __init__(self, columns: dict[str, list[str]], wanted: Wanted, shard: str) -> None:
        self._places = {column: [wanted.names.index(name) for name in names] for column, names in columns.items()}
        self._shard = shard
        self._samples = Counter[str]()
        self._rows: list[dict[str, Any]] = []
        self.accepted = self.systems = self.unread = 0

    def add(self, file: str, record: Record) -> Unused | None:
        """Take a record, or say why it is no trace."""
        values = record.values
        if values is None:
            return record.reason
        given = {column: [values[place] for place in places] for column, places in self._places.items()}
        system = False
        if "messages" in given:
            said = turns(given["messages"][0])
            if said is None:
                return Unused.not_a_dialogue
            system, given["question"], given["reply"] = said[0], [said[1]], [said[2]]
        if any(isinstance(part, dict | list) for column in ("question", "reply", "think", "answer") for part in given.get(column, ())):
            return Unused.not_text
        golds = [gold_of(part) for part in given.pop("gold", ())]
        texts = {column: joined(parts) for column, parts in given.items() if column not in ("messages", "options")}
        texts["gold"] = joined([gold for gold in golds if gold is not UNREAD])
        if not texts["question"]:
            return Unused.no_question
        tokens = count_of(given.get("tokens", [None])[0])
        if tokens is not None and tokens < 0:
            return Unused.out_of_range
        options = options_of(given["options"]) if "options" in given else None
        if not all(encodable(text) for text in (*texts.values(), *(options or []))):
            return Unused.encoding
        self.accepted += 1
        self.systems += system
        self.unread += UNREAD in golds
        prompt_id = hashlib.sha256(texts["question"].encode()).hexdigest()[:ID_DIGITS]
        if not holds(self._shard, prompt_id):
            return None
        think, answer = parts_of(texts)
        sample = self._samples[prompt_id]
        self._samples[prompt_id] += 1
        self._rows.append(
            {
                "request_key": digest([texts["question"], think, answer, sample]),
                "prompt_id": prompt_id,
                "sample": sample,
                "question": texts["question"],
                "think": think,
                "answer": answer,
                "finish": texts.get("finish", "").strip() or STOP,
                "tokens": tokens,
                "gold": texts.get("gold") or None,
                "options": options,
                "origin": {"file": file, "record": record.number, "first": record.first, "bytes": record.bytes},
            }
        )
        return None

    def frame(self, source: str) -> pl.DataFrame:
        """What was taken, as the columns `ROWS`, sorted by prompt and sample."""
        every = {column: [row.get(column) for row in self._rows] for column in ROWS}
        return pl.DataFrame(every, schema=ROWS).with_columns(source=pl.lit(source, pl.String)).sort("prompt_id", "sample")


def turns(value: Any) -> tuple[bool, str, str] | None:
    """Whether there is a system message, the question and the reply; None where the messages are anything else than these."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, list) or not all(isinstance(each, dict) and isinstance(each.get("content"), str) for each in value):
        return None
    roles = [each.get("role") for each in value]
    system = roles[:1] == ["system"]
    if roles[system:] != ["user", "assistant"]:
        return None
    return system, value[-2]["content"], value[-1]["content"]


def parts_of(texts: dict[str, str]) -> tuple[str | None, str | None]:
    """Thinking and answer; None for the part that is not there."""
    if "reply" in texts:
        return split(texts["reply"]) if texts["reply"] else (None, None)
    think = texts["think"].strip().removeprefix(OPEN).removesuffix(CLOSE).strip()
    return think or None, texts["answer"].strip() or None


def gold_of(value: Any) -> Any:
    """What is right as a data set says it: a text or a number, also as the one thing in a list; None where it says none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or value != value:  # NaN, by which tables say that there is none
        return None
    known = isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != math.inf)
    return value if known else UNREAD


def count_of(value: Any) -> int | None:
    """A number of tokens; None where there is none, -1 for what is no such number."""
    if value is None or value == "":
        return None
    try:
        number = -1 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return -1
    return number if 0 <= number < 1 << 62 and number == float(value) else -1
