"""Which prompts are compared with each other: from the members of buckets, those that share a band, to pairs.

    buckets = shared(keys)                         # places of prompts whose key is no one's alone, and where each bucket ends
    for first, second in Rounds(buckets, joined): ...

A bucket of at most `WHOLE` members is compared whole. In a larger one, made by boilerplate that half of a source shares, the first member
is compared with all others, those found to be its twins leave, then the next one left, `REPRESENTATIVES` times: comparisons grow with the
members and not with their square. So a pair may be missed that is alike in nothing but this bucket.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy

from koreason.columns.arrays import Flags, Places, in_order, order
from koreason.minhash.sketches import Hashes

WHOLE = 32
REPRESENTATIVES = 32
FULL = numpy.uint64(2**32 - 1)  # a place, below the number of its bucket
PAIRS = 1 << 16  # at least, of small buckets at a time
Joined = Callable[[Places, Places], Flags]


@dataclass(frozen=True)
class Buckets:
    """Groups of prompts that share a key.

    Attributes:
        members: places of prompts, bucket by bucket, rising in each.
        sizes: of each bucket, at least two.
    """

    members: Places
    sizes: Places


def shared(keys: Hashes, places: Places) -> Buckets:
    """The buckets of prompts at rising `places` by their keys; both of shape (n,)."""
    ordered = order(keys)
    sorted_keys = keys.take(ordered)
    again = numpy.zeros(len(keys) + 1, bool)
    again[1:-1] = sorted_keys[1:] == sorted_keys[:-1]
    members = numpy.flatnonzero(again[:-1] | again[1:])
    bucket = numpy.cumsum(~again[members])
    rising = in_order(bucket.astype(numpy.uint64) << numpy.uint64(32) | ordered[members].astype(numpy.uint64))
    return Buckets(places[(rising & FULL).astype(numpy.int64)], numpy.bincount(bucket)[1:])


class Rounds:
    """Pairs to compare, smaller place first, many at a time; what `joined` says of earlier ones decides the later ones of large buckets.

    Attributes:
        left: members of large buckets that were compared with representatives only, once the pairs are through.
    """

    def __init__(self, buckets: Buckets, joined: Joined) -> None:
        small = buckets.sizes <= WHOLE
        whole = numpy.repeat(small, buckets.sizes)
        self._small = Buckets(buckets.members[whole], buckets.sizes[small])
        self._large = Buckets(buckets.members[~whole], buckets.sizes[~small])
        self._joined, self.left = joined, 0

    def __iter__(self) -> Iterator[tuple[Places, Places]]:
        yield from self._whole()
        yield from self._by_representatives()

    def _whole(self) -> Iterator[tuple[Places, Places]]:
        """All pairs of each bucket, by the distance of their members."""
        members, sizes = self._small.members, self._small.sizes
        ends = numpy.repeat(numpy.cumsum(sizes), sizes)
        places = numpy.arange(len(ends))
        pairs: list[tuple[Places, Places]] = []
        for distance in range(1, int(sizes.max(initial=0))):
            places = places[places + distance < ends[places]]
            pairs.append((members[places], members[places + distance]))
            if sum(len(first) for first, _ in pairs) >= PAIRS:
                yield _one(pairs)
                pairs = []
        if pairs:
            yield _one(pairs)

    def _by_representatives(self) -> Iterator[tuple[Places, Places]]:
        members, sizes = self._large.members, self._large.sizes
        for _ in range(REPRESENTATIVES):
            if not len(members):
                return
            heads = numpy.cumsum(sizes) - sizes
            rest = numpy.ones(len(members), bool)
            rest[heads] = False
            first, second = numpy.repeat(members[heads], sizes - 1), members[rest]
            yield first, second
            owners = numpy.repeat(numpy.arange(len(sizes)), sizes - 1)
            apart = ~self._joined(first, second)
            sizes = numpy.bincount(owners[apart], minlength=len(sizes))
            members = second[apart & (sizes > 1)[owners]]
            sizes = sizes[sizes > 1]
        self.left = len(members)


def _one(pairs: list[tuple[Places, Places]]) -> tuple[Places, Places]:
    return numpy.concatenate([first for first, _ in pairs]), numpy.concatenate([second for _, second in pairs])
