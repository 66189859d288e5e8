"""How often a key came before, over millions of keys in eight bytes each.

Occurrences().count(numpy.array([5, 7, 5], numpy.uint64)).tolist()      # [0, 0, 1]
"""

import numpy
import numpy.typing

Keys = numpy.typing.NDArray[numpy.uint64]
Counts = numpy.typing.NDArray[numpy.int64]


class Occurrences:
    """Counts of the keys seen so far; only keys that came more than once take more than their eight bytes."""

    def __init__(self) -> None:
        self._seen: Keys = numpy.empty(0, numpy.uint64)  # sorted, each key once
        self._repeated: dict[int, int] = {}

    def count(self, keys: Keys) -> Counts:
        """For each key in order, how often it came before it; shape (n,) to (n,)."""
        unique, inverse, counts = numpy.unique(keys, return_inverse=True, return_counts=True)
        places = numpy.searchsorted(self._seen, unique)
        known = numpy.zeros(len(unique), bool)
        inside = places < len(self._seen)
        known[inside] = self._seen[places[inside]] == unique[inside]
        before = known.astype(numpy.int64)
        for index in numpy.flatnonzero(known | (counts > 1)):
            key = int(unique[index])
            before[index] = self._repeated.get(key, before[index])
            self._repeated[key] = int(before[index] + counts[index])
        self._seen = numpy.insert(self._seen, places[~known], unique[~known])
        order = numpy.argsort(inverse, kind="stable")
        starts = numpy.cumsum(counts) - counts
        rank = numpy.empty(len(keys), numpy.int64)
        rank[order] = numpy.arange(len(keys)) - numpy.repeat(starts, counts)
        result: Counts = before[inverse] + rank
        return result
