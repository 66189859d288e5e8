"""Options: distractors of similar questions merged into a question's own, at most ten, its right option kept.

for parent, found in widened(parents, phrasing, options, seed, limit=None): ...      # a new prompt, or the reason why there is none

Questions that ask for what is wrong neither get distractors nor give any, since what they offer beside the answer is right. The right
option's place is drawn, the order of the others, too. The answer column is left empty: it may speak of places that are no longer.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from koreason.curate.making.alike import alike, said_by
from koreason.curate.making.drawn import drawn
from koreason.curate.making.golds import Gold, is_zero, said, understood, unlabelled
from koreason.curate.making.parents import Parent, child
from koreason.curate.making.reasons import Unmade
from koreason.curate.making.similar import CHARS, Similar
from koreason.curate.making.spec import Options, Phrasing


class Item(NamedTuple):
    """A question that may get distractors and give some."""

    parent: Parent
    options: list[str]
    gold: Gold

    def distractors(self) -> list[str]:
        """What it offers beside the right option."""
        return [option for index, option in enumerate(self.options) if index != self.gold.place]


def widened(
    parents: Iterable[Parent], phrasing: Phrasing, settings: Options, seed: int, limit: int | None
) -> Iterator[tuple[Parent, dict[str, Any] | Unmade]]:
    """A prompt with more options for each question that has options and a gold, or the reason why not, in the pool's order."""
    found: list[Item | tuple[Parent, Unmade]] = list(items(list(parents), phrasing))
    usable = [item for item in found if isinstance(item, Item)]
    made = merged(usable, settings, seed, limit)
    for item in found:
        yield (item.parent, made[item.parent.record]) if isinstance(item, Item) else item


def items(parents: list[Parent], phrasing: Phrasing) -> Iterator[Item | tuple[Parent, Unmade]]:
    """What is understood of each question, or why it is left out."""
    negations, relative = (
        re.compile("|".join(f"(?:{one})" for one in some) or "(?!)") for some in (phrasing.negations, phrasing.relative_options)
    )
    around = phrasing.around_gold
    from_zero = {
        parent.row["source"]
        for parent in parents
        if parent.row["gold"] and is_zero(parent.row["gold"], parent.row["options"] or [], around)
    }
    for parent in parents:
        options = unlabelled(parent.row["options"] or [])
        if len(options) < 2:
            yield parent, Unmade.no_options
        elif not parent.row["gold"]:
            yield parent, Unmade.no_gold
        elif negations.search(parent.stem):
            yield parent, Unmade.negated
        elif any(relative.search(option) for option in options):
            yield parent, Unmade.relative_options
        elif (gold := understood(parent.row["gold"], options, around, parent.row["source"] in from_zero)) is None:
            yield parent, Unmade.unclear_gold
        else:
            yield Item(parent, options, gold)


def merged(usable: list[Item], settings: Options, seed: int, limit: int | None) -> dict[int, dict[str, Any] | Unmade]:
    """The new prompt of each question's row in the pool, or why there is none."""
    similar = Similar([f"{item.parent.stem}\n{(item.parent.row['passage'] or '')[:CHARS]}" for item in usable])
    draw = sorted(range(len(usable)), key=lambda place: (drawn(seed, usable[place].parent.id, "limit"), place))
    made: dict[int, dict[str, Any] | Unmade] = {}
    count = 0
    for place in draw:
        item = usable[place]
        if limit is not None and count == limit:
            result: dict[str, Any] | Unmade = Unmade.not_drawn
        elif len(item.options) >= settings.most:
            result = Unmade.full
        else:
            others = (usable[other] for other in similar.to(place, settings.similar))
            result = with_more(item, others, settings, seed)
            count += isinstance(result, dict)
        made[item.parent.record] = result
    return made


def with_more(item: Item, others: Iterable[Item], settings: Options, seed: int) -> dict[str, Any] | Unmade:
    """The question with the first distractors of `others` that say something new."""
    taken, forms = list(item.options), [said_by(option) for option in item.options]
    for option in (option for other in others for option in other.distractors()):
        if len(taken) == settings.most:
            break
        form = said_by(option)
        if not any(alike(form, before, settings.near_duplicate) for before in forms):
            taken.append(option)
            forms.append(form)
    if len(taken) == len(item.options):
        return Unmade.no_distractor
    name, right = item.parent.id, item.options[item.gold.place]
    del taken[item.gold.place]
    taken.sort(key=lambda option: (drawn(seed, name, "order", option), option))
    index = drawn(seed, name, "gold") % (len(taken) + 1)
    taken.insert(index, right)
    return child(item.parent, options=taken, gold=said(item.gold.form, index, taken), answer=None)
