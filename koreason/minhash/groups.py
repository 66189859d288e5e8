"""Groups of twins, and each prompt's most similar one.

groups = Groups(5)
groups.join(firsts, seconds, similarities)
groups.roots()      # shape (5,): the smallest place of each one's group
"""

import numpy
import numpy.typing

from koreason.columns.arrays import Places
from koreason.minhash.jaccard import Similarities

NONE = -1


class Groups:
    """Union-find over prompts at places 0 to n - 1; the order in which pairs come decides nothing.

    Attributes:
        twins: the most similar prompt of each, of several equally similar ones that at the smallest place; NONE without one.
        similarity: to it.
    """

    def __init__(self, count: int) -> None:
        self._parents = numpy.arange(count, dtype=numpy.int32)
        self.twins = numpy.full(count, NONE, numpy.int32)
        self.similarity = numpy.zeros(count, numpy.float32)

    def join(self, firsts: Places, seconds: Places, similarities: Similarities) -> None:
        """Pairs of twins, with their similarity; shapes (n,)."""
        parents = self._parents
        for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
            one, other = self._root(first), self._root(second)
            parents[max(one, other)] = min(one, other)
        mine, theirs = numpy.concatenate([firsts, seconds]), numpy.concatenate([seconds, firsts])
        values = numpy.concatenate([similarities, similarities]).astype(numpy.float32)
        order = numpy.lexsort((theirs, -values, mine))
        mine, theirs, values = mine[order], theirs[order], values[order]
        best = numpy.concatenate([[True], mine[1:] != mine[:-1]])[: len(mine)]
        mine, theirs, values = mine[best], theirs[best], values[best]
        known = self.similarity[mine]
        better = (values > known) | ((values == known) & (theirs < self.twins[mine]))
        self.twins[mine[better]], self.similarity[mine[better]] = theirs[better], values[better]

    def _root(self, place: int) -> int:
        parents = self._parents
        while (parent := int(parents[place])) != place:
            parents[place] = parents[parent]
            place = parent
        return place

    def roots(self) -> Places:
        """The smallest place of each prompt's group; shape (n,)."""
        roots = self._parents
        while not numpy.array_equal(above := roots[roots], roots):
            roots = above
        return roots.astype(numpy.int64)
