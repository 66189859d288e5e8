"""Configuration of the stage `benches`: where a benchmark's items are."""

from dataclasses import dataclass
from typing import Annotated, Literal

from koreason.benches.kinds import KINDS
from koreason.config.marks import How, OneOf, Place

Kind = Annotated[str, OneOf(tuple(KINDS))]
Column = Literal["id", "category", "question", "options", "gold", "kind"]
COLUMNS: tuple[Column, ...] = ("id", "category", "question", "options", "gold", "kind")


@dataclass(frozen=True, kw_only=True)
class Items:
    """Where a benchmark's items are, and what they are.

    Attributes:
        kind: `choice` compares option labels, `math` compares mathematical values; an item that names its own `kind` has that.
        file: JSON lines with `id`, `question`, `gold` and, for choices, `options`; null for `hub`. `$NAME` is read from the environment.
        sha256: of the file; what it holds is known by this and not by where it lies.
        hub: a Hugging Face data set instead of a file, or a folder with one.
        revision: full commit id of the data set on the hub.
        digest: of all its files that may be read, as `koreason pin` writes it; held against where it is read from a mirror.
        name: subset of the data set.
        split: of the data set; null is `test`.
        columns: our column (`id`, `category`, `question`, `options`, `gold`, `kind`) to the source's own, where it is called otherwise;
            `options` to several, each of which holds one.
    """

    kind: Kind
    file: Annotated[str | None, How(), Place()] = None
    sha256: str | None = None
    hub: Annotated[str | None, Place()] = None
    revision: str | None = None
    digest: str | None = None
    name: str | None = None
    split: str | None = None
    columns: dict[Column, str | list[str]] | None = None
