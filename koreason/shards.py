"""Shards: equal parts of a pool, by name.

shard_names(2)                       # ["00000-of-00002", "00001-of-00002"]
shard_range("00001-of-00002")        # the part [1/2, 1) of the unit interval, onto which prompt ids are spread
"""

from fractions import Fraction

from koreason.errors import UserError


def shard_names(count: int) -> list[str]:
    """Names of all shards of a pool cut into `count`."""
    return [f"{index:05d}-of-{count:05d}" for index in range(count)]


def shard_range(shard: str) -> tuple[Fraction, Fraction]:
    """The part [start, end) of the unit interval that a shard covers.

    Raises:
        UserError: the name is none.
    """
    try:
        index, count = (int(part) for part in shard.split("-of-"))
        if not 0 <= index < count:
            raise ValueError
    except ValueError:
        raise UserError(f"{shard!r} is no shard", "--shard", "write it as 00003-of-00008, counting from 0") from None
    return Fraction(index, count), Fraction(index + 1, count)
