"""What the characters of some texts are, told over the bytes of UTF-8 by a kind for each code point.

    table = Table(of)                    # of[0xAC00] == 1
    counted(texts, table, [1])           # how many characters of each text have that bit
    marks = table.marks("가 나".encode()) # 1 where 가 begins, …

A table of 256 says what most characters are by their first byte. Some first bytes begin characters of several kinds: they are taken for
the kind that is common, and a second byte with which they are another is met by a mask of bits, eight at most. What is met is looked up
by both bytes, and where these do not decide either, decoded.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy
import polars as pl

from koreason.columns.arrays import Bytes, Places, buffers, pieces, sums_before

NEAR = 8  # words of eight bytes: where edges are nearer than that, a running sum takes less time than one for each
BLOCK_BYTES = 1 << 18  # of text looked at together: few enough to stay in the cache

LOOK, NEVER = 128, 129  # what two bytes do not decide, and two that no text has
LEADS = ((0xC2, 0x80, 0x800, 1), (0xE0, 0x800, 0x10000, 64), (0xF0, 0x10000, 0x110000, 4096))  # first byte, code points, of a second byte
COMMON = 64  # how much more a first byte counts that is taken for a common kind: most characters have one


class Table:
    """What each character is, told by its first byte, by its first two (the first as the high one), or by itself."""

    def __init__(self, of: Bytes, common: Iterable[int] = ()) -> None:
        """`of` has a kind below `LOOK` for each code point; `common` are the kinds that texts are mostly made of."""
        self.of, self._second = of, numpy.zeros(1 << 16, numpy.uint8)
        usual, common = numpy.zeros(256, numpy.uint8), list(common)
        odd = dict[int, int]()  # for each first byte the second ones that do not go with it, as bits
        usual[:0x80] = of[:0x80]
        for lead, values in _second_bytes(of):
            self._second[(lead << 8) + 0x80 : (lead << 8) + 0xC0] = values
            usual[lead] = _usual(values[values < LOOK], common)
            odd[lead] = sum(1 << place for place in numpy.flatnonzero((values != usual[lead]) & (values != NEVER)).tolist())
        bits = [1 << place for place in range(int(of.max()).bit_length(), 8)]
        after, self._kinds = numpy.zeros(256, numpy.uint8), numpy.uint8(bits[0] - 1)
        costs = {lead: COMMON if usual[lead] in common else 1 for lead, met in odd.items() if met}
        for bit, (met, leads) in zip(bits, _grouped(odd, costs, len(bits)), strict=False):
            usual[leads] |= bit
            after[[0x80 + place for place in range(64) if met >> place & 1]] |= bit
        self._first, self._after = usual.tobytes(), after.tobytes()

    def marks(self, data: bytes) -> Bytes:
        """What the character is that begins at each byte; 0 where none does, and behind the end up to a whole word of eight."""
        raw = numpy.frombuffer(data, numpy.uint8)
        marks = numpy.zeros(len(data) + 8 + -len(data) % 8, numpy.uint8)
        marks[: len(data)] = numpy.frombuffer(data.translate(self._first), numpy.uint8)
        after = numpy.frombuffer(data.translate(self._after), numpy.uint8)
        look = numpy.flatnonzero((marks[: max(0, len(data) - 1)] & after[1:]) != 0)
        marks &= self._kinds
        if look.size:
            values = self._second[raw[look].astype(numpy.intp) << 8 | raw[look + 1]]
            mixed = look[values == LOOK]
            marks[look] = values
            marks[mixed] = self.of[_decoded(raw, mixed)]
        return marks


def counted(texts: pl.Series, table: Table, bits: Sequence[int]) -> Places:
    """How many characters of each text have each of some bits: of shape (bits, texts); a null is empty."""
    data, offsets = buffers(texts)
    found = numpy.zeros((len(bits), len(texts)), numpy.int64)
    for first, last in pieces(offsets, BLOCK_BYTES):
        marks = table.marks(data[offsets[first] : offsets[last]].tobytes())
        edges, held = offsets[first : last + 1] - offsets[first], int(numpy.bitwise_or.reduce(marks))
        for row, bit in enumerate(bits):
            if held & bit:
                found[row, first:last] = between(marks, bit, edges)
    return found


def between(marks: Bytes, bit: int, edges: Places) -> Places:
    """How many of the marks between each edge and the next have a bit, or of several bits those that they have: whole words of eight
    by their sum, the rest by a mask. Behind the last edge a whole word stands, as in what `Table.marks` gives."""
    words, mask = marks.view("<u8"), numpy.uint64(bit * 0x0101010101010101)
    place, rest = edges >> 3, (edges & 7).astype(numpy.uint64) << numpy.uint64(3)
    cut = numpy.bitwise_count(words[place] & ((numpy.uint64(1) << rest) - numpy.uint64(1)) & mask).astype(numpy.int64)
    whole = numpy.bitwise_count(words & mask)
    if len(edges) * NEAR > len(words):
        sums = numpy.diff(sums_before(whole)[place])
    else:  # of an empty run this gives a value, not 0
        sums = numpy.add.reduceat(whole, place, dtype=numpy.int64)[:-1] * (place[1:] > place[:-1])
    found: Places = sums + cut[1:] - cut[:-1]
    return found


def _second_bytes(of: Bytes) -> Iterator[tuple[int, Bytes]]:
    """For each first byte what each of the 64 second ones makes the character."""
    for first, start, end, size in LEADS:
        blocks = of[start:end].reshape(-1, size)
        decided = numpy.where((blocks == blocks[:, :1]).all(1), blocks[:, 0], LOOK)
        before = start // size % 64 if size > 1 else 0
        values = numpy.full(-(-(before + len(decided)) // 64) * 64, NEVER, numpy.uint8)
        values[before : before + len(decided)] = decided
        for place in range(0, len(values), 64):
            yield first + place // 64, values[place : place + 64]


def _usual(values: Bytes, common: list[int]) -> int:
    """The kind that a first byte is taken for."""
    likely = numpy.isin(values, common)
    some = values[likely] if likely.any() else values
    return int(numpy.bincount(some).argmax()) if len(some) else 0


def _grouped(odd: dict[int, int], costs: dict[int, int], most: int) -> list[tuple[int, list[int]]]:
    """First bytes in so many groups, each with all second bytes of its members: few that a member does not have.

    `odd` gives each one's second bytes as bits, `costs` what one too many costs.
    """
    groups: dict[int, list[int]] = {}
    for lead in costs:
        groups.setdefault(odd[lead], []).append(lead)
    while len(groups) > most:
        pairs = [(one, other) for one in groups for other in groups if one < other]
        one, other = min(pairs, key=lambda pair: sum(_lost(groups[met], costs, met, pair[0] | pair[1]) for met in pair))
        leads = groups.pop(one) + groups.pop(other)
        groups.setdefault(one | other, []).extend(leads)
    return list(groups.items())


def _lost(leads: list[int], costs: dict[int, int], met: int, with_others: int) -> int:
    """What it costs that first bytes are looked up at second ones of others, too."""
    return (with_others & ~met).bit_count() * sum(costs[lead] for lead in leads)


def _decoded(data: Bytes, places: Places) -> Places:
    """Code points of the characters of three or four bytes that begin at `places`."""
    head, second, third = (data[places + step].astype(numpy.int64) for step in range(3))
    last = data[numpy.minimum(places + 3, len(data) - 1)].astype(numpy.int64) & 0x3F
    three = (head & 0x0F) << 12 | (second & 0x3F) << 6 | third & 0x3F
    return numpy.where(head >= 0xF0, (head & 0x07) << 18 | (second & 0x3F) << 12 | (third & 0x3F) << 6 | last, three)
