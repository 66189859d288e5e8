"""The fast ways over long arrays against the plain ones."""

import numpy
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from koreason.columns.arrays import buffers, in_order, kept, order, pieces, set_before, steps, sums_before


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.booleans()), max_size=300), st.integers(1, 40))
def test_arrays(pairs, step):
    values, flags = numpy.array([pair[0] for pair in pairs], numpy.uint64), numpy.array([pair[1] for pair in pairs], bool)
    assert in_order(values).tolist() == sorted(values.tolist())
    assert values[order(values)].tolist() == sorted(values.tolist())
    assert [found.tolist() for found in kept(flags, values, ~flags)] == [values[flags].tolist(), [False] * int(flags.sum())]
    ends = numpy.arange(0, len(values) + 1, step)
    assert set_before(flags, ends).tolist() == [int(flags[:end].sum()) for end in ends]
    assert steps(ends).tolist() == [0, *[step] * (len(ends) - 1)]


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 50), st.sampled_from([None, 1, 3]))
def test_pieces(sizes, most, rows):
    edges = sums_before(numpy.array(sizes, numpy.uint8))
    assert edges.tolist() == [sum(sizes[:place]) for place in range(len(sizes) + 1)]
    found = [list(range(*piece)) for piece in pieces(edges, most, rows)]
    assert [row for piece in found for row in piece] == list(range(len(sizes)))
    for piece, after in zip(found, [*found[1:], None][: len(found)], strict=True):
        size, full = sum(sizes[row] for row in piece), rows is not None and len(piece) == rows
        assert len(piece) == 1 or (size <= most and (rows is None or len(piece) <= rows))
        assert after is None or full or size + sizes[after[0]] > most


def test_bytes_of_texts():
    data, offsets = buffers(pl.Series(["가a", None, "", "b"]).slice(1))
    assert (data[offsets[0] : offsets[-1]].tobytes(), (offsets - offsets[0]).tolist()) == (b"b", [0, 0, 0, 1])
    assert buffers(pl.Series([], dtype=pl.String))[1].tolist() == [0]
