"""Traces that were cut off or ran in a loop, drawn once more with another budget.

    retries = Retries(recipe, teacher)
    retries.again(request, row)      # another request, or None

The second trace is a request of its own, with a seed and a key of its own: it is in the journal as any other, and without `retry` the
first one is there again.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from koreason.engine.answers import Request
from koreason.engine.drawing import Model
from koreason.records.digests import digest
from koreason.trace.spec import Recipe


class Retries:
    """Asks once more.

    Attributes:
        seeds: of the traces that were asked for again, by key.
        ended: how many first traces ended in which of the ways that are drawn again.
    """

    def __init__(self, recipe: Recipe, teacher: Model) -> None:
        self._recipe, self._teacher = recipe, teacher
        self.seeds: dict[str, int] = {}
        self.ended: Counter[str] = Counter()

    def again(self, request: Request, row: dict[str, Any]) -> Request | None:
        """The request that is made in place of one that ended as `row` says; None where that stays."""
        retry, sampling = self._recipe.retry, self._recipe.sampling
        if retry is None or row["finish"] not in retry.finish:
            return None
        sampling = replace(sampling, max_tokens=retry.max_tokens, think_tokens=retry.think_tokens or sampling.think_tokens)
        seed = int(digest([request.seed, "retry"])[:15], 16)
        other = self._teacher.request(request.messages, seed, sampling)
        self.seeds |= {other.key: seed, other.former or other.key: seed}
        self.ended[row["finish"]] += 1
        return other
