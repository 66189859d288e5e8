"""Shards: equal parts of a pool, by name.

shard_names(2)                       # ["00000-of-00002", "00001-of-00002"]
shard_range("00001-of-00002")        # the part [1/2, 1) of the unit interval, onto which prompt ids are spread
borders("00001-of-00002")            # ("800000000000", None): where its prompt ids begin and end
blocks(33)                           # {"00000-of-00002": [32 names], "00001-of-00002": ["00032-of-00033"]}
"""

from fractions import Fraction

from koreason.errors import UserError

SHARD = "{shard}"  # stands for each shard in the output folder of a command that makes several
BLOCK = 32  # shards that one job looks at where that takes seconds a shard
HEX_DIGITS = 12  # of a prompt id; enough that shard borders fall between ids


def shard_names(count: int) -> list[str]:
    """Names of all shards of a pool cut into `count`."""
    return [f"{index:05d}-of-{count:05d}" for index in range(count)]


def blocks(count: int) -> dict[str, list[str]]:
    """The shards of a pool cut into `count`, in blocks of up to `BLOCK` neighbours, by the blocks' names."""
    shards = shard_names(count)
    parts = [shards[first : first + BLOCK] for first in range(0, count, BLOCK)]
    return dict(zip(shard_names(len(parts)), parts, strict=True))


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


def borders(shard: str) -> tuple[str, str | None]:
    """The first prompt id, as text, that a shard may hold, and the first that it may not; None for the last shard."""
    start, end = shard_range(shard)
    low, high = (f"{int(fraction * 16**HEX_DIGITS):0{HEX_DIGITS}x}" for fraction in (start, end))
    return low, high if end < 1 else None


def holds(shard: str, prompt_id: str) -> bool:
    """Whether a prompt belongs to a shard."""
    low, high = borders(shard)
    return low <= prompt_id and (high is None or prompt_id < high)
