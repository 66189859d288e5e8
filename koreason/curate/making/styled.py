"""Style: the question unchanged, a short directive before or after it.

for parent, found in styled(pool, "exams", of, phrasing, style, seed, limit=None): ...
"""

from collections.abc import Iterator
from typing import Any

from koreason.curate.making.drawn import drawn
from koreason.curate.making.parents import Parent, child, parents, scan
from koreason.curate.making.reasons import Unmade
from koreason.curate.making.spec import Phrasing, Style
from koreason.records.held import Held


def styled(
    pool: Held, name: str, of: list[str], phrasing: Phrasing, style: Style, seed: int, limit: int | None
) -> Iterator[tuple[Parent, dict[str, Any] | Unmade]]:
    """A prompt with a directive for each that is drawn; passage, options and gold stay as they are."""
    last = None
    if limit is not None:
        ids = scan(pool, of).select("prompt_id").collect()["prompt_id"]
        last = sorted(drawn(seed, one, "limit") for one in ids)[:limit][-1] if len(ids) else None
    for parent in parents(pool, name, of):
        if last is not None and drawn(seed, parent.id, "limit") > last:
            yield parent, Unmade.not_drawn
            continue
        has_options = len(parent.row["options"] or []) > 1
        directives = phrasing.choice_directives if has_options else phrasing.directives
        directive = directives[drawn(seed, parent.id, "directive") % len(directives)]
        place = style.place if style.place != "either" else ("before", "after")[drawn(seed, parent.id, "place") % 2]
        parts = [directive, parent.stem] if place == "before" else [parent.stem, directive]
        yield parent, child(parent, question="\n\n".join(parts))
