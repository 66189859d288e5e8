"""Items of benchmarks as they are looked for.

items = read_items([Path("results/benches/ko_math/manifest.json")])
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from koreason.curate.overlap.fold import folded
from koreason.errors import UserError
from koreason.records.held import held
from koreason.tables import ITEMS, read_table


@dataclass(frozen=True)
class Item:
    """One item of a benchmark."""

    bench: str
    id: str
    question: str
    options: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Question and options, a line each."""
        return "\n".join([self.question, *self.options])

    @cached_property
    def letters(self) -> str:
        """The question, folded."""
        return folded(self.question)


def read_items(manifests: list[Path]) -> list[Item]:
    """All benchmarks' items, sorted by benchmark and id; a benchmark is named by its folder.

    Raises:
        UserError: two benchmarks have one name, or a manifest is none of `bench`.
    """
    found: dict[str, list[Item]] = {}
    for manifest in manifests:
        name = manifest.resolve().parent.name
        if name in found:
            raise UserError(f"two benchmarks are called {name}", manifest, "name each once")
        rows = read_table(held(manifest), "items.parquet", ITEMS).sort("id").iter_rows(named=True)
        found[name] = [Item(name, row["id"], row["question"] or "", list(row["options"] or [])) for row in rows]
    return [item for name in sorted(found) for item in found[name]]
