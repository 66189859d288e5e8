"""Personal data and keys, searched once more in what is about to be published, whatever was masked before.

    found = search(rows, [config["languages"]["ko"]])     # {"phone": …}: a table of prompt_id, sample and kind

What cleaning has put in the place of personal data looks like it, and is not counted.
"""

import json
from typing import Any

import polars as pl

from koreason import progress
from koreason.archive.gathered.private import TOKENS, findings, suspected
from koreason.config.load import read_spec
from koreason.curate.spec import PersonalData, PromptLanguage
from koreason.curate.text.personal import masked
from koreason.errors import UserError

FOUND = {"prompt_id": pl.String(), "sample": pl.Int64(), "kind": pl.String()}
BATCH = 8192  # rows whose text is in memory twice


def kinds_of(entry: dict[str, Any]) -> dict[str, PersonalData]:
    """The kinds of personal data that a language's entry knows, in the order in which they are looked for."""
    names = PromptLanguage.__dataclass_fields__
    return read_spec(json.dumps({key: value for key, value in entry.items() if key in names}), PromptLanguage).personal_data


def search(rows: pl.DataFrame, languages: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows whose messages hold personal data, one for each row and kind."""
    found = []
    for chunk in progress.bar(rows.iter_slices(BATCH), total=-(-rows.height // BATCH), what="personal data", unit=" batches"):
        texts = texts_of(chunk)
        for entry in languages:
            for kind, personal in kinds_of(entry).items():
                new, _ = masked(texts, {kind: personal})
                found.append(chunk.filter(new != texts).select("prompt_id", "sample", kind=pl.lit(kind)))
                texts = new  # what is of one kind is of no other
    all_of_them: pl.DataFrame = pl.concat([pl.DataFrame(schema=FOUND), *found]).unique()
    return all_of_them.sort("prompt_id", "sample", "kind")


def refuse_keys(rows: pl.DataFrame) -> None:
    """Refuse rows that hold a key or password.

    Raises:
        UserError: with the first row and the kind.
    """
    for chunk in rows.iter_slices(BATCH):
        texts = texts_of(chunk)
        for place in suspected(texts, TOKENS):
            for finding in findings(texts[place], TOKENS):
                prompt = chunk["prompt_id"][place]
                raise UserError(f"holds a {finding.kind} ({finding.shown})", f"the row of prompt {prompt}", f"koreason forget {prompt}")


def texts_of(rows: pl.DataFrame) -> pl.Series:
    """All messages of each row as one text."""
    contents = pl.col("messages").list.eval(pl.element().struct.field("content")).list.join("\n\n")
    return rows.select(contents.alias("text"))["text"]
