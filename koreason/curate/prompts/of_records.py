"""Records become prompts: their columns as text, their options, and an id by content.

    prompts = Prompts("forum", source, wanted)
    reason = prompts.add("a.jsonl", record)      # None where it was taken
    table = prompts.taken()

An id is a digest of the source's name, the question, passage and options where it has any, and how often the same came before.
"""

import itertools
from typing import Any

import polars as pl
import pyarrow

from koreason.curate.prompts.choices import options_of, text_of
from koreason.curate.prompts.identifiers import identified
from koreason.curate.prompts.occurrences import Occurrences
from koreason.curate.reading.records import Record
from koreason.curate.reading.wanted import Wanted
from koreason.curate.reasons import Unused
from koreason.curate.spec import Column, Source
from koreason.tables import PROMPTS

TEXTS: tuple[Column, ...] = ("url", "passage", "gold", "answer", "posted_at")
BOUNDED_BYTES = 1 << 24  # of a batch; so many rows of 225 kB as well as of 1 kB


class Prompts:
    """A batch of prompts, column by column."""

    def __init__(self, name: str, source: Source, wanted: Wanted) -> None:
        self._name = name
        self._places = {column: [wanted.names.index(one) for one in names] for column, names in source.columns.items()}
        self._question = self._places["question"]
        self._others = [(column, self._places[column]) for column in TEXTS if self._places.get(column)]
        self._options = self._places.get("options")
        self._occurrences = Occurrences()
        # made here and not as the module is read: the command forks after that, and Polars' threads would not come along
        self._schema = pl.DataFrame(schema=PROMPTS).to_arrow().schema
        self._clear()

    def _clear(self) -> None:
        self._questions: list[bytes] = []
        self._texts: dict[str, list[bytes | None]] = {column: [] for column, _ in self._others}
        self._choices: list[list[str] | None] = []
        # lists side by side and no tuples, of which the garbage collector would look at each again and again
        self._files: list[str] = []
        self._numbers: list[int] = []
        self._firsts: list[int | None] = []
        self._lengths: list[int | None] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._questions)

    def add(self, file: str, record: Record) -> Unused | None:
        """Take a record, or say why it is none."""
        number, values, first, length, _, reason, _, _ = record
        if values is None:
            return reason
        places = self._question
        text = values[places[0]]
        if len(places) > 1 or type(text) is not str:
            parts = [values[place] for place in places]
            if any(isinstance(part, dict | list) for part in parts):
                return Unused.not_text
            text = joined(parts)
        if not text or text.isspace():
            return Unused.no_question
        options = None
        try:
            question = text.encode()
            row = []
            for role, others in self._others:
                other = values[others[0]]
                if len(others) > 1 or type(other) is not str:
                    other = joined([values[place] for place in others], apart=role != "gold")
                row.append(other.encode() if other and not other.isspace() else None)
            size = len(question)
            if self._options:
                options = options_of([values[place] for place in self._options])
                size += sum([len(option.encode()) for option in options or []])
        except UnicodeEncodeError:
            return Unused.encoding
        self._questions.append(question)
        for column, encoded in zip(self._texts.values(), row, strict=True):
            column.append(encoded)
            if encoded:
                size += len(encoded)
        self._choices.append(options)
        self._files.append(file)
        self._numbers.append(number)
        self._firsts.append(first)
        self._lengths.append(length)
        self.bytes += size
        return None

    def taken(self) -> pyarrow.Table:
        """What was taken since the last time, as a table of the contract `PROMPTS`."""
        count = len(self)
        if not count:
            return self._schema.empty_table()
        ids = pyarrow.array(self._ids(), pyarrow.large_string())
        places = [pyarrow.array(values, pyarrow.int64()) for values in (self._numbers, self._firsts, self._lengths)]
        files = pyarrow.array(self._files, pyarrow.large_string())
        columns: dict[str, Any] = {column: strings(values) for column, values in self._texts.items()}
        columns |= {
            "prompt_id": ids,
            "source": pyarrow.repeat(pyarrow.scalar(self._name, pyarrow.large_string()), count),
            "question": strings(self._questions),
            "options": pyarrow.array(self._choices, self._schema.field("options").type),
            "origin": pyarrow.StructArray.from_arrays([files, *places], fields=list(self._schema.field("origin").type)),
        }
        self._clear()
        arrays = [columns[field.name] if field.name in columns else pyarrow.nulls(count, field.type) for field in self._schema]
        return pyarrow.Table.from_arrays(arrays, schema=self._schema)

    def _ids(self) -> list[str]:
        options = self._choices if self._options else None
        return identified(self._name, self._questions, self._texts.get("passage"), options, self._occurrences)


def strings(values: list[bytes] | list[bytes | None]) -> pyarrow.Array:
    """Encoded texts as a column."""
    return pyarrow.array(values, pyarrow.large_binary()).view(pyarrow.large_string())


def joined(values: list[Any], apart: bool = True) -> str:
    """Values as one text, blank ones left out, the others a blank line apart.

    Args:
        apart: whether a list of several texts is these, a blank line apart; else it stays the JSON that it is, as alternatives do.
    """
    if len(values) == 1 and not isinstance(values[0], list):
        text = text_of(values[0])
        return "" if text.isspace() else text
    parts = itertools.chain.from_iterable(_texts(only(value), apart) for value in values)
    return "\n\n".join([part for part in map(text_of, parts) if part and not part.isspace()])


def only(value: Any) -> Any:
    """A list of one thing as that thing, an empty one as nothing."""
    while isinstance(value, list) and len(value) < 2:
        value = value[0] if value else None
    return value


def _texts(value: Any, apart: bool) -> list[Any]:
    return value if apart and isinstance(value, list) and all(item is None or isinstance(item, str) for item in value) else [value]
