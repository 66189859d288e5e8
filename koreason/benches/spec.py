"""Configuration of the stage `benches`: where a benchmark's items are."""

from dataclasses import dataclass
from typing import Annotated, Literal

from koreason.benches.kinds import KINDS, MIXED
from koreason.config.marks import How, Natural, OneOf, Place, Positive

Kind = Annotated[str, OneOf((*KINDS, MIXED))]
Column = Literal["id", "category", "question", "options", "gold", "kind", "cluster"]
COLUMNS: tuple[Column, ...] = ("id", "category", "question", "options", "gold", "kind", "cluster")


@dataclass(frozen=True, kw_only=True)
class Items:
    """Where a benchmark's items are, and what they are.

    Attributes:
        kind: `choice` compares option labels, `math` compares mathematical values; an item that names its own `kind` has that. `mixed`:
            each is a choice where it has options, or its question has and the gold names one of them, else a value.
        file: JSON lines with `id`, `question`, `gold` and, for choices, `options`; null for `hub`. `$NAME` is read from the environment.
        sha256: of the file; what it holds is known by this and not by where it lies.
        hub: a Hugging Face data set instead of a file, or a folder with one.
        revision: full commit id of the data set on the hub.
        digest: of all its files that may be read, as `koreason pin` writes it; held against where it is read from a mirror.
        name: subset of the data set.
        split: of the data set; null is `test`.
        files: the data set's files by their paths in it, in place of `name` and `split`; `*` stands within a folder, `**` over folders.
        columns: our column (`id`, `category`, `question`, `options`, `gold`, `kind`, `cluster`) to the source's own, where it is called
            otherwise; a list of columns is joined, for options they are one each. `$file` and `$folder` are the names of an item's file,
            without its ending, and of the folder around it.
        items: how many there are; any other number is refused.
        shuffle: puts each item's options into an order of its own, drawn with this seed: for sources that have the right one first.
    """

    kind: Kind
    file: Annotated[str | None, How(), Place()] = None
    sha256: str | None = None
    hub: Annotated[str | None, Place()] = None
    revision: str | None = None
    digest: str | None = None
    name: str | None = None
    split: str | None = None
    files: list[str] | None = None
    columns: dict[Column, str | list[str]] | None = None
    items: Positive | None = None
    shuffle: Natural | None = None
