"""The fast ways over long arrays, and characters found by their bytes, against the plain ones."""

import random

import numpy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koreason import suspects as module
from koreason.arrays import buffers, in_order, kept, order, pieces, set_before, steps, sums_before
from koreason.curate.near.forms import INVISIBLE
from koreason.curate.text.cleaned import RARE
from koreason.suspects import suspects

CLASSES = (INVISIBLE, RARE, "[가-나]", r"[\x{10000}-\x{10FFFF}]", r"\r\n?|[x\x{3164}]")


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


@pytest.mark.parametrize("pattern", CLASSES)
@pytest.mark.parametrize("size", [1, 64, 1 << 18])
def test_no_text_with_a_character_of_the_class_is_overlooked(pattern, size, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", size)
    draw = random.Random(size)
    near = [chr(code + step) for code in (0x41, 0xAD, 0x3164, 0xAC00, 0xB098, 0xD7A3, 0xFE0F, 0x1F600, 0xE0100) for step in range(-2, 3)]
    texts = ["".join(draw.choices([*"가나다 abc\n", "라마바사", draw.choice(near)], k=draw.randrange(60))) for _ in range(1500)]
    texts += [None, *"\r\n가나", *(chr(draw.randrange(0x110000)).encode(errors="replace").decode() for _ in range(500))]
    series = pl.Series(texts, dtype=pl.String)
    found, holds = suspects(series, pattern).tolist(), series.str.contains(pattern).fill_null(False).arg_true().to_list()
    assert set(holds) <= set(found)
    assert found == sorted(set(found))


def test_few_texts_are_looked_at_in_vain():
    texts = pl.Series(["어떤 가게에서 사과 세 상자를 사면 얼마인가? 12 km, $x^2$ “따옴표” 〈보기〉"] * 1000)
    assert not len(suspects(texts, r"[\x{FE00}-\x{FE0F}\x{115F}]"))
    assert len(suspects(texts, "[가-나]")) == 1000
